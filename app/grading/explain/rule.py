"""A rule: which exceptions it knows, and what it says of one."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHAPE = r"\(([\d, ]{0,120})\)"
"""A shape in a message, its sides as one group."""
SIDES = r"\[([\d,]{0,120})\]"
"""The sides in a type such as `float32[3,4]`."""
NAME = r"([^\W\d]\w{0,79})"
"""An identifier as one group."""
FUNCTION = r"(?:[\w.<>]{0,160}\.)?([\w<>]{1,80})"
"""A qualified name; the group is its last part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One exception that a rule is asked about; each of the three may be empty.

    `match` is of its message, `line` the learner's that raised it, `nearest` a name like one that was not
    found.
    """

    match: re.Match[str]
    line: str
    nearest: str

    def __getitem__(self, group: int) -> str:
        return self.match[group] or ""


Say = Callable[[Asked], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Applies where the exception's type is among `types` and its message begins as `pattern` says.

    `say` may give nothing: then later rules are asked.
    """

    types: frozenset[str]
    pattern: re.Pattern[str]
    say: Say


def rule(types: str, pattern: str, say: Say | str) -> Rule:
    """Make a rule: `types` parted by spaces, a plain sentence where nothing of the message goes into it."""
    return Rule(
        types=frozenset(types.split()),
        pattern=re.compile(pattern, re.DOTALL),
        say=say if callable(say) else lambda _: say,
    )


def sides(text: str) -> tuple[int, ...]:
    """Read the numbers of a shape's inside; empty where they are none that a shape could have."""
    parts = [part.strip() for part in text.split(",")]
    numbers = [part for part in parts if part]
    if len(numbers) > 16 or not all(part.isdecimal() and len(part) <= 12 for part in numbers):
        return ()
    return tuple(map(int, numbers))


def shape(text: str | Sequence[int]) -> str:
    """Write a shape as Python does, as code."""
    numbers = sides(text) if isinstance(text, str) else tuple(text)
    return f"`({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''})`"


def times(count: str | int, one: str, many: str | None = None) -> str:
    """Count things in words: `1 axis`, `2 axes`."""
    return f"{count} {one if str(count) == '1' else many or one + 's'}"
