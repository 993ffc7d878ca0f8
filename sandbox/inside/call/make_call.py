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
from sandbox.interface import FOR_PROOFS, CallMode

CALL_MODES: Mapping[CallMode, Callable[[LearnerCall], Answer]] = {
    CallMode.PLAIN: plain,
    CallMode.TWICE: twice,
    CallMode.TRANSFORMS: transforms,
    CallMode.GRADIENT: gradient,
    **{mode: functools.partial(under_conditions, mode) for mode in FOR_PROOFS},
}
