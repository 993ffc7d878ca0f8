"""The old words of this project, where names may have them no more, and every name that there is.

A name is an identifier, a file or folder, a setting, a key of a log entry or of JSON, a metric, a CSS class
or id, or a Markdown heading. Sentences are free: most of these words are plain English there.
"""

import ast
import enum
import io
import keyword
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import msgspec

FOLDERS = ("app", "sandbox", "docs", "tests")


class NameKind(enum.StrEnum):
    IDENTIFIER = "identifier"
    DEFINITION = "definition"
    """The name of a function or class, in the file that defines it."""
    TEST = "test"
    """A test function's name, which is a sentence."""
    FILE = "file"
    KEY = "key"
    METRIC = "metric"
    STYLE = "style"
    HEADING = "heading"


ALL = frozenset(NameKind)
# A verb or a common noun is an old word as a name, but not within the sentence of a heading or a test.
NOT_SENTENCES = ALL - {NameKind.HEADING, NameKind.TEST}
# Some are only wrong as what somebody else calls or imports.
DEFINED = frozenset((NameKind.DEFINITION, NameKind.FILE))


class Name(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    kind: NameKind
    file: str
    line: int = 0

    @property
    def words(self) -> str:
        """The parts in lower case, each between low lines: `WarmJail` and `warm-jail` are `_warm_jail_`."""
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", self.text)
        return f"_{'_'.join(part.lower() for part in parts)}_"


class OldWord(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern over `Name.words`, what is written in its place, and a name that it must find."""

    pattern: str
    instead: str
    reason: str
    example: str
    kinds: frozenset[NameKind] = ALL

    def is_in(self, name: Name) -> bool:
        return name.kind in self.kinds and re.search(self.pattern, name.words) is not None


OLD_WORDS = (
    OldWord(
        pattern="_nurser(y|ies)_",
        instead="fork server",
        reason="the field's word for a process that forks prepared children",
        example="open_nursery",
    ),
    OldWord(
        pattern="_wardens?_",
        instead="init",
        reason="the process that a PID namespace begins under is its init",
        example="WardenEnded",
    ),
    OldWord(
        pattern="_(rehears[a-z]*|practis[a-z]*)_",
        instead="warm jail, pre-warm",
        reason="servers and functions are pre-warmed, and the state is warm",
        example="JAXERCISE_REHEARSED",
    ),
    OldWord(
        pattern="_kept_slots?_",
        instead="reserved slots",
        reason="capacity is reserved",
        example="kept_slots",
    ),
    OldWord(
        pattern="_(promises?|broken_promises?)_",
        instead="isolation check",
        reason="what `doctor` runs are checks; a promise is something else in asynchronous code",
        example="run_promises",
        kinds=ALL - {NameKind.TEST},
    ),
    OldWord(
        pattern="_(trusted_(answers?|calls?)|type_questions?)_",
        instead="reference outputs; Flax type cache",
        reason="outputs of the reference, and a cache by type, are what they are",
        example="trusted_answers",
    ),
    OldWord(
        pattern="_(call|program)_(stores?|names?|keys?)_",
        instead="executable cache and jaxpr hash",
        reason="JAX's own words for what is cached and by what",
        example="program_store",
    ),
    OldWord(
        pattern="_settled?_heap_|^_settling_$",
        instead="freeze_gc",
        reason="it is `gc.freeze`",
        example="settled_heap",
    ),
    OldWord(
        pattern="^_ways?_$|_precision_ways?_",
        instead="CallMode, mode",
        reason="a way is also the way of a submission",
        example="Way",
        kinds=DEFINED,
    ),
    OldWord(
        pattern="_is_quiet_",
        instead="is_hidden",
        reason="cases are sample or hidden",
        example="is_quiet",
    ),
    OldWord(
        pattern="_(tell|tells|told|untold|hear|hears|heard|unheard)_",
        instead="event, report, notify, returns",
        reason="who tells whom is a message, and it has a type",
        example="tell_place",
        kinds=NOT_SENTENCES,
    ),
    OldWord(
        pattern="_standings?_",
        instead="progress, status",
        reason="a standing is a place in a ranking",
        example="Standing",
        kinds=NOT_SENTENCES,
    ),
    OldWord(
        pattern="_rooms?_",
        instead="margin",
        reason="what lies between noise, tolerance and variant is a margin",
        example="room_of",
        kinds=NOT_SENTENCES,
    ),
    OldWord(
        pattern="^_(opening|opened|working)_$",
        instead="bootstrap, open_services, run_worker",
        reason="a function is named for what it does",
        example="opened",
        kinds=DEFINED,
    ),
    OldWord(
        pattern="_(graded_items?|items?_(kind|of|for)|(check|grading|repeated|probe)_items?|graded_rows?|case_rows?)_",
        instead="check (what is asked), CaseResult (what came of it)",
        reason="an item is a list's, a row a matrix's or a database's, and these stay",
        example="GradedItem",
        kinds=NOT_SENTENCES,
    ),
    OldWord(
        pattern="_(enlist|announce|withdraw)[a-z]*_",
        instead="enqueue, notify, cancel",
        reason="what a queue does",
        example="enlist",
        kinds=NOT_SENTENCES,
    ),
    OldWord(
        pattern="_(take_to_its_end|once_there)_",
        instead="_grade_once, _retry_until_available",
        reason="a function is named for what it does",
        example="_take_to_its_end",
        kinds=NOT_SENTENCES,
    ),
)


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Names in some files that mean something else, or that are not ours to change."""

    files: str
    names: str
    """A pattern over `Name.words`."""
    reason: str

    def covers(self, name: Name) -> bool:
        return re.match(self.files, name.file) is not None and re.search(self.names, name.words) is not None


EXEMPTIONS = (
    Exemption(files="app/web/", names="^_promise_$", reason="JavaScript's own type"),
    Exemption(
        files="app/cli/doctor.py",
        names="^_promises_$",
        reason="a field of `doctor --json`, read by others",
    ),
    Exemption(
        files="app/settings.py",
        names="^_jaxercise_(kept_slots|rehearsed)_$",
        reason="an old setting stops the start and says the new one",
    ),
    Exemption(
        files="tests/docs/test_vocabulary.py",
        names="_kept_slots_|_nursery_|_warden_|_rehearsed_|_promise_",
        reason="the words that its examples find",
    ),
    Exemption(
        files="tests/redteam/attacks/", names="", reason="hostile scripts; a file's name is what it tries"
    ),
)


def names_of(root: Path) -> Iterator[Name]:
    """Yield every name in the files that git knows, or would, of `FOLDERS`."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS]
    files = subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True).stdout.split("\n")
    folders: set[str] = set()
    for file in filter(None, files):
        path = root / file
        if not path.is_file():
            continue
        for folder in (file, *map(str, PurePosixPath(file).parents)):
            if folder not in folders:
                folders.add(folder)
                yield Name(text=PurePosixPath(folder).name, kind=NameKind.FILE, file=folder)
        if (read := _READERS.get(path.suffix)) is not None:
            yield from read(file, path.read_text())


def python_names(file: str, text: str) -> Iterator[Name]:
    tree = ast.parse(text)
    kinds: dict[str, NameKind] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                is_test = node.name.startswith("test_")
                kinds[node.name] = NameKind.TEST if is_test else NameKind.DEFINITION
            case ast.Dict():
                for key in node.keys:
                    yield from _key(file, key)
            case ast.Constant(value=str() as value) if re.fullmatch(r"jaxercise_[a-z_]+", value):
                yield Name(text=value, kind=NameKind.METRIC, file=file, line=node.lineno)
            case ast.Call(func=ast.Attribute(attr="__setitem__" | "setdefault")) if node.args:
                yield from _key(file, node.args[0])
            case ast.Subscript(ctx=ast.Store()):
                yield from _key(file, node.slice)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            kind = kinds.get(token.string, NameKind.IDENTIFIER)
            yield Name(text=token.string, kind=kind, file=file, line=token.start[0])


def _key(file: str, node: ast.AST | None) -> Iterator[Name]:
    """Yield a key of a log entry, of JSON, or of any other dictionary."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield Name(text=node.value, kind=NameKind.KEY, file=file, line=node.lineno)


_SCRIPT_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def script_names(file: str, text: str) -> Iterator[Name]:
    for found in re.findall(r"[A-Za-z_$][\w$]*", _SCRIPT_NOISE.sub(" ", text)):
        yield Name(text=found, kind=NameKind.IDENTIFIER, file=file)


def style_names(file: str, text: str) -> Iterator[Name]:
    for found in re.findall(r"[.#]([a-zA-Z][\w-]*)|(--[\w-]+)", text):
        yield Name(text="".join(found), kind=NameKind.STYLE, file=file)


def template_names(file: str, text: str) -> Iterator[Name]:
    for value in re.findall(r"\b(?:class|id|for)=\"([^\"{]*)", text):
        yield from (Name(text=word, kind=NameKind.STYLE, file=file) for word in value.split())
    yield from (Name(text=w, kind=NameKind.STYLE, file=file) for w in re.findall(r"\sdata-[\w-]+", text))
    for code in re.findall(r"{[{%](.*?)[%}]}", text, re.DOTALL):
        yield from script_names(file, code)


def headings(file: str, text: str) -> Iterator[Name]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        yield Name(text=heading, kind=NameKind.HEADING, file=file)


_READERS = {
    ".py": python_names,
    ".ts": script_names,
    ".css": style_names,
    ".html": template_names,
    ".md": headings,
}


def old_words_in(names: Iterable[Name]) -> Iterator[tuple[Name, OldWord]]:
    """Yield each name that has an old word, with the word."""
    for name in names:
        for old in OLD_WORDS:
            if old.is_in(name) and not any(exemption.covers(name) for exemption in EXEMPTIONS):
                yield name, old
