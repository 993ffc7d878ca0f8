def predict(x, y, x_new, noise):
    raise NotImplementedError
