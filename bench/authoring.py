"""What an author waits for: a proof the first time and the second, and all mutants of a Transformer problem.

    .venv/bin/python -m bench.authoring [--problem SLUG] [--mutants-of SLUG]

Runs the commands as an author types them, in a data folder of their own, empty at the start: `validate`
of the toy problem and of `--problem`, each twice, and `mutate` of `--mutants-of`, which is prepared before.
Prints seconds beside their goals, which are for two idle processors of the machine in docs/performance.md.
Exits with 1 where a command refuses; a missed goal is printed and no failure.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.core.paths import path_of
from tests.support.toy_problem import write_toy_folders

_TOY = "toy-shift"
_FINE = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", default="encoder-block", help="a Transformer problem to prove")
    parser.add_argument("--mutants-of", default="vit-cls-token")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_toy_folders(folder)
        toy = {
            "JAXERCISE_PROBLEMS_DIR": str(folder / "problems"),
            "JAXERCISE_REFERENCES_DIR": str(folder / "references"),
        }
        bundled = {
            "JAXERCISE_PROBLEMS_DIR": str(path_of("problems")),
            "JAXERCISE_REFERENCES_DIR": str(path_of("reference_solutions")),
        }
        data = str(folder / "var")
        print(f"{os.cpu_count()} processors\n\n| | seconds | goal |\n|---|---|---|", flush=True)
        _row("validate, toy, first", ["validate", _TOY], toy, data, goal=10)
        _row("validate, toy, second", ["validate", _TOY], toy, data, goal=5)
        _row(f"validate, {arguments.problem}, first", ["validate", arguments.problem], bundled, data, goal=90)
        _row(f"validate, {arguments.problem}, second", ["validate", arguments.problem], bundled, data, goal=5)
        of = arguments.mutants_of
        _row(f"mutate, {of}, without explanations", ["mutate", of, "--no-explain"], bundled, data, goal=None)
        _row(f"mutate, {of}", ["mutate", of], bundled, data, goal=180)


def _row(what: str, words: list[str], settings: dict[str, str], data: str, *, goal: float | None) -> None:
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli.main", *words],
        env={**os.environ, **settings, "JAXERCISE_DATA_DIR": data},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    last = (ran.stdout.strip().splitlines() or ran.stderr.strip().splitlines() or [""])[-1]
    print(f"| {what}: {last} | {seconds:.1f} | {goal or ''} |", flush=True)
    if ran.returncode != _FINE:
        sys.exit(f"{' '.join(words)} ended with {ran.returncode}: {ran.stderr[-2000:]}")


if __name__ == "__main__":
    main()
