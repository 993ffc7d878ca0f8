"""The same call twice: what the arguments do not fix shows in the difference."""

from sandbox.inside.call.learner_call import LearnerCall, prefixed
from sandbox.inside.call.plain import make_call as plain
from sandbox.inside.report.answers import Answer


def make_call(call: LearnerCall) -> Answer:
    """Return arrays `first` and `second`; where either is no array, that one alone."""
    answers = {"first": plain(call), "second": plain(call)}
    for answer in answers.values():
        if answer.not_an_array:
            return answer
    return Answer(arrays=prefixed("first", answers["first"]) | prefixed("second", answers["second"]))
