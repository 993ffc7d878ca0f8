def keys(seed):
    raise NotImplementedError
