def blur(key, old, x):
    raise NotImplementedError
