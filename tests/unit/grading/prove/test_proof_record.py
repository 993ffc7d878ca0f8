"""A record stands for the files, versions and meaning that it names, and for no others."""

from pathlib import Path

import msgspec
import pytest

from app.errors import ProblemError
from app.grading.prove.kept_proofs import PROOF_REVISION
from app.grading.prove.proof_record import record_of, stale_records, versions_of, write_record
from sandbox.environment import describe_environment
from tests.support.toy_problem import toy_problem
from tests.unit.grading.prove.test_kept_proofs import proof_of

_TOY = toy_problem()
_VERSIONS = versions_of(describe_environment(jailed=True))


def _written(folder: Path, **changed: object) -> list[str]:
    record = record_of(proof_of(_TOY), describe_environment(jailed=True))
    write_record(folder, msgspec.structs.replace(record, **changed), "# a table\n")
    return list(stale_records(folder, [_TOY], _VERSIONS))


def test_a_record_of_today_is_not_stale(tmp_path: Path) -> None:
    assert _written(tmp_path / "made") == []
    assert (tmp_path / "made" / "toy-shift.md").read_text() == "# a table\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": "f" * 64}, "toy-shift: its files have changed since it was proven (ffffffffffff, now "),
        ({"revision": 0}, f"toy-shift: a proof means something else now (revision 0, now {PROOF_REVISION})"),
        (
            {"versions": {**_VERSIONS, "jax": "0.1"}},
            f"toy-shift: it was proven before jax {_VERSIONS['jax']}",
        ),
        ({"problem": "another"}, "toy-shift: there is no record of its proof"),
    ],
)
def test_another_record_is_stale(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    first, *_ = _written(tmp_path, **changed)
    assert first.startswith(said)


def test_a_broken_record_is_none_and_one_without_a_problem_is_told(tmp_path: Path) -> None:
    _written(tmp_path)
    (tmp_path / "gone.json").write_text("{}")
    (tmp_path / "toy-shift.json").write_text("{")
    assert list(stale_records(tmp_path, [_TOY], _VERSIONS)) == [
        "toy-shift: there is no record of its proof",
        "gone: there is a record, and no such problem",
    ]


def test_a_record_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProblemError, match="no record can be written there"):
        _written(tmp_path / "file" / "below")
