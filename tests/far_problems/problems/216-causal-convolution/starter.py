def causal(seed, x):
    raise NotImplementedError
