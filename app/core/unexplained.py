"""What a wrong submission that nothing explains answered to the public cases."""

import msgspec


class UnexplainedOutput(msgspec.Struct, frozen=True, kw_only=True):
    """Two such outputs are compared number by number where their layouts are the same."""

    layout: str
    """A SHA-256 of the outputs' cases, names and shapes, as hexadecimal."""
    output: bytes
    """The numbers of all sample cases in order, little-endian float32; of many, evenly chosen ones."""


class UnexplainedCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Submissions of several learners that give the same unexplained answer."""

    id: str
    learners: int
    submissions: int
    example_id: str
    """The submission with the fewest lines that are not blank, which is the quickest to read."""
    example_lines: int
