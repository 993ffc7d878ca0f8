"""A problem package: the files of one folder ⇄ a `Problem`.

The package is a mapping of relative path to content, so that folders and database rows are read
by the same code. Nothing in it is executed or imported here.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from app.catalog.manifest import read_manifest
from app.catalog.statement import render_statement
from app.core.outcome import Outcome
from app.core.problem import Manifest, Problem
from app.core.source_digest import SOURCES, source_digest
from app.errors import HostLacks, ProblemError

PackageFiles = dict[str, bytes]

_FILE_LIMIT_BYTES = 1 << 20
STATEMENT_LIMIT_BYTES = 256 << 10
_NOT_PART_OF_A_VERSION = ("outputs.json",)
"""Kept beside a reference by `jaxercise regrade`; derived, so it must not change the version."""
_READ_BY = ("catalog", "core")
"""The packages of `app` that read, check and show a problem."""
_TOP_LEVEL = ("problem.toml", "statement.md", "starter.py", "reference/reference.py")


class LoadedFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Every package under a problems folder: the readable ones by slug, and why others were refused."""

    problems: dict[str, PackageFiles]
    refused: list[ProblemError]
    unchanged: dict[str, str] = {}
    """By slug, the versions of packages that were known, and so not read."""
    unfit: frozenset[str] = frozenset()
    """The ids of those among the refused ones that are readable, but not for this host."""


def suit_any_host(_: Problem) -> None:
    """Do nothing, for callers who only read."""


def load_folders(
    problems_dir: Path,
    references_dir: Path,
    *,
    known: Mapping[str, str] | None = None,
    require_host: Callable[[Problem], None] = suit_any_host,
) -> LoadedFolders:
    """Read all packages; one that is broken does not keep the others from loading.

    Of versions that are `known` to be readable (their slugs by version) only the bytes are compared.
    `require_host` raises `HostLacks` for a problem that cannot be graded here.

    Raises:
        ProblemError: `problems_dir` itself does not exist.
    """
    if not problems_dir.is_dir():
        raise ProblemError(f"{problems_dir}: there is no such folder of problems")
    problems: dict[str, PackageFiles] = {}
    refused: list[ProblemError] = []
    unchanged: dict[str, str] = {}
    unfit: set[str] = set()
    known = known or {}
    for folder in sorted(
        path for path in problems_dir.iterdir() if path.is_dir() and path.name[0] not in "._"
    ):
        try:
            files = problem_files(folder, references_dir / folder.name)
            version = version_of(files)
            slug = known.get(version)
            if slug is None:
                problem = read_problem(files)
                render_statement(problem)  # What cannot be shown is refused now, not when a page is opened.
                slug = problem.slug
                try:
                    require_host(problem)
                except HostLacks:
                    unfit.add(problem.manifest.id)
                    raise
            if slug in problems or slug in unchanged:
                raise ProblemError(f"problem.toml: $.slug: {slug!r} is the slug of another problem too")
        except ProblemError as error:
            refused.append(ProblemError(f"{folder.name}/{error.message}"))
        else:
            if version in known:
                unchanged[slug] = version
            else:
                problems[slug] = files
    return LoadedFolders(problems=problems, refused=refused, unchanged=unchanged, unfit=frozenset(unfit))


def problem_files(folder: Path, reference_folder: Path) -> PackageFiles:
    """Return the files of one package; those of `reference_folder` under `reference/`.

    Raises:
        ProblemError: a file is a link, is larger than 1 MiB, or cannot be read.
    """
    try:
        return _files_below(folder, "") | _files_below(reference_folder, "reference/")
    except OSError as fault:
        name = Path(fault.filename or folder).name
        raise ProblemError(f"{name}: cannot be read ({fault.strerror})") from None


def read_problem(files: Mapping[str, bytes]) -> Problem:
    """Parse and check a package.

    Raises:
        ProblemError: a file is missing or malformed; the message names the file, the key and the reason.
    """
    for name in _TOP_LEVEL:
        if name not in files:
            raise ProblemError(f"{name}: the file is missing")
    if (size_bytes := len(files["statement.md"])) > STATEMENT_LIMIT_BYTES:
        raise ProblemError(
            f"statement.md: has {size_bytes:,} bytes; at most {STATEMENT_LIMIT_BYTES:,} are allowed"
        )
    manifest = read_manifest(files["problem.toml"])
    problem = Problem(
        version=version_of(files),
        manifest=manifest,
        statement=_text(files, "statement.md"),
        starter=_text(files, "starter.py"),
        reference=_text(files, "reference/reference.py"),
        variants=_sources(files, "variants/"),
        also_right=_sources(files, "reference/also_right/"),
        assets={
            name.removeprefix("assets/"): data for name, data in files.items() if name.startswith("assets/")
        },
    )
    _check_solutions(manifest, problem)
    return problem


def version_of(files: Mapping[str, bytes]) -> str:
    """Return a package's content address, which is its version.

    SHA-256 over the sorted paths and contents, each with its length in front, as hexadecimal.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def reading_rules(app: Path = SOURCES / "app") -> str:
    """Return a digest that changes with the code that reads, checks or shows a package.

    What was found readable by the same rules need not be read again. `app` is the folder of that package.
    """
    return source_digest(_READ_BY, root=app)


def _files_below(folder: Path, prefix: str) -> PackageFiles:
    files: PackageFiles = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith((".", "__pycache__")) for part in relative.parts) or path.is_dir():
            continue
        if path.name in _NOT_PART_OF_A_VERSION:
            continue
        if path.is_symlink() or not path.is_file():
            raise ProblemError(f"{relative}: only plain files belong in a problem")
        if path.stat().st_size > _FILE_LIMIT_BYTES:
            raise ProblemError(f"{relative}: a file may have at most {_FILE_LIMIT_BYTES:,} bytes")
        files[prefix + relative.as_posix()] = path.read_bytes()
    return files


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files[name].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(f"{name}: not UTF-8 ({error.reason} at byte {error.start})") from error


def _sources(files: Mapping[str, bytes], prefix: str) -> dict[str, str]:
    return {
        PurePosixPath(name).stem: _text(files, name)
        for name in files
        if name.startswith(prefix) and name.endswith(".py") and "/" not in name[len(prefix) :]
    }


def _check_solutions(manifest: Manifest, problem: Problem) -> None:
    for name in sorted(set(manifest.variants) ^ set(problem.variants)):
        where = "declared, but variants/ has no such file" if name in manifest.variants else "not declared"
        raise ProblemError(f"problem.toml: $.variants.{name}: {where}")
    for name in sorted(set(manifest.also_right) - set(problem.also_right)):
        raise ProblemError(f"problem.toml: $.also_right.{name}: also_right/ has no such file")
    gradable = {case.name for case in manifest.cases} | {probe.name for probe in manifest.probes}
    for name, variant in manifest.variants.items():
        unknown = sorted(set(variant.fails) - gradable)
        if unknown:
            raise ProblemError(
                f"problem.toml: $.variants.{name}.fails: there is no case or probe {unknown[0]!r}"
            )
        if variant.outcome in (Outcome.ACCEPTED, Outcome.PASSED):
            raise ProblemError(f"problem.toml: $.variants.{name}.outcome: a wrong variant cannot be accepted")
