def fit(a, b):
    raise NotImplementedError
