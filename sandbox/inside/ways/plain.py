"""A call as a user would make it."""

from sandbox.inside.answers import Answer, convert
from sandbox.inside.ways.learner_call import LearnerCall


def plain(call: LearnerCall) -> Answer:
    """What the entry function returns."""
    return convert(call.run(call.arguments()), call.outputs)
