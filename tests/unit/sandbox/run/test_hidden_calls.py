"""Of a hidden call only few values leave, whatever its code says."""

import itertools
import time

import pytest

from sandbox.interface import CallResult, DrawnKey, ForbiddenUse, Frame, Raised
from sandbox.run.hidden_calls import Places, cut, lines_with_code, step

_TEXT = '''"""What it does,
in two lines."""
import jax  # a comment

# only a comment
def f(x):
    """Its docstring."""
    said = "a # that begins no comment"
    text = """a line
    inside of a string
    """ + 'the " end'
    return (
        x
        # nothing
        + 1
    )
'''


def test_lines_of_comments_and_strings_hold_no_code() -> None:
    assert lines_with_code(_TEXT) == [3, 6, 8, 9, 11, 12, 13, 15, 16]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_the_parser_does(ends: str) -> None:
    text = "a = 1\n\n\fb = 2\nc = '\u2028\x0b'\n".replace("\n", ends)
    places = Places(text)
    assert [places.of(line) for line in range(-1, 8)] == [None, None, 1, None, 3, 4, None, None, None]


@pytest.mark.parametrize("padding", ["\n", "# none\n", "''\n", "\\\n"])
def test_lines_that_are_only_there_to_be_counted_name_nothing(padding: str) -> None:
    code = "def f(x):\n    raise x\n" + padding * 20_000
    places = Places(code)
    assert len({places.of(line) for line in range(1, 20_002)}) <= 3


@pytest.mark.parametrize(
    "code",
    [
        "a = 1\n" * 5_000,
        "def f(): pass\n" * 200 + "a = 1\n" * 5_000,
        "def f(): pass\n" * 5_000,
        "class A:\n    def f(self): pass\n    async def g(self): pass\n" * 60,
    ],
)
def test_a_text_has_at_most_256_places(code: str) -> None:
    places = Places(code)
    assert len({places.of(line) for line in range(-2, 70_000)} - {None}) <= 256


def test_of_a_long_text_a_line_is_told_by_its_function() -> None:
    code = "def f():\n" + "    a = 1\n" * 300 + "def g():\n    b = 2\n"
    assert [Places(code).of(line) for line in (1, 200, 302, 303, 305)] == [1, 1, 302, 302, None]


@pytest.mark.parametrize("piece", ['"""', "'''\\", '\\"""', "'", '"\\\n', "#", "\\", 'f"', '""\\"'])
def test_any_text_is_gone_through_once(piece: str) -> None:
    """Four times as long takes at most some ten times as long, where quadratic would be sixteen."""

    def seconds(count: int) -> float:
        best = 1e9
        for _ in range(5):
            start = time.process_time()
            lines_with_code(piece * count)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(64_000) < 10 * seconds(16_000) + 0.005


def test_what_a_hidden_call_says_has_few_values() -> None:
    """Two calls that differ in everything that they can choose are reported with the same words."""

    def said(secret: int) -> CallResult:
        frames = tuple(Frame(line=line, function="f", text="") for line in (2, 3 + secret))
        return cut(
            CallResult(
                index=0,
                wall_seconds=0.21 + secret / 1e6,
                raised=Raised(type="ValueError", message="", frames=frames),
                forbidden=ForbiddenUse(name="jnp.sum", line=3 + secret),
                notes=(f"{secret}",),
                drawn_keys=(DrawnKey(key="", base="", source=0, line=3 + secret),),
            ),
            Places("def f(x):\n    raise x\n" + "\n" * 1_000),
        )

    assert said(17) == said(940)
    raised = said(1).raised
    assert raised is not None
    assert [frame.line for frame in raised.frames] == [2]


def test_times_are_told_in_steps() -> None:
    assert [step(seconds) for seconds in (0.0, 0.003, 0.04, 0.3, 7.0, 1e9)] == [0, 0.01, 0.05, 0.5, 10, 100]
    assert len({step(tenth / 1000) for tenth in itertools.chain(range(1000), range(1000, 400_000, 97))}) <= 14
