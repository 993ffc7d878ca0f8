def swing(start, times):
    raise NotImplementedError
