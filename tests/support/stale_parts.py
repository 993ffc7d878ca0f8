"""A plugin of pytest that ends a run with the parts of `make exhaustive` that rest on older code.

`--untested` (see `untested.py`) turns it on as well. It leaves the exit code alone: what takes hours is
wanted before a release, not before each commit.
"""

import subprocess
import sys
from collections.abc import Generator

import pytest

from tests.support.checkout import CHECKOUT

_SAID = (0, 1)
"""Exit codes of the command: nothing is stale, something is."""


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--untested") is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(StaleParts())


class StaleParts:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        yield
        terminalreporter.section("what rests on older code than today's")
        for line in stale_lines():
            terminalreporter.write_line(line)


def stale_lines() -> list[str]:
    """Ask in a process of its own, for a part may import anything; a fault of it is a line as well."""
    command = [sys.executable, "-m", "tests.exhaustive.stale"]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    said = ran.stdout if ran.returncode in _SAID else f"this could not be found out: {ran.stderr.strip()}"
    return said.splitlines()
