"""Every isolation check holds in the real jail; with no jail around them, the same texts break theirs."""

import asyncio
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from sandbox.checks.run_checks import all_checks, plant_program, run_all
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

_HIDDEN = [Path(__file__), Path.home()]
_NAMES = [check.name for check in all_checks()]
_HOLD_ANYWHERE = {
    "the environment is bare",
    "no stray descriptors",
    "no poisoned process",
    "memory is limited",
    "wall time is limited",
    "output is limited",
    "no forged results",
}
"""What a process and a watch from outside give by themselves, with no wall."""
_UNDECIDED = {"processor time is limited", "processes are limited"}
"""Without a namespace the kernel's clock and ours race for the first word; where a control group can be
had, it bounds the processes of a run without a wall too."""


def _reasons(cache: Path, *, jailed: bool) -> Mapping[str, str]:
    async def collect() -> Mapping[str, str]:
        plant_program(cache)
        async with open_supervisor(cache=cache, jailed=jailed) as supervisor:
            return {
                checked.name: checked.reason async for checked in run_all(supervisor, all_checks(_HIDDEN))
            }

    return asyncio.run(collect())


@pytest.fixture(scope="module")
def in_the_jail(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return _reasons(tmp_path_factory.mktemp("jailed") / "cache", jailed=True)


@pytest.fixture(scope="module")
def without_a_jail(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return _reasons(tmp_path_factory.mktemp("unjailed") / "cache", jailed=False)


@pytest.mark.parametrize("name", _NAMES)
def test_every_check_holds_in_the_jail(in_the_jail: Mapping[str, str], name: str) -> None:
    assert in_the_jail[name] == ""


def test_without_a_jail_the_same_texts_break_theirs(without_a_jail: Mapping[str, str]) -> None:
    """A check that cannot fail is a defect."""
    hold = set(_HOLD_ANYWHERE)
    if platform.machine() != "x86_64":
        hold.add("one system-call table")
    broken = {name for name, reason in without_a_jail.items() if reason}
    assert broken - _UNDECIDED == set(_NAMES) - hold - _UNDECIDED


@pytest.mark.parametrize("name", sorted(set(_NAMES) - _HOLD_ANYWHERE - _UNDECIDED))
def test_what_is_broken_was_really_tried(without_a_jail: Mapping[str, str], name: str) -> None:
    """A text that fails on its own grounds would look like a breach."""
    assert "could not be tried" not in without_a_jail[name]


def test_nothing_of_the_tries_is_left_on_the_host(without_a_jail: Mapping[str, str]) -> None:
    """They are run with no wall here, so they clean up behind themselves."""
    assert without_a_jail
    left = [path for top in ("/tmp", "/dev/shm", "/var/tmp") for path in Path(top).glob("jaxercise-self-*")]
    assert left == []


def _judge(name: str, *, limits: Limits | None = None, in_one_run: bool = False) -> str:
    """The breach of the named check in a real jail, made easier to break."""
    [check] = [check for check in all_checks() if check.name == name]
    if in_one_run:
        check = msgspec.structs.replace(check, texts=("".join(check.texts),))
    check = msgspec.structs.replace(check, limits=limits or check.limits)

    async def only() -> str:
        with tempfile.TemporaryDirectory() as cache:
            async with open_supervisor(cache=Path(cache)) as supervisor:
                [checked] = [checked async for checked in run_all(supervisor, [check])]
                return checked.reason

    return asyncio.run(only())


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("memory is limited", Limits(memory_bytes=4 << 30)),
        ("output is limited", Limits(flood_bytes=4 << 20)),
        ("processor time is limited", Limits(cpu_seconds=2.0)),
        ("files are limited", Limits(file_bytes=64 << 20)),
        ("processes are limited", Limits(processes=256, memory_bytes=1 << 36)),
    ],
)
def test_a_limit_that_is_set_too_high_breaks_its_check(name: str, limits: Limits) -> None:
    assert _judge(name, limits=limits) != ""


def test_poison_is_found_where_it_stays() -> None:
    """Both texts in one process, as if the second run had been given the first one's."""
    reason = _judge("no poisoned process", in_one_run=True)
    for words in ("jax is changed", "the environment", "JAX's settings", "a function is gone"):
        assert words in reason


def test_a_variable_and_a_descriptor_too_many_are_found(tmp_path: Path) -> None:
    """Where the texts run in a plain process that has both."""
    with (tmp_path / "open").open("w") as file:
        for name, found in (
            ("the environment is bare", "JAXERCISE_SECRET"),
            ("no stray descriptors", "a file"),
        ):
            [code] = next(check.texts for check in all_checks() if check.name == name)
            ran = subprocess.run(
                [sys.executable, "-c", code],
                env={"JAXERCISE_SECRET": "x"},
                pass_fds=[file.fileno()],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert found in ran.stdout
