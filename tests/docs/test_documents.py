"""The documents mention everything there is, and nothing that there is not."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from app.cli.main import commands
from app.grading.prove.reasons import Reason
from app.settings import Settings
from tests.support.checkout import CHECKOUT
from tests.support.operators_commands import is_operators, operators_fault

_README_LINES = 80
_VARIABLES = {f"JAXERCISE_{name.upper()}" for name in Settings.model_fields}
# Read by a single command, or by the tests; not a setting of the service.
_OTHER_VARIABLES = {"JAXERCISE_PASSWORD"}
_BLOCK = re.compile(r"^ *```(?:console|sh)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:jaxercise|make) [^`]+)`")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
_TOP = "app|sandbox|tests|bench|docs|scripts|alembic|problems|reference_solutions"
_PATH = re.compile(rf"`((?:{_TOP})/[\w./-]+)`")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
# What whoever follows a how-to makes.
_MADE_BY_READERS = re.compile(r"/(?:90-clipped-swish|90-rms-norm|(?:test_)?about(?:_page)?|odd)\b")


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
    if words[0] == ".venv/bin/pytest":
        missing = [word for word in words[1:] if not word.startswith("-") and not _is_there(word)]
        return f"no such tests in {line!r}: {missing}" if missing else None
    if words[:2] == [".venv/bin/python", "-m"]:
        return None if importlib.util.find_spec(words[2]) else f"no such module: {line!r}"
    if is_operators(line):
        return operators_fault(line, _fault)
    return f"not a command that the documents may give: {line!r}"


def _fault_of_ours(line: str, words: list[str]) -> str | None:
    command: Any = typer.main.get_command(commands)
    while words and (below := getattr(command, "commands", None)) is not None:
        if words[0] not in below:
            return f"no such command: {line!r}"
        command, words = below[words[0]], words[1:]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no such option in {line!r}: {unknown}" if unknown else None


def _fault_of_link(document: Path, target: str, anchor: str) -> str | None:
    if target.startswith(("https://", "mailto:")):
        return None
    file = document.parent / target if target else document
    if not file.exists():
        return f"{document.name} links to nothing: {target}"
    if anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text()):
        return f"{document.name} links to no heading of {target}: {anchor}"
    return None


def _anchors(text: str) -> set[str]:
    """Return what GitHub calls the headings of a document."""
    titles = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _missing_paths(text: str) -> list[str]:
    """Return the paths that a document names and a checkout does not have; `NAME` stands for any."""
    named = {path for path in _PATH.findall(text) if not re.search(r"\bNAME\b", path)}
    return sorted(path for path in named if not _is_there(path))


def _is_there(path: str) -> bool:
    return (CHECKOUT / path).exists() or _MADE_BY_READERS.search(path) is not None


def test_no_document_names_a_setting_that_is_not_there() -> None:
    """A misspelt or removed variable would be set in vain."""
    # The changelog names what there was.
    prose = "\n".join(path.read_text() for path in _documents() if path.name != "CHANGELOG.md")
    named = set(re.findall(r"JAXERCISE_[A-Z_]+[A-Z]", prose))

    assert named - _VARIABLES - _OTHER_VARIABLES == set()


@pytest.mark.parametrize("command", sorted(_leaves(typer.main.get_command(commands), "jaxercise")))
def test_every_command_is_mentioned(command: str) -> None:
    """A command that no document names is found by nobody."""
    assert re.search(rf"{re.escape(command)}\b", _prose())


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_command_and_link_that_a_document_gives_exists(document: Path) -> None:
    """What a reader is told to type or to open is there."""
    text = document.read_text()
    faults = [_fault(line) for line in _command_lines(text)]
    faults += [_fault_of_link(document, target, anchor) for target, anchor in _LINK.findall(text)]

    assert [fault for fault in faults if fault] == []


@pytest.mark.parametrize(
    "line",
    [
        "make coffee",
        ".venv/bin/pytest tests/no-such-folder",
        ".venv/bin/python -m tests.support.no_such_module",
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


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    """Whoever looks for a module that was moved finds the document wrong."""
    if document.name != "CHANGELOG.md":
        assert _missing_paths(document.read_text()) == []


def test_a_path_or_a_heading_that_is_not_there_is_noticed() -> None:
    """The checks above can fail."""
    readme = CHECKOUT / "README.md"

    assert _missing_paths("`app/main.py`, `app/nothing.py`, `app/core/probes/NAME.py`") == ["app/nothing.py"]
    assert _fault_of_link(readme, "docs/no-such-page.md", "") is not None
    assert _fault_of_link(readme, "docs/performance.md", "no-such-heading") is not None
    assert _fault_of_link(readme, "docs/performance.md", "nothing-lost") is None


def _pictures_without_words(text: str) -> list[str]:
    return re.findall(r"!\[\s*\]\(([^)]+)\)", text)


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_picture_says_in_words_what_it_shows(document: Path) -> None:
    """Whoever cannot see it reads it."""
    assert _pictures_without_words(document.read_text()) == []


def test_a_picture_without_words_is_noticed() -> None:
    assert _pictures_without_words("![](a.svg) ![A plot](b.svg)") == ["a.svg"]


def test_the_readme_is_a_way_in_and_no_manual() -> None:
    """What a reader needs later is one link away."""
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= _README_LINES


def test_the_drawn_layers_are_those_that_imports_are_held_to() -> None:
    """`make lint` reads them in pyproject.toml."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = {c["id"]: " > ".join(c["layers"]) for c in contracts if c["type"] == "layers"}

    assert _drawn_layers("docs/architecture.md") == list(held.values())
    assert _drawn_layers("CONTRIBUTING.md") == [held["layers"]]


def _drawn_layers(document: str) -> list[str]:
    text = (CHECKOUT / document).read_text()
    return [
        " ".join(block.split())
        for block in re.findall(r"^```text\n([a-z_|\s]+ >[^`]*)^```", text, re.MULTILINE)
    ]
