"""Memory groups that a killed service left are removed by the next one."""

import os
from pathlib import Path

import pytest

from sandbox import memory_groups
from sandbox.memory_groups import MemoryGroups

_DEAD = 2**22 + 1
"""Above the highest process id that Linux gives."""


@pytest.fixture
def groups_folder() -> Path:
    """Where this host makes them."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            place = memory_groups._ROOT_V1 / path.lstrip("/")
            if os.access(place, os.W_OK):
                return place
    pytest.skip("no memory groups can be made here")


def test_what_a_dead_process_left_is_removed(groups_folder: Path) -> None:
    """And nothing else: the groups of a living one stay."""
    left = [groups_folder / f"jaxercise-{pid}-1" / "run-1" for pid in (_DEAD, os.getppid())]
    for group in left:
        group.mkdir(parents=True)
    try:
        opened = MemoryGroups.open()
        assert opened is not None
        opened.close()
        assert [group.exists() for group in left] == [False, True]
        assert not left[0].parent.exists()
    finally:
        for group in left:
            for folder in (group, group.parent):
                if folder.exists():
                    folder.rmdir()


def test_another_life_of_ones_own_process_id_is_no_obstacle(
    groups_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container the service has the same id each time."""
    monkeypatch.setattr(memory_groups, "_numbers", iter([7001]))
    (groups_folder / f"jaxercise-{os.getpid()}-7001" / "run-1").mkdir(parents=True)
    opened = MemoryGroups.open()
    assert opened is not None
    group = opened.make(1 << 30)
    group._folder.rmdir()
    opened.close()
    assert not opened._parent.exists()


@pytest.mark.anyio
async def test_a_group_that_is_held_for_long_goes_with_a_later_one(groups_folder: Path) -> None:
    """A process that takes its time to die does not leave its group for ever."""
    opened = MemoryGroups.open()
    assert opened is not None
    held, later = opened.make(1 << 30), opened.make(1 << 30)
    blocker = held._folder / "blocker"
    blocker.mkdir()
    await held.remove()
    assert held._folder.exists()
    blocker.rmdir()
    await later.remove()
    opened.make(1 << 30)
    assert not held._folder.exists()
    (opened._parent / "run-3").rmdir()
    opened.close()
    assert not opened._parent.exists()
