"""One good problem is broken in more than a hundred ways: each is told with its place and the way out."""

from pathlib import Path

import pytest

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.problem_folder import LoadedFolders, load_folders
from tests.support.broken_folders import FOLDER, WAYS, Files, good_files, write_folders


def _load(files: Files, root: Path) -> LoadedFolders:
    write_folders(files, root)
    return load_folders(root / "problems", root / "references")


def _faults(loaded: LoadedFolders) -> tuple[PackageFault, ...]:
    assert loaded.problems == {}
    [refused] = loaded.refused
    assert isinstance(refused, BrokenPackage)
    return refused.faults


def test_the_good_problem_loads_without_a_word(tmp_path: Path) -> None:
    loaded = _load(good_files(), tmp_path)
    assert [str(refused) for refused in loaded.refused] == []
    assert list(loaded.problems) == ["shift"]
    assert loaded.warnings == ()


def test_there_are_enough_ways() -> None:
    assert len(WAYS) >= 120


@pytest.mark.parametrize("name", WAYS)
def test_a_broken_folder_is_refused_with_place_and_way_out(tmp_path: Path, name: str) -> None:
    """By one fault, for one thing is wrong; nothing that only follows from it is told."""
    way = WAYS[name]
    files = good_files()
    way.change(files)
    faults = _faults(_load(files, tmp_path))
    reported = [str(fault) for fault in faults]
    [fault] = faults
    assert fault.file == f"{FOLDER}/{way.file}", reported
    assert fault.key == way.key, reported
    assert way.way_out in fault.reason, reported
    assert not fault.reason.endswith("."), reported
    if not way.at:
        assert fault.line is None or way.file in ("problem.toml", "statement.md"), reported
    else:
        assert fault.line is not None, reported
        line = files[way.file].decode("utf-8", errors="replace").split("\n")[fault.line - 1]
        assert way.at in line, (reported, line)


def test_all_faults_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    """In the order in which an author reads, so that one look is enough."""
    files = good_files()
    for name in (
        "a negative position",
        "a starter that is no Python",
        "a reference that is no Python",
        "a variant that is no Python",
        "notes in the folder",
    ):
        WAYS[name].change(files)
    text = files["problem.toml"].decode()
    for old, new in (
        ("titl", "titel"),
        ("cpu_seconds = 20.0", "cpu_seconds = -1"),
        ("[2, 3], seed = 2", "[-2], seed = 2"),
    ):
        text = text.replace(old, new, 1)
    files["problem.toml"] = text.replace('["long"]', '["lnog"]').encode()
    reported = [str(fault).removeprefix(f"{FOLDER}/") for fault in _faults(_load(files, tmp_path))]
    assert [":".join(line.partition(";")[0].split(": ")[:2]) for line in reported] == [
        "problem.toml:3:position",
        "problem.toml:4:titele",
        "problem.toml:38:limits.cpu_seconds",
        "problem.toml:54:cases[0].arguments.x",
        "problem.toml:100:variants.no_bias.fails[0]",
        "notes.txt:nothing reads this file",
        "reference/reference.py:8:is no Python",
        "starter.py:1:is no Python",
        "variants/post_norm.py:8:is no Python",
    ]


def test_of_very_many_faults_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    files = good_files()
    files["problem.toml"] += "".join(f"[variants.v{number}]\n" for number in range(900)).encode()
    faults = _faults(_load(files, tmp_path))
    assert len(faults) == 51
    assert faults[-1].reason == "and 2,650 more faults; mend these first"


def test_the_others_load(tmp_path: Path) -> None:
    """However broken one is."""
    write_folders(good_files(), tmp_path)
    for folder in ("problems", "references"):
        (tmp_path / folder / "8-broken").mkdir()
    (tmp_path / "problems" / "8-broken" / "problem.toml").write_bytes(b"\xff")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert list(loaded.problems) == ["shift"]
    assert all(line.startswith("8-broken/") for line in loaded.refused[0].message.split("\n"))
