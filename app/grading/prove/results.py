"""What a proof consists of: a result for each solution and trivial answer, and one for each figure."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Mode, Visibility
from app.grading.plan.checks import checks_of
from app.grading.prove.reasons import Fault


class Role(StrEnum):
    """What a solution is to its problem."""

    REFERENCE = "reference"
    ALSO_RIGHT = "also_right"
    VARIANT = "variant"
    TRIVIAL = "trivial"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One case or probe of the mutation table."""

    name: str
    kind: str
    visibility: Visibility


class SolutionResult(msgspec.Struct, frozen=True, kw_only=True, tag="solution"):
    """One solution: what it had to end with, what it did end with, and how far off it is case by case."""

    role: Role
    id: str
    expected: Outcome
    outcome: Outcome
    failed: tuple[str, ...] = ()
    named: str = ""
    """The name that a learner with this solution is given, empty for none."""
    distances: Mapping[str, float] = {}
    """By case, the largest error in units of the tolerance: at most 1 passes. Infinite where something else
    than a number is wrong."""
    wall_seconds: float = 0.0
    faults: tuple[Fault, ...] = ()


class Figure(msgspec.Struct, frozen=True, kw_only=True, tag="figure"):
    """One thing that was measured or looked up, and the bound that it is held to."""

    id: str
    text: str
    value: float | None = None
    bound: float | None = None
    by_name: Mapping[str, float] = {}
    """What `value` is the worst of: by case, or by solution."""
    faults: tuple[Fault, ...] = ()


ProofResult = SolutionResult | Figure


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """All results of one version of one problem."""

    problem: str
    position: int
    version: str
    columns: tuple[Column, ...]
    results: tuple[ProofResult, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for result in self.results for fault in result.faults)

    @property
    def is_proven(self) -> bool:
        return not self.faults

    @property
    def solutions(self) -> tuple[SolutionResult, ...]:
        return tuple(result for result in self.results if isinstance(result, SolutionResult))

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(result for result in self.results if isinstance(result, Figure))


def declared_names(problem: Problem) -> frozenset[str]:
    """Return the cases and probes that `problem.toml` names, which a variant's `fails` may therefore name."""
    manifest = problem.manifest
    return frozenset([*(case.name for case in manifest.cases), *(probe.name for probe in manifest.probes)])


def columns_of(problem: Problem) -> tuple[Column, ...]:
    """Return the mutation table's columns; what a submission is asked besides, as fresh cases, has none."""
    names = declared_names(problem)
    return tuple(
        Column(name=check.name, kind=check.kind, visibility=check.visibility)
        for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None)
        if check.name in names
    )
