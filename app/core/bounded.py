"""Numbers and texts of `problem.toml` with the bounds that they are held to.

They stand in the types, so that one place says what is allowed to whoever checks, explains or describes it.
"""

from typing import Annotated

from msgspec import Meta

from app.core.outcome import Outcome

TITLE_LIMIT = 200
"""Characters of a title or a track."""
SUMMARY_LIMIT = 1000
POSITION_LIMIT = 999_999
_DAY = 86_400

HyphenedName = Annotated[
    str,
    Meta(
        # In front of a line's end `$` holds as well.
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)",
        max_length=100,
        description="lower-case words joined by hyphens, such as 'causal-mask'",
    ),
]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
Summary = Annotated[str, Meta(min_length=1, max_length=SUMMARY_LIMIT)]
Position = Annotated[int, Meta(ge=0, le=POSITION_LIMIT)]
Points = Annotated[float, Meta(ge=0, le=100)]
Repeats = Annotated[int, Meta(ge=0, le=8)]
SeedNumber = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
KeyNumber = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]
Spread = Annotated[float, Meta(ge=0)]
PositiveSpread = Annotated[float, Meta(gt=0)]
ToleranceShare = Annotated[float, Meta(ge=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0, le=_DAY)]
Megabytes = Annotated[int, Meta(ge=16, le=1 << 20)]
Kilobytes = Annotated[int, Meta(ge=1, le=10_240)]
Processes = Annotated[int, Meta(ge=1, le=4096)]
Processors = Annotated[int, Meta(ge=1, le=1024)]

RIGHT_OUTCOMES = (Outcome.ACCEPTED, Outcome.CREATION_ORDER)
"""How a right solution ends."""
WRONG_OUTCOMES = tuple(
    outcome
    for outcome in Outcome
    if outcome not in (Outcome.ACCEPTED, Outcome.PASSED, Outcome.CANCELLED, Outcome.INTERNAL_ERROR)
)
"""How a wrong one may be refused."""
WrongOutcome = Annotated[Outcome, Meta(extra_json_schema={"enum": [*map(str, WRONG_OUTCOMES)]})]
RightOutcome = Annotated[Outcome, Meta(extra_json_schema={"enum": [*map(str, RIGHT_OUTCOMES)]})]
