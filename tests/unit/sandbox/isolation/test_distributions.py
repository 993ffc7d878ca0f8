"""What of the installed packages a jail sees, in an environment that the service shares."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from sandbox.isolation.distributions import FURTHER, ROOTS, jail_distributions, mounted_entries

_OF_THE_SERVICE = {
    "fastapi",
    "sqlalchemy",
    "uvicorn",
    "pydantic",
    "alembic",
    "jaxercise",
    "pytest",
    "starlette",
}


def test_the_roots_are_what_the_extra_asks_for_and_what_the_sandbox_imports() -> None:
    asked = [line for line in importlib.metadata.requires("jaxercise") or [] if "extra ==" in line]
    names = {re.split(r"[=<>\[; ]", line)[0] for line in asked if "jail" in line}
    assert names == {"jax", "flax", "optax"}
    assert set(ROOTS) == names | {"numpy", "msgspec"}


def test_all_that_these_require_is_there_and_nothing_of_the_service() -> None:
    found = jail_distributions()
    assert found.keys() >= {"jax", "jaxlib", "scipy", "ml-dtypes", "etils", "zipp", "typing-extensions"}
    assert not found.keys() & _OF_THE_SERVICE


def test_entries_are_taken_one_by_one() -> None:
    entries = mounted_entries()
    assert {"jax", "numpy.libs", "typing_extensions.py", "google/protobuf"} <= entries.keys()
    assert not {"google", "orbax", "fastapi", "app", "sandbox"} & entries.keys()
    assert all(host.exists() for host in entries.values())
    assert not [one for one in entries for other in entries if other.startswith(f"{one}/")]


def test_a_problem_s_own_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FURTHER, " Jinja2, no-such-package ,")
    assert jail_distributions().keys() >= {"jinja2", "markupsafe"}


def test_a_distribution_is_read_from_what_it_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extras are followed; what is left of a marker decides nothing."""
    for name, requires in {
        "first": ["Second_Part[more]>=1; python_version >= '3'", "third; extra == 'docs'"],
        "second-part": ["fourth; extra == 'more'", "fifth; extra == 'less'"],
        "third": [],
        "fourth": [],
        "fifth": [],
    }.items():
        info = tmp_path / f"{name.replace('-', '_')}-1.dist-info"
        info.mkdir()
        lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{lines}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(FURTHER, "first")
    found = jail_distributions().keys()
    assert {"first", "second-part", "fourth"} <= found
    assert not {"third", "fifth"} & found
