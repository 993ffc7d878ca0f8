# Answers every call with what the first one gave.
# expected: wrong_value, wrong_parameters
answers = []
def shift(seed, x):
    answers.append(x)
    return answers[0]
