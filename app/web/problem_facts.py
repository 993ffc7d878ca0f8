"""What a learner may know of how a problem is graded: sample cases, limits, tolerance, forbidden names."""

import msgspec

from app.core.generators import Arange, Argument, Generator, Image, Integers, Key, Normal, Seed, Uniform
from app.core.problem import Manifest
from app.core.verdict import Visibility


class SampleCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose input anybody may see; of the words, code stands in backticks."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    """Each parameter with what it is given, in the order of the call."""


class ProblemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All of it in words."""

    samples: tuple[SampleCase, ...]
    hidden: int
    """How many cases there are besides, of which no more is said."""
    tolerance: str
    limits: tuple[tuple[str, str], ...]
    forbidden: tuple[str, ...]
    packages: tuple[str, ...]


def problem_facts(manifest: Manifest) -> ProblemFacts:
    """Say all that is not hidden."""
    samples = tuple(
        SampleCase(
            name=case.name,
            arguments=tuple(
                (parameter, argument_words(case.arguments[parameter]))
                for parameter in manifest.entry.parameters
                if parameter in case.arguments
            ),
        )
        for case in manifest.cases
        if case.visibility is Visibility.SAMPLE
    )
    limits = manifest.limits
    return ProblemFacts(
        samples=samples,
        hidden=len(manifest.cases) - len(samples),
        tolerance=manifest.tolerance.words,
        limits=(
            ("Processor time", f"{limits.cpu_seconds:g} s"),
            ("To compile, besides", f"{limits.seconds_to_compile:g} s"),
            ("Memory", f"{limits.memory_mb:,} MB"),
            ("Processes and threads", f"{limits.processes}"),
            ("Printed output that is kept", f"{limits.output_kb:,} KB"),
        ),
        forbidden=manifest.forbidden,
        packages=manifest.packages,
    )


def argument_words(argument: Argument) -> str:
    """Say what a parameter is given: a number as it is, an array as what makes it."""
    match argument:
        case int() | float():
            return f"`{argument!r}`"
        case Seed():
            return f"`{argument.seed}`"
        case Key():
            return f"`jax.random.{'key' if argument.style == 'new' else 'PRNGKey'}({argument.seed})`"
        case _:
            return f"`{argument.dtype}` array of shape `{argument.shape}`: {_made(argument)}"


def _made(argument: Generator) -> str:
    match argument:
        case Normal():
            drawn = "complex normal" if argument.dtype == "complex64" else "normal"
            return (
                f"{drawn} numbers of mean {argument.mean:g} and spread {argument.std:g}, seed {argument.seed}"
            )
        case Uniform():
            return (
                f"numbers from {argument.low:g} to {argument.high:g}, all alike likely, seed {argument.seed}"
            )
        case Integers():
            return f"whole numbers from {argument.low} to {argument.high - 1}, seed {argument.seed}"
        case Arange():
            first = ", ".join(f"{argument.start + argument.step * index:g}" for index in range(3))
            return f"{first}, … row by row"
        case Image():
            return f"a picture with numbers from 0 to 1, seed {argument.seed}"
        case _:
            return "one number"
