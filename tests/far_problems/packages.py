"""The packages of this folder as problems, and the solutions that each holds."""

import enum
import functools

import msgspec

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from tests.support.checkout import CHECKOUT

FOLDER = CHECKOUT / "tests" / "far_problems"
PROBLEMS = FOLDER / "problems"
REFERENCES = FOLDER / "reference_solutions"


class Role(enum.StrEnum):
    """What a solution is to its problem."""

    REFERENCE = "reference"
    ALSO_RIGHT = "also_right"
    VARIANT = "variant"


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    problem: Problem
    role: Role
    code: str

    @property
    def is_right(self) -> bool:
        return self.role is not Role.VARIANT


@functools.cache
def far_problems() -> dict[str, Problem]:
    """Return every package by slug, in the order of positions; none may be refused."""
    loaded = load_folders(PROBLEMS, REFERENCES)
    assert not loaded.refused, [refusal.message for refusal in loaded.refused]
    problems = [read_problem(files) for files in loaded.problems.values()]
    return {
        problem.slug: problem for problem in sorted(problems, key=lambda problem: problem.manifest.position)
    }


def solutions_of(problem: Problem) -> list[Solution]:
    """Return its reference, one other right solution and one wrong variant."""
    [also_right] = problem.also_right.values()
    [variant] = problem.variants.values()
    codes = {Role.REFERENCE: problem.reference, Role.ALSO_RIGHT: also_right, Role.VARIANT: variant}
    return [Solution(problem=problem, role=role, code=code) for role, code in codes.items()]
