"""The command line: one file a command. Heavy modules are imported inside the commands."""

import sys

import typer

from app.cli import (
    check,
    db,
    doctor,
    mutate,
    new,
    preview,
    prove,
    regrade,
    serve,
    settings,
    users,
    validate,
)
from app.errors import GraderError
from sandbox.interface import SandboxError

_OUR_ERROR = 2

commands = typer.Typer(
    name="jaxercise", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
commands.command("serve")(serve.serve)
commands.command("worker")(serve.worker)
commands.command("check")(check.check)
commands.command("new")(new.new)
commands.command("preview")(preview.preview)
commands.command("validate")(validate.validate)
commands.command("prove")(prove.prove)
commands.command("mutate")(mutate.mutate)
commands.command("regrade")(regrade.regrade)
commands.command("settings")(settings.settings)
commands.command("doctor")(doctor.doctor)
commands.command("clean")(db.clean)
commands.add_typer(users.commands, name="users")
commands.add_typer(db.commands, name="db")


@commands.callback()
def describe() -> None:
    """Grade deep-learning exercises in JAX and Flax NNX, interactively."""


def app() -> None:
    """Run a command. Our errors are one line and exit code 2, never a traceback."""
    try:
        commands()
    except (GraderError, SandboxError) as error:
        print(f"jaxercise: {error}", file=sys.stderr)
        sys.exit(_OUR_ERROR)


if __name__ == "__main__":
    app()
