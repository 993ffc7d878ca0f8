"""Proofs as Markdown and as JSON."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from app.grading.prove.reasons import Fault
from app.grading.prove.results import Figure, Proof, Role, SolutionResult

_FORMAT = 1
"""Counted up when a key of the JSON report changes its meaning; new keys may come without that."""


def proofs_json(proofs: Sequence[Proof], environment: Mapping[str, str]) -> bytes:
    """Return one object, as `docs/authors.md` describes it; an infinite distance is null."""
    report = {
        "format": _FORMAT,
        "environment": dict(environment),
        "problems": [_problem(proof) for proof in proofs],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def proofs_markdown(proofs: Sequence[Proof]) -> str:
    """Return for each problem its mutation table, the figures, and why it is refused if it is."""
    lines: list[str] = []
    for proof in proofs:
        lines += [*proof_lines(proof, "proven" if proof.is_proven else "refused"), ""]
    return "\n".join(["# Proofs", "", *lines])


def proof_lines(proof: Proof, verdict: str) -> list[str]:
    """Return one problem's part of a report."""
    lines = [f"## {proof.position} {proof.problem}: {verdict}", "", f"Version `{proof.version}`.", ""]
    if proof.faults:
        lines += [f"- **`{fault.reason}`** {fault.message}. {fault.remedy}" for fault in proof.faults]
        lines += [""]
    return [*lines, *_table(proof), "", *(f"- {figure.text}" for figure in proof.figures)]


def proof_page(proof: Proof, environment: Mapping[str, str]) -> str:
    """Return the mutation table that stands beside a proof's record."""
    made = ", ".join(f"{name} {environment[name]}" for name in ("jax", "flax", "numpy", "python"))
    meaning = (
        "A number says how many tolerances a solution is off in a case that catches it, ∞ that something "
        "other than a number does; `·` passes."
    )
    lines = [
        f"# {proof.position} {proof.problem}",
        "",
        f"Proven in version `{proof.version}` with {made}, on {environment['cpu']}. {meaning}",
        "",
        *_table(proof, with_seconds=False),
        "",
        *(f"- {figure.text}" for figure in proof.figures),
    ]
    return "\n".join(lines) + "\n"


def _table(proof: Proof, *, with_seconds: bool = True) -> list[str]:
    names = [column.name for column in proof.columns]
    seconds = ["seconds"] if with_seconds else []
    heads = ["solution", "role", "outcome", *names, "named", *seconds, "holds"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in proof.solutions:
        cells = [_cell(row, name) for name in names]
        holds = ", ".join(f"`{fault.reason}`" for fault in row.faults) or "yes"
        took = [f"{row.wall_seconds:.1f}"] if with_seconds else []
        fields = [f"`{row.id}`", row.role, row.outcome, *cells, row.named, *took, holds]
        lines.append(f"| {' | '.join(fields)} |")
    return lines


def _cell(row: SolutionResult, name: str) -> str:
    if name not in row.failed:
        return "" if row.role is Role.TRIVIAL and name not in row.distances else "·"
    value = row.distances.get(name, math.inf)
    return "∞" if math.isinf(value) else f"{value:.3g}"


def _problem(proof: Proof) -> dict[str, object]:
    return {
        "problem": proof.problem,
        "position": proof.position,
        "version": proof.version,
        "proven": proof.is_proven,
        "cases": [
            {"name": column.name, "kind": column.kind, "visibility": column.visibility}
            for column in proof.columns
        ],
        "solutions": [_solution(row) for row in proof.solutions],
        "figures": [_figure(figure) for figure in proof.figures],
        "faults": [_fault(fault) for fault in proof.faults],
    }


def _solution(row: SolutionResult) -> dict[str, object]:
    return {
        "role": row.role,
        "id": row.id,
        "expected": row.expected,
        "outcome": row.outcome,
        "failed": row.failed,
        "named": row.named,
        "distances": _numbers(row.distances),
        "wall_seconds": row.wall_seconds,
        "faults": [_fault(fault) for fault in row.faults],
    }


def _figure(figure: Figure) -> dict[str, object]:
    return {
        "id": figure.id,
        "text": figure.text,
        "value": _number(figure.value),
        "bound": figure.bound,
        "by_name": _numbers(figure.by_name),
        "faults": [_fault(fault) for fault in figure.faults],
    }


def _fault(fault: Fault) -> dict[str, object]:
    return {"reason": fault.reason, "message": fault.message, "remedy": fault.remedy}


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
