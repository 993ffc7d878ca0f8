"""Proof rows for a terminal, as Markdown and as JUnit XML."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from app.grading.prove import ProofRow

Proofs = Mapping[str, Sequence[ProofRow]]


def proof_line(row: ProofRow) -> str:
    """One row, aligned."""
    mark = "✓" if row.holds else "✗"
    caught = f"{len(row.failed)} caught it" if row.failed else ""
    named = f"named {row.named}" if row.named else ""
    parts = [
        f"{mark} {row.role:<10} {row.id:<32} {row.outcome:<16}",
        f"{row.wall_seconds:6.2f} s",
        caught,
        named,
    ]
    return "  ".join(part for part in (*parts, row.problem) if part)


def proofs_markdown(proofs: Proofs, drift: Mapping[str, str]) -> str:
    """A table a problem: solution by outcome, what caught it and what it was named."""
    lines = ["# Regrade", ""]
    for slug, rows in proofs.items():
        lines += [f"## {slug}", "", "| solution | role | outcome | failed | named | seconds | holds |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [
            f"| `{row.id}` | {row.role} | {row.outcome} | {', '.join(row.failed)} | {row.named} "
            f"| {row.wall_seconds:.2f} | {'yes' if row.holds else row.problem} |"
            for row in rows
        ]
        lines += ["", f"Drift against the stored outputs: {drift.get(slug, 'not compared')}", ""]
    return "\n".join(lines)


def proofs_junit(proofs: Proofs) -> bytes:
    """JUnit XML, as CI systems read it: a suite a problem, a test case a row."""
    root = ElementTree.Element("testsuites", name="jaxercise regrade")
    for slug, rows in proofs.items():
        failures = sum(not row.holds for row in rows)
        suite = ElementTree.SubElement(
            root, "testsuite", name=slug, tests=str(len(rows)), failures=str(failures), errors="0"
        )
        for row in rows:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{slug}.{row.role}", name=row.id, time=f"{row.wall_seconds:.3f}"
            )
            if not row.holds:
                ElementTree.SubElement(case, "failure", message=row.problem)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
