def filter_and_pool(seed, image):
    raise NotImplementedError
