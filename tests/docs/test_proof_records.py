"""Every problem has the record of its proof, of the files, the versions and the meaning of today."""

from pathlib import Path

import msgspec

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from app.grading.prove.kept_proofs import PROOF_REVISION
from app.grading.prove.proof_record import ProofRecord, stale_records, versions_of, write_record
from sandbox.environment import describe_environment
from tests.support.checkout import CHECKOUT

_RECORDS = CHECKOUT / "docs" / "proofs" / "problems"
_VERSIONS = versions_of(describe_environment(jailed=True))


def _problems() -> list[Problem]:
    loaded = load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions")
    return [read_problem(files) for files in loaded.problems.values()]


def test_every_problem_is_proven_as_it_is() -> None:
    """`make proofs` proves what has changed, and writes the records."""
    assert list(stale_records(_RECORDS, _problems(), _VERSIONS)) == []


def test_a_changed_problem_or_another_jax_would_be_noticed(tmp_path: Path) -> None:
    for problem in _problems():
        record = ProofRecord(
            problem=problem.slug,
            position=problem.manifest.position,
            version=problem.version,
            revision=PROOF_REVISION,
            versions=_VERSIONS,
        )
        write_record(tmp_path, record, "")
    first, *others = _problems()
    assert list(stale_records(tmp_path, _problems(), _VERSIONS)) == []
    changed = msgspec.structs.replace(first, version="0" * 64)
    [stale] = stale_records(tmp_path, [changed, *others], _VERSIONS)
    assert stale.startswith(f"{first.slug}: its files have changed")
    assert len(list(stale_records(tmp_path, _problems(), {**_VERSIONS, "jax": "99"}))) == len(others) + 1


def test_every_record_has_its_table() -> None:
    for record in _RECORDS.glob("*.json"):
        text = record.with_suffix(".md").read_text()
        assert "| `reference` | reference | accepted |" in text
        assert Path(record).stem in text
