"""Names that are no text, shut folders, texts in other encodings: one folder's oddity is its own alone."""

import os
from pathlib import Path

import pytest

from app.catalog.problem_folder import load_folders, read_problem
from app.errors import ProblemError
from tests.support.small_problem import small_problem
from tests.support.toy_problem import toy_files, write_toy_folders


@pytest.mark.parametrize("name", [b"x\xe9.md", b"a\nb.md"])
def test_a_name_that_is_no_text_refuses_its_folder_alone(tmp_path: Path, name: bytes) -> None:
    """As an archive of an older Windows leaves it: no database takes it."""
    write_toy_folders(tmp_path)
    (tmp_path / "problems" / "2-strange").mkdir()
    (tmp_path / "problems" / "2-strange" / os.fsdecode(name)).write_text("x")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")

    assert list(loaded.problems) == ["toy-shift"]
    [refused] = loaded.refused
    assert "its name is not UTF-8 or has control characters" in refused.message
    assert refused.message.encode()


def test_a_folder_that_may_not_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so that a test has to refuse it by itself."""
    write_toy_folders(tmp_path)
    shut = tmp_path / "problems" / "1-toy-shift" / "assets"
    shut.mkdir()
    scan = os.scandir

    def scandir(place: Path) -> object:
        if Path(place) == shut:
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    [refused] = load_folders(tmp_path / "problems", tmp_path / "references").refused

    assert "1-toy-shift/assets: cannot be read (Permission denied)" in refused.message


@pytest.mark.parametrize("name", ["problem.toml", "statement.md", "starter.py", "reference/reference.py"])
def test_texts_are_read_without_marks_and_in_utf_8_alone(name: str) -> None:
    """A program that joins files leaves several marks."""
    files = toy_files()
    marked = read_problem({**files, name: b"\xef\xbb\xbf\xef\xbb\xbf" + files[name]})

    assert not any(text.startswith("\ufeff") for text in (marked.statement, marked.starter, marked.reference))
    with pytest.raises(ProblemError, match=f"^{name}:1: is not UTF-8 .*UTF-16"):
        read_problem({**files, name: files[name].decode().encode("utf-16")})


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ('title = "Double"', r'title = "Toy\u0000"', "title: has a control character (U+0000)"),
        ('summary = "Return', r'summary = "\u001b[1mReturn', "summary: has a control character (U+001B)"),
        ('name = "shown"', 'name = "kept-back-fresh-1"', "is called 'kept-back-fresh-1'"),
        ("[entry]", 'requires = [""]\n\n[entry]', "requires"),
    ],
)
def test_what_a_list_cannot_show_is_refused(tmp_path: Path, old: str, new: str, reported: str) -> None:
    """With its line."""
    files = small_problem()
    text = files["problem.toml"].decode()
    assert old in text
    folder = tmp_path / "problems" / "1-double"
    for name, data in {**files, "problem.toml": text.replace(old, new).encode()}.items():
        place = tmp_path / "references" / "1-double" if name.startswith("reference/") else folder
        path = place / name.removeprefix("reference/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    [refused] = load_folders(tmp_path / "problems", tmp_path / "references").refused

    assert reported in refused.message
    assert "problem.toml:" in refused.message
