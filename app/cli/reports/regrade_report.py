"""What a regrade has found so far, and its reports: JUnit XML for CI systems, Markdown for people."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.catalog.faults import BrokenPackage, PackageFault
from app.cli.problems import ProblemFolder
from app.cli.reports.junit import Case, Ending, Suite, junit
from app.cli.reports.proof_report import proof_lines
from app.grading.prove.results import Figure, Proof, ProofResult, Role, SolutionResult, columns_of
from app.grading.reference.drift import FILE_NAME, DriftReport

_PLACE = re.compile(r"(?P<file>[^:\n]+?)(?::(?P<line>\d+))?: (?:\$\.?(?P<key>[^:\s]*): )?(?P<reason>.*)")
_LINE_OF_A_MESSAGE = re.compile(r"(?:\.py:|\bline )(\d+)")
_TABLE_OF_A_FIGURE = {"processor_time": "limits", "noise_floor": "tolerance", "nearest_variant": "tolerance"}
_OF_THE_REFERENCE = ("determinism", "float64", "traced")
_ITSELF = "regrade"


class Regraded(msgspec.Struct, kw_only=True):
    """One folder, and what is known of it so far."""

    folder: ProblemFolder
    results: list[ProofResult] = []
    drift: DriftReport | None = None
    is_finished: bool = False

    @property
    def label(self) -> str:
        """What a report calls it: two that cannot be read may claim one slug."""
        return self.folder.name if self.folder.problem is None else self.folder.slug

    @property
    def proof(self) -> Proof | None:
        """What is proven of it so far; None of a package that cannot be read, or was not come to."""
        problem = self.folder.problem
        if problem is None or not self.results:
            return None
        return Proof(
            problem=problem.slug,
            position=problem.manifest.position,
            version=problem.version,
            columns=columns_of(problem),
            results=tuple(self.results),
        )

    @property
    def holds(self) -> bool:
        """Return whether all of it was graded, and is as it should be."""
        proof, drift = self.proof, self.drift
        is_proven = self.is_finished and proof is not None and proof.is_proven
        return is_proven and drift is not None and drift.is_tolerable


class Run(msgspec.Struct, kw_only=True):
    """A regrade, under way or ended."""

    place: Path
    """Where the problems lie."""
    folders: list[Regraded] = []
    note: str = ""
    """Why nothing had to be graded."""
    stopped: str = ""
    """Why it is not whole; empty where it is."""
    stopped_type: str = "incomplete"

    @property
    def holds(self) -> bool:
        return not self.stopped and all(one.holds for one in self.folders)

    @property
    def progress(self) -> str:
        """Say how far it has come."""
        finished = sum(one.is_finished for one in self.folders)
        gradable = sum(one.folder.problem is not None for one in self.folders)
        return f"{finished} of {gradable} problems were graded"


def regrade_junit(run: Run) -> bytes:
    """Return JUnit XML: a suite a problem, and one of the run itself where that has something to tell."""
    suites = [Suite(name=one.label, cases=tuple(_cases(one))) for one in run.folders]
    own = Case(group=_ITSELF, name="whole", file=_shown(run.place))
    if run.stopped:
        message = f"{run.stopped}; {run.progress}" if run.folders else run.stopped
        error = msgspec.structs.replace(own, ending=Ending.ERROR, type=run.stopped_type, message=message)
        suites.append(Suite(name=_ITSELF, cases=(error,)))
    elif run.note:
        skipped = msgspec.structs.replace(own, ending=Ending.SKIPPED, message=run.note)
        suites.append(Suite(name=_ITSELF, cases=(skipped,)))
    properties = {"incomplete": run.stopped} if run.stopped else {}
    return junit("jaxercise regrade", suites, properties=properties)


def regrade_markdown(run: Run) -> str:
    """Return what is wrong with the run and with packages, then each problem's table, figures and drift."""
    lines = ["# Proofs", ""]
    if run.stopped:
        lines += [f"**Incomplete**: {run.stopped}; {run.progress}.", ""]
    if run.note:
        lines += [f"{run.note}.", ""]
    for one in run.folders:
        proof = one.proof
        if one.folder.refusal is not None:
            lines += [f"## {one.folder.name}: broken", ""]
            lines += [f"- {fault}" for fault in package_faults(one.folder)]
        elif proof is None:
            lines += [f"## {one.folder.name}: not graded"]
        else:
            verdict = "proven" if proof.is_proven else "refused"
            lines += proof_lines(proof, verdict if one.is_finished else "not graded to its end")
            said = one.drift.said if one.drift is not None else "not compared"
            lines += [f"- drift against the stored outputs: {said}"]
        lines += [""]
    return "\n".join(lines)


def package_faults(folder: ProblemFolder) -> tuple[PackageFault, ...]:
    """Return all that is wrong with a package that cannot be read, with its places."""
    refusal = folder.refusal
    if refusal is None:
        return ()
    if isinstance(refusal, BrokenPackage):
        return tuple(
            msgspec.structs.replace(fault, file=fault.file.removeprefix(f"{folder.name}/"))
            for fault in refusal.faults
            if not fault.is_warning
        )
    message = refusal.message.removeprefix(f"{folder.name}/")
    found = _PLACE.fullmatch(message)
    if found is None:
        return (PackageFault(file="problem.toml", reason=message),)
    line = int(found["line"]) if found["line"] else None
    return (PackageFault(file=found["file"], line=line, key=found["key"] or "", reason=found["reason"]),)


def _cases(one: Regraded) -> Iterator[Case]:
    folder = one.folder
    manifest = _text(folder.package / "problem.toml")
    for fault in package_faults(folder):
        yield Case(
            group=f"{one.label}.package",
            name=" ".join(filter(None, [fault.file, fault.key, f"line {fault.line}" if fault.line else ""])),
            file=_shown(_path(folder, fault.file)),
            line=fault.line or _line_of_key(manifest, fault.key),
            ending=Ending.FAILURE,
            type="broken_package",
            message=fault.reason,
            text=str(fault),
        )
    for result in one.results:
        yield _case_of_result(folder, result, manifest)
    if one.drift is not None:
        yield _case_of_drift(folder, one.drift)
    if folder.problem is not None and not one.is_finished:
        yield Case(
            group=f"{folder.slug}.{_ITSELF}",
            name="whole",
            file=_shown(folder.package / "problem.toml"),
            ending=Ending.ERROR if one.results else Ending.SKIPPED,
            type="incomplete",
            message="the run ended before this problem was graded" + (" to its end" if one.results else ""),
        )


def _case_of_result(folder: ProblemFolder, result: ProofResult, manifest: str) -> Case:
    path, line = _place_of(folder, result, manifest)
    case = Case(
        group=f"{folder.slug}.{'figure' if isinstance(result, Figure) else result.role}",
        name=result.id,
        file=_shown(path),
        line=line,
        seconds=result.wall_seconds if isinstance(result, SolutionResult) else 0.0,
    )
    if not result.faults:
        return case
    message = "; ".join(fault.message for fault in result.faults)
    at = _LINE_OF_A_MESSAGE.search(message) if path.suffix == ".py" else None
    return msgspec.structs.replace(
        case,
        line=int(at[1]) if at else line,
        ending=Ending.FAILURE,
        type=str(result.faults[0].reason),
        message=message,
        text="\n".join(f"{fault.reason}: {fault.message}. {fault.remedy}" for fault in result.faults),
    )


def _case_of_drift(folder: ProblemFolder, drift: DriftReport) -> Case:
    case = Case(group=f"{folder.slug}.drift", name=FILE_NAME, file=_shown(folder.reference / FILE_NAME))
    if not drift.is_tolerable:
        return msgspec.structs.replace(
            case,
            ending=Ending.FAILURE,
            type="drift",
            message=f"the reference's outputs against the stored ones: {drift.said}",
            text=(
                f"{drift.said}. Where today's are right, `jaxercise regrade --store-outputs "
                f"{folder.slug}` keeps them; else something that they rest on has changed."
            ),
        )
    if drift.is_compared:
        return case
    return msgspec.structs.replace(case, ending=Ending.SKIPPED, message=drift.said)


def _place_of(folder: ProblemFolder, result: ProofResult, manifest: str) -> tuple[Path, int]:
    """Return the file and the line that a row is about: a solution's entry, or a table of the manifest."""
    problem = folder.problem
    assert problem is not None, "what is graded was read"
    entry = problem.manifest.entry.function
    reference = folder.reference / "reference.py"
    if isinstance(result, Figure):
        if result.id in _OF_THE_REFERENCE:
            return reference, _line_of_entry(problem.reference, entry)
        table = _TABLE_OF_A_FIGURE.get(result.id, "cases")
        return folder.package / "problem.toml", _line_of_key(manifest, table)
    if result.role is Role.TRIVIAL:
        return folder.package / "problem.toml", _line_of_key(manifest, "cases")
    if result.role is Role.VARIANT:
        source = problem.variants.get(result.id, "")
        return folder.package / "variants" / f"{result.id}.py", _line_of_entry(source, entry)
    if result.role is Role.ALSO_RIGHT:
        source = problem.also_right.get(result.id, "")
        return folder.reference / "also_right" / f"{result.id}.py", _line_of_entry(source, entry)
    return reference, _line_of_entry(problem.reference, entry)


def _line_of_entry(source: str, entry: str) -> int:
    """Return the line at which a solution defines its entry, as far as a look tells; else the first."""
    found = re.search(rf"^(?:def\s+{re.escape(entry)}\b|{re.escape(entry)}\s*[:=])", source, re.MULTILINE)
    return source.count("\n", 0, found.start()) + 1 if found else 1


def _line_of_key(manifest: str, key: str) -> int:
    """Return the line of a key's innermost table that a look at `problem.toml` finds; else the first."""
    parts = re.sub(r"\[\d*\]", "", key).split(".")
    while parts and parts[0]:
        name = re.escape(".".join(parts))
        found = re.search(rf"^[ \t]*(?:\[+[ \t]*{name}[ \t]*\]|{name}[ \t]*=)", manifest, re.MULTILINE)
        if found:
            return manifest.count("\n", 0, found.start()) + 1
        parts.pop()
    return 1


def _path(folder: ProblemFolder, file: str) -> Path:
    """Return where a package's file lies on disk."""
    inside = Path(file.removeprefix("reference/"))
    if file.startswith("reference/") or (
        not (folder.package / file).exists() and (folder.reference / file).exists()
    ):
        return folder.reference / inside
    return folder.package / file


def _shown(path: Path) -> str:
    """Return a path as seen from here, where CI systems look for it; absolute where it lies elsewhere."""
    here = Path.cwd()
    absolute = path.absolute()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    except OSError:
        return ""
