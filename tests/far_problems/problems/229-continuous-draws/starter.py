def draw(seed):
    raise NotImplementedError
