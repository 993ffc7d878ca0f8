"""The Dockerfile, read without an engine: what it copies, installs and starts exists."""

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

from app.cli.main import commands
from app.settings import Settings
from tests.support.build_context import is_in_context
from tests.support.checkout import CHECKOUT
from tests.support.dockerfile_stages import Stage, read_stages

_GRADING = ("worker", "all")
_TARGETS = ("web", *_GRADING)
_HADOLINT = Path(sys.executable).with_name("hadolint")


def _faults(dockerfile: str) -> list[str]:
    """What a build of `dockerfile` in this checkout would stumble over."""
    faults = []
    stages = read_stages(dockerfile)
    for stage in stages.values():
        copied = set()
        for name, value in stage.instructions:
            words = shlex.split(value)
            if name == "COPY":
                options = [word for word in words if word.startswith("--")]
                *sources, _ = [word for word in words if not word.startswith("--")]
                origin = options[0].removeprefix("--from=") if options else None
                if origin is None:
                    faults += [f"not in the build context: {s}" for s in sources if not is_in_context(s)]
                    copied.update(sources)
                elif origin not in stages:
                    faults.append(f"no such stage: {origin}")
            elif name == "RUN":
                this_run = Stage(base=stage.base, instructions=[(name, value)])
                named = this_run.locks
                faults += [f"installed before it is copied: {lock}" for lock in named if lock not in copied]
                faults += [f"not known to apt: {name}" for name in _unknown_to_apt(this_run.packages)]
    return faults


def _unknown_to_apt(packages: set[str]) -> list[str]:
    if shutil.which("apt-cache") is None:
        return []
    return [package for package in packages if not _known_to_apt(package)]


@functools.cache
def _known_to_apt(package: str) -> bool:
    command = ["apt-cache", "policy", package]
    environment = {**os.environ, "LC_ALL": "C"}
    policy = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    return "Candidate:" in policy and "Candidate: (none)" not in policy


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (CHECKOUT / "Dockerfile").read_text()


def test_everything_that_is_copied_and_installed_exists(dockerfile: str) -> None:
    """A build fails late and far from here; this fails early."""
    assert _faults(dockerfile) == []


@pytest.mark.parametrize(
    "line",
    [
        "COPY no-such-file ./",
        "COPY .git ./",
        "COPY --from=no-such-stage /x ./",
        "RUN pip install --require-hashes -r requirements-node.lock",
        pytest.param(
            "RUN apt-get install --yes no-such-package-at-all",
            marks=pytest.mark.skipif(shutil.which("apt-cache") is None, reason="needs apt-cache: a Debian"),
        ),
    ],
)
def test_the_check_sees(dockerfile: str, line: str) -> None:
    """A check that cannot fail is a defect."""
    assert len(_faults(f"{dockerfile}\n{line}\n")) == 1


@pytest.mark.parametrize("target", _TARGETS)
def test_a_target_starts_a_command_that_exists(dockerfile: str, target: str) -> None:
    """The console script, with one of its own commands, as a user that any host can tell from root."""
    stage = read_stages(dockerfile)[target]
    program, command = json.loads(stage.values("CMD")[-1])
    scripts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["scripts"]

    assert program in scripts
    assert command in typer.main.get_command(commands).commands  # type: ignore[attr-defined]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.values("USER")[-1])
    assert stage.values("HEALTHCHECK")


@pytest.mark.parametrize("target", _GRADING)
def test_an_image_that_grades_holds_the_jail(dockerfile: str, target: str) -> None:
    """JAX to run what was submitted, and bubblewrap and libseccomp to hold it."""
    stage = read_stages(dockerfile)[target]

    assert "requirements-jail.lock" in stage.locks
    assert {"bubblewrap", "libseccomp2"} <= stage.packages


def test_the_image_of_the_pages_has_neither_jax_nor_a_jail(dockerfile: str) -> None:
    """It is smaller by as much, and so is what a fault in the pages could use."""
    stage = read_stages(dockerfile)["web"]

    assert stage.locks == ["requirements.lock"]
    assert stage.packages == set()


def test_the_images_share_their_lower_layers(dockerfile: str) -> None:
    """What the pages and the workers both have is built and stored once."""
    web, *others = (read_stages(dockerfile)[target].instructions for target in _TARGETS)
    base = read_stages(dockerfile)["base"].instructions

    assert web[: len(base)] == base
    assert all(instructions[: len(base)] == base for instructions in others)


def test_the_linter_has_nothing_to_say(dockerfile: str) -> None:
    """hadolint, at its default level."""
    linted = subprocess.run(
        [_HADOLINT, "--no-color", CHECKOUT / "Dockerfile"], capture_output=True, text=True
    )

    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_linter_reads(tmp_path: Path, dockerfile: str) -> None:
    """A check that cannot fail is a defect."""
    (tmp_path / "Dockerfile").write_text(f"{dockerfile}USER root\n")

    assert subprocess.run([_HADOLINT, tmp_path / "Dockerfile"], capture_output=True).returncode == 1


def test_the_islands_land_where_the_pages_look_for_them(dockerfile: str) -> None:
    """The stage that builds them and the one that serves them agree with vite's configuration."""
    program = """
import { resolveConfig } from "vite";
const { root, build } = await resolveConfig({ configFile: "vite.config.ts", logLevel: "silent" }, "build");
console.log(JSON.stringify([root, build.outDir]));
"""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    assert node is not None
    resolved = subprocess.run(
        [node, "--input-type=module", "--eval", program],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    root, output = map(Path, json.loads(resolved.stdout))
    built = (root / output).relative_to(CHECKOUT)

    copied = [shlex.split(value) for value in read_stages(dockerfile)["checkout"].values("COPY")]
    assert ["--from=islands", f"/build/{built}", str(built)] in copied
    assert read_stages(dockerfile)["islands"].values("WORKDIR") == ["/build"]


def test_the_images_have_the_python_that_the_project_asks_for(dockerfile: str) -> None:
    """And every package is installed with its hash checked."""
    stages = read_stages(dockerfile)
    for target in _TARGETS:
        assert stages[target].base.startswith("python:3.11-")
        for words in stages[target].commands:
            if words[:2] == ["pip", "install"]:
                assert "--require-hashes" in words or "--no-deps" in words


def test_the_images_set_settings_that_exist(dockerfile: str) -> None:
    """A misspelt variable would be ignored without a word."""
    known = {f"JAXERCISE_{name.upper()}" for name in Settings.model_fields}
    for target in _TARGETS:
        variables = read_stages(dockerfile)[target].environment
        assert {variable for variable in variables if variable.startswith("JAXERCISE_")} <= known


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bwrap: apt-get install bubblewrap")
def test_the_container_s_filter_leaves_bubblewrap_what_it_needs() -> None:
    """Under the very profile that compose.yaml names, a jail with all its namespaces still starts."""
    program = """
import ctypes, json, os
import pyseccomp
profile = json.load(open("docs/operators/seccomp.json"))
wall = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for rule in profile["syscalls"]:
    for name in rule["names"]:
        wall.add_rule(pyseccomp.ERRNO(rule["errnoRet"]), name)
wall.load()
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, "the filter does not hold"
jail = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc"]
os.execvp("bwrap", [*jail, "--dev", "/dev", "--tmpfs", "/tmp", "echo", "inside"])
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True)

    assert ran.stdout == "inside\n", ran.stderr
