"""The commands that need no server, as a shell runs them, on the toy problem in a real jail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.catalog.problem_folder import load_folders, read_problem
from app.grading.prove.kept_proofs import PROOF_REVISION
from app.grading.prove.proof_record import stale_records
from sandbox.checks.run_checks import all_checks
from sandbox.patches import PATCH_NAMES
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import REFERENCE, write_toy_folders

pytestmark = pytest.mark.jail


_WRONG = REFERENCE.replace("x + self.shift", "x - self.shift")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy problem and one data directory for all commands."""
    root = tmp_path_factory.mktemp("workshop")
    write_toy_folders(root)
    return root


def _jaxercise(
    root: Path, *words: str, prefix: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    settings = {
        "JAXERCISE_DATA_DIR": str(root / "var"),
        "JAXERCISE_PROBLEMS_DIR": str(root / "problems"),
        "JAXERCISE_REFERENCES_DIR": str(root / "references"),
    }
    return subprocess.run(
        [*prefix, sys.executable, "-m", "app.cli.main", *words],
        cwd=CHECKOUT,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def _write(root: Path, name: str, code: str) -> str:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    return str(path)


def test_check_accepts_the_reference_and_exits_0(workshop: Path) -> None:
    """The object has every field of the contract."""
    ran = _jaxercise(workshop, "check", "toy-shift", _write(workshop, "right.py", REFERENCE), "--json")
    assert ran.returncode == 0, ran.stderr
    [line] = ran.stdout.splitlines()
    verdict = json.loads(line)
    assert (verdict["problem"], verdict["outcome"], verdict["accepted"], verdict["score"]) == (
        "toy-shift",
        "accepted",
        True,
        1.0,
    )
    assert {
        "version",
        "diagnosis",
        "cases",
        "stdout",
        "stderr",
        "error",
        "wall_seconds",
        "environment",
    } <= set(verdict)
    assert verdict["environment"]["jax"]
    names = [case["name"] for case in verdict["cases"]]
    assert names == ["short", "parameters", "other-seed", "short-fresh-1", "short-again", "checkpoint"]


def test_check_names_the_mistake_and_exits_1(workshop: Path) -> None:
    """Hidden cases show their outcome and nothing else; nobody waits, and so it looks to the end."""
    wrong = _write(workshop, "wrong.py", _WRONG)
    ran = _jaxercise(workshop, "check", "1", wrong, "--json", JAXERCISE_DIAGNOSIS_SECONDS="0.001")
    assert ran.returncode == 1
    verdict = json.loads(ran.stdout)
    assert verdict["outcome"] == "wrong_value"
    assert verdict["diagnosis"] == {
        "kind": "variant",
        "id": "subtracts",
        "message": "You subtract the shift.",
        "line": None,
        "others": [],
    }
    assert verdict["explained"] == "complete"
    by_name = {case["name"]: case for case in verdict["cases"]}
    assert by_name["short"]["mismatched"] == by_name["short"]["size"] == 4
    assert by_name["short"]["max_abs_error"] > 0.01
    for name in ("other-seed", "short-fresh-1", "checkpoint"):
        assert by_name[name]["max_abs_error"] is by_name[name]["mismatched"] is None


@pytest.mark.parametrize(
    ("code", "outcome", "line", "said"),
    [
        ("def shift(seed, x):\n    return (x", "syntax_error", 2, "line 2"),
        ("def shfit(seed, x):\n    return x", "missing_function", None, "there is no function named shift"),
        ("def shift(x):\n    return x", "bad_signature", 1, "shift(seed, x)"),
        ("def shift(x, seed):\n    return x", "bad_signature", 1, "another order"),
        ("def shift(seed, x):\n    y = 1\n    return x[:, None, None] @ y", "error", 3, "line 3"),
        ("import nothing_here", "error", 1, "nothing_here"),
        ("def shift(seed, x):\n    return x[:2]", "wrong_shape", None, "(4,)"),
        ("def shift(seed, x):\n    return x.astype(int)", "wrong_dtype", None, "float32"),
        ("def shift(seed, x):\n    return None", "wrong_shape", None, "returned None"),
        ("def shift(seed, x):\n    return x / 0", "not_finite", None, "infinite"),
    ],
)
def test_every_kind_of_mistake_is_a_verdict(
    workshop: Path, code: str, outcome: str, line: int | None, said: str
) -> None:
    """Never our error, always with what to do about it."""
    ran = _jaxercise(workshop, "check", "toy-shift", _write(workshop, "mistake.py", code), "--json")
    assert ran.returncode == 1, ran.stderr
    verdict = json.loads(ran.stdout)
    assert verdict["outcome"] == outcome
    assert said in json.dumps([verdict["message"], verdict["cases"][0]["message"]])
    if line is not None:
        assert verdict["error"]["line"] == line


def test_one_reason_is_told_once_and_repeats_are_explained(workshop: Path) -> None:
    """Whether nothing ran at all, or every call ended on the same line."""
    syntax = _write(workshop, "syntax.py", "def shift(seed, x)\n    return x\n")
    raising = _write(workshop, "raising.py", "def shift(seed, x):\n    return x.nothing\n")
    ran = _jaxercise(workshop, "check", "toy-shift", raising, syntax)
    first, second = ran.stdout.split("syntax.py")
    assert first.count("line 2: AttributeError") == 1
    assert first.count("as in `short`") == 5
    assert "`short-again` is the same call made once more" in first
    assert "`short-fresh-1` is its case with numbers that were drawn anew" in first
    assert second.count("expected ':'") == 1
    assert "line 1: expected ':'" in second


def test_check_grades_a_folder_one_object_a_line(workshop: Path) -> None:
    _write(workshop, "class/ada.py", REFERENCE)
    _write(workshop, "class/bob.py", _WRONG)
    ran = _jaxercise(workshop, "check", "toy-shift", str(workshop / "class"), "--json")
    assert ran.returncode == 1
    verdicts = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(Path(verdict["file"]).name, verdict["accepted"]) for verdict in verdicts] == [
        ("ada.py", True),
        ("bob.py", False),
    ]


def test_one_file_that_is_no_text_keeps_no_other_from_its_grade(workshop: Path) -> None:
    """Of a class of eighty, somebody has an editor that writes UTF-16, and somebody sends a picture."""
    _write(workshop, "mixed/ada.py", REFERENCE)
    (workshop / "mixed/bob.py").write_bytes(REFERENCE.encode("utf-16"))
    (workshop / "mixed/cyd.py").write_bytes(b"\x89PNG\r\n")
    ran = _jaxercise(workshop, "check", "toy-shift", str(workshop / "mixed"), "--json")
    assert ran.returncode == 2
    [verdict] = map(json.loads, ran.stdout.splitlines())
    assert (Path(verdict["file"]).name, verdict["accepted"]) == ("ada.py", True)
    assert "2 of 3 files not graded" in ran.stderr
    assert "bob.py is not UTF-8 text but UTF-16" in ran.stderr
    assert "cyd.py is not UTF-8 text (byte 0) in line 1" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_terminal_gets_no_escape_sequences_of_a_submission(workshop: Path) -> None:
    code = "print('\\x1b[2Jgone')\n" + REFERENCE
    ran = _jaxercise(workshop, "check", "toy-shift", _write(workshop, "escape.py", code))
    assert ran.returncode == 0
    assert "gone" in ran.stdout
    assert "\x1b" not in ran.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "no-such-problem", "right.py"], "there are toy-shift"),
        (["check", "toy-shift", "no-such-file.py"], "no-such-file.py: there is no such Python file"),
        (["regrade", "--since", "no-such-revision"], "--since no-such-revision"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(workshop: Path, words: list[str], said: str) -> None:
    right = _write(workshop, "right.py", REFERENCE)
    ran = _jaxercise(workshop, *(right if word == "right.py" else word for word in words))
    assert ran.returncode == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_too_much_code_is_refused_with_the_limit(workshop: Path) -> None:
    path = _write(workshop, "long.py", "x = 1\n" * 40_000)
    ran = _jaxercise(workshop, "check", "toy-shift", path)
    assert ran.returncode == 2
    assert "at most 65,536" in ran.stderr


def test_a_wrong_setting_stops_the_start_with_its_name(workshop: Path) -> None:
    ran = _jaxercise(workshop, "check", "toy-shift", "right.py", JAXERCISE_SANDBOX="none")
    assert ran.returncode == 2
    assert "JAXERCISE_SANDBOX" in ran.stderr
    assert "unjailed" in ran.stderr


def test_validate_proves_the_problem(workshop: Path, tmp_path: Path) -> None:
    """The table is printed within 100 columns, and written down for people and programs."""
    markdown, report = tmp_path / "proofs.md", tmp_path / "proofs.json"
    ran = _jaxercise(workshop, "validate", "--markdown", str(markdown), "--json", str(report))
    assert ran.returncode == 0, ran.stdout
    assert "toy-shift is proven" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 100
    assert "## 1 toy-shift: proven" in markdown.read_text()
    [problem] = json.loads(report.read_text())["problems"]
    assert (problem["problem"], problem["proven"], problem["faults"]) == ("toy-shift", True, [])
    assert {row["id"] for row in problem["solutions"]} >= {"reference", "subtracts", "plain_array"}


def test_validate_proves_the_same_problem_once(workshop: Path, tmp_path: Path) -> None:
    """The second time its proof is shown as it was, without a jail; a changed problem is proven by itself."""
    write_toy_folders(tmp_path)
    problem, records = tmp_path / "problems" / "1-toy-shift", tmp_path / "records"
    first = _jaxercise(tmp_path, "validate", JAXERCISE_DATA_DIR=str(workshop / "var"))
    kept = {"JAXERCISE_DATA_DIR": str(workshop / "var"), "JAXERCISE_SANDBOX": "jailed", "PATH": ""}
    again = _jaxercise(tmp_path, "validate", "--record", str(records), **kept)
    assert (first.returncode, again.returncode) == (0, 0), again.stderr
    lines = [line for line in again.stdout.splitlines() if "--fresh proves it anew" not in line]
    assert len(lines) == len(again.stdout.splitlines()) - 1
    assert [line for line in first.stdout.splitlines() if "--fresh" not in line] == lines
    record = json.loads((records / "toy-shift.json").read_text())
    assert (record["problem"], record["revision"]) == ("toy-shift", PROOF_REVISION)
    assert "| `subtracts` | variant | wrong_value |" in (records / "toy-shift.md").read_text()
    (problem / "statement.md").write_text("# Another statement\n\nOther words.\n")
    [changed] = load_folders(tmp_path / "problems", tmp_path / "references").problems.values()
    [stale] = stale_records(records, [read_problem(changed)], record["versions"])
    assert stale.startswith("toy-shift: its files have changed since it was proven")


def test_validate_refuses_a_variant_that_passes(workshop: Path, tmp_path: Path) -> None:
    """A check that cannot catch is a defect."""
    write_toy_folders(tmp_path)
    (tmp_path / "problems" / "1-toy-shift" / "variants" / "subtracts.py").write_text(REFERENCE)
    ran = _jaxercise(tmp_path, "validate")
    assert ran.returncode == 1
    assert "ends as accepted, not wrong_value" in ran.stdout
    assert "toy-shift is refused" in ran.stdout


def test_regrade_writes_reports_and_notices_drift(workshop: Path) -> None:
    """Stored outputs that differ beyond the tolerance fail the run."""
    junit, markdown = workshop / "junit.xml", workshop / "report.md"
    stored = _jaxercise(workshop, "regrade", "--store-outputs")
    assert stored.returncode == 0, stored.stdout
    ran = _jaxercise(workshop, "regrade", "--junit", str(junit), "--markdown", str(markdown))
    assert ran.returncode == 0, ran.stdout
    suite = ElementTree.parse(junit).getroot().find("testsuite")  # noqa: S314 - written by us just now
    assert suite is not None
    assert (suite.get("name"), suite.get("failures")) == ("toy-shift", "0")
    assert "| `subtracts` | variant | wrong_value |" in markdown.read_text()
    outputs = workshop / "references" / "1-toy-shift" / "outputs.json"
    fields = json.loads(outputs.read_text())
    fields["outputs"]["short"][0] += 1.0
    outputs.write_text(json.dumps(fields))
    drifted = _jaxercise(workshop, "regrade")
    outputs.unlink()
    assert drifted.returncode == 1
    assert "of the tolerance, largest in short" in drifted.stdout


def test_doctor_tells_the_layers_and_tries_every_promise(workshop: Path) -> None:
    ran = _jaxercise(workshop, "doctor", "--json")
    assert ran.returncode == 0, ran.stdout
    reported = json.loads(ran.stdout)
    assert reported["able"]
    assert {layer["name"] for layer in reported["layers"]} >= {
        "bubblewrap",
        "namespaces",
        "seccomp",
        "Landlock",
        "freezing of waiting jails",
    }
    assert {check["name"] for check in reported["promises"]} == {check.name for check in all_checks()}
    assert all(check["is_kept"] for check in reported["promises"])
    assert reported["jax_patches"] == {"active": list(PATCH_NAMES), "left_out": {}}


def test_doctor_names_the_promise_that_is_broken(workshop: Path, tmp_path: Path) -> None:
    """All layers are there, but this bubblewrap lets a folder of the host show."""
    careless = tmp_path / "bwrap"
    careless.write_text(f'#!/bin/sh\nexec {shutil.which("bwrap")} --ro-bind /etc /etc "$@"\n')
    careless.chmod(0o755)
    ran = _jaxercise(workshop, "doctor", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ran.returncode == 1, ran.stdout
    assert [line for line in ran.stdout.splitlines() if line.startswith("✗")] == [
        "✗ no host files: A run finds no file of the host, of the service or of its data."
    ]
    assert "broken: /etc/passwd is there" in ran.stdout
    assert "submissions cannot be jailed here" in ran.stdout


def test_a_service_that_may_use_less_still_grades(workshop: Path) -> None:
    """Its own limits hold for its jails, which nobody could raise; a learner is not blamed for them."""
    right = _write(workshop, "right.py", REFERENCE)
    prefix = ["prlimit", "--nofile=200:200", "--core=0:0", "--msgqueue=0:0"]
    ran = _jaxercise(workshop, "check", "toy-shift", right, prefix=prefix)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_without_user_namespaces_nothing_is_run(workshop: Path) -> None:
    """The refusal says what is missing, how to get it, and how to develop without a jail."""
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"]
    right = _write(workshop, "right.py", REFERENCE)
    ran = _jaxercise(workshop, "check", "toy-shift", right, prefix=prefix)
    assert ran.returncode == 2
    for word in ("namespaces", "max_user_namespaces", "JAXERCISE_SANDBOX=unjailed"):
        assert word in ran.stderr
    reported = _jaxercise(workshop, "doctor", prefix=prefix)
    assert reported.returncode == 1
    assert "submissions cannot be jailed here" in reported.stdout
    assert "no network" not in reported.stdout, "nothing is tried without a jail"


def test_the_unjailed_mode_says_so_in_every_verdict(workshop: Path) -> None:
    right = _write(workshop, "right.py", REFERENCE)
    ran = _jaxercise(workshop, "check", "toy-shift", right, "--json", JAXERCISE_SANDBOX="unjailed")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["environment"]["sandbox"] == "unjailed"
