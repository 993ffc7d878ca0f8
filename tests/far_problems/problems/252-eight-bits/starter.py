def multiply(a, b, scale):
    raise NotImplementedError
