def deep_gradient(seed, x):
    raise NotImplementedError
