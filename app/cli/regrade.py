"""`jaxercise regrade`: every reference, also-right solution and variant again, with reports for CI."""

import asyncio
import contextlib
import errno
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from app.cli.files import require_writable, write_report
from app.cli.git_changes import RevisionLacking, changes_since
from app.cli.problems import ProblemFolder, find_folders, load_problems
from app.cli.stopping import run_until_stopped
from app.core.verdict import Mode
from app.errors import GraderError, ProblemError, ReferenceFailed
from app.settings import Settings, read_settings
from sandbox.interface import SandboxError

if TYPE_CHECKING:
    from app.cli.reports.regrade_report import Regraded, Run
    from app.grading.grader import Grader
    from app.grading.reference.drift import DriftReport, StoredOutputs

_NOT_HOLDING = 1
_LACKS_HISTORY = 3
_BY_SIGNAL = 128
_MOST_JOBS = 64
_MOST_RUNS = 4
"""Side by side, of all problems together, unless more problems than these are asked for at once."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was told to do."""

    names: Sequence[str]
    since: str | None
    store_outputs: bool
    jobs: int
    mutants: int | None
    """So many single mistakes in each reference; None for as many as a proof has."""


def regrade(
    problems: Annotated[
        list[str] | None, typer.Argument(help="Slugs or positions; all where none is named.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only problems whose files changed since this git revision.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML report here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a Markdown report here.")] = None,
    store_outputs: Annotated[
        bool, typer.Option("--store-outputs", help="Keep today's reference outputs as those to compare with.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Problems side by side.", min=1, max=_MOST_JOBS)] = 1,
    mutants: Annotated[
        int | None, typer.Option(help="Run so many mutants of each reference; a proof has 25.", min=0)
    ] = None,
    references: Annotated[
        bool,
        typer.Option(
            "--references", help="Every reference, right solution and variant: what it does anyway."
        ),
    ] = True,
) -> None:
    """Grade all solutions of all problems, or of those named.

    Exit code 1 where a row does not hold, outputs drifted or a package is broken; 2: our error or wrong
    usage; 3: the clone is too shallow to tell what has changed; 130 or 143: it was stopped.
    """
    from app.cli.reports.regrade_report import Run

    assert references, "there is nothing else to grade"
    settings = read_settings()
    require_writable(junit, markdown)
    asked = _Asked(names=problems or (), since=since, store_outputs=store_outputs, jobs=jobs, mutants=mutants)
    run = Run(place=settings.problems_dir, stopped="it has not come to its end")
    write = partial(_write_reports, run, junit, markdown)
    write(by_the_way=True)
    with _faults_reported(run, settings, write):
        stopped_by = asyncio.run(
            run_until_stopped(_regrade(settings, run, asked, write), partial(_note_signal, run, write))
        )
        write()
    if stopped_by is not None:
        print(f"jaxercise: {run.stopped}; {run.progress}, and reports say so", file=sys.stderr)
        raise typer.Exit(_BY_SIGNAL + stopped_by)
    rows = sum(len(one.results) for one in run.folders)
    print(
        f"{len(run.folders)} problems, {rows} rows: {run.note or ('all hold' if run.holds else 'some fail')}"
    )
    raise typer.Exit(0 if run.holds else _NOT_HOLDING)


def _write_reports(
    run: "Run", junit: Path | None, markdown: Path | None, *, by_the_way: bool = False
) -> None:
    """Write what is known; `by_the_way` only where a later report takes the place of this one.

    Raises:
        GraderError: a report cannot be written.
    """
    from app.cli.reports.regrade_report import regrade_junit, regrade_markdown

    for path, made in ((junit, regrade_junit), (markdown, regrade_markdown)):
        if path is None or (by_the_way and path.exists() and not path.is_file()):
            continue
        report = made(run)
        write_report(path, report if isinstance(report, bytes) else report.encode(errors="backslashreplace"))


def _note_signal(run: "Run", write: Callable[..., None], number: signal.Signals) -> None:
    run.stopped, run.stopped_type = f"stopped by {number.name}", "stopped"
    # What cannot be written now is tried once more when all has ended, and told then.
    with contextlib.suppress(GraderError):
        write(by_the_way=True)


@contextlib.contextmanager
def _faults_reported(run: "Run", settings: Settings, write: Callable[..., None]) -> Iterator[None]:
    """Tell what ends a run in its reports as well; each is one sentence."""
    try:
        yield
    except (GraderError, SandboxError, OSError) as fault:
        ours = _as_ours(fault, settings) if isinstance(fault, OSError) else fault
        run.stopped, run.stopped_type = str(ours), type(fault).__name__
        with contextlib.suppress(GraderError):
            write()
        if isinstance(fault, RevisionLacking):
            print(f"jaxercise: {fault}", file=sys.stderr)
            raise typer.Exit(_LACKS_HISTORY) from None
        if ours is fault:
            raise
        raise ours from None


def _as_ours(fault: OSError, settings: Settings) -> GraderError:
    where = f" ({fault.filename})" if fault.filename else ""
    reason = f"{fault.strerror or fault}{where}"
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return GraderError(
            "there is no room left for what grading keeps below "
            f"JAXERCISE_DATA_DIR={str(settings.data_dir)!r}: {reason}"
        )
    return GraderError(f"this host did not let us go on: {reason}")


async def _regrade(settings: Settings, run: "Run", asked: _Asked, write: Callable[..., None]) -> None:
    from app.cli.reports.regrade_report import Regraded, package_faults
    from app.cli.validate import proving_grader
    from app.grading.reference.drift import read_outputs

    run.folders = [Regraded(folder=folder) for folder in _chosen(settings, run, asked)]
    gradable = [one for one in run.folders if one.folder.problem is not None]
    # Before minutes of grading, after which a broken file would be found; one that is replaced may be broken.
    stored = {
        one.folder.name: None if asked.store_outputs else read_outputs(one.folder.reference)
        for one in gradable
    }
    write(by_the_way=True)
    for one in run.folders:
        for fault in package_faults(one.folder):
            print(f"✗ {one.folder.name}/{fault}", flush=True)
    if gradable:
        async with proving_grader(settings) as grader:
            await _grade_all(settings, grader, gradable, stored, asked=asked, write=write)
    run.stopped = ""


def _chosen(settings: Settings, run: "Run", asked: _Asked) -> list[ProblemFolder]:
    """Return what is to be graded; with it what is broken, since a change elsewhere may have broken it."""
    folders = load_problems(settings)
    named = find_folders(folders, asked.names) if asked.names else folders
    if asked.since is None:
        return named
    changes = changes_since(asked.since, (settings.problems_dir, settings.references_dir), folders)
    for path in changes.elsewhere:
        print(f"{path} has changed, and belongs to no problem", flush=True)
    if changes.elsewhere and not changes.folders and not asked.names:
        print("so nobody can tell which problems that concerns, and all are graded", flush=True)
        return named
    chosen = [one for one in named if one.name in changes.folders or one.refusal is not None]
    if not chosen:
        run.note = f"nothing of {'these' if asked.names else 'them'} has changed since {asked.since}"
    return chosen


async def _grade_all(
    settings: Settings,
    grader: "Grader",
    gradable: "Sequence[Regraded]",
    stored: "Mapping[str, StoredOutputs | None]",
    *,
    asked: _Asked,
    write: Callable[..., None],
) -> None:
    """Grade problems side by side, and the reports grow with each."""
    from app.cli.validate import kept_proofs_of
    from app.grading.prove.reasons import Reason
    from app.grading.prove.turns import take_turns

    kept_proofs = kept_proofs_of(settings)

    async def grade(one: "Regraded", jobs: int) -> None:
        one.results, one.drift, one.is_finished = [], None, False
        kept = stored[one.folder.name]
        await _grade(one, grader, kept, jobs=jobs, stores=asked.store_outputs, mutants=asked.mutants)
        if one.folder.problem is not None and one.proof is not None:
            kept_proofs.keep(one.folder.problem, one.proof)
        write(by_the_way=True)

    async with take_turns(asked.jobs) as turns:
        for begun in [turns.start(partial(grade, one, asked.jobs)) for one in gradable]:
            await begun
    for one in gradable if asked.jobs > 1 else ():
        faults = one.proof.faults if one.proof is not None else ()
        if any(fault.reason is Reason.TIME_LIMIT_TOO_SMALL for fault in faults):
            # Beside others it may have taken longer than it does.
            print(f"{one.folder.slug} is graded once more, with nothing beside it", flush=True)
            await grade(one, 1)


async def _grade(
    one: "Regraded",
    grader: "Grader",
    stored: "StoredOutputs | None",
    *,
    jobs: int,
    stores: bool,
    mutants: int | None,
) -> None:
    """Prove one problem and compare its reference's outputs; what was said is printed in one piece."""
    from app.cli.reports.proof_table import fault_lines
    from app.cli.validate import print_proof, say_now
    from app.grading.prove.reasons import Fault, Reason
    from app.grading.prove.results import Figure

    problem = one.folder.problem
    assert problem is not None, "what cannot be read is not graded"
    lines: list[str] = []
    say = say_now if jobs == 1 else lines.append
    at_once = max(1, _MOST_RUNS // jobs)
    try:
        await print_proof(problem, grader, results=one.results, say=say, at_once=at_once, mutants=mutants)
    except ReferenceFailed as error:
        # It answered before, and so it is a fault of this problem, beside which others can be graded.
        fault = Fault(reason=Reason.REFERENCE_FAILS, message=error.message)
        one.results.append(Figure(id="repeated", text="not all runs came to their end", faults=(fault,)))
        say("\n".join(fault_lines(fault)))
    one.drift = await _drift(one, grader, stored, stores=stores)
    one.is_finished = True
    say(f"  drift: {one.drift.said}")
    if lines:
        say_now("\n".join(lines))


async def _drift(
    one: "Regraded", grader: "Grader", stored: "StoredOutputs | None", *, stores: bool
) -> "DriftReport":
    """Compare today's reference outputs with the stored ones; with `stores` they take their place."""
    from app.grading.plan.checks import checks_of
    from app.grading.prove.results import Role, SolutionResult
    from app.grading.reference.drift import DriftReport, collect_outputs, report_drift, write_outputs

    problem = one.folder.problem
    assert problem is not None, "what cannot be read is not graded"
    # Where its proof says so, that is told once, and a reference that never ends is not begun again.
    is_refused = any(result.faults for result in one.results)
    not_compared = DriftReport(
        said="not compared: the reference gives no usable answers", is_tolerable=is_refused
    )
    reference = [row for row in one.results if isinstance(row, SolutionResult) and row.role is Role.REFERENCE]
    if is_refused and not (reference and not reference[0].faults):
        return not_compared
    items = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    try:
        answers = await grader.answers.of_reference(problem, items)
    except ReferenceFailed:
        return not_compared
    today = collect_outputs(problem.version, grader.environment(), items, answers)
    if not stores:
        return report_drift(stored, today, problem.manifest.tolerance)
    try:
        write_outputs(one.folder.reference, today)
    except ProblemError as error:
        return DriftReport(said=error.message, is_tolerable=False)
    return DriftReport(said="stored", is_compared=True)
