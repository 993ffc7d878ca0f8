def remember(seed, x):
    raise NotImplementedError
