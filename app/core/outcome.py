"""How a case or a whole submission can end."""

import enum
from collections.abc import Iterable


class Outcome(enum.StrEnum):
    """One case's ending, mildest first; a verdict has the worst of its cases.

    `ACCEPTED` and `CANCELLED` are endings of a whole submission only; `PASSED` of a case only.
    """

    ACCEPTED = "accepted"
    PASSED = "passed"
    CREATION_ORDER = "creation_order"
    WRONG_VALUE = "wrong_value"
    WRONG_PARAMETERS = "wrong_parameters"
    NOT_FINITE = "not_finite"
    WRONG_DTYPE = "wrong_dtype"
    WRONG_SHAPE = "wrong_shape"
    WRONG_STRUCTURE = "wrong_structure"
    ERROR = "error"
    BAD_SIGNATURE = "bad_signature"
    MISSING_FUNCTION = "missing_function"
    FORBIDDEN_NAME = "forbidden_name"
    SYNTAX_ERROR = "syntax_error"
    OUTPUT_LIMIT = "output_limit"
    TIME_LIMIT = "time_limit"
    PROCESS_LIMIT = "process_limit"
    MEMORY_LIMIT = "memory_limit"
    CRASHED = "crashed"
    SANDBOX_VIOLATION = "sandbox_violation"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


_SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the severest of a submission's case outcomes; `ACCEPTED` where every case passed.

    Raises:
        ValueError: there was no case at all, which proves nothing.
    """
    severest = max(outcomes, key=_SEVERITY.__getitem__)
    return Outcome.ACCEPTED if severest is Outcome.PASSED else severest
