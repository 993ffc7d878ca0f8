"""Problems from folders, for commands that need no database."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from app.catalog.faults import PackageFault, refusal_lines
from app.catalog.identity import Identity, identity_of
from app.catalog.problem_folder import author_faults, load_folders, problem_files, read_problem
from app.core.problem import Problem
from app.errors import ProblemError, ProblemNotFound
from app.settings import Settings


class ProblemFolder(msgspec.Struct, frozen=True, kw_only=True):
    """One folder of problems as it was loaded, be it readable or not."""

    name: str
    """Of the package's folder, and of its reference's."""
    package: Path
    reference: Path
    identity: Identity
    problem: Problem | None = None
    refusal: ProblemError | None = None
    """Why there is no problem in it; each of the two is there where the other one is not."""

    @property
    def slug(self) -> str:
        """What people call it: of one that cannot be read, what its folder or its manifest says."""
        return self.identity.slug or self.name.partition("-")[2] or self.name

    def is_called(self, name: str) -> bool:
        """Return whether `name` is its slug, its position, or its folder."""
        by_folder = self.name.partition("-")[::2] if self.problem is None else ()
        return name in (self.identity.slug, str(self.identity.position), self.name, *by_folder)


def load_problems(settings: Settings) -> list[ProblemFolder]:
    """Return every folder of problems in the order of positions, those that cannot be read last.

    Raises:
        ProblemNotFound: there is not one.
    """
    loaded = load_folders(settings.problems_dir, settings.references_dir)
    readable = [
        _folder(settings, loaded.folders[slug], problem=read_problem(files))
        for slug, files in loaded.problems.items()
    ]
    refused = [_folder(settings, error.message.partition("/")[0], refusal=error) for error in loaded.refused]
    if not readable and not refused:
        # What is asked of all problems would hold of none, and say nothing.
        raise ProblemNotFound(f"{settings.problems_dir}: there is no problem in this folder")
    return [*sorted(readable, key=lambda folder: folder.identity.position or 0), *refused]


def all_problems(settings: Settings) -> dict[str, Problem]:
    """Return every problem by slug, in the order of their positions.

    Raises:
        ProblemNotFound: there is not one.
        ProblemError: a package is broken; the message has every fault of each, with its place and reason.
    """
    folders = load_problems(settings)
    refused = [folder.refusal for folder in folders if folder.refusal is not None]
    if refused:
        raise ProblemError("\n".join(refusal_lines(refused)))
    return {problem.slug: problem for folder in folders if (problem := folder.problem) is not None}


def find_problem(settings: Settings, name: str) -> Problem:
    """Return the problem with this slug or position; others may be broken.

    Raises:
        ProblemNotFound: there is none; the message lists the slugs.
        ProblemError: it is broken.
    """
    [found] = find_folders(load_problems(settings), [name])
    if found.refusal is not None:
        raise found.refusal
    assert found.problem is not None, "one of the two is there"
    return found.problem


def find_folders(folders: Sequence[ProblemFolder], names: Sequence[str]) -> list[ProblemFolder]:
    """Return the folders that have these names, slugs or positions, each once, in the order of `folders`.

    Raises:
        ProblemNotFound: one is nobody's; the message lists the slugs.
    """
    chosen = set()
    for name in names:
        called = [folder for folder in folders if folder.is_called(name)]
        if not called:
            slugs = ", ".join(folder.slug for folder in folders if folder.problem is not None)
            raise ProblemNotFound(f"there is no problem {name!r}; there are {slugs or 'none'}")
        # A broken copy goes by the same names; whoever has them by right is meant.
        chosen.add(called[0].name)
    return [folder for folder in folders if folder.name in chosen]


def warnings_of(settings: Settings, problem: Problem) -> list[PackageFault]:
    """Return what makes the problem poor, though it is read."""
    name = f"{problem.manifest.position}-{problem.slug}"
    files = problem_files(settings.problems_dir / name, settings.references_dir / name)
    return [fault for fault in author_faults(files, problem.manifest) if fault.is_warning]


def files_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what lies below a folder of problems or references and may be loaded, by relative path.

    Not what is hidden, what Python has compiled, and what is set aside by an underscore; nor pages of
    Markdown beside the problems.
    """
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if may_be_loaded(relative.parts) and (path.is_symlink() or not path.is_dir()):
            yield relative.as_posix(), path


def may_be_loaded(parts: Sequence[str]) -> bool:
    """Return whether a path, relative to a folder of problems or references, can be part of one of them."""
    if parts[0].startswith("_") or (len(parts) == 1 and parts[0].endswith(".md")):
        return False
    return not any(part.startswith((".", "__pycache__")) for part in parts)


def _folder(
    settings: Settings,
    name: str,
    *,
    problem: Problem | None = None,
    refusal: ProblemError | None = None,
) -> ProblemFolder:
    package = settings.problems_dir / name
    if problem is None:
        identity = _identity(package / "problem.toml")
    else:
        identity = Identity(id=problem.manifest.id, slug=problem.slug, position=problem.manifest.position)
    return ProblemFolder(
        name=name,
        package=package,
        reference=settings.references_dir / name,
        identity=identity,
        problem=problem,
        refusal=refusal,
    )


def _identity(manifest: Path) -> Identity:
    """Return what a package that cannot be read goes by, as far as its manifest tells."""
    try:
        return identity_of(manifest.read_bytes()) if manifest.is_file() else Identity()
    except OSError:
        return Identity()
