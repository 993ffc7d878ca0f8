"""From the name of a call mode to what makes the call.

A module of this folder that has a function `make_call` is a call mode of the module's name; the rest are
what these are made of.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping

from sandbox.inside import call as package
from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.call.precision_modes import under_conditions
from sandbox.inside.report.answers import Answer
from sandbox.interface import FOR_PROOFS

MakeCall = Callable[[LearnerCall], Answer]


def _modes() -> Iterator[tuple[str, MakeCall]]:
    for found in pkgutil.iter_modules(package.__path__):
        if found.name == "make_call":
            continue
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        if hasattr(module, "make_call"):
            yield found.name, module.make_call


CALL_MODES: Mapping[str, MakeCall] = {
    **dict(_modes()),
    **{mode: functools.partial(under_conditions, mode) for mode in FOR_PROOFS},
}
"""Looked up once, in the fork server: a child imports nothing for it."""
