def draw(seed, a):
    raise NotImplementedError
