"""A tiny problem, as a package of files, for tests that are not about any real one."""

from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from app.catalog.identity import identity_of

_MANIFEST = """\
id = "{id}"
slug = "{slug}"
position = {position}
title = "Double"
track = "warm-up"
summary = "Return twice the input."

[entry]
function = "double"
parameters = ["x"]

[[cases]]
name = "shown"
visibility = "sample"
arguments.x = {{ generator = "arange", shape = [3] }}

[[cases]]
name = "kept-back"
visibility = "hidden"
fresh = 1
arguments.x = {{ generator = "normal", shape = [3], seed = 77 }}

[variants.returns_input]
outcome = "wrong_value"
fails = ["shown"]
"""
_STATEMENT = """\
## Why it matters

Two of everything.

:::hint First
Think of addition.
:::

:::recap
Twice is plus itself.
:::
"""


def small_problem(
    slug: str = "double", *, position: int = 1, statement: str = _STATEMENT
) -> dict[str, bytes]:
    """The package's files; different slugs are different problems, different statements new versions."""
    manifest = _MANIFEST.format(id=uuid5(NAMESPACE_URL, slug), slug=slug, position=position)
    return {
        "problem.toml": manifest.encode(),
        "statement.md": statement.encode(),
        "starter.py": b"def double(x):\n    ...\n",
        "variants/returns_input.py": b'"""You returned the input."""\n\n\ndef double(x):\n    return x\n',
        "reference/reference.py": b"def double(x):\n    return x + x  # the-secret-reference\n",
    }


def write_problem(files: dict[str, bytes], place: Path) -> Path:
    """The package as folders below `place`/problems and `place`/references; returns the problem's folder."""
    name = identity_of(files["problem.toml"]).folder
    assert name is not None
    for path, content in files.items():
        kind = "references" if path.startswith("reference/") else "problems"
        file = place / kind / name / path.removeprefix("reference/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return place / "problems" / name
