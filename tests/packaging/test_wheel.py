"""What is installed from a wheel, far from any checkout, has its migrations, problems and pages with it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_SOURCES = ("app", "sandbox", "alembic", "problems", "reference_solutions")
_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
_COMMAND = "import sys; sys.path.insert(0, sys.argv.pop(1)); from app.cli.main import app; app()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    sources, made = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in _SOURCES:
        shutil.copytree(CHECKOUT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(CHECKOUT / name, sources)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            ".",
            "--no-deps",
            "--no-build-isolation",
            "--quiet",
            "-w",
            made,
        ],
        cwd=sources,
        check=True,
    )
    [file] = made.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packages, as `site-packages` has them."""
    place = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


def _run(
    installed: Path, place: Path, *words: str, program: str = _COMMAND
) -> subprocess.CompletedProcess[str]:
    """Type a command of the installed package in a bare folder; only its dependencies come from here."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    return subprocess.run(
        [sys.executable, "-I", "-c", program, str(installed), *words],
        cwd=place,
        env={**environment, "JAXERCISE_DATA_DIR": str(place / "var")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_has_what_a_checkout_has_beside_its_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("alembic", "problems", "reference_solutions"):
        files = {
            path.relative_to(CHECKOUT).as_posix()
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files
        assert {f"app/shipped/{file}" for file in files} <= names
    assert any(name.startswith("app/web/templates/") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app", "sandbox"}


def test_every_folder_is_found_in_the_installed_package(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from typing import get_args\nfrom app.core.paths import Resource, path_of\n"
        "print(*(path_of(name) for name in get_args(Resource)), sep='\\n')"
    )
    ran = _run(installed, tmp_path, program=program)
    found = [Path(line) for line in ran.stdout.splitlines()]
    assert len(found) == 5, ran.stderr
    assert all(path.is_relative_to(installed) for path in found)
    # The islands' folder is made by their own build.
    assert all(path.is_dir() for path in found if path.name != "static")


def test_the_installed_commands_find_migrations_and_problems(installed: Path, tmp_path: Path) -> None:
    """By its own code: no checkout is near."""
    assert "revision none" in _run(installed, tmp_path, "db", "check").stderr
    assert _run(installed, tmp_path, "db", "upgrade").returncode == 0
    checked = _run(installed, tmp_path, "db", "check")
    assert checked.returncode == 0, checked.stderr
    assert str(tmp_path / "var" / "jaxercise.db") in checked.stdout
    shown = _run(installed, tmp_path, "settings").stdout
    assert f"{installed}/app/shipped/problems" in shown
    assert "Usage:" in _run(installed, tmp_path, "validate", "--help").stdout
    refused = _run(installed, tmp_path, "validate", "no-such-problem")
    assert refused.returncode == 2
    assert "vit-cls-token" in refused.stderr
