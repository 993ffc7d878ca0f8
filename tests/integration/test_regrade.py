"""`jaxercise regrade` in a real jail: broken problems, drift, signals, and a disk that is full."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.grading.reference.drift import FILE_NAME
from tests.support.checkout import CHECKOUT
from tests.support.git_folders import commit_all
from tests.support.provable_problem import provable_files
from tests.support.small_problem import small_problem, write_problem
from tests.support.toy_problem import toy_files

pytestmark = pytest.mark.jail

_GATE, _TOY = "2-gate", "1-toy-shift"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two problems that are proven, and one data folder for all runs."""
    course = tmp_path_factory.mktemp("course")
    gate = {name: text.encode() for name, text in provable_files().items()}
    for files in (toy_files(), gate):
        write_problem(files, course)
    commit_all(course)
    return course


@pytest.fixture
def copied(course: Path, tmp_path: Path) -> Path:
    """The same problems, to be broken; what they were graded with stays where it is."""
    copied = tmp_path / "course"
    shutil.copytree(course, copied, ignore=shutil.ignore_patterns("var"))
    return copied


def _take_interrupts() -> None:
    """A shell that starts us in the background lets us ignore them, and children do as we do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _start(course: Path, *words: str, data: Path, prefix: Sequence[str] = ()) -> "subprocess.Popen[str]":
    settings = {
        "JAXERCISE_DATA_DIR": str(data),
        "JAXERCISE_PROBLEMS_DIR": str(course / "problems"),
        "JAXERCISE_REFERENCES_DIR": str(course / "references"),
        "PYTHONPATH": str(CHECKOUT),
    }
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "app.cli.main", "regrade", *words],
        cwd=course,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_take_interrupts,
    )


def _regrade(course: Path, *words: str, data: Path, prefix: Sequence[str] = ()) -> tuple[int, str, str]:
    with _start(course, *words, data=data, prefix=prefix) as process:
        printed, complained = process.communicate(timeout=280)
    assert "Traceback" not in complained
    return process.returncode, printed, complained


def _read(report: Path) -> ElementTree.Element:
    return ElementTree.parse(report).getroot()  # noqa: S314 - written by us just now


def _ended(root: ElementTree.Element, kind: str) -> dict[str, str | None]:
    """The cases that ended so: what they are called, and the file that each is about."""
    return {
        f"{case.get('classname')}:{case.get('name')}": case.get("file")
        for case in root.iter("testcase")
        if case.find(kind) is not None
    }


def test_broken_problems_are_failed_cases_and_the_others_are_graded(copied: Path, course: Path) -> None:
    """Side by side, with a line and a file each."""
    broken = write_problem(small_problem("double", position=3), copied)
    (broken / "problem.toml").write_text("position = [\n")
    for below in ("problems", "references"):
        shutil.copytree(copied / below / _GATE, copied / below / "gate")
    code, printed, _ = _regrade(
        copied, "--jobs", "2", "--junit", "report.xml", "--markdown", "report.md", data=course / "var"
    )
    assert code == 1, printed
    assert "toy-shift is proven" in printed
    assert "gate is proven" in printed
    root = _read(copied / "report.xml")
    assert set(_ended(root, "failure").values()) == {
        "problems/3-double/problem.toml",
        "problems/gate/problem.toml",
    }
    assert root.get("errors") == "0"
    graded = {case.get("classname") for case in root.iter("testcase")}
    assert graded >= {"toy-shift.variant", "gate.variant", "toy-shift.drift", "gate.figure"}
    assert not list(root.iter("property")), "it is whole"
    for case in root.iter("testcase"):
        assert (copied / str(case.get("file"))).exists() or case.get("name") == FILE_NAME
        assert int(case.get("line", 0)) >= 1
    text = (copied / "report.md").read_text()
    assert "## 3-double: broken" in text
    assert "## 2 gate: proven" in text


def test_drift_is_a_failure_of_the_report_as_well(copied: Path, course: Path) -> None:
    """And only what is named is graded, or what has changed."""
    stored = _regrade(copied, "gate", "--store-outputs", data=course / "var")
    assert stored[0] == 0, stored
    assert not (copied / "references" / _TOY / FILE_NAME).exists()
    commit_all(copied)
    outputs = copied / "references" / _GATE / FILE_NAME
    fields = json.loads(outputs.read_text())
    fields["outputs"]["one"][0] += 1.0
    outputs.write_text(json.dumps(fields))
    code, printed, _ = _regrade(copied, "--since", "HEAD", "--junit", "report.xml", data=course / "var")
    assert (code, "toy-shift" in printed) == (1, False)
    root = _read(copied / "report.xml")
    assert root.get("failures") == "1"
    assert _ended(root, "failure") == {f"gate.drift:{FILE_NAME}": f"references/{_GATE}/{FILE_NAME}"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_a_report_of_what_was_done(
    course: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Marked as incomplete, with an exit code that says so; what was begun ends with it."""
    report = tmp_path / "report.xml"
    with _start(course, "--junit", str(report), data=course / "var") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("  drift: "):
                break
        process.send_signal(number)
        _, complained = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert complained == (
        f"jaxercise: stopped by {number.name}; 1 of 2 problems were graded, and reports say so\n"
    )
    root = _read(report)
    assert {found.get("value") for found in root.iter("property")} == {f"stopped by {number.name}"}
    assert list(_ended(root, "error"))[-1] == "regrade:whole"
    assert any("gate" in name for kind in ("error", "skipped") for name in _ended(root, kind))
    graded = [
        case.get("name") for case in root.iter("testcase") if case.get("classname") == "toy-shift.variant"
    ]
    assert set(graded) == {"subtracts", "plain_array"}
    assert root.get("failures") == "0"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk of its own, as root")
def test_a_data_folder_that_is_full_is_one_sentence(course: Path, tmp_path: Path) -> None:
    """Exit code 2, and the report says it too."""
    data = tmp_path / "data"
    data.mkdir()
    fill = (
        f"mount -t tmpfs -o size=64k,mode=700 tmpfs {data}; head -c 1M /dev/zero > {data}/full 2> /dev/null"
    )
    mount = f'{fill}; exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    report = tmp_path / "report.xml"
    code, printed, complained = _regrade(course, "gate", "--junit", str(report), data=data, prefix=prefix)
    assert code == 2, printed + complained
    [line] = complained.splitlines()
    assert "JAXERCISE_DATA_DIR" in line
    assert "No space left on device" in line
    root = _read(report)
    [case] = [case for case in root.iter("testcase") if case.get("classname") == "regrade"]
    assert "No space left on device" in case[0].attrib["message"]
