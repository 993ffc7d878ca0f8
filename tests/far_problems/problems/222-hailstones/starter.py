def steps_to_one(starts):
    raise NotImplementedError
