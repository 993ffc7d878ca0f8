def read(seed, x):
    raise NotImplementedError
