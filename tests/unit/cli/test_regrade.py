"""Every fault that CI can meet before a jail is needed: one sentence, its exit code, and a JUnit report."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.cli.git_changes import RevisionLacking
from app.errors import GraderError
from app.grading.reference.drift import FILE_NAME
from tests.support.command_line import Done
from tests.support.git_folders import commit_all, git
from tests.support.small_problem import small_problem, write_problem

Regrade = Callable[..., tuple[Done, ElementTree.Element]]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One problem that is broken, so that none has to be graded; all in a repository."""
    course = tmp_path / "course"
    _use(course, monkeypatch)
    folder = write_problem(small_problem("double", position=1), course)
    (folder / "starter.py").unlink()
    commit_all(course)
    return course


def _use(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, below in (("PROBLEMS", "problems"), ("REFERENCES", "references")):
        (course / below).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(f"JAXERCISE_{name}_DIR", str(course / below))


@pytest.fixture
def regrade(
    tmp_path: Path, course: Path, jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> Regrade:
    """Types the command, and reads the JUnit report with a parser."""
    monkeypatch.chdir(course)
    # Whatever would be graded is an error here.
    monkeypatch.setenv("JAXERCISE_DATA_DIR", "/dev/null/nothing is graded")

    def type_it(*words: str) -> tuple[Done, ElementTree.Element]:
        report = tmp_path / "report.xml"
        done = jaxercise("regrade", "--junit", str(report), *words)
        assert "Traceback" not in done.complained
        return done, ElementTree.parse(report).getroot()  # noqa: S314 - written by us just now

    return type_it


def _only(root: ElementTree.Element, kind: str) -> ElementTree.Element:
    """The one case that ended so; the totals say the same."""
    [case] = [case for case in root.iter("testcase") if case.find(kind) is not None]
    plural = {"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]
    assert root.get(plural) == "1"
    [element] = case
    assert element.text
    return case


def test_a_broken_package_is_a_failed_case_with_its_place(regrade: Regrade) -> None:
    done, root = regrade()
    assert done.exit_code == 1
    assert "1-double/starter.py" in done.printed
    case = _only(root, "failure")
    assert (case.get("file"), case.get("line")) == ("problems/1-double/starter.py", "1")
    assert case[0].get("type") == "broken_package"
    assert "missing" in case[0].attrib["message"]


def test_each_fault_of_a_package_is_a_case_with_its_line(regrade: Regrade, course: Path) -> None:
    """So that an author mends all of them before CI runs again."""
    manifest = course / "problems" / "1-double" / "problem.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace("title =", "titel =").replace("position = 1", "position = -1"))
    done, root = regrade("double")
    assert (done.exit_code, root.get("failures")) == (1, "3")
    places = {f"{case.get('file')}:{case.get('line')}" for case in root.iter("testcase")}
    lines = [text[: text.index(key)].count("\n") + 1 for key in ("position", "title")]
    assert places == {
        *(f"problems/1-double/problem.toml:{line}" for line in lines),
        "problems/1-double/starter.py:1",
    }


@pytest.mark.parametrize("since", [[], ["--since", "HEAD"], ["--since", "HEAD~1"]])
@pytest.mark.parametrize("names", [[], ["double"], ["1"]])
def test_a_folder_with_another_name_is_never_green(
    regrade: Regrade, course: Path, since: list[str], names: list[str]
) -> None:
    """Whether its name has changed since or not, or it is named."""
    shutil.rmtree(course / "problems")
    folder = write_problem(small_problem("double", position=1), course)
    commit_all(course)
    folder.rename(folder.with_name("doubling"))
    (course / "references" / "1-double").rename(course / "references" / "doubling")
    commit_all(course)
    done, root = regrade(*since, *names)
    assert done.exit_code == 1
    assert _only(root, "failure").get("file") == "problems/doubling/problem.toml"


def test_nothing_changed_is_said_and_a_report_says_it_too(
    regrade: Regrade, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_problem(small_problem("double", position=1), course)
    commit_all(course)
    done, root = regrade("--since", "HEAD")
    assert done.exit_code == 0
    assert "0 problems, 0 rows: nothing of them has changed since HEAD" in done.printed
    assert _only(root, "skipped")[0].get("message") == "nothing of them has changed since HEAD"


def test_a_change_that_belongs_to_no_problem_is_never_nothing(regrade: Regrade, course: Path) -> None:
    """All problems are graded then, here up to the jail that there is not."""
    write_problem(small_problem("double", position=1), course)
    write_problem(small_problem("twice", position=2), course)
    commit_all(course)
    for below in ("problems", "references"):
        shutil.rmtree(course / below / "2-twice")
    commit_all(course)
    done, root = regrade("--since", "HEAD~1")
    assert "2-twice has changed, and belongs to no problem" in done.printed
    assert (done.exit_code, "JAXERCISE_DATA_DIR" in done.complained) == (2, True)
    _only(root, "error")


def test_no_problem_at_all_is_no_success(regrade: Regrade, course: Path) -> None:
    shutil.rmtree(course / "problems" / "1-double")
    done, root = regrade()
    assert done.exit_code == 2
    assert "there is no problem in this folder" in done.complained
    _only(root, "error")


@pytest.mark.parametrize(
    ("fault", "words", "said"),
    [
        ("no git", ["--since", "HEAD"], "needs git"),
        ("outside git", ["--since", "HEAD"], "lies in no git repository"),
        ("unknown revision", ["--since", "nowhere"], "git knows no such revision"),
        ("empty revision", ["--since", ""], "names no revision"),
        ("unknown problem", ["no-such-problem"], "there is no problem 'no-such-problem'; there are double"),
        ("corrupt outputs", [], "is not what `jaxercise regrade --store-outputs` writes"),
        ("a pipe for outputs", [], "it is no file"),
        ("huge numbers", [], "that no reference can give"),
        ("a data folder that cannot be", [], "JAXERCISE_DATA_DIR"),
    ],
)
def test_each_fault_is_one_sentence_and_stands_in_the_report(
    regrade: Regrade,
    course: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    words: list[str],
    said: str,
) -> None:
    """Nothing is graded; exit code 2, no words of git's, no traceback."""
    write_problem(small_problem("double", position=1), course)
    outputs = course / "references" / "1-double" / FILE_NAME
    if fault == "no git":
        monkeypatch.setenv("PATH", str(course))
    elif fault == "outside git":
        shutil.rmtree(course / ".git")
    elif fault == "corrupt outputs":
        outputs.write_text('{"version": "1", "outputs": {' + "[" * 10_000)
    elif fault == "a pipe for outputs":
        os.mkfifo(outputs)
    elif fault == "huge numbers":
        outputs.write_text('{"version": "1", "environment": {}, "outputs": {"shown": [' + "9" * 30 + "]}}")
    done, root = regrade(*words)
    assert done.exit_code == 2
    [line] = done.complained.splitlines()
    assert said in line
    case = _only(root, "error")
    assert said in case[0].attrib["message"]
    assert {found.get("name") for found in root.iter("property")} == {"incomplete"}


def test_a_shallow_clone_has_an_exit_code_of_its_own(
    regrade: Regrade, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not "nothing changed", nor a failed problem; and nothing was fetched."""
    commit_all(course)
    clone = course.parent / "clone"
    git(course, "clone", "--quiet", "--depth=1", f"file://{course}", str(clone))
    _use(clone, monkeypatch)
    done, root = regrade("--since", "HEAD~1")
    assert done.exit_code == 3
    [line] = done.complained.splitlines()
    assert "`fetch-depth: 0`" in line
    assert _only(root, "error")[0].get("type") == RevisionLacking.__name__
    assert git(clone, "rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.parametrize(
    ("report", "said"),
    [("missing/report.xml", "there is no folder missing"), ("problems", "it is a folder")],
)
def test_a_report_that_cannot_be_is_told_before_anything_is_looked_at(
    jaxercise: Callable[..., Done], course: Path, monkeypatch: pytest.MonkeyPatch, report: str, said: str
) -> None:
    monkeypatch.chdir(course)
    done = jaxercise("regrade", "--junit", report, "--since", "nowhere")
    assert done.exit_code == 2
    [line] = done.complained.splitlines()
    assert said in line


def test_a_disk_that_is_full_is_told_by_the_report_that_was_tried(
    jaxercise: Callable[..., Done], course: Path
) -> None:
    done = jaxercise("regrade", "--junit", "/dev/full")
    assert done.exit_code == 2
    assert done.complained == "jaxercise: /dev/full cannot be written: No space left on device\n"


def test_a_full_data_folder_is_one_sentence(
    regrade: Regrade, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever on the way there is no room."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "var/grading/answers/1")

    monkeypatch.setattr("app.cli.regrade.load_problems", refuse)
    done, root = regrade()
    assert done.exit_code == 2
    [line] = done.complained.splitlines()
    assert "no room left for what grading keeps below JAXERCISE_DATA_DIR" in line
    assert "(var/grading/answers/1)" in line
    assert _only(root, "error")[0].get("type") == "OSError"


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--jobs", "x"], ["--junit"]])
def test_wrong_usage_is_exit_code_2(jaxercise: Callable[..., Done], words: list[str]) -> None:
    assert jaxercise("regrade", *words).exit_code == 2


def test_references_is_what_it_does_anyway(regrade: Regrade) -> None:
    (first, one), (second, other) = regrade(), regrade("--references")
    assert (first.exit_code, first.printed) == (second.exit_code, second.printed)
    assert ElementTree.tostring(one) == ElementTree.tostring(other)


def test_a_report_that_cannot_be_written_any_more_does_not_hide_the_reason(
    regrade: Regrade, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault that ended the run is told, and not that its report found no room either."""
    written: list[Path] = []

    def write_once(path: Path | None, data: bytes) -> None:
        if path is None:
            return
        if written:
            raise GraderError(f"{path} cannot be written: No space left on device")
        written.append(path)
        path.write_bytes(data)

    monkeypatch.setattr("app.cli.regrade.write_report", write_once)
    done, _ = regrade("--since", "nowhere")
    assert "git knows no such revision" in done.complained
