"""From the name of a way to what makes the call."""

import functools
from collections.abc import Callable, Mapping

from sandbox.inside.call.gradient import gradient
from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.call.plain import plain
from sandbox.inside.call.precision_modes import under_conditions
from sandbox.inside.call.transforms import transforms
from sandbox.inside.call.twice import twice
from sandbox.inside.report.answers import Answer
from sandbox.interface import FOR_PROOFS, Way

WAYS: Mapping[Way, Callable[[LearnerCall], Answer]] = {
    Way.PLAIN: plain,
    Way.TWICE: twice,
    Way.TRANSFORMS: transforms,
    Way.GRADIENT: gradient,
    **{way: functools.partial(under_conditions, way) for way in FOR_PROOFS},
}
