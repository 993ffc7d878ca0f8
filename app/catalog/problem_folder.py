"""A problem package: the files of one folder ⇄ a `Problem`, or all that is wrong with them.

The package is a mapping of relative path to content, so that folders and database rows are read
by the same code. Nothing in it is executed or imported here.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.identity import Identity, identity_of
from app.catalog.manifest import ReadManifest, examine_manifest, manifest_fault
from app.catalog.rules.package_files import (
    REFERENCE,
    PackageFiles,
    missing_faults,
    misspelt,
    read_files,
    scanty_faults,
    solutions,
    sources,
    stray_faults,
)
from app.catalog.rules.text_faults import decoded
from app.catalog.rules.toml_lines import Place, TomlLines
from app.catalog.rules.typed_faults import nearest
from app.catalog.starter import STARTER, code_faults, starter_faults
from app.catalog.statement import render_statement
from app.catalog.statement_faults import statement_faults
from app.catalog.together import faults_together
from app.core.outcome import Outcome
from app.core.problem import Entry, Manifest, Problem
from app.core.source_digest import SOURCES, source_digest
from app.errors import HostLacks, ProblemError

STATEMENT_LIMIT_BYTES = 256 << 10
_MANIFEST, _STATEMENT = "problem.toml", "statement.md"
_VARIANTS, _ALSO_RIGHT = "variants/", "reference/also_right/"
_READ_BY = ("app/catalog", "app/core", "sandbox/forbidden_names.py")
"""What reads, checks and shows a problem."""
_NEVER_CALLED = (Outcome.MISSING_FUNCTION, Outcome.BAD_SIGNATURE)
"""The outcomes of variants that the grader need not be able to call."""
_MOST_REPORTED = 50


class LoadedFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Every package under a problems folder: the readable ones by slug, and why others were refused."""

    problems: dict[str, PackageFiles]
    refused: list[ProblemError]
    """One a folder, in whose message each line is a fault and begins with the folder's name."""
    folders: dict[str, str] = {}
    """By slug, the name of the folder."""
    unchanged: dict[str, str] = {}
    """By slug, the versions of packages that were known, and so not read."""
    unfit: frozenset[str] = frozenset()
    """The ids of those among the refused ones that are readable, but not for this host."""
    warnings: tuple[PackageFault, ...] = ()
    """What is not as it should be with the others; files begin with the folder's name."""


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
    together = faults_together(identities, owners=_owners_without_ids(found, last_ids or {}))
    for name, faults in together.items():
        found[name] = _beside_others(found[name], name, faults)
    readable = {name: one for name, one in found.items() if one.refused is None}
    return LoadedFolders(
        problems={one.slug: one.files for one in readable.values() if one.version not in known},
        refused=[_refusal(name, one.refused) for name, one in found.items() if one.refused],
        folders={one.slug: name for name, one in readable.items()},
        unchanged={one.slug: one.version for one in readable.values() if one.version in known},
        unfit=frozenset(one.unfit for one in found.values() if one.unfit),
        warnings=tuple(_inside(name, fault) for name, one in readable.items() for fault in one.warnings),
    )


def _beside_others(one: "_Found", folder: str, faults: Iterable[tuple[Place, str]]) -> "_Found":
    """Add what is wrong with a folder beside the others."""
    lines = TomlLines(decoded(_MANIFEST, one.manifest)[0])
    own = list(one.refused.faults) if isinstance(one.refused, BrokenPackage) else []
    if one.identity.folder not in (None, folder):
        # Where a folder has the wrong name, its reference is not found either: that is no fault of its own.
        own = [fault for fault in own if fault.file != REFERENCE or fault.line is not None]
    reported = [manifest_fault(lines, place, reason) for place, reason in faults]
    if {fault.key for fault in own} & {"slug", "position"}:
        # Nor is the name wrong where what it is made of is.
        reported = [fault for fault in reported if fault.key != "slug"]
    # An id that two have says nothing of which of them this host could grade.
    return msgspec.structs.replace(one, refused=BrokenPackage(_in_order([*reported, *own])), unfit="")


def _refusal(folder: str, refused: ProblemError) -> ProblemError:
    """Name the folder in each fault; of very many the first ones are enough to begin with."""
    if not isinstance(refused, BrokenPackage):
        return ProblemError(f"{folder}/{refused.message}")
    faults = list(refused.faults[:_MOST_REPORTED])
    if more := len(refused.faults) - len(faults):
        faults.append(PackageFault(file=_MANIFEST, reason=f"and {more:,} more faults; mend these first"))
    return BrokenPackage([_inside(folder, fault) for fault in faults])


def _inside(folder: str, fault: PackageFault) -> PackageFault:
    return msgspec.structs.replace(fault, file=f"{folder}/{fault.file}")


def _in_order(faults: Iterable[PackageFault]) -> list[PackageFault]:
    """Sort as an author reads: `problem.toml` first, each file from its top; each once."""
    reported = sorted(faults, key=lambda fault: (fault.file != _MANIFEST, fault.file, fault.line or 0))
    return list(dict.fromkeys(reported))


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
    manifest: bytes = b""
    """`problem.toml`, though other files of its folder cannot be read; nothing where it is the one."""
    refused: ProblemError | None = None
    warnings: tuple[PackageFault, ...] = ()
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
    files, faults = read_files(folder, reference_folder)
    manifest = files.get(_MANIFEST, b"")
    found = _Found(identity=identity_of(manifest), manifest=manifest, texts=_texts_of(files))
    version = "" if faults else version_of(files)
    if version in known:
        warnings = tuple(scanty_faults(files))
        return msgspec.structs.replace(found, identity=known[version], version=version, warnings=warnings)
    reported_otherwise = {fault.file for fault in faults} | set(misspelt(files).values())
    try:
        problem = read_problem(files)
    except BrokenPackage as error:
        problem = None
        # A file that is missing may be there, unreadable or under another name, which is told already.
        found_missing = reported_otherwise - files.keys()
        faults += [fault for fault in error.faults if fault.file not in found_missing]
    faults += author_faults(files, None if problem is None else problem.manifest)
    refusing = _in_order(fault for fault in faults if not fault.is_warning)
    warnings = tuple(fault for fault in faults if fault.is_warning)
    if refusing or problem is None:
        return msgspec.structs.replace(found, refused=BrokenPackage(refusing), warnings=warnings)
    try:
        render_statement(problem)  # What cannot be shown is refused now, not when a page is opened.
        require_host(problem)
    except ProblemError as error:
        unfit = problem.manifest.id if isinstance(error, HostLacks) else ""
        return msgspec.structs.replace(found, refused=error, unfit=unfit)
    return msgspec.structs.replace(found, files=files, version=version, warnings=warnings)


def _texts_of(files: Mapping[str, bytes]) -> frozenset[bytes]:
    texts = (files.get(name, b"").strip() for name in (_STATEMENT, REFERENCE))
    return frozenset(hashlib.sha256(text).digest() for text in texts if text)


def problem_files(folder: Path, reference_folder: Path) -> PackageFiles:
    """Return the files of one package; those of `reference_folder` under `reference/`.

    Raises:
        BrokenPackage: files are links, are larger than 1 MiB, or cannot be read.
    """
    files, faults = read_files(folder, reference_folder)
    if faults:
        raise BrokenPackage(_in_order(faults))
    return files


def read_problem(files: Mapping[str, bytes]) -> Problem:
    """Parse and check a package.

    What was published once is read by these rules for ever, so they are those without which it cannot be
    shown or graded; a folder is held to those of `author_faults` too.

    Raises:
        BrokenPackage: files are missing or malformed; each fault names the file, the line, the key and the
            reason.
    """
    faults = list(missing_faults(files))
    texts = {}
    for name in (_STATEMENT, STARTER, REFERENCE, *solutions(files)):
        if name in files:
            text, undecoded = decoded(name, files[name])
            texts.update({} if undecoded else {name: text})
            faults += undecoded
    if (size_bytes := len(files.get(_STATEMENT, b""))) > STATEMENT_LIMIT_BYTES:
        reason = f"has {size_bytes:,} bytes; at most {STATEMENT_LIMIT_BYTES:,} are allowed"
        faults.append(PackageFault(file=_STATEMENT, reason=reason))
    read = examine_manifest(files[_MANIFEST]) if _MANIFEST in files else None
    if read is not None:
        faults += [*read.faults, *_solution_faults(read, files)]
    if read is not None and read.entry is not None and STARTER in texts:
        faults += starter_faults(read.entry, read.forbidden, texts[STARTER])
    if faults or read is None or read.manifest is None:
        raise BrokenPackage(_in_order(faults))
    return Problem(
        version=version_of(files),
        manifest=read.manifest,
        statement=texts[_STATEMENT],
        starter=texts[STARTER],
        reference=texts[REFERENCE],
        variants={name: texts[file] for name, file in sources(files, _VARIANTS).items()},
        also_right={name: texts[file] for name, file in sources(files, _ALSO_RIGHT).items()},
        assets=_assets(files),
    )


def author_faults(files: Mapping[str, bytes], manifest: Manifest | None) -> list[PackageFault]:
    """Return what is wrong with a folder beyond what keeps its problem from being read.

    Code that could never run, files that nothing reads, and as warnings what makes a problem poor.
    """
    faults = [*stray_faults(files), *scanty_faults(files)]
    text, undecoded = decoded(_STATEMENT, files.get(_STATEMENT, b""))
    if _STATEMENT in files and len(files[_STATEMENT]) <= STATEMENT_LIMIT_BYTES and not undecoded:
        faults += statement_faults(text, _assets(files))
    if manifest is not None:
        return [*faults, *_code_faults(files, manifest.entry, manifest.forbidden, manifest)]
    read = examine_manifest(files.get(_MANIFEST, b""))
    return [*faults, *_code_faults(files, read.entry, read.forbidden, None)]


def _code_faults(
    files: Mapping[str, bytes], entry: Entry | None, forbidden: Sequence[str], manifest: Manifest | None
) -> Iterator[PackageFault]:
    """Tell what is wrong with the code of solutions; only its syntax where the entry is not known."""
    if entry is not None and _is_misnamed(entry, files):
        entry = None
    for name in (REFERENCE, *solutions(files)):
        code, undecoded = decoded(name, files.get(name, b""))
        if name not in files or undecoded:
            continue
        if not name.startswith(_VARIANTS):
            yield from code_faults(name, code, entry, forbidden)
            continue
        declared = manifest.variants.get(PurePosixPath(name).stem) if manifest else None
        is_called = declared is not None and declared.outcome not in _NEVER_CALLED
        yield from list(code_faults(name, code, entry if is_called else None)) or _wordless(name, code)


def _assets(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removeprefix("assets/"): data for name, data in files.items() if name.startswith("assets/")}


def _is_misnamed(entry: Entry, files: Mapping[str, bytes]) -> bool:
    """Say whether neither starter nor reference fits the entry: then it is what is wrong, told once."""
    texts = [decoded(name, files[name])[0] for name in (STARTER, REFERENCE) if name in files]
    return len(texts) == 2 and all(any(code_faults("", text, entry)) for text in texts)


def _wordless(name: str, code: str) -> Iterator[PackageFault]:
    if not (ast.get_docstring(ast.parse(code)) or "").strip():
        reason = "has no docstring, which is what a learner with this mistake is told; begin the file with it"
        yield PackageFault(file=name, line=1, reason=reason, is_warning=True)


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


def _solution_faults(read: ReadManifest, files: Mapping[str, bytes]) -> Iterator[PackageFault]:
    """Tell solutions that are declared and not there, and variants that are there and not declared."""
    if read.draft is None:
        return
    lines = TomlLines(read.text)
    for part, folder in (("variants", _VARIANTS), ("also_right", _ALSO_RIGHT)):
        there, declared = sources(files, folder), read.draft.declared(part)
        if declared is None:
            continue
        undeclared = [name for name in there if name not in declared] if part == "variants" else []
        for name in declared:
            if name in there:
                continue
            meant = nearest(name, [other for other in there if other not in declared])
            undeclared = [other for other in undeclared if other != meant]
            rest = f"did you mean `{meant}`?" if meant else "write it, or take these lines away"
            shown = folder.removeprefix("reference/")
            yield manifest_fault(lines, (part, name), f"{shown} has no file {name}.py; {rest}")
        for name in undeclared:
            reason = f"problem.toml has no [variants.{name}], which says its `outcome` and what it `fails`"
            yield PackageFault(file=there[name], reason=reason)
