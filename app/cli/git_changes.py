"""Which problems differ from a git revision: files as they were loaded, beside those that it has.

The index, ignored files, renames and folders' names decide nothing: content is compared with content. What
git would convert on its way (line ends, large files elsewhere) counts as changed, so that it is graded.
Nothing is ever fetched.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.cli.problems import ProblemFolder, files_of, may_be_loaded
from app.errors import GraderError

_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""Set where a hook of another repository calls us, and would be taken for the problems' own."""
_NO_CONTENT = ""
"""The id of what has none to compare, such as a link: it counts as changed."""


class RevisionLacking(GraderError):
    """A shallow clone does not reach back to the revision, so nobody can tell what has changed."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from a revision."""

    folders: frozenset[str]
    """The names of the problems' folders."""
    elsewhere: tuple[str, ...] = ()
    """What belongs to no problem which is there: one that was taken away, a reference alone."""


def changes_since(revision: str, roots: Sequence[Path], folders: Sequence[ProblemFolder]) -> Changes:
    """Compare all that lies below the folders of problems and of references with a revision.

    Raises:
        RevisionLacking: this clone is too shallow to have it.
        GraderError: git is not there, does not know the revision, or knows no such folder.
    """
    if not revision.strip():
        raise GraderError("--since names no revision: name one, or leave it out to grade every problem")
    names = {folder.name for folder in folders}
    changed: set[str] = set()
    elsewhere: dict[str, None] = {}
    for root in roots:
        for path in _changed_below(root, revision):
            name, _, _ = path.partition("/")
            if name in names:
                changed.add(name)
            else:
                elsewhere[str(root / name)] = None
    return Changes(folders=frozenset(changed), elsewhere=tuple(elsewhere))


def _changed_below(root: Path, revision: str) -> list[str]:
    before = _files_at(root, revision)
    now = {path: _object_id(file, before.get(path, "")) for path, file in files_of(root)}
    differing = {path for path, found in now.items() if found == _NO_CONTENT or found != before.get(path)}
    return sorted(differing | (before.keys() - now.keys()))


def _object_id(file: Path, like: str) -> str:
    """Return git's id of a file's content, by the hash that `like` was made with."""
    try:
        if file.is_symlink() or not file.is_file():
            return _NO_CONTENT
        data = file.read_bytes()
    except OSError:
        return _NO_CONTENT
    # It tells changes, and keeps nothing safe.
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest()


def _files_at(root: Path, revision: str) -> dict[str, str]:
    """Return the object ids that a revision has below a folder, by path relative to it."""
    commit = _commit(root, revision)
    printed = _git(root, ["ls-tree", "-r", "-z", commit, "--", "."])
    if printed.returncode != 0:
        raise GraderError(f"--since {revision}: git cannot list {root}: {_reason(printed.stderr)}")
    found = {}
    for entry in filter(None, printed.stdout.split("\0")):
        kind, _, path = entry.partition("\t")
        if may_be_loaded(path.split("/")):
            found[path] = kind.split()[2]
    return found


def _commit(root: Path, revision: str) -> str:
    """Return the full name of a commit, without asking anybody else for it."""
    words = ["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"]
    # A clone that leaves objects out would fetch what it is asked for, as `protocol.allow` forbids.
    asked = _git(root, words, options=["-c", "protocol.allow=never"])
    if asked.returncode == 0:
        return asked.stdout.strip()
    shallow = _git(root, ["rev-parse", "--is-shallow-repository"])
    if shallow.returncode != 0:
        raise GraderError(f"--since {revision}: {_without_repository(root, shallow.stderr)}")
    if shallow.stdout.strip() == "true":
        raise RevisionLacking(
            f"--since {revision}: this clone is shallow and does not have that revision, so what has changed "
            "cannot be told: clone with more history (`fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` "
            "in GitLab), or leave --since out"
        )
    raise GraderError(f"--since {revision}: git knows no such revision in {root}")


def _without_repository(root: Path, complaint: str) -> str:
    if "not a git repository" in complaint:
        return f"{root} lies in no git repository: leave --since out to grade every problem"
    if "dubious ownership" in complaint:
        found = re.search(r"repository at '(.+)'", complaint)
        owned = found[1] if found else str(root)
        return (
            f"git does not trust {owned}, which belongs to another user: "
            f"`git config --global --add safe.directory {owned}`"
        )
    return f"git cannot read {root}: {_reason(complaint)}"


def _reason(complaint: str) -> str:
    first, *_ = complaint.strip().splitlines() or ["it does not say why"]
    return re.sub(r"^(fatal|error): ", "", first)


def _git(
    root: Path, words: Sequence[str], *, options: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run git where `root` is; what it complains of is in English.

    Raises:
        GraderError: it cannot be started.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        return subprocess.run(
            ["git", *options, "-C", str(root), *words],
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError:
        raise GraderError("--since needs git, and there is no such program on the PATH") from None
    except OSError as fault:
        raise GraderError(f"--since needs git, which cannot be started: {fault.strerror}") from None
