def filter_volume(seed, volume):
    raise NotImplementedError
