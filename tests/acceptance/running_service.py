"""The real service, as its own process on a free port of this machine."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ADDRESS = re.compile(r"Jaxercise is at (http://\S+)")


@contextmanager
def running_service(data_dir: Path, **settings: str) -> Iterator[str]:
    """Starts `jaxercise serve` with all state in `data_dir`; gives its address, and stops it afterwards.

    A `data_dir` that is shared needs a `database_url` of one's own.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    # Nothing is prepared yet, and what a first wrong submission needs takes its time on a busy machine.
    environment |= {"JAXERCISE_DATA_DIR": str(data_dir), "JAXERCISE_DIAGNOSIS_SECONDS": "300"}
    environment |= {f"JAXERCISE_{name.upper()}": value for name, value in settings.items()}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "serve", "--host", "127.0.0.1", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield _address(process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
            log.seek(0)
            # Shown by pytest where the test has failed.
            sys.stderr.write(log.read())


def _address(process: "subprocess.Popen[str]") -> str:
    """Read from what the service prints at its start."""
    if process.stdout is not None:
        for line in process.stdout:
            if found := _ADDRESS.search(line):
                return found.group(1)
    raise RuntimeError(f"jaxercise serve ended with {process.wait()} before it listened")
