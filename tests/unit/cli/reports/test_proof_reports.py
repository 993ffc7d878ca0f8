"""A proof for a terminal of 100 columns, as Markdown and as JSON."""

import json
import math

import pytest

from app.cli.reports.proof_report import proofs_json, proofs_markdown
from app.cli.reports.proof_table import WIDTH, ProofTable, short_number, summary_lines
from app.core.outcome import Outcome
from app.core.verdict import Visibility
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Column, Figure, Proof, Role, SolutionResult

_FAULT = Fault(reason=Reason.VARIANT_TOO_NEAR, message="near lies 4.9 tolerances from the reference")


def _columns(count: int) -> tuple[Column, ...]:
    return tuple(
        Column(name=f"case-{place}", kind="value", visibility=Visibility.HIDDEN) for place in range(count)
    )


def _row(name: str, **distances: float) -> SolutionResult:
    named = {key.replace("_", "-"): value for key, value in distances.items()}
    return SolutionResult(
        role=Role.VARIANT,
        id=name,
        expected=Outcome.WRONG_VALUE,
        outcome=Outcome.WRONG_VALUE,
        failed=tuple(case for case, value in named.items() if value > 1),
        named=name,
        distances=named,
        wall_seconds=0.25,
    )


def _proof(*faults: Fault) -> Proof:
    figure = Figure(id="nearest_variant", text="nearest variant: near", value=4.9, bound=5.0, faults=faults)
    rows = (_row("near", case_0=0.25, case_1=4.9), _row("far", case_0=math.inf, case_1=12345.0), figure)
    return Proof(problem="toy", position=3, version="abc", columns=_columns(2), results=rows)


@pytest.mark.parametrize("count", [1, 2, 5, 8, 9, 12, 16, 21])
def test_a_table_is_as_wide_as_a_terminal(count: int) -> None:
    """Up to 21 cases and probes, with the longest names and numbers."""
    table = ProofTable(_columns(count))
    row = _row("a_variant_with_a_name_far_too_long_for_it", **{f"case_{n}": 7e12 for n in range(count)})
    lines = [*table.legend(), *table.lines(row), *table.lines(_proof(_FAULT).figures[0])]
    assert max(map(len, lines)) <= WIDTH


def test_a_row_tells_how_far_off_each_case_is_and_the_name() -> None:
    near, far = list(map(ProofTable(_columns(2)).lines, _proof().solutions))
    assert list(near)[-1].split() == ["✓", "near", "wrong_value", "·", "4.9", "named"]
    assert list(far)[-1].split() == ["✓", "far", "wrong_value", "∞", "12345", "named"]


def test_what_only_a_call_without_a_column_catches_is_told() -> None:
    """A solution that keeps its answer is caught by a fresh case, or when it is called again."""
    row = _row("keeps_its_answer", case_7=2.0)
    *_, last = ProofTable(_columns(2)).lines(row)
    assert last.strip() == "caught by case-7"


def test_a_refusal_stands_below_its_row_with_what_to_change() -> None:
    lines = list(ProofTable(_columns(2)).lines(_proof(_FAULT).figures[0]))
    text = " ".join(line.strip() for line in lines)
    assert f"variant_too_near: {_FAULT.message}." in text
    assert f"→ {_FAULT.remedy}" in text


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        *(
            (4.9, 4, "4.9"),
            (0.0123, 4, ".012"),
            (567.4, 4, "567"),
            (58583.0, 4, "6e4"),
            (58583.0, 5, "58583"),
        ),
        *((math.inf, 1, "∞"), (12.0, 1, "×"), (3.2e12, 4, "3e12"), (1.04, 2, "1")),
    ],
)
def test_a_number_takes_what_room_there_is(value: float, width: int, text: str) -> None:
    assert short_number(value, width) == text


def test_the_last_line_counts_the_reasons() -> None:
    assert summary_lines("toy", ()) == ["  toy is proven"]
    assert summary_lines("toy", (_FAULT, _FAULT)) == ["  toy is refused: variant_too_near (2)"]


def test_markdown_has_a_table_a_problem() -> None:
    text = proofs_markdown([_proof(), _proof(_FAULT)])
    assert text.count("## 3 toy: proven") == text.count("## 3 toy: refused") == 1
    assert "| solution | role | outcome | case-0 | case-1 | named | seconds | holds |" in text
    assert "| `near` | variant | wrong_value | · | 4.9 | near | 0.2 | yes |" in text
    assert "| `far` | variant | wrong_value | ∞ | 1.23e+04 | far |" in text
    assert f"- **`variant_too_near`** {_FAULT.message}. {_FAULT.remedy}" in text


def test_json_holds_everything_and_no_infinity() -> None:
    """Strict JSON: another program reads it."""
    report = json.loads(proofs_json([_proof(_FAULT)], {"jax": "0.10.2"}), parse_constant=pytest.fail)
    assert (report["format"], report["environment"]) == (1, {"jax": "0.10.2"})
    [problem] = report["problems"]
    assert (problem["problem"], problem["position"], problem["proven"]) == ("toy", 3, False)
    assert problem["cases"][0] == {"name": "case-0", "kind": "value", "visibility": "hidden"}
    near, far = problem["solutions"]
    assert near["distances"] == {"case-0": 0.25, "case-1": 4.9}
    assert far["distances"] == {"case-0": None, "case-1": 12345.0}
    assert far["failed"] == ["case-0", "case-1"]
    [figure] = problem["figures"]
    assert (figure["id"], figure["value"], figure["bound"]) == ("nearest_variant", 4.9, 5.0)
    [fault] = problem["faults"]
    assert fault == {"reason": "variant_too_near", "message": _FAULT.message, "remedy": _FAULT.remedy}
