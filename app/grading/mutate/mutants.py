"""A problem's reference → its mutants: every single mistake that the operators make in it, each once."""

import ast
import hashlib
from collections.abc import Iterator

import msgspec
import numpy as np

from app.core.generators import generate
from app.core.problem import Problem
from app.core.verdict import Visibility
from app.errors import ProblemError
from app.grading.mutate.change import Change
from app.grading.mutate.operators.table import OPERATORS
from app.grading.mutate.solution import Solution

_DIGITS = 8


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One wrong solution that was made; `id` stays while its operator makes the same text of it."""

    id: str
    operator: str
    line: int
    """In the reference, from 1."""
    was: str
    becomes: str
    sentence: str
    """What a learner who made this mistake is told."""
    span: tuple[int, int]
    """The bytes of the reference that the changed expression takes."""
    code: str


def mutants_of(problem: Problem) -> tuple[Mutant, ...]:
    """Return a problem's mutants from the top of its reference to the end; no two say the same.

    Raises:
        ProblemError: the reference is not Python, or its entry function does not stand in it.
    """
    reference = problem.reference
    try:
        solution = Solution(reference, problem.manifest.entry.function, _samples(problem))
    except SyntaxError as error:
        raise ProblemError(f"reference.py:{error.lineno or 1}: {error.msg}") from error
    return tuple(sorted(made_mutants(solution), key=lambda mutant: mutant.line))


def made_mutants(solution: Solution) -> Iterator[Mutant]:
    """Yield what the operators make of a solution, each text once."""
    known = {_meaning(solution.tree)}
    for change in _changes(solution):
        code = solution.places.edited(change.edits)
        meaning = _parsed(code)
        if meaning is not None and meaning not in known:
            known.add(meaning)
            yield _mutant(change, code, meaning)


def _changes(solution: Solution) -> Iterator[Change]:
    for operator in OPERATORS:
        yield from operator(solution)


def _parsed(code: str) -> str | None:
    """Return what a text means; None where an operator has made no Python of it."""
    try:
        return _meaning(ast.parse(code))
    except SyntaxError:
        return None


def _meaning(tree: ast.Module) -> str:
    """Return a syntax tree without places, so that two texts which differ in spaces are one."""
    return ast.dump(tree)


def _mutant(change: Change, code: str, meaning: str) -> Mutant:
    digits = hashlib.sha256(meaning.encode()).hexdigest()[:_DIGITS]
    return Mutant(
        id=f"{change.operator}-{digits}",
        operator=change.operator,
        line=change.line,
        was=change.was,
        becomes=change.becomes,
        sentence=change.sentence,
        span=change.span,
        code=code,
    )


def _samples(problem: Problem) -> dict[str, object]:
    """Return the arguments of the first case that learners see, as the entry function gets them."""
    case = next(case for case in problem.manifest.cases if case.visibility is Visibility.SAMPLE)
    values = {name: generate(argument) for name, argument in case.arguments.items()}
    return {
        name: value.item() if np.ndim(value) == 0 and isinstance(value, np.generic | np.ndarray) else value
        for name, value in values.items()
    }
