"""A short soak: the same as bench/soak.py does by the thousand."""

import asyncio
from pathlib import Path

import pytest

from bench.known_submissions import toy_mix
from bench.soak import Plan, soak

pytestmark = [pytest.mark.jail, pytest.mark.alone]


@pytest.mark.parametrize("kill_every", [0, 7], ids=["undisturbed", "with-deaths"])
def test_forty_submissions_hostile_ones_among_them_leak_nothing(tmp_path: Path, kill_every: int) -> None:
    """Each gets the verdict that it is known for; afterwards there is as much of everything as before."""
    plan = Plan(submissions=40, warm_up=10, look_every=40, kill_every=kill_every, minutes=15)
    soaked = asyncio.run(soak(plan, toy_mix(), tmp_path))
    assert soaked.wrong == []
    if not kill_every:
        # A machine on which much else runs may break a run, which a worker makes again; it is no habit.
        assert len(soaked.broken) <= 2, soaked.broken
    assert soaked.leaked == []
    assert soaked.graded == 40
    assert bool(soaked.killed) == bool(kill_every)
