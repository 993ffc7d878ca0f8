"""The parts of `make exhaustive`: modules of `parts/`, found by their files."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

PARTS = Path(__file__).parent / "parts"

Result = dict[str, Any]
"""What came of an item; JSON can hold it."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    shows: str
    """One paragraph: what is so if every item passes."""
    rests_on: tuple[str, ...]
    """Files and folders of the checkout."""
    items: Callable[[], Sequence[str]]
    run: Callable[[str], Result]
    table: Callable[[Mapping[str, Result]], str] | None = None
    close: Callable[[], None] | None = None


def part_names() -> list[str]:
    return sorted(path.stem for path in PARTS.glob("*.py") if path.stem != "__init__")


def load_part(name: str) -> Part:
    """Import the part of this name.

    Raises:
        AttributeError: its module lacks what every part has.
    """
    module = importlib.import_module(f"tests.exhaustive.parts.{name}")
    shows = " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())
    return Part(
        name=name,
        shows=shows,
        rests_on=tuple(module.RESTS_ON),
        items=module.items,
        run=module.run,
        table=getattr(module, "table", None),
        close=getattr(module, "close", None),
    )
