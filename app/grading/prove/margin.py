"""The margins of a proof: between rounding, the tolerance and the nearest mistake; in time; in inputs."""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Limits, Problem
from app.grading.plan.repeats import shapes_without_a_second_input
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure, Role, SolutionResult

NOISE_AIM = 1 / 20
"""The tolerance should lie at least 20 times above the noise floor, where a problem is made."""
NOISE_BOUND = 1 / 10
"""What refuses: another processor adds in another order, and made up to twice the noise (decision 29)."""
VARIANT_BOUND = 5.0
"""It is at most a fifth of the nearest variant's distance."""
TIME_FACTOR = 2.0
"""The limit is at least twice what the slowest right solution takes."""


def second_input_figure(problem: Problem) -> Figure:
    """Say whether every shape is graded with two inputs at least."""
    alone = shapes_without_a_second_input(problem)
    faults: tuple[Fault, ...] = ()
    if alone:
        message = f"nothing else has the shapes of {', '.join(alone)}, so a cached answer would pass"
        faults = (Fault(reason=Reason.NO_SECOND_INPUT, message=message),)
    text = f"inputs: {', '.join(alone)} alone of its shapes" if alone else "inputs: two or more of each shape"
    return Figure(id="second_inputs", text=text, value=float(len(alone)), bound=0.0, faults=faults)


def noise_figure(by_case: Mapping[str, float]) -> Figure:
    """Judge the largest difference that the call mode alone makes, in units of the tolerance."""
    value, where = _worst(by_case)
    faults: tuple[Fault, ...] = ()
    if value > NOISE_BOUND:
        message = (
            f"eager, jitted and unoptimised runs of the reference differ by {value:.2g} of the tolerance in "
            f"{where}; at most {NOISE_BOUND:g} of it leaves room"
        )
        faults = (Fault(reason=Reason.NOISE_TOO_NEAR, message=message),)
    text = (
        f"noise floor: {value:.2g} of the tolerance (at most {NOISE_BOUND:g}, better {NOISE_AIM:g})"
        f"{where and f', in {where}'}"
    )
    return Figure(
        id="noise_floor", text=text, value=value, bound=NOISE_BOUND, by_name=dict(by_case), faults=faults
    )


def double_figure(by_case: Mapping[str, float]) -> Figure:
    """Judge how far the reference lies from its own run in float64."""
    value, where = _worst(by_case)
    faults: tuple[Fault, ...] = ()
    if not value <= 1:
        message = f"the reference lies {value:.2g} tolerances from its float64 run in {where}"
        faults = (Fault(reason=Reason.DISAGREES_WITH_FLOAT64, message=message),)
    text = f"float64: {value:.2g} of the tolerance away (at most 1){where and f', in {where}'}"
    return Figure(id="float64", text=text, value=value, bound=1.0, by_name=dict(by_case), faults=faults)


def variant_distance(result: SolutionResult, declared: Iterable[str]) -> float:
    """Return a variant's distance: the largest over the cases that it is declared to fail."""
    return max((result.distances.get(name, 0.0) for name in declared), default=0.0)


def nearest_figure(
    results: Iterable[SolutionResult], declared: Mapping[str, tuple[str, ...]]
) -> Figure | None:
    """Judge the variant that is nearest to the reference, of those that fail; None where none does."""
    distances = {
        result.id: variant_distance(result, declared[result.id])
        for result in results
        if result.role is Role.VARIANT and result.outcome is not Outcome.ACCEPTED
    }
    if not distances:
        return None
    nearest = min(distances, key=distances.__getitem__)
    faults = tuple(
        Fault(
            reason=Reason.VARIANT_TOO_NEAR,
            message=f"{name} lies {value:.2g} tolerances from the reference where it shows most; "
            f"at least {VARIANT_BOUND:g} are needed",
        )
        for name, value in distances.items()
        if value < VARIANT_BOUND
    )
    value = distances[nearest]
    shown = "not by numbers alone" if math.isinf(value) else f"{value:.3g} tolerances away"
    return Figure(
        id="nearest_variant",
        text=f"nearest variant: {nearest}, {shown} (at least {VARIANT_BOUND:g})",
        value=value,
        bound=VARIANT_BOUND,
        by_name=distances,
        faults=faults,
    )


class TimeTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Processor time of one whole submission, in seconds of the machine that limits are written for."""

    computing: float
    compiling: float
    is_at_most: bool = False
    """It may take less."""


def fits(taken: TimeTaken, limits: Limits) -> bool:
    """Say whether a right solution that takes so long leaves the margin that a proof wants."""
    return (
        TIME_FACTOR * _computing(taken, limits) <= limits.cpu_seconds
        and TIME_FACTOR * taken.compiling <= limits.seconds_to_compile
    )


def time_figure(taken: Mapping[str, TimeTaken], limits: Limits) -> Figure:
    """Judge what right solutions take with nothing compiled beforehand: to compute, and to compile."""
    compiling = {name: used.compiling for name, used in taken.items()}
    computing = {name: _computing(used, limits) for name, used in taken.items()}
    slowest, longest = (max(by_name, key=by_name.__getitem__) for by_name in (computing, compiling))
    text = (
        f"slowest right solution: {slowest}, {_at_most(taken[slowest])}{computing[slowest]:.1f} s of "
        f"processor time, cold ({_in_words(limits.cpu_seconds, computing[slowest])}), "
        f"besides compiling: {longest}, {_at_most(taken[longest])}{compiling[longest]:.1f} s "
        f"({_in_words(limits.seconds_to_compile, compiling[longest])})"
    )
    key = "cpu_seconds" if limits.compile_seconds is None else "compile_seconds"
    faults = [
        *_too_small("cpu_seconds", limits.cpu_seconds, slowest, computing[slowest], "processor time"),
        *_too_small(key, limits.seconds_to_compile, longest, compiling[longest], "compiling"),
    ]
    return Figure(
        id="processor_time",
        text=text,
        value=computing[slowest],
        bound=limits.cpu_seconds / TIME_FACTOR,
        by_name=computing,
        faults=tuple(faults),
    )


def _computing(taken: TimeTaken, limits: Limits) -> float:
    """Return what counts as computing: as in a run, what is compiled beyond its limit as well."""
    return taken.computing + max(0.0, taken.compiling - limits.seconds_to_compile)


def _at_most(taken: TimeTaken) -> str:
    return "at most " if taken.is_at_most else ""


def _in_words(limit: float, seconds: float) -> str:
    return f"limit {limit:g} s, at least {math.ceil(TIME_FACTOR * seconds)}"


def _too_small(key: str, limit: float, name: str, seconds: float, what: str) -> Iterable[Fault]:
    if limit < TIME_FACTOR * seconds:
        message = (
            f"{name} takes {seconds:.1f} s of {what} with nothing compiled before; twice that needs "
            f"{key} = {math.ceil(TIME_FACTOR * seconds):.1f}, not {limit:g}"
        )
        yield Fault(reason=Reason.TIME_LIMIT_TOO_SMALL, message=message)


def determinism_figure(names: Sequence[str]) -> Figure:
    """Say whether two runs of the reference give equal bits; `names` are the checks that differ."""
    faults: tuple[Fault, ...] = ()
    if names:
        message = f"two runs of the reference give different bits for {', '.join(names)}"
        faults = (Fault(reason=Reason.NOT_DETERMINISTIC, message=message),)
    text = f"two runs differ in {len(names)} answers" if names else "two runs of the reference: equal bits"
    return Figure(id="determinism", text=text, value=float(len(names)), bound=0.0, faults=faults)


def _worst(by_case: Mapping[str, float]) -> tuple[float, str]:
    if not by_case:
        return 0.0, ""
    where = max(by_case, key=by_case.__getitem__)
    return by_case[where], where
