"""Other inputs than a problem's cases: other values, scales and sizes, to see what tells a survivor."""

from collections.abc import Iterator, Sequence

import msgspec

from app.core.generators import Arange, Argument, Image, Integers, Normal, Uniform, expand_fresh
from app.core.probes.probe import Probe
from app.core.problem import Case, Problem
from app.core.verdict import Mode
from app.grading.plan.checks import Check, checks_of

DRAWS = 50
"""On how many drawn inputs a survivor is compared."""
_SCALES = (100.0, 0.01, 1e-4, 10.0)
_LARGEST_SIZE = 64
"""A larger one only takes longer."""
_ARRAYS = (Normal, Uniform, Integers, Arange, Image)


class DrawnInput(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is not the problem's, and what is other about it."""

    words: str
    case: Case


def drawn_checks(problem: Problem, draws: int = DRAWS) -> Iterator[tuple[DrawnInput, Check]]:
    """Yield checks on drawn inputs, as many as asked for and the problem can have, the same ones each time.

    Where probes hand parameters in, they do so on drawn inputs as well: what starts as zeros hides a lot.
    """
    handed_in = [probe for probe in problem.manifest.probes if probe.look(has_module=True) is not None]
    ways = max(1, len({probe.kind for probe in handed_in}))
    inputs = list(_spread(problem, draws))
    for index, drawn in enumerate(inputs):
        probes: tuple[Probe, ...] = ()
        if handed_in and index % (ways + 1):
            probe = handed_in[index % len(handed_in)]
            probes = (msgspec.structs.replace(probe.reseeded(index + 1), case=drawn.case.name),)
        manifest = msgspec.structs.replace(problem.manifest, cases=(drawn.case,), probes=probes)
        checks = checks_of(msgspec.structs.replace(problem, manifest=manifest), Mode.SUBMIT, fresh_seed=None)
        asked = [check for check in checks if not check.repeats and (check.probe is None) != bool(probes)]
        if asked:
            yield drawn, asked[-1]


def _spread(problem: Problem, draws: int) -> Iterator[DrawnInput]:
    """Yield inputs of all kinds in turn, so that few of them hold some of each."""
    cases = [
        msgspec.structs.replace(case, fresh=0)
        for case in problem.manifest.cases
        if case.name not in problem.manifest.replaced_cases
    ]
    kinds = [iter(_resized(cases)), iter(_rescaled(cases)), iter(_redrawn(cases))]
    left = draws
    breaks = problem.manifest.entry.broken_multiples
    while left and kinds:
        for kind in tuple(kinds):
            found = next((one for one in kind if not breaks(one.case.arguments)), None)
            if found is None:
                kinds.remove(kind)
            elif left:
                left -= 1
                yield found


def _redrawn(cases: Sequence[Case]) -> Iterator[DrawnInput]:
    for turn in range(DRAWS):
        for index, case in enumerate(cases):
            arguments = expand_fresh(case.arguments, (turn, index, 50))
            if arguments != case.arguments:
                words = f"`{case.name}` with other seeds"
                yield DrawnInput(words=words, case=msgspec.structs.replace(case, arguments=arguments))


def _rescaled(cases: Sequence[Case]) -> Iterator[DrawnInput]:
    for scale in _SCALES:
        for case in cases:
            for name, argument in case.arguments.items():
                other = _scaled(argument, scale)
                if other is not None:
                    arguments = {**case.arguments, name: other}
                    words = f"`{case.name}` with `{name}` {scale:g} times as large"
                    yield DrawnInput(words=words, case=msgspec.structs.replace(case, arguments=arguments))


def _scaled(argument: Argument, scale: float) -> Argument | None:
    match argument:
        case Normal():
            return msgspec.structs.replace(argument, mean=argument.mean * scale, std=argument.std * scale)
        case Uniform():
            return msgspec.structs.replace(argument, low=argument.low * scale, high=argument.high * scale)
        case Arange() if argument.dtype == "float32":
            return msgspec.structs.replace(argument, start=argument.start * scale, step=argument.step * scale)
        case int() | float() if not float(argument).is_integer():
            return argument * scale
        case _:
            return None


def _resized(cases: Sequence[Case]) -> Iterator[DrawnInput]:
    """Change one size at a time: every side and every whole number that is as large is that size."""
    for step in (lambda size: size + 1, lambda size: 2 * size, lambda size: 1, lambda size: size + 2):
        for case in cases:
            for size in _sizes(case):
                other = step(size)
                if other == size or not 0 < other <= _LARGEST_SIZE:
                    continue
                for name, arguments in _with_size(case, size, other):
                    words = f"`{case.name}` with {name} {other} in place of {size}"
                    yield DrawnInput(words=words, case=msgspec.structs.replace(case, arguments=arguments))


def _sizes(case: Case) -> list[int]:
    found: set[int] = set()
    for argument in case.arguments.values():
        if isinstance(argument, _ARRAYS):
            found.update(argument.shape)
        elif isinstance(argument, int | float) and float(argument).is_integer():
            found.add(int(argument))
    return sorted(size for size in found if size > 0)


def _with_size(case: Case, size: int, other: int) -> Iterator[tuple[str, dict[str, Argument]]]:
    """Yield the arguments with that size changed: everywhere, and in each argument by itself."""
    everywhere = {name: _sized(argument, size, other) for name, argument in case.arguments.items()}
    changed = [name for name in everywhere if everywhere[name] != case.arguments[name]]
    yield " and ".join(f"`{name}`" for name in changed), everywhere
    if len(changed) > 1:
        for name in changed:
            yield f"`{name}`", {**case.arguments, name: everywhere[name]}


def _sized(argument: Argument, size: int, other: int) -> Argument:
    if isinstance(argument, _ARRAYS):
        shape = tuple(other if side == size else side for side in argument.shape)
        return msgspec.structs.replace(argument, shape=shape)
    if isinstance(argument, int | float) and argument == size:
        return other
    return argument
