"""A plugin of pytest for Flax's own tests: makes its process plain or patched, and writes what came of each.

`--jax plain|patched`, `--programs FOLDER` for stored programs, `--fill` to write them, `--results FILE`.
"""

import json
from pathlib import Path

import pytest

from tests.exhaustive import patched
from tests.exhaustive.steady import steady

_SEVEREST_FIRST = ("failed", "skipped", "passed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--jax", choices=("plain", "patched"), required=True)
    parser.addoption("--programs", default="")
    parser.addoption("--fill", action="store_true")
    parser.addoption("--results", type=Path, required=True)
    parser.addoption("--sample", type=int, default=0, help="of each file, that many tests, spread over it")


def pytest_configure(config: pytest.Config) -> None:
    """Patch before anything of JAX is used."""
    if config.getoption("--jax") == "plain":
        patched.be_plain()
    else:
        patched.be_patched()(config.getoption("--programs"), config.getoption("--fill"))
    config.pluginmanager.register(_Results(config.getoption("--results")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if most := config.getoption("--sample"):
        files: dict[Path, list[pytest.Item]] = {}
        for item in items:
            files.setdefault(item.path, []).append(item)
        items[:] = [item for of_file in files.values() for item in of_file[:: -(-len(of_file) // most)]]


class _Results:
    """Outcome and reason of each test, and of each file that could not be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = self._outcomes.get(report.nodeid)
        if known is None or _SEVEREST_FIRST.index(report.outcome) < _SEVEREST_FIRST.index(known[0]):
            self._outcomes[report.nodeid] = (report.outcome, _reason(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._outcomes[report.nodeid] = ("not collected", _reason(report))

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._outcomes))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return what was raised; nothing of a test that has passed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return steady(crash.message)
    return steady(str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr or ""))
