"""Whatever is wrong with a file that a command reads or writes, one sentence names it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.files import python_files, read_code, require_writable, write_report
from app.cli.regrade import regrade
from app.errors import GraderError, ProblemError, SubmissionRefused
from app.grading.reference.drift import FILE_NAME, StoredOutputs, write_outputs
from tests.support.toy_problem import write_toy_folders


def test_folders_give_their_python_files_in_order(tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "notes.txt"):
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "folder.py").mkdir()
    named = tmp_path / "notes.txt"
    assert python_files([named, tmp_path]) == [named, tmp_path / "a.py", tmp_path / "b.py"]


def test_an_empty_folder_is_no_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SubmissionRefused, match=f"^{tmp_path}: the folder holds no .py file$"):
        python_files([tmp_path])
    for missing in (tmp_path / "missing.py", tmp_path / "missing", Path("/dev/null")):
        with pytest.raises(SubmissionRefused, match=f"^{missing}: there is no such Python file$"):
            python_files([missing])


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_what_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so that a test has to refuse it by itself."""
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    monkeypatch.setattr(Path, "iterdir", _refuse)
    with pytest.raises(SubmissionRefused, match=f"^{tmp_path} cannot be read: Permission denied$"):
        python_files([tmp_path])
    monkeypatch.setattr(Path, "read_bytes", _refuse)
    with pytest.raises(SubmissionRefused, match=f"^{file} cannot be read: Permission denied$"):
        read_code(file)


def test_a_byte_order_mark_is_no_part_of_the_code(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert read_code(file) == "x = 1\n"


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x = '\xff'")
    with pytest.raises(SubmissionRefused, match=r"is not UTF-8 text \(byte 5\) in line 1: save it as UTF-8$"):
        read_code(file)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_called_that(tmp_path: Path, encoding: str) -> None:
    """As an older Notepad and PowerShell write it, in either order of bytes."""
    file = tmp_path / "a.py"
    mark = "" if encoding == "utf-16" else "\ufeff"  # The first of these writes one by itself.
    file.write_bytes(f"{mark}x = 1\n".encode(encoding))
    with pytest.raises(SubmissionRefused, match=r"is not UTF-8 text but UTF-16, .*: save it as UTF-8$"):
        read_code(file)


@pytest.mark.parametrize("write", [require_writable, lambda path: write_report(path, b"x")])
def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """Before minutes of grading, and after them where the disk has changed meanwhile."""
    for path in (tmp_path, tmp_path / "missing" / "report.xml", Path("/dev/null/report.xml")):
        with pytest.raises(GraderError, match=f"^{path} cannot be written: "):
            write(path)


def test_two_reports_do_not_share_a_file(tmp_path: Path) -> None:
    """The second would be all that is left."""
    (tmp_path / "link.md").symlink_to(tmp_path / "report.md")
    for other in (tmp_path / "report.md", tmp_path / "." / "report.md", tmp_path / "link.md"):
        with pytest.raises(GraderError, match="another report goes into the same file"):
            require_writable(tmp_path / "report.md", other)
    require_writable(Path("/dev/null"), Path("/dev/null"))


def test_trying_a_path_leaves_it_as_it_was(tmp_path: Path) -> None:
    """No empty report where nothing is ever written; what stands there stays."""
    require_writable(tmp_path / "new.xml")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.xml").write_text("old")
    (tmp_path / "link.xml").symlink_to(tmp_path / "old.xml")
    require_writable(tmp_path / "old.xml")
    assert (tmp_path / "link.xml").read_text() == "old"


def test_a_report_whose_name_no_disk_takes_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match=r"cannot be written: File name too long$"):
        require_writable(tmp_path / f"{'x' * 300}.xml")


def test_a_report_is_written_where_one_is_asked_for(tmp_path: Path) -> None:
    require_writable(None, tmp_path / "report.xml")
    write_report(None, b"x")
    write_report(tmp_path / "report.xml", b"x")
    require_writable(tmp_path / "report.xml")
    assert (tmp_path / "report.xml").read_bytes() == b"x"


@pytest.mark.parametrize("damage", ["truncated", "merge markers", "no text", "another form", "a folder"])
def test_regrade_names_a_broken_outputs_file_before_it_grades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """And says how to get a whole one."""
    write_toy_folders(tmp_path)
    file = tmp_path / "references" / "1-toy-shift" / FILE_NAME
    write_outputs(file.parent, StoredOutputs(version="1", environment={}, outputs={"short": [1.0]}))
    whole = file.read_bytes()
    broken = {
        "truncated": whole[: len(whole) // 2],
        "merge markers": b"<<<<<<< HEAD\n" + whole + b"=======\n" + whole + b">>>>>>> theirs\n",
        "no text": whole.replace(b"short", b"sh\xff"),
        "another form": b"[]",
    }
    if damage == "a folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(broken[damage])
    monkeypatch.setenv("JAXERCISE_DATA_DIR", "/dev/null/nothing is graded")
    monkeypatch.setenv("JAXERCISE_PROBLEMS_DIR", str(tmp_path / "problems"))
    monkeypatch.setenv("JAXERCISE_REFERENCES_DIR", str(tmp_path / "references"))
    with pytest.raises(ProblemError, match=f"^{file} ") as refused:
        regrade()
    wanted = "cannot be read" if damage == "a folder" else "jaxercise regrade --store-outputs"
    assert wanted in refused.value.message
    assert "\n" not in refused.value.message


def test_regrade_does_not_begin_without_a_place_for_its_report(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="it is a folder"):
        regrade(junit=tmp_path)
