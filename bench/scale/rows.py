"""Rows as a large installation has them: verdicts with pictures, problems as folders."""

from pathlib import Path

import msgspec
import numpy as np

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.core.verdict import CaseResult, LearnerError, Mode, Verdict, Visibility
from app.grading.compare.arrays import compare
from app.grading.present.details import result_details
from bench.graded_problem import position_46
from sandbox.arrays import pack_array
from tests.support.small_problem import small_problem

_ENVIRONMENT = {
    "jax": "0.10.2",
    "jaxlib": "0.10.2",
    "flax": "0.12.8",
    "numpy": "2.3.5",
    "python": "3.11.2",
    "processor": "AMD EPYC 7B13 64-Core Processor",
}


class VerdictRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the columns of an ended submission hold."""

    mode: Mode
    outcome: Outcome
    score: float
    verdict: str


def verdict_rows() -> list[VerdictRow]:
    """Ten kinds of verdicts, sized as those on position 46 are: 1.7 to 6.3 KB a run, 4.7 to 9.5 a submit."""
    kinds = [
        (Mode.RUN, Outcome.ACCEPTED),
        (Mode.RUN, Outcome.WRONG_VALUE),
        (Mode.RUN, Outcome.ERROR),
        (Mode.RUN, Outcome.ACCEPTED),
        (Mode.SUBMIT, Outcome.ACCEPTED),
        (Mode.SUBMIT, Outcome.ACCEPTED),
        (Mode.SUBMIT, Outcome.WRONG_VALUE),
        (Mode.SUBMIT, Outcome.WRONG_VALUE),
        (Mode.SUBMIT, Outcome.WRONG_PARAMETERS),
        (Mode.SUBMIT, Outcome.ERROR),
    ]
    return [_row(mode, outcome, seed) for seed, (mode, outcome) in enumerate(kinds)]


def write_problems(place: Path, count: int) -> None:
    """Write that many folders below `place`/problems and `place`/references.

    Their statements are short: to read a long one takes 20 ms, which says nothing of the database.
    """
    for number in range(count):
        files = small_problem(f"exercise-{number:05}", position=100 + number)
        manifest = files["problem.toml"].decode()
        manifest = manifest.replace('"Double"', f'"Exercise {number} on attention"')
        files["problem.toml"] = manifest.encode()
        for path, content in files.items():
            kind = "references" if path.startswith("reference/") else "problems"
            file = place / kind / f"{number:05}" / path.removeprefix("reference/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _row(mode: Mode, outcome: Outcome, seed: int) -> VerdictRow:
    problem = position_46()
    graded = [
        *(case.name for case in problem.cases(mode, fresh_seed=seed)),
        *(p.name for p in problem.probes(mode)),
    ]
    right = outcome is Outcome.ACCEPTED
    shown = max(1, len(graded) // 5)
    cases = [
        _case(name, outcome, Visibility.SAMPLE if index < shown else Visibility.HIDDEN, index, seed)
        for index, name in enumerate(graded + [f"{name}-again" for name in graded[:3]])
    ]
    error = (
        LearnerError(type="ValueError", message="on purpose", line=7) if outcome is Outcome.ERROR else None
    )
    verdict = Verdict(
        problem=problem.slug,
        version=problem.version,
        outcome=outcome,
        accepted=right,
        score=float(right),
        diagnosis=None,
        cases=tuple(cases),
        stdout="(1, 8, 32)\n" * 10,
        stderr="",
        error=error,
        wall_seconds=0.61,
        environment=_ENVIRONMENT,
    )
    return VerdictRow(
        mode=mode, outcome=outcome, score=verdict.score, verdict=msgspec.json.encode(verdict).decode()
    )


def _case(name: str, outcome: Outcome, visibility: Visibility, index: int, seed: int) -> CaseResult:
    random = np.random.default_rng((seed, index))
    expected = random.normal(size=10).astype(np.float32)
    right = outcome is Outcome.ACCEPTED
    given = expected if right else expected + random.normal(size=10).astype(np.float32)
    hidden = visibility is Visibility.HIDDEN
    outcome = Outcome.PASSED if right else outcome
    if hidden or outcome is not Outcome.WRONG_VALUE:
        return CaseResult(name=name, visibility=visibility, outcome=outcome, points=1.0, wall_seconds=0.05)
    packed, packed_expected = pack_array(given), pack_array(expected)
    found = compare(packed, packed_expected, Tolerance(), dtype="float32")
    details = result_details(found, packed, packed_expected, Tolerance())
    return CaseResult(
        name=name,
        visibility=visibility,
        outcome=outcome,
        points=1.0,
        max_abs_error=found.max_abs_error,
        max_abs_error_at=found.max_abs_error_at,
        mismatched=found.mismatched,
        size=found.size,
        wall_seconds=0.05,
        message=details.advice,
        differences=details.differences,
        picture=details.picture,
    )
