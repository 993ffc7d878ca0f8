"""From the name of a way to what makes the call."""

import functools
from collections.abc import Callable, Mapping

from sandbox.inside.answers import Answer
from sandbox.inside.ways.gradient import gradient
from sandbox.inside.ways.learner_call import LearnerCall
from sandbox.inside.ways.plain import plain
from sandbox.inside.ways.precision_ways import under_conditions
from sandbox.inside.ways.transforms import transforms
from sandbox.inside.ways.twice import twice
from sandbox.interface import FOR_PROOFS, Way

WAYS: Mapping[Way, Callable[[LearnerCall], Answer]] = {
    Way.PLAIN: plain,
    Way.TWICE: twice,
    Way.TRANSFORMS: transforms,
    Way.GRADIENT: gradient,
    **{way: functools.partial(under_conditions, way) for way in FOR_PROOFS},
}
