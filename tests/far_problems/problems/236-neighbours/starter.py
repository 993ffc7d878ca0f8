def messages(adjacency, features):
    raise NotImplementedError
