"""How a case or a whole submission can end."""

import enum
from collections.abc import Iterable


class Outcome(enum.StrEnum):
    """One case's ending, mildest first; a verdict has the worst of its cases.

    `ACCEPTED` and `CANCELLED` are endings of a whole submission only; `PASSED` of a case only. What each
    means is told below it, and from there in docs/reference/outcomes.md.
    """

    ACCEPTED = "accepted"
    """Every case is right."""
    PASSED = "passed"
    """This case is right."""
    CREATION_ORDER = "creation_order"
    """The mathematics is right, but parameters were created in another order than the statement's."""
    WRONG_VALUE = "wrong_value"
    """Some numbers differ by more than the tolerance."""
    WRONG_PARAMETERS = "wrong_parameters"
    """The module's parameters have other paths, shapes, dtypes or initial spread, or are no `nnx.Param`."""
    NOT_FINITE = "not_finite"
    """NaN or infinity where the reference has a number."""
    WRONG_DTYPE = "wrong_dtype"
    """The answer is no array of the declared dtype."""
    WRONG_SHAPE = "wrong_shape"
    """The answer is no array of the reference's exact shape."""
    WRONG_STRUCTURE = "wrong_structure"
    """Where several arrays are asked for, the answer is not that tuple or dictionary."""
    ERROR = "error"
    """The code raised an exception."""
    BAD_SIGNATURE = "bad_signature"
    """The function takes other arguments than asked for."""
    MISSING_FUNCTION = "missing_function"
    """The function is not there."""
    FORBIDDEN_NAME = "forbidden_name"
    """The exercise asks to build that part by hand."""
    SYNTAX_ERROR = "syntax_error"
    """Python cannot read the code."""
    OUTPUT_LIMIT = "output_limit"
    """The code flooded its output: it printed tens of megabytes."""
    TIME_LIMIT = "time_limit"
    """The code computed or waited for longer than the problem allows."""
    PROCESS_LIMIT = "process_limit"
    """The code started more processes or threads than the problem allows."""
    MEMORY_LIMIT = "memory_limit"
    """The code needed more memory than the problem allows."""
    CRASHED = "crashed"
    """The Python process ended before it answered."""
    SANDBOX_VIOLATION = "sandbox_violation"
    """The code tried something that the jail forbids."""
    CANCELLED = "cancelled"
    """The learner stopped it."""
    INTERNAL_ERROR = "internal_error"
    """The grader failed, never the learner."""


_SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the severest of a submission's case outcomes; `ACCEPTED` where every case passed.

    Raises:
        ValueError: there was no case at all, which proves nothing.
    """
    severest = max(outcomes, key=_SEVERITY.__getitem__)
    return Outcome.ACCEPTED if severest is Outcome.PASSED else severest
