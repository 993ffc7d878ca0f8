"""What needs somebody at a keyboard, or a notebook around it: habits that do no harm there."""

import re

from app.grading.explain.rule import Asked, Rule, rule

_NAMES = {
    "get_ipython": "`get_ipython` is only there in a notebook: leave the line out.",
    "display": "`display` is only there in a notebook: write `print`.",
    "exit": "`exit` is only there in a console: leave it out, a solution is to end by returning its answer.",
    "plt": "`plt` is not imported, and no picture is shown here: leave out whatever draws.",
    "quit": "`quit` is only there in a console: leave it out, a solution is to end by returning its answer.",
}
_ONLY = "only `jax`, `flax`, `numpy` and `optax` are, beside Python's own library"
_PACKAGES = {
    "google": "is only there in Colab, and nothing of it is needed here: leave the line out.",
    "ipdb": "is not there, nor anybody at a keyboard: leave it out, and `set_trace()` too.",
    "ipywidgets": "is only there in a notebook: leave the line out.",
    "plotly": "is not there, and no picture is shown here: leave it out, and whatever it draws.",
    "tqdm": "is not there, and nobody watches a bar grow here: loop over the thing itself.",
    "haiku": f"is not there: layers are in `flax.nnx`; {_ONLY}.",
    "equinox": f"is not there: layers are in `flax.nnx`; {_ONLY}.",
    "IPython": "is only there in a notebook: leave the line out.",
    "matplotlib": "is not there, and no picture is shown here: leave it out, and whatever it draws.",
    "seaborn": "is not there, and no picture is shown here: leave it out, and whatever it draws.",
    "torch": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "tensorflow": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "keras": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "einops": f"is not there: use `reshape` and `transpose`, or `jnp.einsum`; {_ONLY}.",
}


# Lines that Python can read by accident, and then knows no such name.
_LINES = (
    (
        re.compile(r"~~~"),
        "This line marks code in Markdown and is no Python: leave it out, and any other like it.",
    ),
    (
        re.compile(r"(?:In|Out)\s?\[\d*\]"),
        "`In [1]:` is the prompt of a notebook: take it off in front of each cell.",
    ),
    (
        re.compile(r"(?:Array|DeviceArray|array|tensor)\(\[*[-\d ]"),
        "This is what was printed, and no code: leave the line out.",
    ),
    (
        re.compile(r"(?:python3?|py|jupyter|bash|ls|pwd|clear|cls)(?:\s+-[a-zA-Z]+)*\s*$"),
        "This is no Python: leave the line out.",
    ),
    (
        re.compile(r"(?:end|endif|endfor|endwhile|endfunction|begin|then|fi|done|esac)\s*;?\s*$"),
        "A block of Python ends where its indentation does: leave the line out.",
    ),
    (
        re.compile(r"[\w.]+\s*<-\s*[^\s=]"),
        "`<-` is not Python's, which reads a comparison here: write `=`.",
    ),
)


_KEYBOARD = "waits for a keyboard, and there is none here: all that is asked about arrives in the parameters."
_NO_COMMAND = (
    "Nobody starts a solution with words of a command line: leave `argparse` and `sys.argv` out, what is "
    "asked about arrives in the parameters."
)
_READS_WORDS = re.compile(r"\b(?:sys\.)?argv\b|\.parse_(?:known_)?args\(")


def _end(asked: Asked) -> str:
    if _READS_WORDS.search(asked.line):
        return _NO_COMMAND
    return (
        "This ends the whole program, and no answer can come any more: leave it out. A function ends by "
        "`return`."
    )


def _asks_somebody(asked: Asked) -> str:
    """Say which function waits for a keyboard; an end of a file that was read is something else."""
    found = re.search(r"\b(input|getpass|stdin)\b", asked.line)
    return f"`{found[1] if found else 'input'}` {_KEYBOARD}" if found or asked.match[0] else ""


def _line(asked: Asked) -> str:
    return next((said for pattern, said in _LINES if pattern.match(asked.line.strip())), "")


def _no_file(asked: Asked) -> str:
    return (
        f"There is no file `{asked[1]}` here: a solution has no files of its own, what it needs arrives in "
        "the parameters."
    )


def _package(asked: Asked) -> str:
    said = _PACKAGES.get(asked[1].partition(".")[0])
    return f"`{asked[1]}` {said}" if said else ""


RULES: tuple[Rule, ...] = (
    rule("NameError", r"name '", _line),
    rule("FileNotFoundError", r"\[Errno 2\] No such file or directory: '([^'\n]{1,120})'", _no_file),
    rule(
        "ImportError",
        r"attempted relative import with no known parent package",
        "A solution is one file, with no others beside it to import from: put what it needs into it.",
    ),
    rule("NameError", rf"name '({'|'.join(_NAMES)})' is not defined", lambda asked: _NAMES[asked[1]]),
    rule("ModuleNotFoundError", r"No module named '([\w.]{1,120})'", _package),
    rule(
        "EOFError",
        r"(?:EOF when reading a line)?",
        _asks_somebody,
    ),
    rule(
        "ValueError",
        r"invalid literal for int\(\) with base 10: ''|could not convert string to float: ''",
        lambda asked: f"`stdin` {_KEYBOARD}" if "stdin" in asked.line else "",
    ),
    rule(
        "IndexError",
        r"list index out of range",
        lambda asked: _NO_COMMAND if _READS_WORDS.search(asked.line) else "",
    ),
    rule(
        "KeyboardInterrupt",
        r"",
        "Nobody interrupts a solution here, so the code did that itself: leave it out.",
    ),
    rule(
        "AssertionError",
        r"",
        lambda asked: (
            "An `assert` of your own did not hold: print what it compares before this line."
            if re.match(r"assert\b", asked.line)
            else ""
        ),
    ),
    rule(
        "BdbQuit",
        r"",
        lambda _: (
            "A breakpoint waits for somebody at a keyboard, and there is nobody here: leave `breakpoint()` "
            "and `set_trace()` out. `print` shows what a value is."
        ),
    ),
    rule(
        "SystemExit",
        r"",
        _end,
    ),
)
