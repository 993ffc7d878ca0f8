"""The two folders of a new problem: whether its names are free, and writing both or neither."""

import contextlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from app.catalog.identity import Identity, identity_of
from app.catalog.problem_schema import SLUG_PATTERN
from app.catalog.scaffold import NewProblem
from app.core.problem import POSITION_LIMIT, TITLE_LIMIT
from app.errors import ProblemError

SLUG_LIMIT = 100
"""Characters: a folder's name has 255 bytes, and an address is read by people."""
_REFERENCE = "reference/"
_OF_FOLDER = re.compile(r"(\d+)-(.+)")


def identities_below(problems_dir: Path) -> dict[str, Identity]:
    """Return what the problems there go by, by folder; of a broken one what its name says.

    Raises:
        ProblemError: the folder cannot be read.
    """
    found = {}
    try:
        for folder in sorted(problems_dir.iterdir()):
            if folder.is_dir() and folder.name[0] not in "._":
                found[folder.name] = _identity(folder)
    except OSError as fault:
        raise ProblemError(f"{problems_dir}: cannot be read ({fault.strerror})") from None
    return found


def _identity(folder: Path) -> Identity:
    manifest = b""
    with contextlib.suppress(OSError):
        manifest = (folder / "problem.toml").read_bytes()
    read = identity_of(manifest)
    named = _OF_FOLDER.fullmatch(folder.name)
    slug = read.slug or (named[2] if named else None)
    position = int(named[1]) if named and read.position is None else read.position
    return Identity(id=read.id, slug=slug, position=position, requires=read.requires)


def next_position(taken: Mapping[str, Identity]) -> int:
    """Return the position behind the last one; where there is none behind it, the first that is free."""
    positions = {identity.position for identity in taken.values() if identity.position is not None}
    behind = max(positions, default=0) + 1
    if behind <= POSITION_LIMIT:
        return behind
    return next(position for position in range(1, POSITION_LIMIT + 1) if position not in positions)


def require_slug(slug: str, taken: Mapping[str, Identity]) -> None:
    """Raise where a problem cannot be called so.

    Raises:
        ProblemError: it is no slug, or another problem's; says which are.
    """
    if not re.fullmatch(SLUG_PATTERN, slug):
        raise ProblemError(f"{slug!r} is no slug: {_slug_words(slug)}")
    if slug.isdecimal():
        raise ProblemError(f"{slug!r} is no slug: commands take a number for a position; add a word to it")
    if len(slug) > SLUG_LIMIT:
        raise ProblemError(f"the slug has {len(slug)} characters; at most {SLUG_LIMIT} are allowed")
    for folder, identity in taken.items():
        if identity.slug == slug:
            raise ProblemError(f"the slug {slug!r} is taken by {folder}: choose another")


def _slug_words(slug: str) -> str:
    """Say what a slug is, with the one that was probably meant."""
    meant = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    example = meant if re.fullmatch(SLUG_PATTERN, meant) and not meant.isdecimal() else "rms-norm"
    return f"it is made of lower-case words (a-z, 0-9) joined by hyphens, such as {example!r}"


def require_position(position: int, taken: Mapping[str, Identity]) -> None:
    """Raise where a problem cannot stand there.

    Raises:
        ProblemError: it is out of bounds, or another problem's; says which is free.
    """
    if not 0 <= position <= POSITION_LIMIT:
        raise ProblemError(f"the position {position} is not from 0 to {POSITION_LIMIT:,}")
    for folder, identity in taken.items():
        if identity.position == position:
            raise ProblemError(
                f"the position {position} is taken by {folder}: {next_position(taken)} is free"
            )


def require_name(what: str, text: str) -> None:
    """Raise where a title or a track, which is `what` it is, could not be shown.

    Raises:
        ProblemError: says what is allowed.
    """
    if not text.strip():
        raise ProblemError(f"the {what} is empty")
    if len(text) > TITLE_LIMIT:
        raise ProblemError(f"the {what} has {len(text):,} characters; at most {TITLE_LIMIT} are allowed")
    if not text.isprintable():
        raise ProblemError(f"the {what} has characters that cannot be printed, such as a line break or a tab")


def write_folders(
    new: NewProblem, problems_dir: Path, references_dir: Path, texts_of: Callable[[Path], Mapping[str, str]]
) -> list[Path]:
    """Write both folders of a new problem, or neither, and return the files.

    `texts_of` gives the texts by their paths in the package, for the problem's folder.

    Raises:
        ProblemError: a folder is there already, or cannot be written.
    """
    places = {"": problems_dir / new.folder, _REFERENCE: references_dir / new.folder}
    for place in places.values():
        if place.exists() or place.is_symlink():
            raise ProblemError(
                f"{place} is there already: nothing was written; choose another slug or position"
            )
    unfinished = {prefix: place.with_name(f".{place.name}.new") for prefix, place in places.items()}
    texts = texts_of(places[""])
    moved: list[Path] = []
    try:
        for path, text in texts.items():
            prefix = _REFERENCE if path.startswith(_REFERENCE) else ""
            file = unfinished[prefix] / path.removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # The problem last: whoever follows the folders meets it whole.
        for prefix in (_REFERENCE, ""):
            unfinished[prefix].rename(places[prefix])
            moved.append(places[prefix])
    except OSError as fault:
        for left in (*unfinished.values(), *moved):
            shutil.rmtree(left, ignore_errors=True)
        raise ProblemError(
            f"{fault.filename}: cannot be written ({fault.strerror}); nothing was left"
        ) from None
    return [
        places[_REFERENCE if path.startswith(_REFERENCE) else ""] / path.removeprefix(_REFERENCE)
        for path in texts
    ]
