"""The arrays of an answer by name, whether it is one or several."""

from collections.abc import Sequence

from sandbox.arrays import WireArray
from sandbox.interface import Part


def named_arrays(value: WireArray | None, parts: Sequence[Part] = ()) -> dict[str, WireArray]:
    """A single array under the name "", several under theirs, in order; empty where there is none.

    Of a `CallResult` or a `ReferenceOutput`: `named_arrays(answer.value, answer.parts)`. A report may come
    from a hostile process: where it gives a name twice, the last one counts.
    """
    if value is not None:
        return {"": value}
    return {part.name: part.value for part in parts}
