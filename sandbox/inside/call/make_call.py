"""From the name of a call mode to what makes the call.

A module of this folder that has a function `make_call` is a call mode of the module's name, and so is one
that has `trace_call`: that is given a call without the values of `Call.unseen`, and returns what makes it
with them. The rest are what these are made of.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.inside import call as package
from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.call.precision_modes import under_conditions
from sandbox.inside.report.answers import Answer
from sandbox.interface import FOR_PROOFS

MakeCall = Callable[[LearnerCall], Answer]
TraceCall = Callable[[LearnerCall], MakeCall]


def _modes(function: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.iter_modules(package.__path__):
        if found.name == "make_call":
            continue
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        if hasattr(module, function):
            yield found.name, getattr(module, function)


CALL_MODES: Mapping[str, MakeCall] = {
    **dict(_modes("make_call")),
    **{mode: functools.partial(under_conditions, mode) for mode in FOR_PROOFS},
}
"""Looked up once, in the fork server: a child imports nothing for it."""
TRACING_MODES: Mapping[str, TraceCall] = dict(_modes("trace_call"))
