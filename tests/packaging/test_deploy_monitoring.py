"""The dashboard and the alerts ask for what the code tells, and every alert can be raised."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.metrics_core import Metric

from app.metrics.metrics import Metrics
from tests.support.checkout import CHECKOUT

_OPERATORS = CHECKOUT / "docs" / "operators"
# Prometheus' own, and its node exporter's.
_OTHERS = {"up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
_needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus"
)


def _reported() -> set[str]:
    """Every name that a process tells Prometheus."""
    families: list[Metric] = list(Metrics()._registry.collect())
    return {f"{family.name}{suffix}" for family in families for suffix in _SUFFIXES[family.type]}


def _selected(expression: str) -> set[str]:
    """The metrics that an expression asks for, as Prometheus' own parser reads it.

    Raises:
        ValueError: it is no PromQL.
    """
    return {str(selector.name) for selector in _selectors(expression)}


def _selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """The selectors in an expression, each a metric's name and what its labels must be.

    Raises:
        ValueError: it is no PromQL.
    """
    found: list[promql_parser.VectorSelector] = []

    def visit(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.MatrixSelector):
            found.append(part.vector_selector)
        elif isinstance(part, promql_parser.VectorSelector):
            found.append(part)

    promql_parser.walk(promql_parser.parse(expression.replace("$__rate_interval", "5m")), visit)
    return found


def _dashboard() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((_OPERATORS / "grafana-dashboard.json").read_text())
    return parsed


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((_OPERATORS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> Iterator[dict[str, Any]]:
    yield from (panel for panel in _dashboard()["panels"] if panel["type"] != "row")


def _expressions() -> list[str]:
    asked = [target["expr"] for panel in _panels() for target in panel["targets"]]
    return [*asked, *(rule["expr"] for rule in _alerts())]


@pytest.mark.parametrize("expression", _expressions())
def test_what_is_asked_for_is_told(expression: str) -> None:
    """A metric that was renamed would leave a panel empty and an alert silent."""
    asked = _selected(expression)

    assert asked
    assert asked <= _reported() | _OTHERS


def test_a_metric_that_is_not_told_is_noticed() -> None:
    """A check that cannot fail is a defect."""
    assert not _selected("sum(rate(jaxercise_verdict_total[5m]))") <= _reported() | _OTHERS
    with pytest.raises(ValueError, match=r"\w"):
        _selected("sum(rate(")


def test_every_metric_of_the_code_is_on_the_dashboard() -> None:
    """What is worth telling is worth looking at."""
    shown = {name for panel in _panels() for target in panel["targets"] for name in _selected(target["expr"])}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in _reported()}

    assert families <= {re.sub(r"_bucket$", "", name) for name in shown}


def test_the_dashboard_is_one_that_grafana_lays_out() -> None:
    """Panels have their own ids and places, and the source of figures is chosen at import."""
    dashboard = _dashboard()
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource"]
    assert {panel["datasource"]["uid"] for panel in _panels()} == {"${datasource}"}


def test_every_alert_is_explained_and_none_that_is_not_there() -> None:
    """Who is woken at night finds what it means and what to do."""
    headings = re.findall(r"^### (\w+)$", (_OPERATORS / "alerts.md").read_text(), re.MULTILINE)

    assert headings == [rule["alert"] for rule in _alerts()]


def test_the_jobs_that_alerts_name_are_scraped() -> None:
    """By the example that comes with them."""
    scraped = yaml.safe_load((_OPERATORS / "prometheus.yml").read_text())
    jobs = {job["job_name"] for job in scraped["scrape_configs"]}

    matchers = [
        matcher
        for expression in _expressions()
        for selector in _selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name == "job"
    ]

    assert matchers
    for matcher in matchers:
        if matcher.op == promql_parser.MatchOp.Equal:
            assert matcher.value in jobs
        else:
            assert matcher.op == promql_parser.MatchOp.Re
            assert any(re.fullmatch(matcher.value, job) for job in jobs)
    assert scraped["rule_files"] == ["alerts.yml"]


def test_every_alert_is_tried() -> None:
    """With series that must raise it, and with series that must not."""
    tried: dict[str, set[bool]] = {}
    for test in yaml.safe_load((Path(__file__).parent / "alerts.test.yml").read_text())["tests"]:
        for case in test["alert_rule_test"]:
            tried.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))

    assert tried == {rule["alert"]: {True, False} for rule in _alerts()}


@_needs_promtool
def test_prometheus_reads_its_files() -> None:
    """Its own checker, on the rules and on the example."""
    for command in ("check config prometheus.yml", "check rules alerts.yml"):
        ran = subprocess.run(["promtool", *command.split()], cwd=_OPERATORS, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@_needs_promtool
def test_alerts_are_raised_when_they_should_be() -> None:
    """And only then."""
    tests = Path(__file__).parent / "alerts.test.yml"
    ran = subprocess.run(["promtool", "test", "rules", tests], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
