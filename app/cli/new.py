"""`jaxercise new`: the folders of a new problem, which is proven as it stands."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.core.paths import path_of
from app.core.source_digest import SOURCES
from app.errors import GraderError, ProblemError
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.catalog.identity import Identity
    from app.catalog.scaffold import NewProblem

_USUAL_TRACK = "exercises"
_TO_WRITE = (
    ("statement.md", "what is asked"),
    ("reference.py", "the answer"),
    ("problem.toml", "what it is graded on"),
    ("forgets_", "a mistake, and what whoever makes it is told"),
)
"""How the names of the files begin that an author has to write, and for what, in the usual order."""
_Checked = TypeVar("_Checked")


def new(
    slug: Annotated[
        str | None, typer.Argument(help="Its name in addresses and commands, such as rms-norm.")
    ] = None,
    position: Annotated[
        int | None, typer.Option(help="Its place in the list; behind the last one where none is given.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Its name on pages; from the slug where none is given.")
    ] = None,
    track: Annotated[str | None, typer.Option(help="The group of the list that it belongs to.")] = None,
    module: Annotated[
        bool | None,
        typer.Option("--module/--function", help="What learners write: an nnx.Module, or a function."),
    ] = None,
) -> None:
    """Begin a problem with files that are proven as they stand. Asks for what is not given, in a terminal."""
    from app.catalog.new_problem import identities_below, write_folders
    from app.catalog.scaffold import scaffold

    settings = read_settings()
    _require_own_folders(settings)
    taken = identities_below(settings.problems_dir)
    wanted = _wanted(slug, position, title, track, module, taken)
    files = write_folders(
        wanted,
        settings.problems_dir,
        settings.references_dir,
        lambda folder: scaffold(wanted, schema=_schema_address(folder)),
    )
    print("\n".join(_report(wanted, files)))


def _require_own_folders(settings: Settings) -> None:
    """Refuse to write into an installed package, where the next version would take the problem away."""
    shipped = path_of("problems")
    if settings.problems_dir == shipped and shipped.parent.name == "shipped":
        raise GraderError(
            "the problems on offer are those that this package ships: name folders of your own in "
            "JAXERCISE_PROBLEMS_DIR and JAXERCISE_REFERENCES_DIR"
        )


def _wanted(
    slug: str | None,
    position: int | None,
    title: str | None,
    track: str | None,
    module: bool | None,
    taken: Mapping[str, "Identity"],
) -> "NewProblem":
    """Return what is wanted: what was given, what is answered, or what is usual.

    Raises:
        ProblemError: something of it cannot be, or there is no slug and nobody to ask.
    """
    from app.catalog.new_problem import next_position, require_name, require_position, require_slug
    from app.catalog.scaffold import NewProblem

    asks = sys.stdin.isatty() and sys.stdout.isatty()

    def slug_of(text: str) -> str:
        require_slug(text, taken)
        return text

    def position_of(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ProblemError(f"{text!r} is no whole number") from None
        require_position(number, taken)
        return number

    def title_of(text: str) -> str:
        require_name("title", text)
        return text.strip()

    def track_of(text: str) -> str:
        require_name("track", text)
        return text.strip()

    if slug is None and not asks:
        raise ProblemError("a slug is needed, as in `jaxercise new rms-norm`")
    chosen = _answer("Slug, such as rms-norm", slug, None, slug_of, asks)
    usual = chosen.replace("-", " ").capitalize()
    if module is None:
        module = typer.confirm("Do learners write an nnx.Module?", default=False) if asks else False
    return NewProblem(
        slug=chosen,
        position=_answer("Position", position, next_position(taken), position_of, asks),
        title=_answer("Title", title, usual, title_of, asks),
        track=_answer("Track", track, _USUAL_TRACK, track_of, asks),
        has_module=module,
    )


def _answer(
    question: str, given: object, usual: object, check: Callable[[str], _Checked], asks: bool
) -> _Checked:
    """Return what was given, else what somebody answers, else what is usual.

    Raises:
        ProblemError: what was given cannot be; an answer that cannot be is asked for again.
    """
    if given is not None or not asks:
        return check(str(usual if given is None else given))
    while True:
        try:
            return check(str(typer.prompt(question, default=usual, type=str)).strip())
        except ProblemError as fault:
            print(f"  {fault.message}")


def _schema_address(folder: Path) -> str:
    """Return where editors find the schema, as seen from the problem's folder.

    In a checkout it is the one of the documents; elsewhere a copy is kept beside the folders of problems.
    """
    from app.catalog.problem_schema import FILE_NAME, schema_text

    ours = SOURCES / "docs" / "reference" / FILE_NAME
    if not (ours.is_file() and folder.resolve().is_relative_to(SOURCES.resolve())):
        ours = folder.parent / FILE_NAME
        if not ours.is_file() or ours.read_text() != schema_text():
            ours.write_text(schema_text())
    return Path(os.path.relpath(ours.resolve(), folder.resolve())).as_posix()


def _report(new: "NewProblem", files: list[Path]) -> Iterator[str]:
    """Yield the lines that say what is there and what comes next."""
    yield f"{new.folder} is there, and proven as it stands. Four files make it a problem of yours:"
    for begins, purpose in _TO_WRITE:
        (file,) = [file for file in files if file.name.startswith(begins)]
        yield f"  {_shown(file)}\n      {purpose}"
    (starter,) = [file for file in files if file.name == "starter.py"]
    yield f"The signature in {_shown(starter)} follows them."
    yield f"See it: jaxercise preview {new.slug}"
    yield f"Prove it: jaxercise validate {new.slug}"


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
