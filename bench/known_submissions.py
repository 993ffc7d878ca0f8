"""Submissions whose outcomes are known: right and wrong solutions of every problem, and the attacks."""

import random
from collections.abc import Iterator, Sequence

import msgspec

from app.catalog.problem_folder import load_folders, read_problem
from app.core.outcome import Outcome
from app.core.paths import path_of
from app.core.problem import Problem
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import toy_problem

_ATTACKS = CHECKOUT / "tests" / "redteam" / "attacks"
_HOSTILE_SHARE = 0.25
_TOY_SHARE = 0.35


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A text for one problem; `outcomes` are several where the kernel decides which limit is met first."""

    name: str
    problem: Problem
    code: str
    outcomes: frozenset[Outcome]


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """All that there is to draw from."""

    problems: tuple[Problem, ...]
    real: tuple[Known, ...]
    toy: tuple[Known, ...]
    hostile: tuple[Known, ...]

    def draw(self, count: int, *, seed: int) -> Iterator[Known]:
        """`count` submissions, a quarter of them hostile; every kind comes before any comes again."""
        chance = random.Random(seed)  # noqa: S311 - to be drawn again with the same seed
        kinds = [_rounds(kind or self.toy, chance) for kind in (self.hostile, self.toy, self.real)]
        shares = (_HOSTILE_SHARE, _TOY_SHARE, 1 - _HOSTILE_SHARE - _TOY_SHARE)
        for kind in chance.choices(kinds, shares, k=count):
            yield next(kind)

    def references(self) -> Iterator[Known]:
        """One right submission to each problem."""
        for problem in self.problems:
            yield _known(problem, "reference", problem.reference, Outcome.ACCEPTED)


def whole_mix() -> Mix:
    """Return the problems of this checkout and the toy problem that the attacks are written for."""
    loaded = load_folders(path_of("problems"), path_of("reference_solutions"))
    problems = [read_problem(files) for _, files in sorted(loaded.problems.items())]
    return _mix(toy_problem(), problems)


def toy_mix() -> Mix:
    """Only the toy problem and the attacks on it."""
    return _mix(toy_problem(), [])


def _mix(toy: Problem, problems: Sequence[Problem]) -> Mix:
    return Mix(
        problems=(toy, *problems),
        real=tuple(known for problem in problems for known in _solutions(problem)),
        toy=tuple(_solutions(toy)),
        hostile=tuple(_attacks(toy)),
    )


def _rounds(kinds: Sequence[Known], chance: random.Random) -> Iterator[Known]:
    while True:
        yield from chance.sample(kinds, len(kinds))


def _solutions(problem: Problem) -> Iterator[Known]:
    manifest = problem.manifest
    yield _known(problem, "reference", problem.reference, Outcome.ACCEPTED)
    for name, code in problem.also_right.items():
        declared = manifest.also_right.get(name)
        yield _known(problem, name, code, declared.outcome if declared else Outcome.ACCEPTED)
    for name, code in problem.variants.items():
        yield _known(problem, name, code, manifest.variants[name].outcome)


def _known(problem: Problem, name: str, code: str, *outcomes: Outcome) -> Known:
    return Known(name=f"{problem.slug}/{name}", problem=problem, code=code, outcomes=frozenset(outcomes))


def _attacks(problem: Problem) -> Iterator[Known]:
    for path in sorted(_ATTACKS.glob("*.py")):
        code = path.read_text()
        names = code.splitlines()[1].removeprefix("# expected:").split(",")
        yield _known(problem, path.stem, code, *(Outcome(name.strip()) for name in names))
