"""Several named arrays against the reference's; a single one is the array of the empty name."""

from collections.abc import Mapping

import msgspec

from app.core.outcome import Outcome, worst
from app.core.tolerance import Tolerance
from app.grading.compare.array import Comparison, compare, matches
from app.grading.phrases import names_words
from sandbox.arrays import WireArray


def compare_outputs(
    answers: Mapping[str, WireArray],
    expected: Mapping[str, WireArray],
    tolerance: Tolerance,
    *,
    dtypes: Mapping[str, str],
) -> Comparison:
    """The severest comparison, about the first output that has it; `dtypes` by name.

    So all shapes are told before any dtype, and all dtypes before any value. Where everything passes it
    is about the output with the largest error. `answers` and `expected` have the same names.
    """
    found = {name: compare(answers[name], expected[name], tolerance, dtype=dtypes[name]) for name in expected}
    outcome = worst(comparison.outcome for comparison in found.values())
    if outcome is Outcome.ACCEPTED:
        name = max(found, key=lambda name: found[name].max_abs_error or 0.0)
        return msgspec.structs.replace(found[name], output=name)
    failed = [name for name in found if found[name].outcome is outcome]
    reported = found[failed[0]]
    if len(found) == 1:
        return msgspec.structs.replace(reported, output=failed[0])
    if outcome is Outcome.WRONG_VALUE:
        verb = "differs" if len(failed) == 1 else "differ"
        return msgspec.structs.replace(reported, output=failed[0], message=f"{names_words(failed)} {verb}")
    return msgspec.structs.replace(
        reported,
        output=failed[0],
        message=f"`{failed[0]}`: {reported.message}",
        hidden_message=f"`{failed[0]}`: {reported.hidden_message}",
    )


def outputs_match(
    answers: Mapping[str, WireArray], expected: Mapping[str, WireArray], tolerance: Tolerance
) -> bool:
    """Whether both have the same names, and under each the same array within `tolerance`, dtype included."""
    return answers.keys() == expected.keys() and all(
        matches(answers[name], expected[name], tolerance) for name in expected
    )
