"""What operators import and read knows the metrics that there are, and no others."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics.metrics import Metrics

_OPERATORS = Path(__file__).parents[2] / "docs/operators"
_NAME = re.compile(r"\bjaxercise_[a-z_]+[a-z]\b")
_SUFFIXES = re.compile(r"_(?:bucket|sum|count)$")

pytestmark = pytest.mark.anyio


def _named(expressions: Iterator[str]) -> set[str]:
    return {_SUFFIXES.sub("", name) for text in expressions for name in _NAME.findall(text)}


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((_OPERATORS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads((_OPERATORS / "grafana-dashboard.json").read_text())["panels"]
    return panels


async def _existing() -> set[str]:
    """As Prometheus is told them, without those of each histogram's parts."""
    text = (await Metrics().text()).decode()
    declared = re.findall(r"^# TYPE (\S+) \w+$", text, re.MULTILINE)
    return {name for name in declared if not name.endswith("_created")}


async def test_every_metric_is_explained_and_none_that_is_not_there() -> None:
    """A figure that nobody explains is a figure that nobody trusts."""
    table = (_OPERATORS / "monitoring.md").read_text().partition("## Metrics")[2].partition("\n## ")[0]
    assert _named(iter(re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE))) == await _existing()


async def test_alerts_ask_for_metrics_that_there_are_and_say_what_to_do() -> None:
    """A misspelt alert never fires."""
    alerts = _alerts()
    assert _named(alert["expr"] for alert in alerts) <= await _existing()
    for alert in alerts:
        assert set(alert["annotations"]) == {"summary", "action"}
        assert alert["labels"]["severity"] in ("page", "ticket")


async def test_the_dashboard_shows_every_metric_that_is_no_detail_of_another() -> None:
    shown = _named(target["expr"] for panel in _panels() for target in panel["targets"])
    existing = await _existing()
    assert shown <= existing
    # The stages tell the same as the whole, and more.
    assert existing - shown == {"jaxercise_grading_seconds"}


def test_the_dashboards_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in _panels()):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_a_metric_that_is_not_there_is_noticed() -> None:
    """The checks above can fail."""
    named = _named(iter(['rate(jaxercise_typo_total[5m]) + jaxercise_x_seconds_bucket{le="1"}']))
    assert named == {"jaxercise_typo_total", "jaxercise_x_seconds"}
