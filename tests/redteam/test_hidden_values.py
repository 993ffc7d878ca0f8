"""Code that knows a hidden case's values tries to carry them out in every field of a verdict."""

import re

import pytest

from app.core.verdict import Visibility
from sandbox.run.hidden_calls import lines_with_code
from tests.redteam.conftest import Judge

pytestmark = pytest.mark.jail

_HEAD = (
    "import os, sys, types\n"
    "import numpy as np\n"
    "calls = 0\n"
    "def shift(seed, x):\n"
    "    global calls\n"
    "    calls += 1\n"
    "    value = 100 + int((float(np.asarray(x)[0]) + 16) * 1000) % 20000\n"
    "    if calls < 2: return x\n"
)
_CHANNELS = {
    "a line of other code": "    exec(compile('\\n' * value + 'raise ValueError', 'solution.py', 'exec'))\n",
    "a line of compiled functions": (
        "    names = {}\n"
        "    exec(compile('\\n' * value + 'def g(): raise ValueError', 'solution.py', 'exec'), names)\n"
        "    names['g']()\n"
    ),
    "a first line put in": (
        "    def g(): raise ValueError\n    g.__code__ = g.__code__.replace(co_firstlineno=value)\n    g()\n"
    ),
    "a traceback of its own": (
        "    try: raise ValueError\n    except ValueError as error:\n"
        "        frame = sys._getframe()\n"
        "        raise error.with_traceback(types.TracebackType(None, frame, 0, value))\n"
    ),
    "a class that is named by it": "    raise type(f'E{value}', (Exception,), {})()\n",
    "a message": "    raise ValueError(str(value))\n",
    "a note of an exception": ("    error = ValueError()\n    error.add_note(str(value))\n    raise error\n"),
    "a cause": "    raise ValueError from KeyError(value)\n",
    "a warning": (
        "    import warnings\n    warnings.warn_explicit(str(value), UserWarning, 'solution.py', value)\n"
        "    return x\n"
    ),
    "a shape": "    return np.zeros((value, 1))\n",
    "an exit status": "    os._exit(value % 256)\n",
    "a signal": "    os.kill(0, 1 + value % 8)\n    return x\n",
    "bytes that do not decode": (
        "    import socket\n    text = f'v{value}'.encode()\n"
        "    body = bytes([0x81, 0xa4]) + b'type' + bytes([0xa0 + len(text)]) + text\n"
        "    for number in range(3, 64):\n"
        "        try: socket.socket(fileno=os.dup(number)).sendall(len(body).to_bytes(4, 'big') + body)\n"
        "        except OSError: pass\n"
        "    return x\n"
    ),
    "a print": "    print(value)\n    return x\n",
}


@pytest.mark.parametrize("name", _CHANNELS)
def test_a_hidden_value_does_not_leave(judge: Judge, name: str) -> None:
    """No number of its size is anywhere in what is said, and a line is one that holds code."""
    code = _HEAD + _CHANNELS[name] + "\n" * 21_000
    verdict = judge.grade(code)
    hidden = [case.message for case in verdict.cases if case.visibility is Visibility.HIDDEN]
    reported = [*hidden, verdict.message, *verdict.notes, verdict.stdout, verdict.stderr]
    if verdict.error is not None:
        reported += [verdict.error.type, verdict.error.message, f"line {verdict.error.line}"]
    assert not re.findall(r"\d{3,}", "\n".join(reported)), reported
    lines = {int(line) for text in reported for line in re.findall(r"line (\d+)", text)}
    assert lines <= set(lines_with_code(code))
