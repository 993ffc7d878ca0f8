def narrow(x, w):
    raise NotImplementedError
