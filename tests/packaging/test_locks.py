"""The lock files name versions and hashes, agree with each other, and bind nobody to a registry."""

import json
import re
import tomllib
from itertools import pairwise

import pytest

from tests.support.checkout import CHECKOUT

_NESTED = ("requirements.lock", "requirements-jail.lock", "requirements-dev.lock")
_LOCKS = (*_NESTED, "requirements-node.lock")
_PIN = re.compile(r"([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==([0-9][0-9a-z.+!]*)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def _faults(lock: str) -> list[str]:
    """What of a lock file's text is more or less than pinned, hashed requirements."""
    faults = []
    for entry in lock.replace("\\\n", " ").splitlines():
        pin, *hashes = entry.split()
        if not _PIN.fullmatch(pin):
            faults.append(f"not a pinned version: {entry[:60]}")
        if not hashes or not all(_HASH.fullmatch(one) for one in hashes):
            faults.append(f"not hashed: {pin}")
    return faults


def _versions(name: str) -> dict[str, str]:
    return dict(_PIN.findall((CHECKOUT / name).read_text()))


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_holds_pinned_and_hashed_requirements_only(name: str) -> None:
    """No address of a registry, no option, no comment."""
    assert _faults((CHECKOUT / name).read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--extra-index-url https://packages.example/simple",
        "numpy==2.4.6",
        "numpy>=2.4 --hash=sha256:" + "0" * 64,
        "numpy @ https://packages.example/numpy.whl --hash=sha256:" + "0" * 64,
        "numpy==2.4.6 --hash=md5:" + "0" * 32,
        "-e .",
    ],
)
def test_the_check_refuses(line: str) -> None:
    """A check that cannot fail is a defect."""
    assert _faults(line) != []


@pytest.mark.parametrize(("narrow", "wide"), list(pairwise(_NESTED)))
def test_a_wider_lock_holds_the_narrower_one(narrow: str, wide: str) -> None:
    """In the very same versions, so that installing one after the other changes nothing."""
    assert _versions(narrow).items() <= _versions(wide).items()


def test_every_declared_dependency_is_locked() -> None:
    """A dependency that was added without `make lock` would be missing from every new machine."""
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    needs = {
        "requirements.lock": declared["project"]["dependencies"] + declared["dependency-groups"]["build"],
        "requirements-jail.lock": declared["project"]["optional-dependencies"]["jail"],
        "requirements-dev.lock": declared["dependency-groups"]["dev"],
        "requirements-node.lock": declared["dependency-groups"]["node"],
    }
    for lock, requirements in needs.items():
        names = {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for requirement in requirements}
        assert names <= _versions(lock).keys(), lock


def test_the_service_alone_is_locked_without_jax() -> None:
    """Pages and API fit a small image."""
    assert not {"jax", "jaxlib", "flax", "optax"} & _versions("requirements.lock").keys()


def test_npm_s_lock_names_no_registry() -> None:
    """Each package has its integrity hash, and no address."""
    packages = json.loads((CHECKOUT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert installed
    assert [name for name, package in installed.items() if "resolved" in package] == []
    assert [name for name, package in installed.items() if not package.get("integrity")] == []
