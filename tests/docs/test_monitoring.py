"""What operators read explains the metrics that there are, and no others."""

import re
from collections.abc import Iterator

import pytest

from app.metrics.metrics import Metrics
from tests.support.checkout import CHECKOUT

_NAME = re.compile(r"\bjaxercise_[a-z_]+[a-z]\b")
_SUFFIXES = re.compile(r"_(?:bucket|sum|count)$")

pytestmark = pytest.mark.anyio


def _named(expressions: Iterator[str]) -> set[str]:
    return {_SUFFIXES.sub("", name) for text in expressions for name in _NAME.findall(text)}


async def _existing() -> set[str]:
    """As Prometheus is told them, without those of each histogram's parts."""
    text = (await Metrics().text()).decode()
    declared = re.findall(r"^# TYPE (\S+) \w+$", text, re.MULTILINE)
    return {name for name in declared if not name.endswith("_created")}


async def test_every_metric_is_in_the_reference_and_none_that_is_not_there() -> None:
    """A figure that nobody explains is a figure that nobody trusts."""
    table = (CHECKOUT / "docs/reference/metrics.md").read_text()
    assert _named(iter(re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE))) == await _existing()


def test_a_metric_that_is_not_there_is_noticed() -> None:
    """The checks above can fail."""
    named = _named(iter(['rate(jaxercise_typo_total[5m]) + jaxercise_x_seconds_bucket{le="1"}']))
    assert named == {"jaxercise_typo_total", "jaxercise_x_seconds"}
