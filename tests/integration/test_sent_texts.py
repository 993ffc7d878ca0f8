"""Texts as people really send them, graded as a whole: in the real jail, by `jaxercise check`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import REFERENCE, write_toy_folders

pytestmark = pytest.mark.jail

_LAST = len(REFERENCE.splitlines())
_FIRST_SHIFT = next(n for n, line in enumerate(REFERENCE.splitlines(), 1) if "self.shift = " in line)
_RIGHT = {
    "two_marks": f"\ufeff\ufeff{REFERENCE}",
    "windows": REFERENCE.replace("\n", "\r\n"),
    "old_mac": REFERENCE.replace("\n", "\r"),
    "form_feed": REFERENCE.replace("\n\n\n", "\n\x0c\n"),
    "mentions": f'{REFERENCE}# %%time ``` >>> “x” exit()\nNOTE = """\n!pip install\nHere it is:\n"""\n',
    "guarded": f'{REFERENCE}if __name__ == "__main__":\n    input()\n    exit()\n',
}
_REFUSED = {
    "magic": (f"{REFERENCE}%%time\n", "syntax_error", _LAST + 1, "a command of a notebook"),
    "answer": (f"Here it is:\n\n```python\n{REFERENCE}```\n", "syntax_error", 1, "a text around the code"),
    "newer": (f'{REFERENCE}x = f"{{d["k"]}}"\n', "syntax_error", _LAST + 1, "here 3.11 runs"),
    "counted": (f"{REFERENCE}x = 1\nx++\n", "syntax_error", _LAST + 2, "write `x += 1`"),
    "javascript": (
        f"{REFERENCE}function f() {{\n  return 1;\n}}\n",
        "syntax_error",
        _LAST + 1,
        "write `def f(…):`",
    ),
    "walrus": (f"{REFERENCE}x := 1\n", "syntax_error", _LAST + 1, "write `=`"),
    "lower": (f"{REFERENCE}x = true\n", "error", _LAST + 1, "Python writes `True`, `False` and `None`"),
    "julia": (f"{REFERENCE}end\n", "error", _LAST + 1, "ends where its indentation does"),
    "r": (f"{REFERENCE}y <- 1\n", "error", _LAST + 1, "`<-` is not Python's"),
    "exit": (f"{REFERENCE}exit()\n", "error", _LAST + 1, "is only there in a console"),
    "breakpoint": (
        REFERENCE.replace("    return Shift(", "    breakpoint()\n    return Shift("),
        "error",
        _LAST,
        "waits for somebody at a keyboard",
    ),
    "no_mesh": (
        REFERENCE.replace("(4,))))", "(4,))), sharding=('model',))", 1),
        "error",
        _FIRST_SHIFT,
        "by a mesh, and there is none here",
    ),
    "unwritten": (
        f"{REFERENCE}\n\ndef helper(x):\n    # to be written\n",
        "syntax_error",
        _LAST + 4,
        "expected an indented block after function definition",
    ),
    "quoted": (f"'''\n{REFERENCE}'''\n", "missing_function", 1, "take the quotes around the code away"),
    "awaited": (f"{REFERENCE}await shift(1, 2)\n", "syntax_error", _LAST + 1, "only a notebook waits"),
    "argued": (
        f"import sys\n{REFERENCE}sys.argv[1]\n",
        "error",
        _LAST + 2,
        "leave `argparse` and `sys.argv` out",
    ),
    "guard": (
        'if __name__ == "__main__":\n    def shift(seed, x):\n        return x\n',
        "missing_function",
        2,
        "which is not run here: move it out",
    ),
}


def test_each_is_accepted_or_told_in_one_sentence_at_its_line(tmp_path: Path) -> None:
    write_toy_folders(tmp_path)
    sent = tmp_path / "sent"
    sent.mkdir()
    for name, code in {**_RIGHT, **{name: refused[0] for name, refused in _REFUSED.items()}}.items():
        (sent / f"{name}.py").write_bytes(code.encode())
    settings = {
        "JAXERCISE_DATA_DIR": str(tmp_path / "var"),
        "JAXERCISE_PROBLEMS_DIR": str(tmp_path / "problems"),
        "JAXERCISE_REFERENCES_DIR": str(tmp_path / "references"),
    }
    command = [sys.executable, "-m", "app.cli.main", "check", "toy-shift", str(sent), "--json"]
    done = subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    verdicts = {Path(one["file"]).stem: one for one in map(json.loads, done.stdout.splitlines())}
    assert {name: (verdicts[name]["outcome"], verdicts[name]["notes"]) for name in _RIGHT} == dict.fromkeys(
        _RIGHT, ("accepted", [])
    )
    for name, (_, outcome, line, said) in _REFUSED.items():
        verdict = verdicts[name]
        assert (name, verdict["outcome"], verdict["error"]["line"]) == (name, outcome, line)
        assert said in f"{verdict['message']} {verdict['error']['explanation']}"
