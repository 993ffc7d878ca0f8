"""Every kind of probe: a name is one line here, and a file of that name in each of three packages."""

import functools
import importlib
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from app.core.probes.probe import Probe

KINDS = (
    "parameters",
    "checkpoint",
    "gradient",
    "transforms",
    "determinism",
    "accuracy",
)


def _class_of(kind: str) -> type[Probe]:
    name = "".join(word.capitalize() for word in kind.split("_")) + "Probe"
    found = getattr(importlib.import_module(f"app.core.probes.{kind}"), name)
    return cast(type[Probe], found)


CLASSES: Mapping[str, type[Probe]] = {kind: _class_of(kind) for kind in KINDS}

if TYPE_CHECKING:
    AnyProbe = Probe
else:
    AnyProbe = functools.reduce(operator.or_, CLASSES.values())
"""What `problem.toml` may hold under `probes`; `kind` says which of them."""
