def stays(centre, width):
    raise NotImplementedError
