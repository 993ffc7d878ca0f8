"""What `jaxercise validate` refuses before it runs anything: problems that cannot lie side by side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Done
from tests.support.small_problem import small_problem, write_problem

_ID = small_problem("double")["problem.toml"].decode().splitlines()[0]


def _same_id(place: Path) -> None:
    files = small_problem("treble", position=2)
    lines = files["problem.toml"].decode().splitlines(keepends=True)
    write_problem({**files, "problem.toml": "".join([f"{_ID}\n", *lines[1:]]).encode()}, place)


def _same_position(place: Path) -> None:
    write_problem(small_problem("treble", position=1), place)


def _another_name(place: Path) -> None:
    (place / "problems" / "1-double").rename(place / "problems" / "first")


def _leads_nowhere(place: Path) -> None:
    manifest = place / "problems" / "1-double" / "problem.toml"
    manifest.write_text(manifest.read_text().replace("\n[entry]", '\nrequires = ["treble"]\n\n[entry]'))


def _empty_starter(place: Path) -> None:
    (place / "problems" / "1-double" / "starter.py").write_text("# to be written\n")


@pytest.mark.parametrize("words", [("double",), ()])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_same_id, "1-double/problem.toml:1: id: "),
        (_same_position, "1-double/problem.toml:3: position: 1 is also the position of 1-treble"),
        (_another_name, "first/problem.toml:2: slug: the folder 'first' must be called"),
        (_leads_nowhere, "1-double/problem.toml:8: requires[0]: there is no problem 'treble'"),
        (_empty_starter, "1-double/starter.py: has no code"),
    ],
)
def test_what_cannot_be_loaded_is_refused_by_name_and_as_one_of_all(
    jaxercise: Callable[..., Done],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    said: str,
    words: tuple[str, ...],
) -> None:
    """With the folder and the key, also where the folder has another name than its problem."""
    write_problem(small_problem("double", position=1), tmp_path)
    spoil(tmp_path)
    monkeypatch.setenv("JAXERCISE_PROBLEMS_DIR", str(tmp_path / "problems"))
    monkeypatch.setenv("JAXERCISE_REFERENCES_DIR", str(tmp_path / "references"))
    done = jaxercise("validate", *words)
    assert (done.exit_code, done.printed) == (2, "")
    assert said in done.complained
    assert all("/" in line for line in done.complained.splitlines())
