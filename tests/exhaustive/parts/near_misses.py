"""Near misses end the same on fifty seeds: allowed and accepted, or refused by a case made to show them.

An item is one near miss of one problem: all cases and probes are graded once, and the fresh cases of each
seed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

from app.core.outcome import Outcome
from app.grading.open_grader import open_grader
from app.grading.prove.proving_grader import ProvingGrader
from tests.near_misses.grade import LASTING, checks_on, endings, outcome_on, whole_problem
from tests.near_misses.table import ALL, near_misses
from tests.support.checkout import CHECKOUT

RESTS_ON = ("app/grading", "sandbox", "problems", "reference_solutions", "tests/near_misses")
SEEDS = tuple(range(1, 51))

_runner: asyncio.Runner | None = None
_grader: ProvingGrader | None = None


def items() -> list[str]:
    return [f"{slug}: {miss.name}" for slug in ALL for miss in near_misses(slug)]


def run(item: str) -> dict[str, object]:
    """Grade one near miss on every seed.

    Raises:
        AssertionError: its outcome is not what the table says, or another on some seed.
    """
    slug, _, name = item.partition(": ")
    miss = next(miss for miss in near_misses(slug) if miss.name == name)
    problem = whole_problem(slug)
    runner, grader = _open_once()
    checks = checks_on(problem, SEEDS)
    made = endings(problem, grader.answers, {name: miss.made(problem)}, checks)
    found = runner.run(made)[name]
    outcomes = Counter(outcome_on(seed, found) for seed in SEEDS)
    wanted = Outcome.ACCEPTED if miss.accepted else Outcome.WRONG_VALUE
    assert set(outcomes) == {wanted}, f"{item}: {outcomes}"
    lasting = [one for one in found if one.seed == LASTING]
    shown = max(lasting, key=lambda one: (one.outcome is not Outcome.PASSED, one.distance))
    fresh = [one.distance for one in found if one.seed != LASTING]
    return {
        "accepted": miss.accepted,
        "seeds": len(SEEDS),
        "shows_in": shown.check,
        "distance": min(shown.distance, 1e9),
        "fresh_least": min(min(fresh), 1e9),
        "fresh_most": min(max(fresh), 1e9),
        "because": miss.because,
    }


def table(results: Mapping[str, Mapping[str, object]]) -> str:
    """Write a line for each near miss; distances are in units of the tolerance."""
    lines = [
        "| near miss | ends as | on seeds | shows most in | there | fresh cases | because |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for item in items():
        if item not in results:
            continue
        found = results[item]
        ends = "accepted" if found["accepted"] else "refused"
        fresh = f"{found['fresh_least']:.2g} to {found['fresh_most']:.2g}"
        where = f"{found['shows_in']} | {found['distance']:.2g} | {fresh}"
        lines.append(f"| {item} | {ends} | {found['seeds']} | {where} | {found['because']} |")
    return "\n".join(lines) + "\n"


def close() -> None:
    """End the grader that is kept from item to item."""
    global _runner, _grader
    if _runner is not None:
        _runner.run(_opener.__aexit__(None, None, None))
        _runner.close()
    _runner = _grader = None


_opener = open_grader(data_dir=CHECKOUT / "var/exhaustive/near_misses", unjailed=False)


def _open_once() -> tuple[asyncio.Runner, ProvingGrader]:
    global _runner, _grader
    if _runner is None or _grader is None:
        _runner = asyncio.Runner()
        _grader = _runner.run(_opener.__aenter__())
    return _runner, _grader
