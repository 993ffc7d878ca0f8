"""What came of mutants, kept by what it rests on, so that survivors alone can be run again."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from app.core.paths import make_private_folder
from app.core.problem import Problem
from app.core.source_digest import source_digest
from app.grading.prove.mutants.results import MutantResult
from sandbox.environment import describe_environment
from sandbox.whole_file import write_whole

_REVISION = 1
"""Raised where the meaning of a result changes."""
_CODE = ("app/catalog", "app/core", "app/grading", "sandbox")


class KeptMutants:
    """What came of each mutant, by this data folder, for exactly this problem, code and machine."""

    def __init__(self, data_dir: Path, *, jailed: bool, jax_patches: str = "all") -> None:
        self._data_dir = data_dir
        self._rests_on = (
            _REVISION,
            source_digest(_CODE),
            sorted({**describe_environment(jailed=jailed), "asked_patches": jax_patches}.items()),
        )

    def look_up(self, problem: Problem) -> Mapping[str, MutantResult]:
        """Return by mutant what is known of it."""
        try:
            kept = msgspec.msgpack.decode(self._path(problem).read_bytes(), type=tuple[MutantResult, ...])
        except (OSError, msgspec.DecodeError):
            return {}
        return {result.mutant.id: result for result in kept}

    def keep(self, problem: Problem, results: Mapping[str, MutantResult]) -> None:
        """Keep results beside those that are kept already."""
        everything = {**self.look_up(problem), **results}
        # A full disk takes nothing from what is printed; the next time it is made again.
        with contextlib.suppress(OSError):
            make_private_folder(self._data_dir)
            path = self._path(problem)
            path.parent.mkdir(parents=True, exist_ok=True)
            for older in path.parent.glob("*"):
                if older != path:
                    older.unlink(missing_ok=True)
            write_whole(path, msgspec.msgpack.encode(tuple(everything.values())))

    def _path(self, problem: Problem) -> Path:
        key = hashlib.sha256(repr((problem.version, self._rests_on)).encode()).hexdigest()[:32]
        return self._data_dir / "mutants" / problem.slug / key
