"""One good problem, and more than a hundred ways to break it, each with what an author must be told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

FOLDER = "7-shift"
MANIFEST = """\
id = "0f3a1f60-57d5-4f0e-8f5d-5f1f0c2a9b11"
slug = "shift"
position = 7
title = "Shift"
track = "toys"
summary = "Add what was learned."
forbidden = ["nnx.Linear"]
packages = ["einops"]

[entry]
function = "shift"
parameters = ["seed", "x", "heads"]

[module]
name = "Shift"
inputs = ["x"]

[module.words]
"blocks.*.bias" = "zeros"

[[module.stages]]
name = "queries"
path = "blocks.0"
side = "input"

[[module.stages]]
name = "joined"
path = "blocks.1"
any_rows = true
attention = { queries = "queries", keys = "queries", values = "queries", heads = "heads" }

[tolerance]
absolute = 1e-5
relative = 1e-4

[limits]
wall_seconds = 60
cpu_seconds = 20.0
compile_seconds = 30
idle_seconds = 5
memory_mb = 512
processes = 48
output_kb = 64
processors = 2

[[cases]]
name = "short"
visibility = "sample"
points = 2
fresh = 1

[cases.arguments]
seed = { generator = "seed", seed = 1 }
x = { generator = "normal", shape = [2, 3], seed = 2, std = 3.0 }
heads = 2

[[cases]]
name = "long"
visibility = "hidden"

[cases.arguments]
seed = { generator = "key", seed = 4 }
x = { generator = "integers", shape = [2, 3], seed = 3, low = -4, high = 9 }
heads = 4

[[probes]]
kind = "parameters"
name = "tree"
case = "short"

[[probes]]
kind = "checkpoint"
name = "handed-in"
case = "short"
seed = 11
std = 0.5

[probes.draws]
"blocks.*.bias" = { mean = -3.0, std = 0.5 }

[[probes]]
kind = "determinism"
name = "twice"
case = "long"

[variants.post_norm]
outcome = "wrong_value"
fails = ["short", "handed-in"]

[variants.pre_norm]
outcome = "wrong_value"
fails = ["short"]

[variants.no_scale]
outcome = "wrong_parameters"
fails = ["tree"]

[variants.no_bias]
outcome = "wrong_value"
fails = ["long"]

[also_right.other_order]
outcome = "creation_order"
"""
CODE = '''\
"""You did it otherwise."""
import jax.numpy as jnp


def shift(seed, x, heads):
    return jnp.asarray(x) + seed
'''
STARTER = """\
def shift(seed, x, heads):
    raise NotImplementedError
"""
STATEMENT = "# Shift\n\nAdd it, as $x + b$.\n"

Files = dict[str, bytes]


def good_files() -> Files:
    """The package, as a folder would give it."""
    texts = {
        "problem.toml": MANIFEST,
        "statement.md": STATEMENT,
        "starter.py": STARTER,
        "reference/reference.py": CODE,
        **{f"reference/also_right/{name}.py": CODE for name in ("other_order", "by_hand")},
        **{f"variants/{name}.py": CODE for name in ("post_norm", "pre_norm", "no_scale", "no_bias")},
    }
    return {name: text.encode() for name, text in texts.items()}


def write_folders(files: Mapping[str, bytes], root: Path) -> None:
    """Write the package as folders below `root`: problems/ and references/."""
    for name, data in files.items():
        inside = "references" if name.startswith("reference/") else "problems"
        path = root / inside / FOLDER / name.removeprefix("reference/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class Breakage(NamedTuple):
    """One way to break the good problem."""

    change: Callable[[Files], object]
    file: str
    """Where the fault is told."""
    at: str
    """What the line holds that is told; empty where there is no line to tell."""
    key: str
    way_out: str
    """Words of what is allowed or to do."""


def _toml(old: str, new: str, key: str, way_out: str, at: str | None = None) -> Breakage:
    """Replace the first `old` in `problem.toml`; the line told holds `at`, or else the end of `new`."""
    assert old in MANIFEST, old

    def change(files: Files) -> None:
        files["problem.toml"] = MANIFEST.replace(old, new, 1).encode()

    return Breakage(change, "problem.toml", new if at is None else at, key, way_out)


def _file(name: str, content: str | bytes, at: str, way_out: str) -> Breakage:
    """Give a file other content, or add it."""

    def change(files: Files) -> None:
        files[name] = content if isinstance(content, bytes) else content.encode()

    return Breakage(change, name, at, "", way_out)


def _without(name: str, way_out: str) -> Breakage:
    return Breakage(lambda files: files.pop(name) and None, name, "", "", way_out)


def _renamed(old: str, new: str, way_out: str) -> Breakage:
    def change(files: Files) -> None:
        files[new] = files.pop(old)

    return Breakage(change, new, "", "", way_out)


_ID = 'id = "0f3a1f60-57d5-4f0e-8f5d-5f1f0c2a9b11"'
_X = '{ generator = "normal", shape = [2, 3], seed = 2, std = 3.0 }'
_WHOLE = '{ generator = "integers", shape = [2, 3], seed = 3, low = -4, high = 9 }'
_BAD_LATIN = CODE.encode() + "# größer\n".encode("latin-1")

WAYS: dict[str, Breakage] = {
    # Identity.
    "no id": _toml(_ID + "\n", "", "id", "is missing: text in quotes", at=""),
    "an id that is no UUID": _toml(_ID, 'id = "shift"', "id", "uuid.uuid4()"),
    "an id that is a number": _toml(_ID, "id = 12", "id", "text in quotes"),
    "a slug in capitals": _toml(
        'slug = "shift"', 'slug = "Shift"', "slug", "lower-case words joined by hyphens"
    ),
    "a slug with blanks": _toml('slug = "shift"', 'slug = "my shift"', "slug", "such as 'causal-mask'"),
    "a slug with underscores": _toml('slug = "shift"', 'slug = "my_shift"', "slug", "joined by hyphens"),
    "a slug of digits": _toml('slug = "shift"', 'slug = "46"', "slug", "add a word to it"),
    "an empty slug": _toml('slug = "shift"', 'slug = ""', "slug", "lower-case words"),
    "a slug with a line's end": _toml('slug = "shift"', 'slug = "shift\\n"', "slug", "lower-case words"),
    "a slug of another folder": _toml(
        'slug = "shift"', 'slug = "drift"', "slug", "must be called by its position"
    ),
    "a long slug": _toml('slug = "shift"', f'slug = "{"a" * 101}"', "slug", "at most 100"),
    "a negative position": _toml("position = 7", "position = -7", "position", "from 0 to 999,999"),
    "a huge position": _toml("position = 7", "position = 1000000", "position", "from 0 to 999,999"),
    "a position with a fraction": _toml("position = 7", "position = 7.0", "position", "a whole number"),
    "a position in quotes": _toml("position = 7", 'position = "7"', "position", "a whole number"),
    "a position that is a truth": _toml("position = 7", "position = true", "position", "not true"),
    "a position of another folder": _toml("position = 7", "position = 8", "slug", "'8-shift'", at="slug ="),
    "no title": _toml('title = "Shift"\n', "", "title", "is missing", at=""),
    "an empty title": _toml('title = "Shift"', 'title = ""', "title", "must not be empty"),
    "a blank title": _toml('title = "Shift"', 'title = "  "', "title", "must not be blank"),
    "a title of two lines": _toml('title = "Shift"', 'title = "A\\nB"', "title", "one line"),
    "a title of 201 letters": _toml('title = "Shift"', f'title = "{"a" * 201}"', "title", "at most 200"),
    "a track of 201 letters": _toml('track = "toys"', f'track = "{"a" * 201}"', "track", "at most 200"),
    "a summary of 1,001 letters": _toml(
        'summary = "Add what was learned."', f'summary = "{"a" * 1001}"', "summary", "at most 1,000"
    ),
    "a title that is a list": _toml(
        'title = "Shift"', 'title = ["Shift"]', "title", "text in quotes, not a list"
    ),
    "a title that is a date": _toml('title = "Shift"', "title = 2026-11-30", "title", "not a date"),
    # Misspelt and misplaced keys.
    "titel": _toml("title =", "titel =", "titel", "did you mean `title`?"),
    "Slug": _toml("slug =", "Slug =", "Slug", "did you mean `slug`?"),
    "an unknown key": _toml(
        "position = 7", "position = 7\nxyzzy = 1", "xyzzy", "the keys here are", at="xyzzy"
    ),
    "a key of the top in a table": _toml(
        "[entry]\n",
        '[entry]\nrequires = ["a"]\n',
        "entry.requires",
        "in front of the first [table]",
        at="requires",
    ),
    "funtcion": _toml("function =", "funtcion =", "entry.funtcion", "did you mean `function`?"),
    "[limit]": _toml("[limits]", "[limit]", "limit", "did you mean `limits`?"),
    "[[case]]": Breakage(
        lambda files: files.update(
            {"problem.toml": MANIFEST.replace("[[cases]]", "[[case]]").replace("[cases.", "[case.").encode()}
        ),
        "problem.toml",
        "[[case]]",
        "case",
        "did you mean `cases`?",
    ),
    "visibilty": _toml("visibility =", "visibilty =", "cases[0].visibilty", "did you mean `visibility`?"),
    "cpu-seconds": _toml(
        "cpu_seconds =", "cpu-seconds =", "limits.cpu-seconds", "did you mean `cpu_seconds`?"
    ),
    "fail": _toml("fails =", "fail =", "variants.post_norm.fail", "did you mean `fails`?"),
    "a quoted key": _toml(
        "position = 7", 'position = 7\n"a b" = 1', '"a b"', "the keys here are", at='"a b"'
    ),
    # TOML.
    "a text without its end": _toml('title = "Shift"', 'title = "Shift', "", "TOML", at='title = "Shift'),
    "a text without quotes": _toml('title = "Shift"', "title = Shift", "", "text stands in quotes"),
    "a list without its end": _toml('"heads"]', '"heads"', "", "TOML", at="[module]"),
    "a key twice": _toml("position = 7", "position = 7\nposition = 7", "", "twice", at="position"),
    "a table twice": _toml("[limits]", "[tolerance]\n\n[limits]", "", "TOML", at="[tolerance]"),
    "True": _toml("any_rows = true", "any_rows = True", "", "true and false are lower-case"),
    "a colon for an equals sign": _toml("position = 7", "position: 7", "", "followed by `=`"),
    "a file that is empty": Breakage(
        lambda files: files.update({"problem.toml": b"# later"}),
        "problem.toml",
        "",
        "",
        "it must have id, slug",
    ),
    "bytes of another encoding": Breakage(
        lambda files: files.update({"problem.toml": MANIFEST.replace("toys", "größe").encode("latin-1")}),
        "problem.toml",
        "track",
        "",
        "save the file as UTF-8",
    ),
    "UTF-16": Breakage(
        lambda files: files.update({"problem.toml": MANIFEST.encode("utf-16")}),
        "problem.toml",
        "",
        "",
        "it begins as UTF-16 does",
    ),
    "lists that lie too deep": Breakage(
        lambda files: files.update({"problem.toml": b"a = " + b"[" * 5000 + b"]" * 5000}),
        "problem.toml",
        "",
        "",
        "too deep in each other",
    ),
    "a number of five thousand digits": Breakage(
        lambda files: files.update({"problem.toml": b"position = " + b"9" * 5000}),
        "problem.toml",
        "",
        "",
        "more digits than can be read",
    ),
    "a position of five thousand digits in hexadecimal": _toml(
        "position = 7", f"position = 0x{'f' * 5000}", "position", "not a number of more than 64 bits"
    ),
    # The entry.
    "no entry": Breakage(
        lambda files: files.update(
            {
                "problem.toml": MANIFEST.replace(
                    '[entry]\nfunction = "shift"\nparameters = ["seed", "x", "heads"]\n', ""
                ).encode()
            }
        ),
        "problem.toml",
        "",
        "entry",
        "is missing: a table",
    ),
    "an entry that is no name": _toml(
        'function = "shift"', 'function = "my shift"', "entry.function", "Python name"
    ),
    "an entry that is a keyword": _toml(
        'function = "shift"', 'function = "def"', "entry.function", "Python name"
    ),
    "a parameter that is no name": _toml(
        '"heads"]', '"n heads"]', "entry.parameters[2]", "Python name", at="parameters"
    ),
    "a parameter twice": _toml(
        '"heads"]', '"heads", "x"]', "entry.parameters[3]", "used twice", at="parameters"
    ),
    "parameters as a text": _toml('["seed", "x", "heads"]', '"seed x heads"', "entry.parameters", "a list"),
    "a dtype that is none": _toml(
        '"heads"]',
        '"heads"]\noutput_dtype = "float31"',
        "entry.output_dtype",
        "did you mean `float32`?",
        at="float31",
    ),
    "a structure that is none": _toml(
        '"heads"]',
        '"heads"]\nstructure = "list"',
        "entry.structure",
        "'array', 'dict', 'tuple'",
        at="structure",
    ),
    "a tuple without outputs": _toml(
        '"heads"]', '"heads"]\nstructure = "tuple"', "entry.outputs", "1 to 32 outputs", at="[entry]"
    ),
    "outputs of an array": _toml(
        '"heads"]',
        '"heads"]\noutputs = [{ name = "a" }]',
        "entry.structure",
        "need 'tuple' or 'dict'",
        at="[entry]",
    ),
    "two outputs of one name": _toml(
        '"heads"]',
        '"heads"]\nstructure = "dict"\noutputs = [\n  { name = "a" },\n  { name = "a" },\n]',
        "entry.outputs[1].name",
        "used twice",
        at='{ name = "a" }',
    ),
    "a name that is not printable in forbidden": _toml(
        '["nnx.Linear"]', '["nnx."]', "forbidden[0]", "such as 'nnx.Multi"
    ),
    "forbidden as a text": _toml('["nnx.Linear"]', '"nnx.Linear"', "forbidden", "a list"),
    "a package by its name at PyPI": _toml(
        '["einops"]', '["scikit-learn"]', "packages[0]", "such as 'einops'"
    ),
    # The module.
    "a module that is no name": _toml('name = "Shift"', 'name = "my shift"', "module.name", "Python name"),
    "an input that is no parameter": _toml(
        'inputs = ["x"]', 'inputs = ["y"]', "module.inputs[0]", "not a parameter"
    ),
    "a path without words": _toml('"zeros"', '""', 'module.words."blocks.*.bias"', "must not be empty"),
    "a stage without a path": _toml(
        'path = "blocks.0"\n', "", "module.stages[0].path", "is missing", at="[[module.stages]]"
    ),
    "a stage of a broken path": _toml('"blocks.0"', '"blocks..0"', "module.stages[0].path", "joined by dots"),
    "a stage's side": _toml(
        'side = "input"', 'side = "inptu"', "module.stages[0].side", "did you mean `input`?"
    ),
    "two stages of one name": _toml(
        'name = "joined"', 'name = "queries"', "module.stages[1].name", "used twice"
    ),
    "attention of a later stage": _toml(
        'keys = "queries"',
        'keys = "joined"',
        "module.stages[1].attention.keys",
        "no stage before",
        at="attention",
    ),
    "attention without heads": _toml(
        ', heads = "heads" }', " }", "module.stages[1].attention.heads", "is missing", at="attention"
    ),
    "heads that are no parameter": _toml(
        'heads = "heads" }',
        'heads = "head" }',
        "module.stages[1].attention.heads",
        "did you mean `heads`?",
        at="attention",
    ),
    "any_rows as a text": _toml(
        "any_rows = true", 'any_rows = "yes"', "module.stages[1].any_rows", "true or false"
    ),
    # Tolerance and limits.
    "a negative tolerance": _toml(
        "absolute = 1e-5", "absolute = -1e-5", "tolerance.absolute", "at least 0 and below 1"
    ),
    "a tolerance of one": _toml(
        "relative = 1e-4", "relative = 1.0", "tolerance.relative", "at least 0 and below 1"
    ),
    "a tolerance that is no number": _toml(
        "absolute = 1e-5", "absolute = nan", "tolerance.absolute", "at least 0"
    ),
    "cpu_seconds = -1": _toml(
        "cpu_seconds = 20.0", "cpu_seconds = -1", "limits.cpu_seconds", "above 0 and at most 86,400"
    ),
    "cpu_seconds = 0": _toml("cpu_seconds = 20.0", "cpu_seconds = 0", "limits.cpu_seconds", "above 0"),
    "cpu_seconds = inf": _toml(
        "cpu_seconds = 20.0", "cpu_seconds = inf", "limits.cpu_seconds", "at most 86,400"
    ),
    "cpu_seconds with its unit": _toml(
        "cpu_seconds = 20.0", 'cpu_seconds = "20s"', "limits.cpu_seconds", "a number"
    ),
    "wall_seconds of a week": _toml(
        "wall_seconds = 60", "wall_seconds = 604800", "limits.wall_seconds", "at most 86,400"
    ),
    "compile_seconds = -5": _toml(
        "compile_seconds = 30", "compile_seconds = -5", "limits.compile_seconds", "above 0"
    ),
    "idle_seconds = 0": _toml("idle_seconds = 5", "idle_seconds = 0", "limits.idle_seconds", "above 0"),
    "memory_mb = 99999999999": _toml(
        "memory_mb = 512", "memory_mb = 99999999999", "limits.memory_mb", "from 16 to 1,048,576"
    ),
    "memory_mb = 0": _toml("memory_mb = 512", "memory_mb = 0", "limits.memory_mb", "from 16"),
    "memory_mb = 2**70": _toml("memory_mb = 512", f"memory_mb = {2**70}", "limits.memory_mb", "from 16"),
    "processes = 0": _toml("processes = 48", "processes = 0", "limits.processes", "from 1 to 4,096"),
    "output_kb = -1": _toml("output_kb = 64", "output_kb = -1", "limits.output_kb", "from 1 to 10,240"),
    "processors = 0": _toml("processors = 2", "processors = 0", "limits.processors", "from 1 to 1,024"),
    "limits that are a list": _toml("[limits]", "[[limits]]", "limits", "must be a table, not a list"),
    # Cases.
    "a case without a name": _toml('name = "short"\n', "", "cases[0].name", "is missing", at="[[cases]]"),
    "a case's name in capitals": _toml(
        'name = "short"', 'name = "Short"', "cases[0].name", "lower-case words"
    ),
    "two cases of one name": _toml('name = "long"', 'name = "short"', "cases[1].name", "has its own"),
    "a visibility that is none": _toml('"sample"', '"public"', "cases[0].visibility", "'sample', 'hidden'"),
    "a visibility with a slip": _toml(
        '"sample"', '"smaple"', "cases[0].visibility", "did you mean `sample`?"
    ),
    "no sample": _toml(
        'visibility = "sample"', 'visibility = "hidden"', "cases", "for Run to have", at="[[cases]]"
    ),
    "negative points": _toml("points = 2", "points = -2", "cases[0].points", "from 0 to 100"),
    "fresh = 9": _toml("fresh = 1", "fresh = 9", "cases[0].fresh", "from 0 to 8"),
    "fresh = 0.5": _toml("fresh = 1", "fresh = 0.5", "cases[0].fresh", "a whole number from 0 to 8"),
    "an argument is missing": _toml(
        "heads = 2\n", "", "cases[0].arguments.heads", "every parameter", at="[cases.arguments]"
    ),
    "an argument is misspelt": _toml(
        "heads = 2", "haeds = 2", "cases[0].arguments.haeds", "did you mean `heads`?"
    ),
    "an argument too many": _toml(
        "heads = 2", "heads = 2\nwidth = 3", "cases[0].arguments.width", "no parameter", at="width"
    ),
    "an argument in quotes": _toml(
        "heads = 2", 'heads = "2"', "cases[0].arguments.heads", "a number or a table with `generator`"
    ),
    "an argument that is a list": _toml("heads = 2", "heads = [2]", "cases[0].arguments.heads", "not a list"),
    "an argument that is a truth": _toml("heads = 2", "heads = true", "cases[0].arguments.heads", "not true"),
    "a generator that is none": _toml(
        '"normal"', '"gauss"', "cases[0].arguments.x.generator", "'normal', 'uniform'"
    ),
    "a generator with a slip": _toml(
        '"normal"', '"noraml"', "cases[0].arguments.x.generator", "did you mean `normal`?"
    ),
    "no generator": _toml(
        'generator = "normal", ',
        "",
        "cases[0].arguments.x.generator",
        "is missing: it must be one of",
        at="x = {",
    ),
    "no shape": _toml(
        "shape = [2, 3], seed = 2", "seed = 2", "cases[0].arguments.x.shape", "is missing: a list", at="x = {"
    ),
    "a shape that is a number": _toml(
        "[2, 3], seed = 2", "6, seed = 2", "cases[0].arguments.x.shape", "a list", at="x = {"
    ),
    "a side in quotes": _toml(
        "[2, 3], seed = 2",
        '["2", 3], seed = 2',
        "cases[0].arguments.x.shape[0]",
        "a whole number",
        at="x = {",
    ),
    "a negative side": _toml(
        "[2, 3], seed = 2", "[-2, 3], seed = 2", "cases[0].arguments.x", "non-negative sides", at="x = {"
    ),
    "a huge shape": _toml(
        "[2, 3], seed = 2", "[4000, 4000], seed = 2", "cases[0].arguments.x", "at most 4,194,304", at="x = {"
    ),
    "a shape beyond 64 bits": _toml(
        "[2, 3], seed = 2",
        "[4294967296, 4294967296], seed = 2",
        "cases[0].arguments.x",
        "at most 4,194,304",
        at="x = {",
    ),
    "a negative seed": _toml("seed = 2,", "seed = -2,", "cases[0].arguments.x.seed", "from 0 to", at="x = {"),
    "a seed with a fraction": _toml(
        "seed = 2,", "seed = 2.5,", "cases[0].arguments.x.seed", "a whole number", at="x = {"
    ),
    "a negative spread": _toml(
        "std = 3.0", "std = -3.0", "cases[0].arguments.x.std", "at least 0", at="x = {"
    ),
    "a spread that float32 cannot hold": _toml(
        "std = 3.0", "std = 1e300", "cases[0].arguments.x", "smaller", at="x = {"
    ),
    "a key of another generator": _toml(
        "std = 3.0", "low = 3.0", "cases[0].arguments.x.low", "the keys here are", at="x = {"
    ),
    "a dtype of no array": _toml(
        "std = 3.0", 'dtype = "int4"', "cases[0].arguments.x.dtype", "'float32'", at="x = {"
    ),
    "low above high": _toml(
        "low = -4, high = 9", "low = 9, high = -4", "cases[1].arguments.x.high", "above `low`", at="x = {"
    ),
    "numbers that the dtype does not hold": _toml(
        "high = 9", 'high = 900, dtype = "int8"', "cases[1].arguments.x", "int8 holds -128 to 127", at="x = {"
    ),
    "an image of two axes": _toml(
        _X, '{ generator = "image", shape = [2, 3], seed = 2 }', "cases[0].arguments.x", "(H, W, C)"
    ),
    "a key's seed beyond 32 bits": _toml(
        "seed = 4 }", "seed = 4294967296 }", "cases[1].arguments.seed.seed", "4,294,967,295", at="seed ="
    ),
    "too many rows": Breakage(
        lambda files: files.update(
            {
                "problem.toml": MANIFEST.replace(
                    "[[probes]]",
                    "".join(
                        f'[[cases]]\nname = "c{n}"\nvisibility = "hidden"\n'
                        "arguments = { seed = 1, x = 1, heads = 1 }\n\n"
                        for n in range(200)
                    )
                    + "[[probes]]",
                    1,
                ).encode()
            }
        ),
        "problem.toml",
        "[[cases]]",
        "cases",
        "at most 200",
    ),
    "an argument of five thousand digits": _toml(
        "heads = 2", f"heads = 0x{'f' * 5000}", "cases[0].arguments.heads", "too large"
    ),
    "no case at all": Breakage(
        lambda files: files.update(
            {
                "problem.toml": (
                    f"cases = []\n{MANIFEST[: MANIFEST.index('[[cases]]')]}"
                    + MANIFEST[MANIFEST.index("[[probes]]") :]
                ).encode()
            }
        ),
        "problem.toml",
        "cases = []",
        "cases",
        "for Run to have",
    ),
    # Probes.
    "a kind that is none": _toml(
        'kind = "checkpoint"', 'kind = "chekpoint"', "probes[1].kind", "did you mean `checkpoint`?"
    ),
    "no kind": _toml(
        'kind = "determinism"\n', "", "probes[2].kind", "is missing: it must be one of", at="[[probes]]"
    ),
    "a case that is none": _toml('case = "long"', 'case = "lnog"', "probes[2].case", "did you mean `long`?"),
    "a probe of a case's name": _toml('name = "twice"', 'name = "short"', "probes[2].name", "used twice"),
    "a probe of a repeat's name": _toml(
        'name = "twice"', 'name = "long-again"', "probes[2].name", "take another"
    ),
    "a probe without a seed": _toml("seed = 11\n", "", "probes[1].seed", "a whole number", at="[[probes]]"),
    "a probe's spread of zero": _toml(
        "std = 0.5\n", "std = 0.0\n", "probes[1].std", "above 0", at="std = 0.0"
    ),
    "a draw's negative spread": _toml(
        "std = 0.5 }", "std = -0.5 }", 'probes[1].draws."blocks.*.bias".std', "at least 0", at="blocks"
    ),
    "a draw without a spread": _toml(
        ", std = 0.5 }", " }", 'probes[1].draws."blocks.*.bias".std', "is missing", at="blocks"
    ),
    "points of a probe": _toml(
        'name = "tree"', 'name = "tree"\npoints = 101', "probes[0].points", "from 0 to 100", at="points"
    ),
    "an accuracy without labels": _toml(
        'kind = "determinism"',
        'kind = "accuracy"\nfull = 0.9',
        "probes[2].labels",
        "is missing",
        at="[[probes]]",
    ),
    "an accuracy above one": _toml(
        'kind = "determinism"',
        'kind = "accuracy"\nlabels = { generator = "arange", shape = [4], dtype = "int32" }\nfull = 9',
        "probes[2].full",
        "above 0 and at most 1",
        at="full = 9",
    ),
    "probes without the module that they look into": Breakage(
        lambda files: files.update(
            {
                "problem.toml": (
                    MANIFEST[: MANIFEST.index("[module]")] + MANIFEST[MANIFEST.index("[tolerance]") :]
                ).encode()
            }
        ),
        "problem.toml",
        "kind",
        "probes[0].kind",
        "needs [module]",
    ),
    # Variants and other right solutions.
    "an outcome that is none": _toml(
        'outcome = "wrong_value"', 'outcome = "wrong"', "variants.post_norm.outcome", "'wrong_shape'"
    ),
    "an outcome with a slip": _toml(
        'outcome = "wrong_parameters"',
        'outcome = "wrong_paramters"',
        "variants.no_scale.outcome",
        "did you mean `wrong_parameters`?",
    ),
    "a wrong variant that is accepted": _toml(
        'outcome = "wrong_value"',
        'outcome = "accepted"',
        "variants.post_norm.outcome",
        "is none of 'creation_order'",
    ),
    "a variant that fails nothing": _toml(
        'fails = ["long"]', "fails = []", "variants.no_bias.fails", "at least one case"
    ),
    "a variant that fails a case that is none": _toml(
        'fails = ["short", "handed-in"]',
        'fails = ["short", "handed_in"]',
        "variants.post_norm.fails[1]",
        "did you mean `handed-in`?",
    ),
    "a variant that names a case twice": _toml(
        'fails = ["short", "handed-in"]',
        'fails = ["short", "short"]',
        "variants.post_norm.fails[1]",
        "named twice",
    ),
    "a variant whose fails is a text": _toml(
        'fails = ["long"]', 'fails = "long"', "variants.no_bias.fails", "a list"
    ),
    "variants that are a list": Breakage(
        lambda files: files.update(
            {"problem.toml": f"variants = []\n{MANIFEST[: MANIFEST.index('[variants.')]}".encode()}
        ),
        "problem.toml",
        "variants = []",
        "variants",
        "must be a table, not a list",
    ),
    "a variant of another name": _toml(
        "[variants.post_norm]", "[variants.post_nrom]", "variants.post_nrom", "did you mean `post_norm`?"
    ),
    "a variant without its file": Breakage(
        lambda files: files.pop("variants/pre_norm.py") and None,
        "problem.toml",
        "[variants.pre_norm]",
        "variants.pre_norm",
        "write it, or take these lines away",
    ),
    "a variant that is not declared": _file("variants/by_rows.py", CODE, "", "[variants.by_rows]"),
    "another right solution that is wrong": _toml(
        'outcome = "creation_order"',
        'outcome = "wrong_value"',
        "also_right.other_order.outcome",
        "'accepted', 'creation_order'",
    ),
    "another right solution without its file": Breakage(
        lambda files: (
            files.pop("reference/also_right/other_order.py")
            and files.update({"reference/also_right/b.py": CODE.encode()})
        ),
        "problem.toml",
        "[also_right.other_order]",
        "also_right.other_order",
        "write it",
    ),
    # Files.
    "no problem.toml": _without("problem.toml", "the file is missing"),
    "no statement": _without("statement.md", "the file is missing"),
    "no starter": _without("starter.py", "the file is missing"),
    "no reference": _without("reference/reference.py", "reference_solutions"),
    "a statement in capitals": _renamed("statement.md", "STATEMENT.MD", "did you mean `statement.md`?"),
    "a starter of another name": _renamed("starter.py", "strater.py", "did you mean `starter.py`?"),
    "solution.py for reference.py": _renamed(
        "reference/reference.py", "reference/referenc.py", "did you mean `reference.py`?"
    ),
    "notes in the folder": _file("notes.txt", "later", "", "take it out of the folder"),
    "an editor's copy": _file("problem.toml~", MANIFEST, "", "take it out of the folder"),
    "a picture outside assets": _file("figure.svg", "<svg/>", "", "figures lie in assets/"),
    "a solution outside variants": _file("post_norm.py", CODE, "", "wrong solutions in variants/"),
    "a variant in a folder of its own": _file("variants/old/a.py", CODE, "", "take it out"),
    "data beside the reference": _file("reference/weights.bin", b"\0", "", "also_right/*.py"),
    "a file above 1 MiB": _file("assets/large.svg", b"<svg/>" + b" " * (1 << 20), "", "at most 1,048,576"),
    "a statement above 256 KB": _file("statement.md", "# A\n\n" + "word " * 60_000, "", "at most 262,144"),
    "a statement of another encoding": _file(
        "statement.md", "# Größe\n".encode("latin-1"), "Gr", "save the file as UTF-8"
    ),
    "a starter of another encoding": _file(
        "starter.py", STARTER.encode() + b"# \xe4\n", "# ", "save the file as UTF-8"
    ),
    "a variant of another encoding": _file(
        "variants/post_norm.py", _BAD_LATIN, "# gr", "save the file as UTF-8"
    ),
    # The statement.
    "an empty statement": _file("statement.md", "", "", "write what is to be done"),
    "a misspelt block": _file("statement.md", f"{STATEMENT}\n:::hnit One\nx\n:::\n", ":::hnit", "hint"),
    "a block without its end": _file("statement.md", f"{STATEMENT}\n:::hint One\nx\n", ":::hint", ":::"),
    "a figure that is not there": _file(
        "statement.md", f"{STATEMENT}\n![a](assets/a.svg)\n", "assets/a.svg", "assets/a.svg"
    ),
    "a formula of an unknown command": _file("statement.md", f"{STATEMENT}\nSo $\\foo x$.\n", "foo", "foo"),
    # Code.
    "a starter that is no Python": _file(
        "starter.py", "def shift(seed, x, heads)\n    pass\n", "def shift", "expected ':'"
    ),
    "an empty starter": _file("starter.py", "# nothing\n", "", "define `shift`"),
    "a starter of another function": _file(
        "starter.py", STARTER.replace("shift", "shfit"), "", "it defines shfit"
    ),
    "a starter of another order": _file(
        "starter.py", STARTER.replace("seed, x", "x, seed"), "def shift", "calls shift(seed, x, heads)"
    ),
    "a starter that uses what is forbidden": _file(
        "starter.py", f"from flax import nnx\n{STARTER}\nnnx.Linear(1)\n", "nnx.Linear(1)", "rules out"
    ),
    "a reference that is no Python": _file(
        "reference/reference.py", f"{CODE}\nreturn x +\n", "return x +", "no Python"
    ),
    "a reference of another function": _file(
        "reference/reference.py", CODE.replace("shift(", "drift("), "", "it defines drift"
    ),
    "a reference of other parameters": _file(
        "reference/reference.py",
        CODE.replace("seed, x, heads", "seed, x"),
        "def shift",
        "calls shift(seed, x, heads)",
    ),
    "a reference that uses what is forbidden": _file(
        "reference/reference.py", f"{CODE}\nfrom flax.nnx import Linear\n", "from flax.nnx", "rules out"
    ),
    "another right solution that is no Python": _file(
        "reference/also_right/by_hand.py", f"{CODE}\n)\n", ")", "unmatched ')'"
    ),
    "a variant that is no Python": _file("variants/post_norm.py", f"{CODE}\nif x\n", "if x", "expected ':'"),
    "a variant of another function": _file(
        "variants/pre_norm.py", CODE.replace("shift(", "drift("), "", "it defines drift"
    ),
    "a variant with a NUL": _file("variants/no_bias.py", f"{CODE}\0", "", "null"),
}
