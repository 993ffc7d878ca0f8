"""What has changed is found from files as they were loaded; what cannot be seen is never "nothing"."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.git_changes import Changes, RevisionLacking, changes_since
from app.cli.problems import load_problems
from app.errors import GraderError
from app.settings import Settings
from tests.support.git_folders import commit_all, git
from tests.support.small_problem import small_problem, write_problem


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two problems and a page beside them, in a repository with one commit."""
    place = tmp_path / "course"
    write_problem(small_problem("double", position=1), place)
    write_problem(small_problem("twice", position=2), place)
    (place / "problems" / "README.md").write_text("Problems.\n")
    commit_all(place)
    return place


def _changes(place: Path, since: str = "HEAD") -> Changes:
    roots = (place / "problems", place / "references")
    folders = load_problems(Settings(problems_dir=roots[0], references_dir=roots[1]))
    return changes_since(since, roots, folders)


def test_what_is_as_it_was_has_not_changed(place: Path) -> None:
    """Nor has anything where only pages, drafts and hidden files have."""
    (place / "problems" / "README.md").write_text("More problems.\n")
    for name in ("problems/_draft/problem.toml", "problems/1-double/.notes", "problems/.idea/x"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("x")
    assert _changes(place) == Changes(folders=frozenset())


def _rename_a_file(place: Path) -> None:
    (place / "problems/1-double/hint.txt").rename(place / "problems/2-twice/hint.txt")


def _change_and_hide(place: Path) -> None:
    git(place, "update-index", "--assume-unchanged", "problems/1-double/statement.md")
    (place / "problems/1-double/statement.md").write_text("# Another\n")


def _add_ignored(place: Path) -> None:
    (place / ".git/info/exclude").write_text("*.svg\n")
    (place / "problems/2-twice/figure.svg").write_text("<svg/>")


_ALTERATIONS: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a statement": (
        lambda place: (place / "problems/1-double/statement.md").write_text("# A\n"),
        {"1-double"},
    ),
    "a reference": (lambda place: (place / "references/2-twice/reference.py").write_text("x"), {"2-twice"}),
    "stored outputs": (
        lambda place: (place / "references/2-twice/outputs.json").write_text("{}"),
        {"2-twice"},
    ),
    "a file taken away": (lambda place: (place / "problems/1-double/hint.txt").unlink(), {"1-double"}),
    "a file moved to another problem": (_rename_a_file, {"1-double", "2-twice"}),
    "a file that git is told not to look at": (_change_and_hide, {"1-double"}),
    "a file that git ignores": (_add_ignored, {"2-twice"}),
    "a link": (lambda place: (place / "problems/2-twice/l.txt").symlink_to("hint.txt"), {"2-twice"}),
    "a name with blanks and accents": (
        lambda place: (place / "problems/2-twice/à b\n.txt").write_text("x"),
        {"2-twice"},
    ),
}


@pytest.mark.parametrize("name", _ALTERATIONS)
def test_whatever_has_changed_is_found(place: Path, name: str) -> None:
    """Committed since or not."""
    (place / "problems/1-double/hint.txt").write_text("The same text, so that git sees it renamed.\n")
    first = commit_all(place)
    alter, folders = _ALTERATIONS[name]
    alter(place)
    assert _changes(place, first) == Changes(folders=frozenset(folders))
    commit_all(place)
    assert _changes(place, first).folders == folders


def test_a_folder_with_any_name_is_found(place: Path) -> None:
    """It was looked for by a name that was made of position and slug, and so was never found."""
    for below in ("problems", "references"):
        (place / below / "2-twice").rename(place / below / "twice")
    changes = _changes(place)
    assert changes.folders == {"twice"}
    assert changes.elsewhere == tuple(str(place / below / "2-twice") for below in ("problems", "references"))


def test_a_linked_folder_counts_as_changed(place: Path) -> None:
    """What stands behind it is not the revision's to know."""
    (place / "problems" / "2-twice").rename(place / "twice")
    (place / "problems" / "2-twice").symlink_to(place / "twice")
    commit_all(place)
    assert _changes(place).folders == {"2-twice"}


def test_a_revision_that_a_shallow_clone_lacks_is_told_apart(place: Path) -> None:
    """And the clone stays as deep as it was, however it was asked."""
    first = git(place, "rev-parse", "HEAD").strip()
    commit_all(place)
    clone = place.parent / "clone"
    git(place.parent, "clone", "--quiet", "--depth=1", f"file://{place}", str(clone))
    for since in ("HEAD~1", first, "no-such-branch"):
        with pytest.raises(RevisionLacking, match=f"^--since {since}: .*`fetch-depth: 0`"):
            _changes(clone, since)
    assert git(clone, "rev-list", "--count", "HEAD").strip() == "1"
    assert _changes(clone) == Changes(folders=frozenset())


def test_a_clone_that_fetches_by_itself_is_not_asked_to(place: Path) -> None:
    """One that leaves objects out would otherwise fetch what it lacks."""
    first = git(place, "rev-parse", "HEAD").strip()
    commit_all(place)
    git(place, "config", "uploadpack.allowFilter", "true")
    git(place, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = place.parent / "clone"
    url = f"file://{place}"
    git(place.parent, "clone", "--quiet", "--depth=1", "--filter=blob:none", url, str(clone))
    with pytest.raises(RevisionLacking):
        _changes(clone, first)
    assert git(clone, "rev-list", "--count", "--all").strip() == "1"


@pytest.mark.parametrize("since", ["no-such-revision", "-x", "HEAD:problems", "0" * 40])
def test_a_revision_that_nobody_knows_is_one_sentence(place: Path, since: str) -> None:
    with pytest.raises(GraderError, match=f"^--since {since}: git knows no such revision in ") as refused:
        _changes(place, since)
    assert not isinstance(refused.value, RevisionLacking)
    with pytest.raises(GraderError, match=r"^--since names no revision"):
        _changes(place, " ")


def test_a_folder_outside_git_is_one_sentence(place: Path) -> None:
    shutil.rmtree(place / ".git")
    with pytest.raises(GraderError, match="lies in no git repository: leave --since out") as refused:
        _changes(place)
    assert "fatal" not in refused.value.message


def test_a_repository_of_somebody_else_is_told_with_the_way_out(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a checkout is inside a container."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GraderError, match=f"git config --global --add safe.directory {place}`$"):
        _changes(place)


@pytest.mark.parametrize("kind", ["none", "not executable"])
def test_without_git_that_is_said(place: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    programs = place.parent / "programs"
    programs.mkdir()
    if kind == "not executable":
        (programs / "git").mkdir()
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(GraderError, match=r"^--since needs git, "):
        _changes(place)


def test_a_hook_of_another_repository_does_not_lead_astray(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = place.parent / "other"
    other.mkdir()
    commit_all(other)
    monkeypatch.setitem(os.environ, "GIT_DIR", str(other / ".git"))
    assert _changes(place) == Changes(folders=frozenset())
