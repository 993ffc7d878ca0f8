"""A proof is kept as long as nothing changes that it rests on."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.grading.prove import kept_proofs
from app.grading.prove.kept_proofs import KeptProofs
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure, Proof, Role, SolutionResult, columns_of
from sandbox.environment import describe_environment
from tests.support.toy_problem import toy_problem

_TOY = toy_problem()


def proof_of(problem: Problem, *faults: Fault) -> Proof:
    figure = Figure(id="nearest_variant", text="nearest", value=float("inf"), by_name={"far": float("inf")})
    row = SolutionResult(
        role=Role.VARIANT, id="far", expected=Outcome.WRONG_SHAPE, outcome=Outcome.WRONG_SHAPE, faults=faults
    )
    return Proof(
        problem=problem.slug,
        position=problem.manifest.position,
        version=problem.version,
        columns=columns_of(problem),
        results=(row, figure),
    )


def test_the_second_time_it_is_there(tmp_path: Path) -> None:
    """With everything that was measured, infinite distances too, and for other processes."""
    assert KeptProofs(tmp_path, jailed=True).look_up(_TOY) is None
    KeptProofs(tmp_path, jailed=True).keep(_TOY, proof_of(_TOY))
    found = KeptProofs(tmp_path, jailed=True).look_up(_TOY)
    assert found is not None
    assert found.proof == proof_of(_TOY)
    assert found.environment["sandbox"] == "jailed"


def _other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**describe_environment(jailed=True), "jax": "99.0"}
    monkeypatch.setattr(kept_proofs, "describe_environment", lambda *, jailed: environment)


def _other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_proofs, "source_digest", lambda packages: "other")


def _other_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_proofs, "PROOF_REVISION", kept_proofs.PROOF_REVISION + 1)


@pytest.mark.parametrize("change", [_other_versions, _other_code, _other_meaning])
def test_it_is_not_there_for_other_code_or_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    KeptProofs(tmp_path, jailed=True).keep(_TOY, proof_of(_TOY))
    change(monkeypatch)
    assert KeptProofs(tmp_path, jailed=True).look_up(_TOY) is None


def test_it_is_not_there_for_another_problem_or_without_a_jail(tmp_path: Path) -> None:
    KeptProofs(tmp_path, jailed=True).keep(_TOY, proof_of(_TOY))
    changed = msgspec.structs.replace(_TOY, version="0" * 64)
    assert KeptProofs(tmp_path, jailed=True).look_up(changed) is None
    assert KeptProofs(tmp_path, jailed=False).look_up(_TOY) is None
    assert KeptProofs(tmp_path, jailed=True, jax_patches="none").look_up(_TOY) is None


def test_what_is_refused_is_tried_again(tmp_path: Path) -> None:
    """The machine may have been to blame, as for too little time."""
    fault = Fault(reason=Reason.TIME_LIMIT_TOO_SMALL, message="it takes too long")
    KeptProofs(tmp_path, jailed=True).keep(_TOY, proof_of(_TOY, fault))
    assert KeptProofs(tmp_path, jailed=True).look_up(_TOY) is None


def test_a_broken_file_is_none(tmp_path: Path) -> None:
    """The next proof takes its place."""
    kept = KeptProofs(tmp_path, jailed=True)
    kept.keep(_TOY, proof_of(_TOY))
    [file] = (tmp_path / "proofs" / _TOY.slug).iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert kept.look_up(_TOY) is None
    kept.keep(_TOY, proof_of(_TOY))
    assert kept.look_up(_TOY) is not None


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    kept = KeptProofs(tmp_path, jailed=True)
    versions = [msgspec.structs.replace(_TOY, version=f"{number:064d}") for number in range(10)]
    for age, problem in enumerate(versions):
        kept.keep(problem, proof_of(problem))
        for file in (tmp_path / "proofs" / _TOY.slug).iterdir():
            stat = file.stat()
            if stat.st_mtime > 1_000_000:
                os.utime(file, (age, age))
    assert [kept.look_up(problem) is not None for problem in versions] == [False] * 2 + [True] * 8


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    """The proof was made and shown all the same."""
    (tmp_path / "proofs").write_text("a file where a folder should be")
    kept = KeptProofs(tmp_path, jailed=True)
    kept.keep(_TOY, proof_of(_TOY))
    assert kept.look_up(_TOY) is None
