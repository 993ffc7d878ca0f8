"""Commands as the documents give them, typed into a shell of their own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from app.cli.main import commands
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import REFERENCE, write_toy_folders

_BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(jaxercise [^`]+)`")
_OURS = ("jaxercise", "docs/deploy/make-secrets")
_PASSWORD = "correct horse battery"
# What a test has for what a document names; the folder of backups is the test's own as well.
_STAND_INS = {
    "PROBLEM": "toy-shift",
    "vit-cls-token": "toy-shift",
    "FILE": "solution.py",
    "EMAIL": "ada@school.example",
    "postgresql+psycopg://jaxercise@db.school.example/jaxercise": "sqlite:///other.db",
}


def typed_lines(text: str) -> Iterator[str]:
    """Yield every command of ours that a document tells its reader to type, in blocks and in running text."""
    for block in _BLOCK.findall(text):
        yield from (line.strip() for line in block.splitlines() if line.strip().startswith(_OURS))
    yield from _INLINE.findall(text)


def is_whole(line: str) -> bool:
    """Return whether the line has all that its command needs, and is not only the command's name."""
    words = shlex.split(line)
    command: Any = typer.main.get_command(commands)
    if words[0] != "jaxercise":
        return True
    words = words[1:]
    while words and (below := getattr(command, "commands", None)) is not None:
        command, words = below[words[0]], words[1:]
    needed = sum(parameter.required for parameter in command.params)
    return hasattr(command, "params") and not hasattr(command, "commands") and len(words) >= needed


class Shell:
    """A folder with a problem, a solution and state of its own, and a shell that is in it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        write_toy_folders(place)
        (place / "solution.py").write_text(REFERENCE)
        (place / "backups").mkdir(exist_ok=True)
        own = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
        self._environment = {
            **own,
            "JAXERCISE_DATA_DIR": str(place / "var"),
            "JAXERCISE_PROBLEMS_DIR": str(place / "problems"),
            "JAXERCISE_REFERENCES_DIR": str(place / "references"),
            "JAXERCISE_PASSWORD": _PASSWORD,
        }

    def furnish(self) -> None:
        """Make two accounts and a backup, for the commands that need some."""
        for line in (
            "jaxercise users create admin@school.example",
            "jaxercise users create ada@school.example",
            "jaxercise db backup /backups/monday.backup",
        ):
            ran = self.type(line)
            assert ran.returncode == 0, ran.stderr

    def copy_for(self, line: str, place: Path) -> "Shell":
        """Return another shell in `place` that has what the line needs of this one, and can be changed."""
        if line.startswith("jaxercise db restore"):
            shutil.copytree(self._place / "backups", place / "backups")
        if "--overwrite" in line or not line.startswith(("jaxercise db restore", "jaxercise users create")):
            shutil.copytree(self._place / "var", place / "var", ignore=shutil.ignore_patterns("grading"))
        return Shell(place)

    def type(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Run one line to its end."""
        words = [_STAND_INS.get(word, word) for word in shlex.split(line)]
        words = [word.replace("/backups/", f"{self._place}/backups/") for word in words]
        ours = Path(sys.executable).with_name("jaxercise")
        program = str(ours if words[0] == "jaxercise" else CHECKOUT / words[0])
        return subprocess.run(
            [program, *words[1:]],
            cwd=self._place,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
