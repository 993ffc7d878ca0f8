"""The tutorial is followed to the letter: its files written, its commands typed, and they end as it says."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.support.checkout import CHECKOUT

_TEXT = (CHECKOUT / "docs" / "tutorials" / "first-problem.md").read_text()
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n|^Delete (`[^:]*`):", re.MULTILINE | re.DOTALL)
_WRITE = re.compile(r"Write `([^`]+)`:\Z")
_KEEP = re.compile(r"In `([^`]+)`, keep the lines down to `(\w+)`, and write below them:\Z")
_EDIT = re.compile(r"In `([^`]+)`:\Z")
_FAILS = "This ends with exit code 1:"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a reader does."""

    kind: str
    """`write`, `keep`, `edit`, `delete` or `type`."""
    text: str
    files: tuple[str, ...] = ()
    key: str = ""
    exit_code: int = 0
    said: tuple[str, ...] = ()
    """Lines that a command prints, in order; `…` stands for anything."""


def _steps(text: str) -> Iterator[Step]:
    """Yield what a page tells its reader to do, in order."""
    command: Step | None = None
    for match in _BLOCK.finditer(text):
        language, block, deleted = match[1], match[2], match[3]
        before = text[: match.start()].rstrip().rpartition("\n\n")[2].replace("\n", " ")
        if language == "text":
            assert command is not None, block
            yield msgspec.structs.replace(command, said=tuple(block.splitlines()))
            command = None
            continue
        if command is not None:
            yield command
            command = None
        if deleted:
            yield Step(kind="delete", text="", files=tuple(re.findall(r"`([^`]+)`", deleted)))
        elif language == "console":
            (line,) = block.splitlines()
            command = Step(kind="type", text=line, exit_code=1 if before.endswith(_FAILS) else 0)
        elif found := _WRITE.search(before):
            yield Step(kind="write", text=block, files=(found[1],))
        elif found := _KEEP.search(before):
            yield Step(kind="keep", text=block, files=(found[1],), key=found[2])
        elif found := _EDIT.search(before):
            assert language == "diff", before
            yield Step(kind="edit", text=block, files=(found[1],))
        else:
            raise AssertionError(f"nothing says what to do with this block: {before!r}")
    if command is not None:
        yield command


def _is_said(lines: tuple[str, ...], text: str) -> bool:
    """Whether the text has these lines in order; blanks aside, and `…` for anything within a line."""
    printed = iter(" ".join(line.split()) for line in text.splitlines())
    for line in lines:
        parts = ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        if not any(re.search(parts, one) for one in printed):
            return False
    return True


class Reader:
    """Does what the page says, in folders of the test's own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        own = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
        self._environment = {**own, "JAXERCISE_DATA_DIR": str(place / "var")}
        for variable, name in (("PROBLEMS_DIR", "problems"), ("REFERENCES_DIR", "reference_solutions")):
            (place / name).mkdir()
            self._environment[f"JAXERCISE_{variable}"] = str(place / name)

    def does(self, step: Step) -> None:
        match step.kind:
            case "type" if "preview" in step.text:
                self._previews(step)
            case "type":
                ran = subprocess.run(
                    self._words(step.text),
                    cwd=self.place,
                    env=self._environment,
                    capture_output=True,
                    text=True,
                    timeout=600,
                    check=False,
                )
                assert ran.returncode == step.exit_code, ran.stdout + ran.stderr
                assert _is_said(step.said, ran.stdout), ran.stdout + ran.stderr
            case "delete":
                for name in step.files:
                    (self.place / name).unlink()
            case _:
                (name,) = step.files
                file = self.place / name
                file.write_text(_written(step, file))

    def _words(self, line: str) -> list[str]:
        program, *words = shlex.split(line)
        assert program == "jaxercise"
        return [sys.executable, "-m", "app.cli.main", *words]

    def _previews(self, step: Step) -> None:
        """Open the page that is named, and press Ctrl-C; on any free port, since tests run side by side."""
        process = subprocess.Popen(
            [*self._words(step.text), "--port", "0"],
            cwd=self.place,
            env=self._environment | {"PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert _is_said(step.said, line), line
            address = re.findall(r"http://[^\s,]+", line)[0]
            page = httpx.get(address, timeout=60)
            assert page.status_code == 200
            assert "RMS norm" in page.text
            assert 'value="submit"' in page.text
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()


def _written(step: Step, file: Path) -> str:
    """Return what the file holds after a step."""
    if step.kind == "write":
        return step.text
    lines = file.read_text().splitlines(keepends=True)
    if step.kind == "keep":
        (last,) = [number for number, line in enumerate(lines) if line.startswith(f"{step.key} = ")]
        return "".join(lines[: last + 1]) + step.text
    for old, new in re.findall(r"^-(.*\n)\+(.*\n)", step.text, re.MULTILINE):
        assert lines.count(old) == 1, old
        lines[lines.index(old)] = new
    return "".join(lines)


@pytest.mark.jail
def test_the_tutorial_is_followed_to_the_letter(tmp_path: Path) -> None:
    """From an empty folder to a proof, a refusal, and a mistake that is named."""
    reader = Reader(tmp_path)
    for step in _steps(_TEXT):
        reader.does(step)


def test_every_block_of_the_tutorial_is_a_step() -> None:
    """None is passed over: a block in another form would be typed by readers alone."""
    steps = list(_steps(_TEXT))
    blocks = len(re.findall(r"^```\w+$", _TEXT, re.MULTILINE))
    assert len(steps) == blocks - sum(bool(step.said) for step in steps) + _TEXT.count("\nDelete `")
    assert {step.kind for step in steps} == {"write", "keep", "edit", "delete", "type"}
    assert [step.exit_code for step in steps if step.kind == "type"] == [0, 0, 0, 0, 1, 0, 1]


def test_what_is_not_printed_is_noticed() -> None:
    """The check can fail."""
    assert _is_said(("a … c", "d"), "x\n  a b c\n\nd\n")
    assert not _is_said(("d", "a … c"), "a b c\nd\n")
    assert not _is_said(("a … d",), "a b c\nd\n")
