"""How many runs a machine is given by default."""

import os
from pathlib import Path

import pytest

from app.core.machine import cores, default_slots, memory_bytes, slots_for

_GB = 1 << 30


@pytest.mark.parametrize(
    ("processors", "memory", "expected"),
    [(1, 64 * _GB, 1), (2, 64 * _GB, 1), (4, 64 * _GB, 3), (64, 512 * _GB, 8), (8, 4 * _GB, 3), (8, _GB, 1)],
)
def test_slots_follow_cores_and_memory(processors: int, memory: int, expected: int) -> None:
    assert slots_for(processors, memory) == expected


def test_this_machine_has_at_least_one() -> None:
    assert 1 <= default_slots() <= 8


def test_a_container_has_what_its_cgroup_lets_it_have(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text(f"{2 * _GB}\n")
    assert cores(tmp_path) == 1
    assert memory_bytes(tmp_path) == 2 * _GB


def test_no_limit_is_the_whole_machine(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert cores(tmp_path) == len(os.sched_getaffinity(0))
    assert memory_bytes(tmp_path) == memory_bytes(tmp_path / "nowhere") >= _GB
