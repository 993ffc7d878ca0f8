"""The files of a problem's two folders: which belong there, which are missing, which nothing reads."""

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from app.catalog.faults import PackageFault
from app.catalog.rules.typed_faults import nearest

PackageFiles = dict[str, bytes]

REFERENCE = "reference/reference.py"
TOP_LEVEL = ("problem.toml", "statement.md", "starter.py", REFERENCE)
_FILE_LIMIT_BYTES = 1 << 20
_NO_PART = (".", "__pycache__")
"""What names of files and folders begin with that belong to no problem."""
_NOT_PART_OF_A_VERSION = ("outputs.json",)
"""Kept beside a reference by `jaxercise regrade`; derived, so it must not change the version."""
_ENOUGH_VARIANTS = 4
_ENOUGH_ALSO_RIGHT = 2


def read_files(folder: Path, reference_folder: Path) -> tuple[PackageFiles, list[PackageFault]]:
    """Return the files of one package, and what was left out, with the reason.

    Those of `reference_folder` have `reference/` in front.
    """
    files: PackageFiles = {}
    faults: list[PackageFault] = []
    for root, prefix in ((folder, ""), (reference_folder, "reference/")):
        for path in sorted(_all_below(root, prefix, faults)):
            relative = path.relative_to(root)
            if path.name not in _NOT_PART_OF_A_VERSION and (path.is_symlink() or not path.is_dir()):
                _read_one(path, prefix + relative.as_posix(), files, faults)
    return files, faults


def _all_below(root: Path, prefix: str, faults: list[PackageFault]) -> Iterator[Path]:
    """Yield what is not hidden; a folder that cannot be read is a fault, where a glob takes it for empty."""

    def note(fault: OSError) -> None:
        place = Path(fault.filename or root)
        name = place.relative_to(root).as_posix() if place.is_relative_to(root) else place.name
        reason = f"cannot be read ({fault.strerror}); mend its permissions"
        faults.append(_fault(prefix if name == "." else f"{prefix}{name}", reason))

    for place, folders, files in os.walk(root, onerror=note) if root.exists() else ():
        folders[:] = [name for name in folders if not name.startswith(_NO_PART)]
        yield from (Path(place, name) for name in (*folders, *files) if not name.startswith(_NO_PART))


def as_shown(name: str) -> str:
    """Return a file's name as pages, logs and databases can bear it; bytes that are no text become marks."""
    return "".join("\ufffd" if unicodedata.category(char) in ("Cc", "Cs") else char for char in name)


def _read_one(path: Path, name: str, files: PackageFiles, faults: list[PackageFault]) -> None:
    if (shown := as_shown(name)) != name:
        faults.append(_fault(shown, "its name is not UTF-8 or has control characters; give it another one"))
        return
    try:
        if path.is_symlink():
            kind = "folder" if path.is_dir() else "file"
            reason = f"is a link to a {kind}, and only plain files belong in a problem; copy it here instead"
            faults.append(_fault(name, reason))
        elif not path.is_file():
            faults.append(_fault(name, "is no file; only plain files belong in a problem, so take it away"))
        elif (size_bytes := path.stat().st_size) > _FILE_LIMIT_BYTES:
            reason = f"has {size_bytes:,} bytes; a file may have at most {_FILE_LIMIT_BYTES:,}"
            faults.append(_fault(name, reason))
        else:
            files[name] = path.read_bytes()
    except OSError as fault:
        faults.append(_fault(name, f"cannot be read ({fault.strerror}); mend its permissions"))


def missing_faults(names: Iterable[str]) -> Iterator[PackageFault]:
    """Yield the files that every problem has, and this one has not."""
    there = set(names)
    for name in TOP_LEVEL:
        if name not in there:
            where = "; it lies in the problem's folder of reference_solutions" if name == REFERENCE else ""
            yield _fault(name, f"the file is missing{where}")


def misspelt(names: Iterable[str]) -> dict[str, str]:
    """Return the files that look like ones that are missing, each with the name that was meant."""
    there = set(names)
    missing = [name for name in TOP_LEVEL if name not in there]
    found = {name: nearest(name, missing) for name in sorted(there) if not _belongs(name)}
    return {name: meant for name, meant in found.items() if meant}


def stray_faults(names: Iterable[str]) -> Iterator[PackageFault]:
    """Yield the files that nothing reads, though they are in the folder and would be part of the version."""
    there = set(names)
    meant = misspelt(there)
    for name in sorted(there):
        if _belongs(name):
            continue
        if name in meant:
            reason = f"nothing reads a file of this name; did you mean `{Path(meant[name]).name}`?"
            yield _fault(name, reason)
        else:
            places = (
                "other right solutions lie in also_right/*.py"
                if name.startswith("reference/")
                else "figures lie in assets/, wrong solutions in variants/*.py"
            )
            yield _fault(name, f"nothing reads this file; take it out of the folder ({places})")


def scanty_faults(files: Mapping[str, bytes]) -> Iterator[PackageFault]:
    """Yield warnings that there are fewer solutions than a good problem has, and what that costs."""
    variants = len(sources(files, "variants/"))
    if variants < _ENOUGH_VARIANTS:
        reason = (
            f"{_counted(variants, 'wrong variant')}, and {_ENOUGH_VARIANTS} are asked for: a learner whose "
            "mistake is none of them is refused without being told why"
        )
        yield PackageFault(file="variants/", reason=reason, is_warning=True)
    also_right = len(sources(files, "reference/also_right/"))
    if also_right < _ENOUGH_ALSO_RIGHT:
        reason = (
            f"{_counted(also_right, 'other right solution')}, and {_ENOUGH_ALSO_RIGHT} are asked for: "
            "nothing shows that a right answer that is written otherwise is accepted"
        )
        yield PackageFault(file="reference/also_right/", reason=reason, is_warning=True)


def _counted(count: int, what: str) -> str:
    return f"there is 1 {what}" if count == 1 else f"there are {count} {what}s"


def solutions(names: Iterable[str]) -> list[str]:
    """Return the files of variants and other right solutions, sorted."""
    return sorted(name for name in names if _is_solution(name))


def sources(files: Mapping[str, bytes], prefix: str) -> dict[str, str]:
    """Return the names of the Python files right below `prefix`, by the names of their solutions."""
    return {
        PurePosixPath(name).stem: name for name in files if name.startswith(prefix) and _is_solution(name)
    }


def _belongs(name: str) -> bool:
    return name in TOP_LEVEL or _is_solution(name) or name.startswith("assets/")


def _is_solution(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".py" and str(path.parent) in ("variants", "reference/also_right")


def _fault(file: str, reason: str) -> PackageFault:
    return PackageFault(file=file, reason=reason)
