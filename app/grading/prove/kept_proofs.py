"""Proofs that have been made, kept by what they rest on: the problem's content, our code, the versions."""

import contextlib
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.core.paths import make_private_folder
from app.core.problem import Problem
from app.core.source_digest import source_digest
from app.grading.prove.results import Proof
from sandbox.environment import describe_environment
from sandbox.whole_file import write_whole

PROOF_REVISION = 4
"""Raised where the meaning of a proof changes: what is asked of a problem, or a bound it is held to."""

_CODE = ("app/catalog", "app/core", "app/grading", "sandbox")
_KEPT_OF_EACH = 8
"""Of the proofs of one problem, the newest: an author goes back and forth between a few texts."""


class KeptProof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof, and when and where it was made."""

    proof: Proof
    environment: dict[str, str]
    proven_at: datetime


class KeptProofs:
    """The proofs that were made by this machine's data folder.

    Only problems that are proven are kept. What is refused is tried again: its author has changed it, or
    the machine was to blame.
    """

    def __init__(self, data_dir: Path, *, jailed: bool, jax_patches: str = "all") -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "proofs"
        self.environment = describe_environment(jailed=jailed)
        self._asked = {**self.environment, "asked_patches": jax_patches}
        self._code = source_digest(_CODE)

    def look_up(self, problem: Problem) -> KeptProof | None:
        """Return the proof of exactly this problem by exactly this code; None where there is none."""
        try:
            return msgspec.msgpack.decode(self._path(problem).read_bytes(), type=KeptProof)
        except (OSError, msgspec.DecodeError):
            return None

    def keep(self, problem: Problem, proof: Proof) -> None:
        """Keep it for the next time, where it is one to keep."""
        if not proof.is_proven:
            return
        kept = KeptProof(proof=proof, environment=self.environment, proven_at=datetime.now(UTC))
        # A full disk takes nothing from a proof that was made; the next time it is made again.
        with contextlib.suppress(OSError):
            make_private_folder(self._data_dir)
            _write(self._path(problem), msgspec.msgpack.encode(kept))

    def _path(self, problem: Problem) -> Path:
        return self._folder / problem.slug / _key(problem.version, self._code, self._asked)


def _write(path: Path, data: bytes) -> None:
    """Write a file, and take the oldest ones beside it away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    by_age = sorted(path.parent.iterdir(), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for older in by_age[_KEPT_OF_EACH:]:
        older.unlink(missing_ok=True)


def _key(version: str, code: str, environment: Mapping[str, str]) -> str:
    rests_on = (PROOF_REVISION, version, code, sorted(environment.items()))
    return hashlib.sha256(repr(rests_on).encode()).hexdigest()[:32]
