def log_density(x, a):
    raise NotImplementedError
