"""A plugin of pytest that ends a run with the list of what this machine could not test, and why.

`--untested FOLDER` turns it on. The folder carries the list from one run to the next: each adds what it has
skipped, and shows what it and the runs before it have, vitest's among them.
"""

import json
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

VITEST_REPORT = "vitest.json"
"""What vitest's JSON reporter is told to write into the folder."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--untested", type=Path, metavar="FOLDER", help="list what was skipped, and why")


def pytest_configure(config: pytest.Config) -> None:
    folder: Path | None = config.getoption("--untested")
    # Where processes share out the tests, the one that gives them out hears of every result.
    if folder is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Untested(folder))


class Untested:
    """What runs have skipped: for each reason, the file of every test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._skipped: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._take(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._take(report)

    def _take(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        # An expected failure counts as skipped too, but then it has been tested.
        if report.skipped and not hasattr(report, "wasxfail") and not isinstance(report.longrepr, str):
            _, _, reason = report.longrepr  # type: ignore[misc]
            self._skipped.append((reason.removeprefix("Skipped: "), report.nodeid.partition("::")[0]))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Write the list below everything else; pytest's closing line alone comes after it."""
        yield
        number = len(list(self._folder.glob("pytest-*.json")))
        (self._folder / f"pytest-{number}.json").write_text(json.dumps(self._skipped))
        terminalreporter.section("what this machine could not test")
        for line in listed(self._folder):
            terminalreporter.write_line(line)


def listed(folder: Path) -> list[str]:
    """Return a line for each reason, with how many tests it kept from running and in which files."""
    files: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("pytest-*.json")):
        for reason, file in json.loads(path.read_text()):
            files[reason].append(file)
    for reason, file in _skipped_by_vitest(folder / VITEST_REPORT):
        files[reason].append(file)
    most_first = sorted(files.items(), key=lambda found: (-len(found[1]), found[0]))
    lines = [f"{len(named):4}  {reason}  ({', '.join(sorted(set(named)))})" for reason, named in most_first]
    return lines or ["      Nothing: no test was skipped."]


def _skipped_by_vitest(report: Path) -> Iterator[tuple[str, str]]:
    if not report.exists():
        yield "vitest wrote no report of the pages' islands", "app/web/islands"
        return
    for file in json.loads(report.read_text())["testResults"]:
        for result in file["assertionResults"]:
            if result["status"] not in ("passed", "failed"):
                yield f"{result['status']}: {result['fullName']}", Path(file["name"]).name
