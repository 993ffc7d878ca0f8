def spectrum(x):
    raise NotImplementedError
