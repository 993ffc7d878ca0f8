"""An answer that is not the array or arrays asked for: what it counts as, and what is said of it."""

from app.core.outcome import Outcome
from app.core.problem import Entry
from app.grading.phrases import listed
from sandbox.interface import CallResult


def no_arrays(entry: Entry, call: CallResult, *, is_hidden: bool) -> tuple[Outcome, str]:
    """`wrong_shape` for something in the place of one array, `wrong_structure` for what should hold several.

    Of a quiet call nothing is told that its code can choose: it could carry the case's values.
    """
    names = [output.name for output in entry.outputs]
    if call.at_output in names:
        found = "no array" if is_hidden else call.not_an_array
        return Outcome.WRONG_SHAPE, f"`{call.at_output}` is {found}; an array of numbers is asked for"
    if entry.structure == "array":
        found = "no array" if is_hidden else call.not_an_array
        return Outcome.WRONG_SHAPE, f"the function returned {found}; an array of numbers is asked for"
    found = "something else" if is_hidden else call.not_an_array
    return Outcome.WRONG_STRUCTURE, f"{structure_words(entry)} is asked for; the function returned {found}"


def structure_words(entry: Entry) -> str:
    """`a tuple of 2 arrays (scores, weights)`, `a dictionary with the keys 'loss' and 'grads'`."""
    names = [output.name for output in entry.named_outputs]
    count = f"{len(names)} array{'' if len(names) == 1 else 's'}"
    if entry.structure == "tuple":
        return f"a tuple of {count} ({', '.join(names)})"
    if entry.structure == "dict":
        return f"a dictionary of {count} under {listed([repr(name) for name in names])}"
    return "an array of numbers"
