"""The README and the documents mention everything there is, and nothing that there is not."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from app.cli.main import commands
from app.core.outcome import Outcome
from app.grading.prove.reasons import Reason
from app.settings import Settings
from tests.support.checkout import CHECKOUT
from tests.support.operators_commands import is_operators, operators_fault

_CONTRIBUTING_LINES = 45
_VARIABLES = {f"JAXERCISE_{name.upper()}" for name in Settings.model_fields}
# Read by a single command, or by the tests; not a setting of the service.
_OTHER_VARIABLES = {"JAXERCISE_PASSWORD"}
_BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:jaxercise|make) [^`]+)`")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def _documents() -> list[Path]:
    tops = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    return [*(CHECKOUT / top for top in tops), *sorted((CHECKOUT / "docs").rglob("*.md"))]


def _prose() -> str:
    return "\n".join(path.read_text() for path in _documents())


def _command_lines(text: str) -> Iterator[str]:
    """Every command that the text tells its reader to run: in blocks, and in running text."""
    for block in _BLOCK.findall(text):
        yield from (line.strip() for line in block.splitlines() if line.strip())
    yield from _INLINE.findall(text)


def _leaves(group: Any, path: str) -> Iterator[str]:
    """The commands below `group`, as they are typed."""
    below = getattr(group, "commands", None)
    if below is None:
        yield path
        return
    for name, command in below.items():
        yield from _leaves(command, f"{path} {name}")


def _fault(line: str) -> str | None:
    """What is wrong with a command line that a document gives; None where nothing is."""
    words = shlex.split(line)
    if words[0].endswith("jaxercise"):
        return _fault_of_ours(line, words[1:])
    if words[0] == "make":
        targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
        unknown = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"no such make target in {line!r}: {unknown}" if unknown else None
    if is_operators(line):
        return operators_fault(line, _fault)
    return f"not a command that the documents may give: {line!r}"


def _fault_of_ours(line: str, words: list[str]) -> str | None:
    command: Any = typer.main.get_command(commands)
    while words and (below := getattr(command, "commands", None)) is not None:
        if words[0] not in below:
            return f"no such command: {line!r}"
        command, words = below[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no such option in {line!r}: {unknown}" if unknown else None


def _fault_of_link(document: Path, target: str) -> str | None:
    if target.startswith(("https://", "mailto:")):
        return None
    return None if (document.parent / target).exists() else f"{document.name} links to nothing: {target}"


@pytest.mark.parametrize("variable", sorted(_VARIABLES))
def test_every_setting_is_in_the_table(variable: str) -> None:
    """An operator finds what can be set without reading code."""
    assert f"| `{variable}` |" in (CHECKOUT / "README.md").read_text()


def test_no_document_names_a_setting_that_is_not_there() -> None:
    """A misspelt or removed variable would be set in vain."""
    named = set(re.findall(r"JAXERCISE_[A-Z_]+[A-Z]", _prose()))

    assert named - _VARIABLES - _OTHER_VARIABLES == set()


@pytest.mark.parametrize("command", sorted(_leaves(typer.main.get_command(commands), "jaxercise")))
def test_every_command_is_mentioned(command: str) -> None:
    """A command that no document names is found by nobody."""
    assert re.search(rf"{re.escape(command)}\b", _prose())


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    """A learner may look up any word that a verdict has."""
    table = (CHECKOUT / "README.md").read_text().partition("## Outcomes")[2].partition("\n## ")[0]

    assert f"`{outcome}`" in table


def test_no_outcome_is_explained_that_cannot_be() -> None:
    """Nothing is left of an outcome that was renamed."""
    table = (CHECKOUT / "README.md").read_text().partition("## Outcomes")[2].partition("\n## ")[0]
    first_cells = "\n".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))

    assert set(re.findall(r"`(\w+)`", first_cells)) == {str(outcome) for outcome in Outcome}


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_command_and_link_that_a_document_gives_exists(document: Path) -> None:
    """What a reader is told to type or to open is there."""
    text = document.read_text()
    faults = [_fault(line) for line in _command_lines(text)]
    faults += [_fault_of_link(document, target) for target in _LINK.findall(text)]

    assert [fault for fault in faults if fault] == []


@pytest.mark.parametrize(
    "line",
    [
        "make coffee",
        "jaxercise no-such-command",
        "jaxercise users no-such-command",
        "jaxercise serve --no-such-option",
        "docker compose -f compose.single.yaml exec jaxercise jaxercise no-such-command",
        "curl -X POST http://127.0.0.1:8000",
        "sudo rm -rf /",
        "sudo install docs/operators/no-such-file /etc",
        "sudo systemctl enable --now no-such-unit",
        "docker compose exec no-such-service jaxercise doctor",
        "docker compose up --scale no-such-service=4",
        "docker compose -f no-such-file.yaml up",
        "docker compose exec worker jaxercise no-such-command",
        "docs/deploy/no-such-script",
        "kubectl --namespace jaxercise scale deployment worker --replicas=8",
        "kubectl --namespace jaxercise exec deployment/web -- jaxercise no-such-command",
        "kubectl apply --kustomize docs/no-such-folder",
        "kubectl drain node",
    ],
)
def test_the_check_of_commands_refuses(line: str) -> None:
    """A check that cannot fail is a defect."""
    assert _fault(line) is not None


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_refusal_is_explained(reason: Reason) -> None:
    """An author may look up any word that a proof ends with."""
    table = (CHECKOUT / "docs/authors.md").read_text().partition("## Why a problem is refused")[2]

    assert f"| `{reason}` |" in table.partition("\n## ")[0]


def test_no_reason_is_explained_that_cannot_be() -> None:
    """Nothing is left of a reason that was renamed."""
    table = (CHECKOUT / "docs/authors.md").read_text().partition("## Why a problem is refused")[2]
    first_cells = re.findall(r"^\| `(\w+)` \|", table.partition("\n## ")[0], re.MULTILINE)

    assert set(first_cells) == {str(reason) for reason in Reason}


def test_contributing_fits_one_screen() -> None:
    """Whoever wants to help reads it whole."""
    assert len((CHECKOUT / "CONTRIBUTING.md").read_text().splitlines()) <= _CONTRIBUTING_LINES


def test_every_decision_is_one_dated_paragraph() -> None:
    """A title, a date, and the reasons with their price."""
    decisions = sorted((CHECKOUT / "docs" / "decisions").glob("*.md"))

    assert decisions
    for decision in decisions:
        title, paragraph = decision.read_text().strip().split("\n\n")
        assert title.startswith("# ")
        assert re.match(r"\d{4}-\d{2}-\d{2}\. ", paragraph)
