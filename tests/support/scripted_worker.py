"""`jaxercise worker`, or `jaxercise serve`, with the scripted grader in the place of the sandbox.

    python -m tests.support.scripted_worker [serve]

For tests that kill such processes under load: everything but the grader is the real one.
"""

import sys

from app.cli.serving.service import run_service
from app.cli.serving.worker import serve_worker
from app.settings import read_settings
from tests.support.scripted_grader import open_scripted_grader


def main() -> None:
    """Until SIGINT or SIGTERM; settings come from the environment, as always."""
    run = run_service if sys.argv[1:] == ["serve"] else serve_worker
    run(read_settings(), open_scripted_grader)


if __name__ == "__main__":
    main()
