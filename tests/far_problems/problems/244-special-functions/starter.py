def densities(x, a):
    raise NotImplementedError
