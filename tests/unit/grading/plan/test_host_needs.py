"""What a problem needs of its host: packages, memory, processors."""

from pathlib import Path

import msgspec
import pytest

from app.core.machine import cores, memory_bytes
from app.core.problem import Limits, Problem
from app.errors import HostLacks
from app.grading.plan.host_needs import host_facts, require_host
from sandbox.packages import missing_packages, packages_digest
from tests.support.toy_problem import toy_problem


def _needing(*packages: str, **limits: int) -> Problem:
    problem = toy_problem()
    changed = msgspec.structs.replace(problem.manifest.limits, **limits)
    manifest = msgspec.structs.replace(problem.manifest, packages=packages, limits=changed)
    return msgspec.structs.replace(problem, manifest=manifest)


@pytest.mark.parametrize("packages", [(), ("jax", "flax", "numpy", "optax"), ("math",), ("ml_dtypes",)])
def test_what_a_jail_can_import_is_there(packages: tuple[str, ...]) -> None:
    """Python's own library too, and what JAX brings along."""
    require_host(_needing(*packages))


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (_needing("optax", "no_such_package"), "the package no_such_package is not installed for the jail"),
        (
            _needing(memory_mb=1 << 24),
            f"a run may use 16,777,216 MB of memory, and there are {memory_bytes() >> 20:,}",
        ),
        (_needing(processors=4097), f"4097 processors are needed, and there are {cores()}"),
    ],
)
def test_what_is_lacking_is_named(problem: Problem, said: str) -> None:
    with pytest.raises(HostLacks) as refused:
        require_host(problem)
    assert refused.value.message == f"toy-shift cannot be graded on this host: {said}"


def test_all_that_is_lacking_is_named_at_once() -> None:
    with pytest.raises(HostLacks, match=r"first_lost.*second_lost.*4097 processors"):
        require_host(_needing("first_lost", "second_lost", processors=4097))


def test_what_the_machine_has_exactly_is_enough() -> None:
    require_host(_needing(processors=cores(), memory_mb=memory_bytes() >> 20))


def test_one_processor_is_what_a_problem_asks_for_by_itself() -> None:
    assert Limits().processors == 1


def test_an_installed_package_changes_the_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is installed later lets the problem in at the next start."""
    monkeypatch.setattr("sandbox.packages._entries", lambda: {path.name: path for path in tmp_path.iterdir()})
    before = packages_digest(), host_facts()
    assert missing_packages(["late"]) == ["late"]
    (tmp_path / "late.py").touch()
    assert missing_packages(["late"]) == []
    assert packages_digest() != before[0]
    assert host_facts() != before[1]
