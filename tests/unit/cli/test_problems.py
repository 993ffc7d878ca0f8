"""Problems by name, whether they can be read or not."""

import shutil
from pathlib import Path

import pytest

from app.cli.problems import all_problems, find_folders, find_problem, load_problems, warnings_of
from app.errors import ProblemError, ProblemNotFound
from app.settings import Settings
from tests.support.small_problem import small_problem, write_problem


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two problems; a third is broken, and a fourth folder is a copy of the first."""
    for slug, position in (("twice", 12), ("double", 3)):
        write_problem(small_problem(slug, position=position), tmp_path)
    broken = write_problem(small_problem("broken", position=5), tmp_path)
    (broken / "statement.md").unlink()
    for below in ("problems", "references"):
        shutil.copytree(tmp_path / below / "3-double", tmp_path / below / "double")
    return Settings(problems_dir=tmp_path / "problems", references_dir=tmp_path / "references")


def test_folders_come_by_position_and_broken_ones_last(settings: Settings) -> None:
    assert [folder.name for folder in load_problems(settings)] == [
        "3-double",
        "12-twice",
        "5-broken",
        "double",
    ]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["double"], ["3-double"]),
        (["12", "3", "double"], ["3-double", "12-twice"]),
        (["5"], ["5-broken"]),
        (["broken", "twice"], ["12-twice", "5-broken"]),
        (["5-broken"], ["5-broken"]),
    ],
)
def test_a_problem_is_found_by_what_it_is_called(
    settings: Settings, names: list[str], found: list[str]
) -> None:
    """A broken one too; and never the copy in the original's place."""
    assert [folder.name for folder in find_folders(load_problems(settings), names)] == found


def test_what_is_broken_is_refused_where_it_is_needed(settings: Settings) -> None:
    assert find_problem(settings, "12").slug == "twice"
    with pytest.raises(ProblemError, match=r"^5-broken/statement.md: "):
        find_problem(settings, "broken")
    with pytest.raises(ProblemNotFound, match=r"^there is no problem 'nowhere'; there are double, twice$"):
        find_problem(settings, "nowhere")
    with pytest.raises(ProblemError, match=r"5-broken/.*\ndouble/"):
        all_problems(settings)


def test_every_fault_of_a_broken_problem_is_told_and_warnings_of_a_whole_one(settings: Settings) -> None:
    """By every command that takes its name; a warning keeps nobody from grading."""
    manifest = settings.problems_dir / "5-broken" / "problem.toml"
    manifest.write_text(
        manifest.read_text().replace("title =", "titel =").replace("position = 5", "position = -5")
    )
    with pytest.raises(ProblemError) as refused:
        find_problem(settings, "broken")
    assert [line.split(": ")[0] for line in refused.value.message.split("\n")] == [
        "5-broken/problem.toml:3",
        "5-broken/problem.toml:4",
        "5-broken/statement.md",
    ]
    warnings = warnings_of(settings, find_problem(settings, "twice"))
    assert [warning.file for warning in warnings] == ["variants/", "reference/also_right/"]


def test_no_problem_at_all_is_said(tmp_path: Path) -> None:
    """All that is asked of all of them would hold."""
    settings = Settings(problems_dir=tmp_path, references_dir=tmp_path)
    with pytest.raises(ProblemNotFound, match=r"there is no problem in this folder$"):
        all_problems(settings)
