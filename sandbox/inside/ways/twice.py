"""The same call twice: what the seed does not fix shows in the difference."""

from sandbox.inside.answers import Answer
from sandbox.inside.ways.learner_call import LearnerCall, prefixed
from sandbox.inside.ways.plain import plain


def twice(call: LearnerCall) -> Answer:
    """Parts `first` and `second`; where either is no array, that one alone."""
    answers = {"first": plain(call), "second": plain(call)}
    for answer in answers.values():
        if answer.not_an_array:
            return answer
    parts = [part for name, answer in answers.items() for part in prefixed(name, answer)]
    return Answer(parts=tuple(parts))
