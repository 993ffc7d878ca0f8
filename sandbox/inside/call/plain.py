"""A call as a user would make it."""

from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.report.answers import Answer, convert


def make_call(call: LearnerCall) -> Answer:
    """Return what the entry function returns."""
    return convert(call.run(call.arguments()), call.outputs)
