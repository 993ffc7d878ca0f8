"""The reports of a regrade: where each fault is, and what was not graded."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.catalog.faults import BrokenPackage, PackageFault
from app.cli.problems import ProblemFolder, load_problems
from app.cli.reports.regrade_report import Regraded, Run, package_faults, regrade_junit, regrade_markdown
from app.core.outcome import Outcome
from app.errors import ProblemError
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure, ProofResult, Role, SolutionResult
from app.grading.reference.drift import DriftReport
from app.settings import Settings
from tests.support.toy_problem import write_toy_folders

_FAULT = Fault(reason=Reason.VARIANT_PASSES, message="it passes\x00")
_TOLERABLE = DriftReport(said="0.1 of the tolerance", is_compared=True)


def _row(role: Role, id: str, *faults: Fault) -> SolutionResult:
    accepted = Outcome.ACCEPTED
    return SolutionResult(role=role, id=id, expected=accepted, outcome=accepted, faults=faults)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProblemFolder:
    monkeypatch.chdir(tmp_path)
    write_toy_folders(tmp_path)
    settings = Settings(problems_dir=tmp_path / "problems", references_dir=tmp_path / "references")
    [found] = load_problems(settings)
    return found


def _cases(*folders: Regraded, stopped: str = "") -> list[ElementTree.Element]:
    report = regrade_junit(Run(place=Path("problems"), folders=list(folders), stopped=stopped))
    return list(ElementTree.fromstring(report).iter("testcase"))  # noqa: S314 - written by us just now


def _graded(folder: ProblemFolder, *results: ProofResult, drift: DriftReport = _TOLERABLE) -> Regraded:
    return Regraded(folder=folder, results=list(results), drift=drift, is_finished=True)


@pytest.mark.parametrize(
    ("result", "place"),
    [
        (_row(Role.REFERENCE, "reference", _FAULT), "references/1-toy-shift/reference.py:15"),
        (_row(Role.VARIANT, "subtracts", _FAULT), "problems/1-toy-shift/variants/subtracts.py:15"),
        (
            _row(Role.ALSO_RIGHT, "scale_first", _FAULT),
            "references/1-toy-shift/also_right/scale_first.py:15",
        ),
        (_row(Role.TRIVIAL, "zeros", _FAULT), "problems/1-toy-shift/problem.toml:23"),
        (Figure(id="determinism", text="", faults=(_FAULT,)), "references/1-toy-shift/reference.py:15"),
        (Figure(id="processor_time", text="", faults=(_FAULT,)), "problems/1-toy-shift/problem.toml:16"),
        (Figure(id="noise_floor", text="", faults=(_FAULT,)), "problems/1-toy-shift/problem.toml:1"),
        (
            _row(
                Role.VARIANT,
                "subtracts",
                Fault(reason=Reason.VARIANT_DOES_NOT_RUN, message="variants/subtracts.py:9: NameError"),
            ),
            "problems/1-toy-shift/variants/subtracts.py:9",
        ),
    ],
)
def test_each_row_that_does_not_hold_has_a_place(
    folder: ProblemFolder, result: ProofResult, place: str
) -> None:
    """A solution's entry, or the table of the manifest; or the line that its message tells."""
    case, drift = _cases(_graded(folder, result))
    assert f"{case.get('file')}:{case.get('line')}" == place
    [failure] = case.findall("failure")
    assert failure.get("type") == str(result.faults[0].reason)
    assert result.faults[0].remedy in (failure.text or "")
    assert drift.find("*") is None


def test_drift_is_a_case_of_its_own(folder: ProblemFolder) -> None:
    """It ended with code 1 beside a report without a failure."""
    row = _row(Role.REFERENCE, "reference")
    drifted = DriftReport(said="4 of the tolerance, largest in short", is_compared=True, is_tolerable=False)
    _, case = _cases(_graded(folder, row, drift=drifted))
    [failure] = case.findall("failure")
    assert (case.get("classname"), failure.get("type")) == ("toy-shift.drift", "drift")
    assert case.get("file") == "references/1-toy-shift/outputs.json"
    assert "largest in short" in failure.attrib["message"]
    assert "--store-outputs toy-shift" in (failure.text or "")
    _, case = _cases(_graded(folder, row, drift=DriftReport(said="nothing stored to compare with")))
    [skipped] = case.findall("skipped")
    assert skipped.get("message") == "nothing stored to compare with"


def test_a_broken_package_fails_a_case_for_each_fault(folder: ProblemFolder) -> None:
    faults = [
        PackageFault(file="problem.toml", reason="is no number", line=12, key="limits.cpu_seconds"),
        PackageFault(file="reference/reference.py", reason="is no Python"),
        PackageFault(file="problem.toml", reason="few variants", is_warning=True),
    ]
    broken = ProblemFolder(
        name=folder.name,
        package=folder.package,
        reference=folder.reference,
        identity=folder.identity,
        refusal=BrokenPackage(faults),
    )
    first, second = _cases(Regraded(folder=broken))
    assert (first.get("file"), first.get("line")) == ("problems/1-toy-shift/problem.toml", "12")
    assert (second.get("file"), second.get("line")) == ("references/1-toy-shift/reference.py", "1")
    assert [case.findall("failure")[0].get("message") for case in (first, second)] == [
        "is no number",
        "is no Python",
    ]
    text = regrade_markdown(Run(place=Path("problems"), folders=[Regraded(folder=broken)]))
    assert "## 1-toy-shift: broken" in text
    assert "- problem.toml:12: limits.cpu_seconds: is no number" in text


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("1-x/problem.toml: $.slug: must be short", ("problem.toml", None, "slug", "must be short")),
        ("1-x/variants/a.py:3: is no Python", ("variants/a.py", 3, "", "is no Python")),
        ("1-x/starter.py: the file is missing", ("starter.py", None, "", "the file is missing")),
        ("1-x/something\nelse", ("problem.toml", None, "", "something\nelse")),
    ],
)
def test_a_refusal_in_one_sentence_is_located_too(
    folder: ProblemFolder, message: str, expected: tuple[str, int | None, str, str]
) -> None:
    broken = ProblemFolder(
        name="1-x",
        package=folder.package,
        reference=folder.reference,
        identity=folder.identity,
        refusal=ProblemError(message),
    )
    [fault] = package_faults(broken)
    assert (fault.file, fault.line, fault.key, fault.reason) == expected


def test_what_was_not_graded_is_never_taken_for_right(folder: ProblemFolder) -> None:
    """Rows that were known are told; the rest, and the run itself, say that they are not whole."""
    begun = Regraded(folder=folder, results=[_row(Role.REFERENCE, "reference")])
    cases = _cases(begun, Regraded(folder=folder), stopped="stopped by SIGTERM")
    kinds = [(case.get("name"), case[0].tag if len(case) else "passed") for case in cases]
    assert kinds == [("reference", "passed"), ("whole", "error"), ("whole", "skipped"), ("whole", "error")]
    run = Run(place=Path("problems"), folders=[begun], stopped="stopped by SIGTERM")
    assert not run.holds
    assert "**Incomplete**: stopped by SIGTERM; 0 of 1 problems were graded." in regrade_markdown(run)
    assert "## 1 toy-shift: not graded to its end" in regrade_markdown(run)
