"""The record of a proof, committed beside its mutation table: which content of a problem has been proven."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from app.core.problem import Problem
from app.errors import ProblemError
from app.grading.prove.kept_proofs import PROOF_REVISION
from app.grading.prove.results import Proof

_VERSIONS = ("jax", "jaxlib", "flax", "numpy", "optax")


class ProofRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`SLUG.json`: what was proven, by which meaning of a proof, and with what it was computed."""

    problem: str
    position: int
    version: str
    """The hash of the problem's and its reference's folder."""
    revision: int
    versions: dict[str, str]


def record_of(proof: Proof, environment: Mapping[str, str]) -> ProofRecord:
    """Make the record of a proof that holds."""
    return ProofRecord(
        problem=proof.problem,
        position=proof.position,
        version=proof.version,
        revision=PROOF_REVISION,
        versions=versions_of(environment),
    )


def versions_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the packages that compute; the machine does not matter to a proof."""
    return {name: environment[name] for name in _VERSIONS}


def write_record(folder: Path, record: ProofRecord, table: str) -> None:
    """Write the record, and the mutation table as Markdown beside it.

    Raises:
        ProblemError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{record.problem}.md").write_text(table)
        (folder / f"{record.problem}.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
        )
    except OSError as fault:
        raise ProblemError(f"{folder}: no record can be written there: {fault.strerror}") from None


def stale_records(folder: Path, problems: Iterable[Problem], versions: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each record that is not of its problem as it is now, and for each without one."""
    slugs = set()
    for problem in problems:
        slugs.add(problem.slug)
        if reason := _difference(_read(folder / f"{problem.slug}.json"), problem, versions):
            yield f"{problem.slug}: {reason}"
    for path in sorted(folder.glob("*.json")):
        if path.stem not in slugs:
            yield f"{path.stem}: there is a record, and no such problem"


def _read(path: Path) -> ProofRecord | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ProofRecord)
    except (OSError, msgspec.DecodeError):
        return None


def _difference(record: ProofRecord | None, problem: Problem, versions: Mapping[str, str]) -> str:
    if record is None:
        return "there is no record of its proof"
    if record.version != problem.version:
        was, now = record.version[:12], problem.version[:12]
        return f"its files have changed since it was proven ({was}, now {now})"
    if record.revision != PROOF_REVISION:
        return f"a proof means something else now (revision {record.revision}, now {PROOF_REVISION})"
    others = [f"{name} {number}" for name, number in versions.items() if record.versions.get(name) != number]
    return f"it was proven before {', '.join(others)}" if others else ""
