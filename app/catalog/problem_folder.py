"""A problem package: the files of one folder ⇄ a `Problem`.

The package is a mapping of relative path to content, so that folders and database rows are read
by the same code. Nothing in it is executed or imported here.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NoReturn

import msgspec

from app.catalog.file_text import NotUtf8, read_text
from app.catalog.identity import Identity, identity_of
from app.catalog.manifest import read_manifest
from app.catalog.starter import require_usable_starter
from app.catalog.statement import render_statement
from app.catalog.together import faults_together
from app.core.outcome import Outcome
from app.core.problem import Manifest, Problem
from app.core.source_digest import SOURCES, source_digest
from app.errors import HostLacks, ProblemError

PackageFiles = dict[str, bytes]

_FILE_LIMIT_BYTES = 1 << 20
STATEMENT_LIMIT_BYTES = 256 << 10
_NO_PART = (".", "__pycache__")
"""What names of files and folders begin with that belong to no problem."""
_NOT_PART_OF_A_VERSION = ("outputs.json",)
"""Kept beside a reference by `jaxercise regrade`; derived, so it must not change the version."""
_READ_BY = ("app/catalog", "app/core", "sandbox/forbidden_names.py")
"""What reads, checks and shows a problem."""
_TOP_LEVEL = ("problem.toml", "statement.md", "starter.py", "reference/reference.py")


class LoadedFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Every package under a problems folder: the readable ones by slug, and why others were refused."""

    problems: dict[str, PackageFiles]
    refused: list[ProblemError]
    folders: dict[str, str] = {}
    """By slug, the name of the folder."""
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
    known: Mapping[str, Identity] | None = None,
    last_ids: Mapping[str, str] | None = None,
    require_host: Callable[[Problem], None] = suit_any_host,
) -> LoadedFolders:
    """Read all packages; one that is broken does not keep the others from loading.

    Of versions that are `known` to be readable (what they go by, by version) only the bytes are compared.
    `last_ids` has, by the folder's name, the ids that problems had when they were last on offer.
    `require_host` raises `HostLacks` for a problem that cannot be graded here.

    Raises:
        ProblemError: `problems_dir` itself does not exist.
    """
    if not problems_dir.is_dir():
        raise ProblemError(f"{problems_dir}: there is no such folder of problems")
    known = known or {}
    found: dict[str, _Found] = {}
    for folder in sorted(
        path for path in problems_dir.iterdir() if path.is_dir() and path.name[0] not in "._"
    ):
        found[folder.name] = _look_into(folder, references_dir / folder.name, known, require_host)
    identities = {name: one.identity for name, one in found.items()}
    faults = faults_together(identities, owners=_owners_without_ids(found, last_ids or {}))
    for name, fault in faults.items():
        # Where a folder has the wrong name, its reference is not found either: that is no reason of its own.
        # And an id that two have says nothing of which of them this host could grade.
        found[name] = msgspec.structs.replace(found[name], refused=ProblemError(fault), unfit="")
    readable = {name: one for name, one in found.items() if one.refused is None}
    return LoadedFolders(
        problems={one.slug: one.files for one in readable.values() if one.version not in known},
        refused=[
            ProblemError(f"{_shown(name)}/{one.refused.message}")
            for name, one in found.items()
            if one.refused
        ],
        folders={one.slug: name for name, one in readable.items()},
        unchanged={one.slug: one.version for one in readable.values() if one.version in known},
        unfit=frozenset(one.unfit for one in found.values() if one.unfit),
    )


def _owners_without_ids(found: Mapping[str, "_Found"], last_ids: Mapping[str, str]) -> dict[str, str]:
    """Return, by the folder's name, of which folder that has no id just now its own id seems to be.

    It had that id the last time, or the two share a text to the letter, as a copy does.
    """
    owners = {}
    for name, one in found.items():
        if one.identity.id is not None:
            continue
        last = Identity(id=last_ids.get(name)).key
        for other, beside in found.items():
            is_last = last is not None and beside.identity.key == last
            if beside.identity.id is not None and (is_last or one.texts & beside.texts):
                owners[other] = name
    return owners


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one folder."""

    identity: Identity
    texts: frozenset[bytes] = frozenset()
    """What a problem alone has, and a copy of it: hashes of its statement and its reference."""
    files: PackageFiles = {}
    version: str = ""
    refused: ProblemError | None = None
    unfit: str = ""
    """Its id, where it is readable but not for this host."""

    @property
    def slug(self) -> str:
        return self.identity.slug or ""


def _look_into(
    folder: Path,
    reference_folder: Path,
    known: Mapping[str, Identity],
    require_host: Callable[[Problem], None],
) -> _Found:
    """Read one folder; what keeps it from being read is part of the answer."""
    files: PackageFiles = {}
    unfit = ""
    try:
        files = problem_files(folder, reference_folder)
        version = version_of(files)
        if version in known:
            return _Found(identity=known[version], version=version, texts=_texts_of(files))
        problem = read_problem(files)
        render_statement(problem)  # What cannot be shown is refused now, not when a page is opened.
        try:
            require_host(problem)
        except HostLacks:
            unfit = problem.manifest.id
            raise
    except ProblemError as error:
        identity = identity_of(_manifest_of(folder, files))
        return _Found(identity=identity, refused=error, unfit=unfit, texts=_texts_of(files))
    identity = identity_of(files["problem.toml"])
    return _Found(identity=identity, files=files, version=version, texts=_texts_of(files))


def _texts_of(files: Mapping[str, bytes]) -> frozenset[bytes]:
    texts = (files.get(name, b"").strip() for name in ("statement.md", "reference/reference.py"))
    return frozenset(hashlib.sha256(text).digest() for text in texts if text)


def _manifest_of(folder: Path, files: PackageFiles) -> bytes:
    """Return `problem.toml`, though other files of its folder cannot be read; nothing where it is the one."""
    if "problem.toml" in files:
        return files["problem.toml"]
    path = folder / "problem.toml"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _FILE_LIMIT_BYTES:
            return b""
        return path.read_bytes()
    except OSError:
        return b""


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
    require_usable_starter(manifest, problem.starter)
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


def reading_rules(sources: Path = SOURCES) -> str:
    """Return a digest that changes with the code that reads, checks or shows a package.

    What was found readable by the same rules need not be read again. `sources` holds our packages.
    """
    return source_digest(_READ_BY, root=sources)


def _files_below(folder: Path, prefix: str) -> PackageFiles:
    files: PackageFiles = {}
    for path in sorted(_all_below(folder)):
        relative = path.relative_to(folder)
        if path.name in _NOT_PART_OF_A_VERSION or (path.is_dir() and not path.is_symlink()):
            continue
        if _shown(relative.as_posix()) != relative.as_posix():
            raise ProblemError(
                f"{_shown(relative.as_posix())}: a file's name must be UTF-8, without control characters"
            )
        if path.is_symlink() or not path.is_file():
            raise ProblemError(f"{relative}: only plain files belong in a problem, and no links")
        if path.stat().st_size > _FILE_LIMIT_BYTES:
            raise ProblemError(f"{relative}: a file may have at most {_FILE_LIMIT_BYTES:,} bytes")
        files[prefix + relative.as_posix()] = path.read_bytes()
    return files


def _all_below(folder: Path) -> Iterator[Path]:
    """Yield all files and folders that are not hidden.

    Raises:
        OSError: a folder cannot be read, which a glob would take for empty.
    """
    for place, folders, files in os.walk(folder, onerror=_raise) if folder.exists() else ():
        folders[:] = [name for name in folders if not name.startswith(_NO_PART)]
        yield from (Path(place, name) for name in (*folders, *files) if not name.startswith(_NO_PART))


def _raise(fault: OSError) -> NoReturn:
    raise fault


def _shown(name: str) -> str:
    """Return a file's name as pages, logs and databases can bear it; bytes that are no text become marks."""
    return "".join("\ufffd" if unicodedata.category(char) in ("Cc", "Cs") else char for char in name)


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return read_text(files[name])
    except NotUtf8 as error:
        raise ProblemError(f"{name}: {error}") from error


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
