"""Every problem proves itself: right solutions are accepted, wrong ones refused and named, by a clear margin.

An item is a problem. It is proven as `jaxercise validate` does, which keeps what the same code has proven.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.catalog.problem_folder import load_folders
from tests.support.checkout import CHECKOUT

RESTS_ON = ("app/catalog", "app/core", "app/grading", "sandbox", "problems", "reference_solutions")
_FIGURES = ("noise_floor", "float64", "nearest_variant")
_LAST_LINES = 20


def items() -> list[str]:
    """Return the slugs of all problems of the checkout."""
    return sorted(load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions").problems)


def run(item: str) -> dict[str, Any]:
    """Prove one problem.

    Raises:
        AssertionError: it is refused, or the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "validate", item, "--json", str(report)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        said = "\n".join((ran.stdout + ran.stderr).splitlines()[-_LAST_LINES:])
        if ran.returncode != 0:
            raise AssertionError(f"{item} is not proven: {said}")
        [proof] = json.loads(report.read_text())["problems"]
    figures = {figure["id"]: figure["value"] for figure in proof["figures"] if figure["id"] in _FIGURES}
    return {"version": proof["version"], "solutions": len(proof["solutions"]), **figures}


def table(results: Mapping[str, dict[str, Any]]) -> str:
    """Show the margins, in units of the tolerance; a problem of whole numbers alone has none."""
    lines = [
        "In units of what the tolerance allows. The mutation tables are in `problems/`.",
        "",
        "| problem | version | solutions | noise floor | float64 | nearest variant |",
        "|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        cells = [_shown(result.get(figure)) for figure in _FIGURES]
        solutions = f"`{result['version'][:12]}` | {result['solutions']}"
        lines.append(f"| {name} | {solutions} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "∞" if value is None else f"{value:.3g}"
