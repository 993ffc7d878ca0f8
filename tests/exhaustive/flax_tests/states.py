"""Flax's own tests run in the four states of a jail's patches, and held against each other."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.exhaustive.flax_tests.sources import flax_sources
from tests.exhaustive.patched import environment, stored_programs
from tests.support.checkout import CHECKOUT

STATES = ("plain", "empty", "filling", "warm")
"""Without patches; with them and an empty store; writing to it; reading what was written."""

Outcomes = dict[str, list[str]]
"""Of each test: how it ended, and what it raised or why it was skipped."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    outcomes: Outcomes
    seconds: float
    stored: int
    """How many compiled programs are in the store afterwards."""


def run_state(files: Sequence[str], state: str, programs: Path, *, sample: int = 0) -> Ran:
    """Run files of Flax's tests in one fresh process; `programs` is the folder of the store.

    Raises:
        RuntimeError: pytest itself did not come to its end.
    """
    root = flax_sources()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        empty, results = Path(place) / "empty", Path(place) / "results.json"
        empty.mkdir()
        options = ["--jax=plain"] if state == "plain" else ["--jax=patched"]
        if state != "plain":
            options.append(f"--programs={empty if state == 'empty' else programs}")
        if state == "filling":
            options.append("--fill")
        command = [sys.executable, "-m", "pytest", "-p", "tests.exhaustive.flax_tests.plugin", "--quiet"]
        command += [f"--config-file={root / 'pyproject.toml'}", f"--rootdir={root}", "-p", "no:cacheprovider"]
        command += [*options, f"--results={results}", f"--sample={sample}", f"--basetemp={place}/base"]
        command += [str(root / "tests" / "nnx" / file) for file in files]
        variables = {**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        ran = subprocess.run(command, cwd=CHECKOUT, env=variables, capture_output=True, text=True)
        if not results.exists():
            raise RuntimeError(
                f"{state}: pytest ended with {ran.returncode}: {(ran.stdout + ran.stderr)[-2000:]}"
            )
        outcomes: Outcomes = json.loads(results.read_text())
    seconds = round(time.monotonic() - start, 1)
    return Ran(outcomes=outcomes, seconds=seconds, stored=stored_programs(programs))


def differences(plain: Outcomes, other: Outcomes) -> Iterator[str]:
    """Yield a line for each test that ended otherwise, or was not there."""
    for test in sorted({*plain, *other}):
        if plain.get(test) != other.get(test):
            yield f"{test}: plain {plain.get(test)}, patched {other.get(test)}"


def summary(ran: dict[str, Ran]) -> dict[str, Any]:
    """Return the counts of outcomes, which are the same in all states, and the seconds of each.

    Raises:
        AssertionError: they are not the same, or no test was run, or a file could not be read.
    """
    plain = ran["plain"].outcomes
    found = [f"{state}: {line}" for state, of in ran.items() for line in differences(plain, of.outcomes)]
    assert not found, "\n".join(found)
    counted = Counter(outcome for outcome, _ in plain.values())
    assert counted, "no test was run"
    unread = [test for test, (outcome, _) in plain.items() if outcome == "not collected"]
    assert not unread, f"not collected: {', '.join(unread)}"
    seconds = {state: of.seconds for state, of in ran.items()}
    return {**counted, "stored": ran["warm"].stored, "seconds": seconds}
