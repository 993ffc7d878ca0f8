def returns(rewards, discount):
    raise NotImplementedError
