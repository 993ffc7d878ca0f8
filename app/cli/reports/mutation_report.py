"""What came of a problem's mutants: lines for a terminal, a page for docs/proofs, JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from app.grading.prove.mutants.results import Explanation, Fate, Likeness, MutantResult, MutationReport

_SHOWN = 60
_FIRST_CASES = 3
_LIKENESS = {
    Likeness.EVERYWHERE: "gives the same numbers on every input that was drawn",
    Likeness.ON_THESE_CASES: "gives the same numbers on these cases, and others elsewhere",
    Likeness.WITHIN_TOLERANCE: "gives other numbers, nearer than the tolerance",
}


def result_lines(result: MutantResult) -> Iterator[str]:
    """Yield what a terminal shows of one mutant: a line, and of a survivor what would tell it."""
    mutant = result.mutant
    mark = {Fate.KILLED: "✓", Fate.NO_VERDICT: "?"}.get(result.fate, "✗" if result.is_open else "=")
    yield f"  {mark} {mutant.line:>4}  {mutant.id:<36} {_ending(result)}"
    if result.fate is Fate.KILLED and result.explanation is not Explanation.WRONG:
        return
    yield f"          {_cut(mutant.was)} → {_cut(mutant.becomes) or 'nothing'}"
    if result.explanation is Explanation.WRONG:
        yield f"          is explained wrongly, as {result.explained_as}"
    if result.fate is Fate.SURVIVED:
        yield f"          {survivor_sentence(result)}"


def _ending(result: MutantResult) -> str:
    if result.fate is Fate.NO_VERDICT:
        return f"no verdict: {result.reason}"
    if result.fate is Fate.SURVIVED:
        return f"survives, declared equivalent: {result.declared}" if result.declared else "survives"
    more = len(result.killed_by) - _FIRST_CASES
    killed_by = ", ".join(result.killed_by[:_FIRST_CASES]) + (f" and {more} more" if more > 0 else "")
    explained = f"; {result.explained_as}" if result.explanation is Explanation.RIGHT else ""
    return f"killed by {killed_by}{explained}"


def survivor_sentence(result: MutantResult) -> str:
    """Say in which way a survivor is like the reference, and what would tell it."""
    assert result.likeness is not None
    said = _LIKENESS[result.likeness]
    if result.likeness is Likeness.WITHIN_TOLERANCE:
        said = f"{said} (at most {result.distance:.2g} of it)"
    if result.telling is None:
        return f"{said}; {result.drawn} drawn inputs tell nothing more"
    return f"{said}; what would tell: {result.telling.words} ({result.telling.distance:.3g} tolerances apart)"


def summary_lines(report: MutationReport) -> Iterator[str]:
    """Yield what a terminal shows below all mutants."""
    fates = Counter(result.fate for result in report.results)
    explained = Counter(result.explanation for result in report.results if result.explanation is not None)
    counts = ", ".join(f"{fates[fate]} {words}" for fate, words in _WORDS.items() if fates[fate])
    yield f"{report.problem}: {len(report.results)} mutants: {counts}"
    if explained:
        yield (
            f"of the killed, {explained[Explanation.RIGHT]} are explained rightly, "
            f"{explained[Explanation.NONE]} not at all, {explained[Explanation.WRONG]} wrongly"
        )
    for name, reason in report.fallen.items():
        yield f"  the declaration of {name} has fallen: {reason}"
    yield _ends(report)


_WORDS = {Fate.KILLED: "killed", Fate.SURVIVED: "survive", Fate.NO_VERDICT: "without a verdict"}


def _ends(report: MutationReport) -> str:
    if report.is_clean:
        return "no undeclared survivor"
    parts = []
    if report.open:
        parts.append(f"{len(report.open)} undeclared survivors")
    if report.fallen:
        parts.append(f"{len(report.fallen)} declarations that no longer bind")
    return " and ".join(parts)


def mutation_page(report: MutationReport, environment: dict[str, str]) -> str:
    """Return the table that is committed under docs/proofs, as Markdown."""
    versions = ", ".join(f"{name} {environment[name]}" for name in ("jax", "flax", "numpy"))
    return "\n".join(
        [
            f"# Mutants of {report.position} {report.problem}",
            "",
            f"Version `{report.version[:12]}`, {versions}.",
            "",
            *summary_lines(report),
            "",
            "| line | mutant | was | becomes | came of it |",
            "|---|---|---|---|---|",
            *map(_row, report.results),
            "",
        ]
    )


def _row(result: MutantResult) -> str:
    mutant = result.mutant
    was, becomes = _cell(mutant.was), _cell(mutant.becomes) or " "
    return f"| {mutant.line} | `{mutant.id}` | `{was}` | `{becomes}` | {_came_of_it(result)} |"


def _came_of_it(result: MutantResult) -> str:
    if result.fate is Fate.SURVIVED:
        return f"{_ending(result)}; {survivor_sentence(result)}"
    if result.explanation is Explanation.NONE:
        return f"{_ending(result)}; not explained"
    if result.explanation is Explanation.WRONG:
        return f"{_ending(result)}; explained wrongly, as {result.explained_as}"
    return _ending(result)


def mutation_json(reports: Sequence[MutationReport], environment: dict[str, str]) -> bytes:
    """Return everything, as JSON."""
    return msgspec.json.format(
        msgspec.json.encode({"environment": environment, "reports": reports}), indent=1
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _cell(text: str) -> str:
    return _cut(text).replace("|", "\\|").replace("`", "'")
