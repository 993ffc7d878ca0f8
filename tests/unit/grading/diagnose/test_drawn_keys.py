"""What is drawn otherwise than in the reference, and by what: named where nothing else explains it."""

import msgspec
import pytest

from app.grading.diagnose.drawn_keys import ORDER, other_keys
from sandbox.interface import DrawnKey


def _drawn(*paths: str, base: str = "b", source: int = 0, start: int = 0) -> list[DrawnKey]:
    """One stream's keys, in order; a path that is empty or in capitals is no parameter's."""
    return [
        DrawnKey(
            key=f"{base}-{place}",
            base=base,
            source=source,
            path=path if path.islower() else "",
            owner=path if not path.islower() else "",
            line=10 + place,
        )
        for place, path in enumerate(paths, start)
    ]


_TASK = _drawn("embed.kernel", "embed.bias", "norm.scale", "norm.bias", "head.kernel", "head.bias")


def test_another_order_is_named_by_the_first_layer_out_of_place() -> None:
    cause = other_keys(_drawn("head.kernel", "head.bias", *(draw.path for draw in _TASK[:4])), _TASK)
    assert cause.id == ORDER
    assert "You create `head.kernel` where the task creates `embed.kernel`" in cause.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (_drawn("embed.kernel", "embed.bias", "Dropout", "norm.scale", "norm.bias"), "by `nnx.Dropout`"),
        (_drawn("embed.kernel", "embed.bias", "table", "norm.scale", "norm.bias"), "for `table`, which"),
        (_drawn("embed.kernel", "embed.bias", "", "norm.scale", "norm.bias"), "no parameter is made of it"),
        (
            _drawn("embed.kernel", "embed.bias", "<b>", "norm.scale", "norm.bias"),
            "no parameter is made of it",
        ),
    ],
)
def test_an_additional_key_is_named_by_what_drew_it(given: list[DrawnKey], words: str) -> None:
    """Text from a jail is told where it is a class of Flax or a path of the module's own."""
    whole = [*given, *_drawn("head.kernel", "head.bias", start=5)]
    cause = other_keys(whole, _TASK)
    assert cause.id == "additional_key"
    assert words in cause.message
    assert "in front of that of `norm.scale`" in cause.message
    assert cause.line == 12


def test_a_key_that_is_drawn_after_the_last_parameter_changes_nothing() -> None:
    """So it is not what is blamed."""
    order = _drawn("embed.bias", "embed.kernel", *(draw.path for draw in _TASK[2:]), "Dropout")
    assert other_keys(order, _TASK).id == ORDER


def test_a_layer_that_draws_no_key_is_named() -> None:
    """A norm that is written by hand, for one."""
    cause = other_keys(_drawn("embed.kernel", "embed.bias", "head.kernel", "head.bias"), _TASK)
    assert cause.id == "missing_key"
    assert "`norm.scale` and `norm.bias`" in cause.message
    assert "`head.kernel` and what comes after it" in cause.message


def test_one_key_for_two_parameters_is_named() -> None:
    """With one stream and with a new one for each layer."""
    again = msgspec.structs.replace(_TASK[4], key=_TASK[0].key)
    cause = other_keys([*_TASK[:4], again, _TASK[5]], _TASK)
    assert cause.id == "key_reuse"
    assert "`embed.kernel` and `head.kernel` are made of the same random key" in cause.message
    each = [*_drawn("embed.kernel", "embed.bias"), *_drawn("norm.scale", "norm.bias", source=1)]
    cause = other_keys([*each, *_drawn("head.kernel", "head.bias", source=2)], _TASK)
    assert cause.id == "key_reuse"
    assert "a new `nnx.Rngs` of one seed" in cause.message


def test_another_stream_is_named_by_its_first_parameter() -> None:
    """Of a key that the first one gave, or of something else."""
    first = _drawn("")
    cause = other_keys([*first, *_drawn(*(draw.path for draw in _TASK), base="b-0", source=1)], _TASK)
    assert cause.id == "other_stream"
    assert "`embed.kernel` takes its random key from another stream" in cause.message
    assert "a key that the first stream gave" in cause.message
    assert other_keys(_drawn(*(draw.path for draw in _TASK), base="c"), _TASK).id == "other_stream"


def test_several_causes_at_once_blame_none() -> None:
    """An additional key and another order: what is said then is true of both."""
    given = _drawn("head.kernel", "Dropout", "head.bias", *(draw.path for draw in _TASK[:4]))
    assert other_keys(given, _TASK).id == "other_keys"
