def embed(seed, tokens):
    raise NotImplementedError
