"""What lies in a problem's two folders: links, what cannot be read, what nothing reads, what is scanty."""

import os
from pathlib import Path

import pytest

from app.catalog.faults import BrokenPackage
from app.catalog.problem_folder import load_folders, problem_files, read_problem
from app.catalog.rules.package_files import misspelt, read_files, scanty_faults, solutions, sources
from tests.support.broken_folders import FOLDER, good_files, write_folders


def _reported(root: Path) -> list[str]:
    loaded = load_folders(root / "problems", root / "references")
    return [line for refused in loaded.refused for line in refused.message.split("\n")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_folders(good_files(), tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["assets", "statement.md", "variants", "starter.py", "assets/a/b.svg"])
def test_a_link_is_told_whatever_it_leads_to(root: Path, name: str) -> None:
    """A folder that is one was passed over without a word; a file may be any of the host's."""
    path = root / "problems" / FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.rename(root / "away")
    target = root / "away" if (root / "away").exists() else root
    path.symlink_to(target)
    kind = "folder" if target.is_dir() else "file"
    reason = f"is a link to a {kind}, and only plain files belong in a problem; copy it here instead"
    assert f"{FOLDER}/{name}: {reason}" in _reported(root)


def test_a_link_for_a_file_that_every_problem_has_is_no_missing_file_as_well(root: Path) -> None:
    path = root / "problems" / FOLDER / "statement.md"
    path.unlink()
    path.symlink_to("/nowhere")
    [reported] = _reported(root)
    assert "statement.md: is a link to a file" in reported


def test_what_is_no_file_is_told(root: Path) -> None:
    os.mkfifo(root / "problems" / FOLDER / "assets.fifo")
    [reported] = _reported(root)
    assert reported.startswith(f"{FOLDER}/assets.fifo: is no file")


def test_a_name_that_is_no_utf_8_is_told(root: Path) -> None:
    folder = root / "problems" / FOLDER / "assets"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.svg")).touch()
    [reported] = _reported(root)
    assert "its name is not UTF-8" in reported


@pytest.mark.parametrize("name", [".notes", "__pycache__/a.pyc", ".git/config", "variants/__pycache__/b.pyc"])
def test_what_tools_leave_is_passed_over(root: Path, name: str) -> None:
    path = root / "problems" / FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert _reported(root) == []


def test_files_that_cannot_be_read_are_all_told(tmp_path: Path) -> None:
    write_folders(good_files() | {"assets/a.svg": b" " * (1 << 21)}, tmp_path)
    (tmp_path / "problems" / FOLDER / "link.md").symlink_to("/etc/hostname")
    folders = tmp_path / "problems" / FOLDER, tmp_path / "references" / FOLDER
    with pytest.raises(BrokenPackage) as broken:
        problem_files(*folders)
    assert {fault.file for fault in broken.value.faults} == {"assets/a.svg", "link.md"}
    files, faults = read_files(*folders)
    assert files == good_files()
    assert len(faults) == 2


def test_what_was_published_once_is_read_though_nothing_reads_some_of_its_files() -> None:
    """Submissions are pinned to it: only a folder is held to what an author can still mend."""
    files = good_files() | {"notes.txt": b"", "variants/post_norm.py": b"def shift(seed, x, heads)\n"}
    assert read_problem(files).slug == "shift"


def test_fewer_solutions_than_are_asked_for_are_a_warning_with_what_it_costs(tmp_path: Path) -> None:
    files = good_files()
    del files["variants/no_bias.py"], files["reference/also_right/by_hand.py"]
    text = files["problem.toml"].decode()
    text = text.replace('[variants.no_bias]\noutcome = "wrong_value"\nfails = ["long"]\n', "")
    files["problem.toml"] = text.encode()
    write_folders(files, tmp_path)
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert list(loaded.problems) == ["shift"]
    variants, also_right = map(str, loaded.warnings)
    assert variants.startswith(
        f"{FOLDER}/variants/: there are 3 wrong variants, and 4 are asked for: a learner"
    )
    assert "nothing shows that a right answer that is written otherwise is accepted" in also_right


def test_a_variant_without_words_is_a_warning(root: Path) -> None:
    """Here; `validate` refuses it."""
    path = root / "problems" / FOLDER / "variants" / "no_bias.py"
    path.write_text(path.read_text().partition("\n")[2])
    loaded = load_folders(root / "problems", root / "references")
    [warning] = loaded.warnings
    assert str(warning).startswith(f"{FOLDER}/variants/no_bias.py:1: has no docstring")


def test_names_are_sorted_into_what_they_are() -> None:
    files = good_files()
    assert list(scanty_faults(files)) == []
    assert sources(files, "reference/also_right/") == {
        "other_order": "reference/also_right/other_order.py",
        "by_hand": "reference/also_right/by_hand.py",
    }
    assert len(solutions(files)) == 6
    assert misspelt(["statment.md", "starter.py", "notes.txt"]) == {"statment.md": "statement.md"}
