"""`jaxercise new`: what it writes loads as it stands, and what it cannot do it says."""

import os
import pty
import re
import select
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.catalog.identity import Identity
from app.catalog.manifest import read_manifest
from app.catalog.new_problem import SLUG_LIMIT, next_position
from app.catalog.problem_folder import load_folders, read_problem
from app.catalog.problem_schema import FILE_NAME, schema_text
from app.catalog.scaffold import NewProblem, scaffold
from tests.support.checkout import CHECKOUT
from tests.support.command_line import Done

Type = Callable[..., Done]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with a folder for problems and one for their answers."""
    for variable, name in (("PROBLEMS_DIR", "problems"), ("REFERENCES_DIR", "references")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"JAXERCISE_{variable}", str(tmp_path / name))
    return tmp_path


def _files(folders: Path) -> list[str]:
    return sorted(path.relative_to(folders).as_posix() for path in folders.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["--function", "--module"])
def test_what_is_begun_loads(folders: Path, jaxercise: Type, kind: str) -> None:
    """Without a change, together with what was there."""
    assert jaxercise("new", "first-one", kind).exit_code == 0
    done = jaxercise("new", "second-one", kind, "--title", 'Say "\\two"', "--track", "toys")
    assert (done.exit_code, done.complained) == (0, "")
    loaded = load_folders(folders / "problems", folders / "references")
    assert loaded.refused == []
    assert loaded.folders == {"first-one": "1-first-one", "second-one": "2-second-one"}
    second = read_problem(loaded.problems["second-one"])
    assert (second.manifest.title, second.manifest.track) == ('Say "\\two"', "toys")
    assert (second.manifest.module is not None) is (kind == "--module")
    assert second.manifest.id != read_problem(loaded.problems["first-one"]).manifest.id


def test_it_names_four_files_to_write_and_what_comes_next(folders: Path, jaxercise: Type) -> None:
    printed = jaxercise("new", "rms-norm").printed
    named = [line.strip() for line in printed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert len(named) == 4
    assert all(Path(path).is_file() for path in named)
    assert "jaxercise preview rms-norm" in printed
    assert "jaxercise validate rms-norm" in printed


def test_the_first_line_names_a_schema_that_is_there(folders: Path, jaxercise: Type) -> None:
    jaxercise("new", "rms-norm")
    manifest = folders / "problems" / "1-rms-norm" / "problem.toml"
    address = manifest.read_text().splitlines()[0].removeprefix("#:schema ")
    assert (manifest.parent / address).read_text() == schema_text()


def test_in_a_checkout_it_is_that_of_the_documents() -> None:
    from app.cli.new import _schema_address

    folder = CHECKOUT / "problems" / "90-rms-norm"
    assert _schema_address(folder) == f"../../docs/reference/{FILE_NAME}"
    assert not (CHECKOUT / "problems" / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a slug is needed, as in `jaxercise new rms-norm`"),
        (("RMS Norm",), "'RMS Norm' is no slug: it is made of lower-case words .* such as 'rms-norm'"),
        (("rms_norm",), "such as 'rms-norm'"),
        (("-norm-",), "No such option"),
        (("norm-",), "such as 'norm'"),
        (("été",), "such as 't'"),
        (("../up",), "such as 'up'"),
        (("",), "'' is no slug"),
        (("46",), "'46' is no slug: commands take a number for a position"),
        (("a" * (SLUG_LIMIT + 1),), f"at most {SLUG_LIMIT} are allowed"),
        (("there",), "the slug 'there' is taken by 7-there: choose another"),
        (("half",), "the slug 'half' is taken by 8-half"),
        (("other", "--position", "7"), "the position 7 is taken by 7-there: 9 is free"),
        (("other", "--position", "8"), "the position 8 is taken by 8-half"),
        (("other", "--position", "-1"), "the position -1 is not from 0 to 999,999"),
        (("other", "--position", "1000000"), "the position 1000000 is not from 0 to 999,999"),
        (("other", "--position", "one"), "Invalid value for '--position'"),
        (("other", "--title", " "), "the title is empty"),
        (("other", "--title", "x" * 201), "the title has 201 characters; at most 200 are allowed"),
        (("other", "--title", "one\ntwo"), "the title has characters that cannot be printed"),
        (("other", "--track", ""), "the track is empty"),
        (("answered", "--position", "9"), "9-answered is there already: nothing was written"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    folders: Path, jaxercise: Type, words: tuple[str, ...], said: str
) -> None:
    """And nothing is written."""
    jaxercise("new", "there", "--position", "7")
    half = folders / "problems" / "8-half"
    half.mkdir()
    (half / "problem.toml").write_text("title = ")  # Somebody is in the middle of it.
    (folders / "references" / "9-answered").mkdir()
    before = _files(folders)
    done = jaxercise("new", *words)
    assert done.exit_code == 2
    assert re.search(said, " ".join(done.complained.split()).replace("│ ", "")), done.complained
    assert "Traceback" not in done.complained
    assert _files(folders) == before


def test_a_folder_that_cannot_be_written_leaves_nothing(folders: Path, jaxercise: Type) -> None:
    """Neither of the two is there without the other."""
    (folders / "references").rmdir()
    (folders / "references").write_text("a file in its place")
    done = jaxercise("new", "rms-norm")
    assert done.exit_code == 2
    assert _files(folders) == ["references"]


def test_an_installed_package_is_not_written_into(
    jaxercise: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next version would take the problem away."""
    shipped = tmp_path / "shipped" / "problems"
    shipped.mkdir(parents=True)
    monkeypatch.setenv("JAXERCISE_PROBLEMS_DIR", str(shipped))
    monkeypatch.setattr("app.cli.new.path_of", lambda _: shipped)
    done = jaxercise("new", "rms-norm")
    assert done.exit_code == 2
    assert "JAXERCISE_PROBLEMS_DIR and JAXERCISE_REFERENCES_DIR" in done.complained
    assert list(shipped.iterdir()) == []


@pytest.mark.parametrize("slug", ["lambda", "2d-conv", "jax", "jnp", "nnx", "none", "match", "x"])
@pytest.mark.parametrize("has_module", [False, True])
def test_any_slug_gives_names_that_python_takes(slug: str, has_module: bool) -> None:
    new = NewProblem(slug=slug, position=1, title=slug, track="toys", has_module=has_module)
    files = scaffold(new, schema="x.json")
    problem = read_problem({path: text.encode() for path, text in files.items()})
    for text in (
        problem.reference,
        problem.starter,
        *problem.variants.values(),
        *problem.also_right.values(),
    ):
        compile(text, slug, "exec")
    assert problem.manifest.entry.function not in ("jax", "jnp", "nnx")
    assert problem.manifest == read_manifest(files["problem.toml"].encode())


def test_a_title_that_looks_like_a_mark_stays_a_title() -> None:
    new = NewProblem(slug="at", position=1, title="@id@ and @slug@", track="toys", has_module=False)
    files = scaffold(new, schema="x.json")
    assert tomllib.loads(files["problem.toml"])["title"] == "@id@ and @slug@"
    assert files["statement.md"].startswith("# @id@ and @slug@\n")


def test_behind_the_last_position_there_may_be_none() -> None:
    assert next_position({}) == 1
    taken = {str(n): Identity(position=n) for n in (1, 2, 999_999)}
    assert next_position(taken) == 3


_ANSWERS = (
    (b"Slug, such as rms-norm: ", b"RMS Norm"),
    (b"Slug, such as rms-norm: ", b"rms-norm"),
    (b"nnx.Module? [y/N]: ", b"y"),
    (b"Position [1]: ", b"0x1"),
    (b"Position [1]: ", b"5"),
    (b"Title [Rms norm]: ", b""),
    (b"Track [exercises]: ", b"layers"),
)


def _until(terminal: int, text: bytes) -> bytes:
    """Return what is shown up to the text."""
    shown = b""
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, shown
        shown += os.read(terminal, 4096)
    return shown


def test_in_a_terminal_it_asks_and_asks_again(folders: Path) -> None:
    """An answer that cannot be costs one more question; an empty one takes what is usual."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "new"],
        cwd=CHECKOUT,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    shown = b""
    for question, answer in _ANSWERS:
        shown += _until(ours, question)
        os.write(ours, answer + b"\n")
    shown += _until(ours, b"jaxercise validate rms-norm")
    assert process.wait(60) == 0, shown
    os.close(ours)
    assert b"is no slug" in shown
    assert b"'0x1' is no whole number" in shown
    (loaded,) = load_folders(folders / "problems", folders / "references").problems.values()
    manifest = read_problem(loaded).manifest
    assert (manifest.slug, manifest.position, manifest.title) == ("rms-norm", 5, "Rms norm")
    assert manifest.track == "layers"
    assert manifest.module is not None
