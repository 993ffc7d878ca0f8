"""Pages come before jails: what a learner waits for steps back for the process that answers requests."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from app.grading.plan.request import BEHIND_PAGES
from tests.support.process_trees import descendants
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = [pytest.mark.jail, pytest.mark.anyio]

_SLEEPS = REFERENCE.replace("x):\n    return", "x):\n    import time; time.sleep(1.0)\n    return")
_TRIES = 20
_AUTOGROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")


def _priorities() -> dict[int, tuple[int, int | None]]:
    """By process below this one its niceness, and that of its session's group where there are such."""
    found: dict[int, tuple[int, int | None]] = {}
    for pid in descendants(os.getpid()):
        try:
            own = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[16])
            group = re.search(r"nice (-?\d+)", Path(f"/proc/{pid}/autogroup").read_text())
        except OSError:
            continue
        found[pid] = (own, int(group[1]) if group else None)
    return found


@pytest.fixture
def has_groups() -> bool:
    """Whether this kernel shares processors out by session."""
    return _AUTOGROUPS.exists() and _AUTOGROUPS.read_text().strip() == "1"


async def test_a_run_steps_back_by_itself_and_as_a_group(tmp_path: Path, has_groups: bool) -> None:
    """Where sessions are groups, a process's own niceness counts for nothing outside its session."""
    async with open_grader(data_dir=tmp_path, unjailed=False) as grader:
        await grader.prepare_reference(toy_problem())
        seen: set[tuple[int, int | None]] = set()
        wanted = (BEHIND_PAGES, BEHIND_PAGES if has_groups else None)
        for seed in range(_TRIES):
            # The kernel takes ten wishes of this kind a second, from all that runs on this machine.
            if wanted not in seen:
                seen |= await _seen_while_grading(grader, seed)

    assert BEHIND_PAGES in {own for own, _ in seen}
    assert wanted in {(own, group if has_groups else None) for own, group in seen}


async def _seen_while_grading(grader: Grader, seed: int) -> set[tuple[int, int | None]]:
    # Other tests' jails may wait below this very process.
    before = _priorities()
    grading = asyncio.create_task(grader.grade(toy_problem(), _SLEEPS, Mode.SUBMIT, fresh_seed=seed))
    seen: set[tuple[int, int | None]] = set()
    while not grading.done():
        seen |= {found for pid, found in _priorities().items() if pid not in before}
        await asyncio.sleep(0.05)
    await grading
    return seen
