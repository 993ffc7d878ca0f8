def low_pass(image, radius):
    raise NotImplementedError
