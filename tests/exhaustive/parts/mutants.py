"""Every mistake that the operators make in a reference is told by a case, and none is explained wrongly.

An item is eight mutants of one problem, from the top of its reference to the end. Each is graded and
diagnosed as a learner's submission is, without knowing itself. What survives has to be declared, and no
drawn input may tell it.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.mutate.mutants import mutants_of
from app.grading.prove.mutants.judge_mutants import judge_mutants
from app.grading.prove.mutants.results import Explanation, MutantResult
from app.grading.prove.proving_grader import PROOF_DIAGNOSIS_SECONDS
from tests.support.checkout import CHECKOUT
from tests.support.opened_grader import opened_grader

RESTS_ON = ("app/catalog", "app/core", "app/grading", "sandbox", "problems", "reference_solutions")
_TOGETHER = 8
_AT_ONCE = 2
_SHOWN = 50

_open = ExitStack()
_grader: list[tuple[Grader, asyncio.Runner]] = []


def items() -> list[str]:
    """Return the problems with numbers behind them, as many as it takes for all mutants."""
    return [
        f"{slug} {start // _TOGETHER + 1:02}"
        for slug, problem in sorted(_problems().items())
        for start in range(0, len(mutants_of(problem)), _TOGETHER)
    ]


def run(item: str) -> dict[str, Any]:
    """Judge the mutants of one item.

    Raises:
        AssertionError: one survives undeclared, or is explained wrongly.
    """
    slug, _, number = item.partition(" ")
    problem = _problems()[slug]
    start = (int(number) - 1) * _TOGETHER
    chosen = mutants_of(problem)[start : start + _TOGETHER]
    grader, runner = _grader_here()

    async def judged() -> list[MutantResult]:
        results = judge_mutants(problem, chosen, grader, at_once=_AT_ONCE, explain=True)
        return [result async for result in results]

    results = runner.run(judged())
    survivors = [result.mutant.id for result in results if result.is_open]
    wrong = [result.mutant.id for result in results if result.explanation is Explanation.WRONG]
    assert not survivors, f"{slug}: these survive undeclared: {', '.join(survivors)}"
    assert not wrong, f"{slug}: these are explained wrongly: {', '.join(wrong)}"
    return {"version": problem.version, "rows": [_row(result) for result in results]}


def close() -> None:
    """End the grader, where one was opened."""
    _open.close()
    _grader.clear()


def table(results: Mapping[str, dict[str, Any]]) -> str:
    """Show what kills each mutant, and what its learner would be told, a table a problem."""
    lines: list[str] = []
    by_problem: dict[str, list[dict[str, str]]] = {}
    for name, result in sorted(results.items()):
        by_problem.setdefault(name.partition(" ")[0], []).extend(result["rows"])
    for slug, rows in by_problem.items():
        fates = Counter(row["fate"] for row in rows)
        explained = Counter(row["explained"] for row in rows if row["fate"] == "killed")
        counts = ", ".join(f"{count} {fate}" for fate, count in fates.most_common())
        reported = f"{explained['right']} are explained rightly, {explained['none']} not at all"
        lines += [
            f"## {slug}",
            "",
            f"{len(rows)} mutants: {counts}. Of the killed, {reported}.",
            "",
            "| line | mutant | was | becomes | killed by | a learner is told |",
            "|---|---|---|---|---|---|",
            *map(_line, rows),
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _problems() -> dict[str, Problem]:
    loaded = load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions")
    return {slug: read_problem(files) for slug, files in loaded.problems.items()}


def _grader_here() -> tuple[Grader, asyncio.Runner]:
    if not _grader:
        place = Path(_open.enter_context(tempfile.TemporaryDirectory()))
        _grader.append(_open.enter_context(opened_grader(place, diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS)))
    return _grader[0]


def _row(result: MutantResult) -> dict[str, str]:
    mutant = result.mutant
    first, *more = result.killed_by or (result.declared or result.reason,)
    return {
        "line": str(mutant.line),
        "id": mutant.id,
        "was": _cell(mutant.was),
        "becomes": _cell(mutant.becomes) or " ",
        "fate": result.fate.value,
        "by": f"{first} and {len(more)} more" if more else first,
        "explained": result.explanation.value if result.explanation else "",
        "explained_as": result.explained_as or "nothing",
    }


def _line(row: Mapping[str, str]) -> str:
    was, becomes = f"`{row['was']}`", f"`{row['becomes']}`"
    return f"| {row['line']} | `{row['id']}` | {was} | {becomes} | {row['by']} | {row['explained_as']} |"


def _cell(text: str) -> str:
    short = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return short.replace("|", "\\|").replace("`", "'")
