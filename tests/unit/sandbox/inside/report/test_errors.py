"""An exception in a callback, of which XLA hands on the words alone, is told as the learner's own."""

import linecache

import pytest

from sandbox.inside.report.errors import describe

_TEXT = """INTERNAL: CpuCallback error calling callback: Traceback (most recent call last):
  File "/jail/library/sandbox/inside/start.py", line 40, in <module>
  File "solution.py", line 3, in forward
  File "/jail/packages/0/jax/_src/callback.py", line 71, in __call__
    return tree_util.tree_map(np.asarray, self.callback_func(*args, **kwargs))
  File "solution.py", line 2, in f
    raise ValueError("mine")
{}"""


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        ("ValueError: mine", "ValueError", "mine"),
        ("KeyError", "KeyError", ""),
        (
            "jax.errors.ConcretizationTypeError: first\n\nsecond: 2",
            "ConcretizationTypeError",
            "first\n\nsecond: 2",
        ),
    ],
)
def test_the_exception_of_a_callback_is_told_with_its_frames(raised: str, kind: str, message: str) -> None:
    lines = ["a\n", "    raise ValueError('mine')\n", "c\n"]
    linecache.cache["solution.py"] = (1, None, lines, "solution.py")
    found = describe(RuntimeError(_TEXT.format(raised)))
    assert (found.type, found.message) == (kind, message)
    assert [(frame.line, frame.function) for frame in found.frames] == [(3, "forward"), (2, "f")]
    assert found.frames[-1].text == "raise ValueError('mine')"


def test_text_that_only_looks_like_it_is_left_as_it_is() -> None:
    text = "INTERNAL: CpuCallback error calling callback: Traceback (most recent call last):"
    assert (found := describe(RuntimeError(text))).message == text
    assert (found.type, found.frames) == ("RuntimeError", ())


class _Words(str):
    """Raises whatever is asked of it."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        raise SystemExit

    def __len__(self) -> int:
        raise SystemExit


class _Hostile(Exception):
    def __str__(self) -> str:
        return _Words("what it says")


def test_a_message_of_a_type_of_its_own_is_told_by_its_characters() -> None:
    found = describe(_Hostile())
    assert (found.type, found.message) == ("_Hostile", "what it says")
