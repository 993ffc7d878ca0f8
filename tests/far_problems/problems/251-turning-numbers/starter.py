def turn(z, mask, steps):
    raise NotImplementedError
