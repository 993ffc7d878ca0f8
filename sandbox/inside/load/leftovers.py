"""What was copied along with code and is none: commands of notebooks, Markdown, prompts, sentences.

The parser only says "invalid syntax" there, and often at a later line. Each habit is told in one sentence,
with what to do about it, at the first line that no Python could have there.
"""

import ast
import html
import json
import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.inside.load.odd_characters import odd_character
from sandbox.inside.load.other_languages import opening_brace, other_language

_NOTEBOOK_LIMIT = 4_000_000
_READ_LIMIT = 400_000
"""As much is read, in characters, to find where the first fault is: a second or so at the most."""
_INCOMPLETE = 0x4000 | ast.PyCF_ONLY_AST
"""The flag with which a text that only ends too early is called incomplete, as `codeop` has it."""
_COMMANDS = (
    "pip3?|conda|mamba|apt|apt-get|uv|brew|sudo|git|cd|ls|cat|mkdir|rm|wget|curl|export|python3?|bash|sh"
)
_INSTALLED = re.compile(r"[%!$]?\s?(?:sudo )?(?:\S* -m )?(?:pip3?|conda|mamba|apt|apt-get|uv|brew)\s")
_MAGIC = re.compile(r"%%?\s?[A-Za-z_]|!\s?[\w./{~$]")
_CAUGHT = re.compile(rf"[\w., ]{{1,80}}=\s*(?:%%?[A-Za-z_]|!\s?(?:{_COMMANDS})\b)")
_SHELL = re.compile(
    r"\$ |\([\w.-]+\) (?:\S+@|\$ )|(?:PS )?[A-Za-z]:\\[^>]*>|[\w.-]+@[\w.-]+:\S*[$#]"
    rf"|(?:{_COMMANDS})\s+[-\w./~$\"']"
)
_HELP = re.compile(r"\??\??[A-Za-z_][\w.()\[\]]{0,80}\?{1,2}\s*$|\?{1,2}[A-Za-z_][\w.]{0,80}\s*$")
_CELL = re.compile(r"(?:(?:In|Out)\s?)?\[[\d\s*]*\]:|\.\.\.:")
_TRACEBACK = re.compile(
    r"Traceback \(most recent|Cell In ?\[|File \"[^\"]*\", line \d|-{20,}$|\w*Error\s+Traceback\b"
)
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")
_DIFF = re.compile(r"diff --git |@@ -\d|(?:---|\+\+\+) [ab]/|index [0-9a-f]{7}")
_CHANGED = re.compile(r"[+-]\s*(?:import|from|def|class|return|if|for|with|@|#|\"\"\"|[\w.]+\s*=)")
_NUMBERED = re.compile(r"(\d{1,6})(?:\s*[:|.)│]\s?|\s+|$)")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^>]*)?>|<!|<\|")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,5});")
_MARKDOWN = re.compile(
    r"\*\*\S|__\S.*__$|[-*_]{3,}$|\|.*\|$|\$\$|!?\[[^\]]*\]\(\S"
    r"|[-*•] (?:[A-Z`*]|\[[ xX]\])|\d{1,3}[.)] [A-Z`*]"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[.,;:!?…]{0,3}")
_OF_CODE = frozenset(("None", "True", "False", "lambda", "def", "elif", "import", "self"))
_OPERATORS = frozenset("=[]{}<>+*/%@&|^~\\")
_STRINGS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|#.*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|#.*")
_BEGINS = re.compile(r"\b(?:import|def|class|return|for|while)\s")
_OLD_EXCEPT = re.compile(r"except\s+([\w.]{1,80}|\([^)]{1,200}\))\s*,\s*([a-z_]\w{0,80})\s*:")
_OLD_RAISE = re.compile(r"raise\s+([\w.]{1,80})\s*,\s*\S")

NOTEBOOK = "this is a whole notebook, an `.ipynb` file: copy the code out of its cells"
_INSTALLS = (
    "this is a command of a notebook or a shell, no Python, and nothing can be installed here: leave it out"
)
_FENCE = "this line marks code in Markdown and is no Python: leave it out, and any other like it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A habit in words, and the line that shows it."""

    message: str
    line: int


_Rule = tuple[Callable[[str], object], str]
_RULES: Sequence[_Rule] = (
    (_INSTALLED.match, _INSTALLS),
    (_MAGIC.match, "this is a command of a notebook, no Python: leave the line out"),
    (_CAUGHT.match, "this has a notebook run a command, and is no Python: leave the line out"),
    (lambda line: line.startswith(("```", "~~~")), _FENCE),
    (
        lambda line: line.startswith((">>>", "... ")),
        "`>>>` and `...` are the prompts of a Python console: take them off in front of each line",
    ),
    (_CELL.match, "`In [1]:` and `...:` are the prompts of a notebook: take them off in front of each line"),
    (_HELP.match, "a question mark asks a notebook for help and is no Python: leave the line out"),
    (_TRACEBACK.match, "this is a report of an error that was copied along, no Python: leave it out"),
    (
        re.compile(r"https?://\S").match,
        "this is an address of the web, no Python: leave it out, or put a # in front",
    ),
    (re.compile(r"\\[A-Za-z]+[{\[]").match, "this is LaTeX, no Python: leave it out"),
    (_CONFLICT.match, "git marks a merge conflict like this: keep one of the two texts and no mark"),
    (
        lambda line: re.match(r">+(?: |$)", line),
        "`>` marks what is quoted: take it off in front of each line",
    ),
    (_SHELL.match, "this is a command of a shell, no Python: leave the line out"),
    (_TAG.match, "this is a tag of a web page, no Python: leave it out"),
    (_OLD_RAISE.match, 'this is Python 2: write `raise ValueError("…")`, with parentheses'),
    (lambda line: "<>" in _bare(line), "`<>` is Python 2: write `!=`"),
    (lambda line: line.startswith(("//", "/*")), "a comment of Python begins with #"),
    (lambda line: "&&" in _bare(line), "`&&` is not Python's: write `and`"),
    (lambda line: "||" in _bare(line), "`||` is not Python's: write `or`"),
    (lambda line: re.search(r"(?<=[\s(=,])!\s*[A-Za-z_(]", _bare(line)), "`!` is not Python's: write `not`"),
    (lambda line: re.match(r"\}?\s*else if\b", line), "`else if` is not Python's: write `elif`"),
    (
        lambda line: line.lower() in ("copy code", "copy", "edit", "copyedit", "copy edit"),
        "this was the button above the code on a web page, and is no Python: leave it out",
    ),
)


def is_notebook(code: str) -> bool:
    """Return whether the text is a file of Jupyter, or cells of one; Python may read it as a dictionary."""
    text = code.lstrip()
    if text[:1] not in ("{", "[") or len(code) > _NOTEBOOK_LIMIT or '"cell' not in text:
        return False
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        # One that was cut off in the middle.
        return '"cell_type"' in text and '"source"' in text and not _is_python(text)
    cells = found.get("cells", [found]) if isinstance(found, dict) else found
    if isinstance(found, dict) and "worksheets" in found:
        return True
    return isinstance(cells, list) and all(isinstance(cell, dict) and "cell_type" in cell for cell in cells)


def leftover(code: str, error: SyntaxError) -> Leftover | None:
    """Say what habit `error`, the parser's of `code`, comes from; None where it is none of these.

    The text's lines end in a line feed alone.
    """
    lines = code.split("\n")
    reported = error.lineno or 1
    first = _first_wrong(lines, reported)
    for place in dict.fromkeys((first, reported)):
        line = lines[place - 1] if 1 <= place <= len(lines) else ""
        if place == reported and (said := odd_character(error.msg or "", line)):
            return Leftover(message=said, line=place)
        if said := _habit(lines, place, error if place == reported else None):
            return Leftover(message=said, line=place)
    brace = opening_brace(lines, first)
    said = "" if brace is None else _habit(lines, brace, None)
    return Leftover(message=said, line=brace) if brace is not None and said else None


def _first_wrong(lines: Sequence[str], reported: int) -> int:
    """Return the first line with which the text is no beginning of one in Python; at most `reported`."""
    low, high = 0, min(reported, len(lines))
    read = 0
    # Most often the line that is reported is the one: so that is asked first, and then halves.
    middle = high - 1
    while high - low > 1 and read <= _READ_LIMIT:
        text = "\n".join(lines[:middle]) + "\n"
        read += len(text)
        if _is_beginning(text):
            low = middle
        else:
            high = middle
        middle = (low + high) // 2
    return high if high - low <= 1 else reported


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_beginning(text: str) -> bool:
    try:
        compile(text, "", "exec", flags=_INCOMPLETE, dont_inherit=True)
    except SyntaxError as error:
        return error.msg == "incomplete input"
    except (ValueError, RecursionError, MemoryError):
        return False
    return True


def _habit(lines: Sequence[str], place: int, error: SyntaxError | None) -> str:
    """Say which habit the line shows, among its neighbours; empty for none."""
    whole = lines[place - 1] if 1 <= place <= len(lines) else ""
    line = whole.strip()
    if _DIFF.match(line) or _CHANGED.match(whole):
        return "this is a diff, which marks lines: take the + off in front, and leave out those with -"
    if match := _OLD_EXCEPT.match(line):
        return f"this is Python 2: write `except {match[1]} as {match[2]}:`"
    if said := next((said for is_one, said in _RULES if line and is_one(line)), ""):
        return said
    if said := other_language(lines, place):
        return said
    if _is_numbered(lines, place):
        return "the numbers of the lines were copied along: take them off in front of each line"
    if match := _ENTITY.search(_STRINGS.sub("", line)):
        return f"`{match[0]}` is how a web page writes {html.unescape(match[0])!r}: put that in its place"
    is_sentence = _is_sentence(line)
    if is_sentence or _MARKDOWN.match(line):
        if any(other.lstrip().startswith(("```", "~~~")) for other in lines):
            return "this is a text around the code, no Python: keep only what stands between the lines of ```"
        kind = "a sentence" if is_sentence else "Markdown"
        return f"this is {kind}, no Python: leave it out, or put a # in front"
    if "`" in _QUOTED.sub("", line):
        return "a backtick ` is no quote of Python: leave it out, or write ' or \" where a text is meant"
    return _of_the_text(lines, place, (error.msg if error is not None else "") or "")


def _is_numbered(lines: Sequence[str], place: int) -> bool:
    """Say whether this line and a neighbour begin with numbers that follow each other."""

    def number(at: int) -> int | None:
        match = _NUMBERED.match(lines[at - 1].strip()) if 1 <= at <= len(lines) else None
        return int(match[1]) if match else None

    here = number(place)
    return here is not None and (number(place + 1) == here + 1 or number(place - 1) == here - 1)


def _is_sentence(line: str) -> bool:
    """Say whether the line is in words, as around code in an answer; a slip has operators or is short."""
    words = _STRINGS.sub("x", line).split()
    if not line[:1].isalpha() or any(char in _OPERATORS for char in "".join(words).replace("->", "")):
        return False
    first = words[0].strip(":,.!?")
    are_words = [_WORD.fullmatch(word.strip('()"“”*_')) is not None for word in words]
    if not are_words[0] or sum(are_words) < 0.7 * len(words) or _OF_CODE.intersection(words):
        return False
    if not first[0].isupper() or (keyword.iskeyword(first.lower()) and line.endswith(":")):
        return len(words) >= 5 and not keyword.iskeyword(first) and line.endswith((".", "!", "?"))
    return len(words) >= 3 or line.endswith((":", ".", "!"))


def _of_the_text(lines: Sequence[str], place: int, message: str) -> str:
    """Say what is wrong with how the text is laid out; `message` is the parser's of this line, if any."""
    if "inconsistent use of tabs and spaces" in message:
        return (
            "this line is indented by tabs where others are by blanks, or the other way round: indent by "
            "four blanks everywhere"
        )
    written = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if message == "unexpected indent" and all(line[:1] in (" ", "\t") for line in written):
        return "the whole text is indented: take the same number of blanks away in front of each line"
    if "unexpected character after line continuation" in message:
        if r"\n" in lines[place - 1]:
            return r"`\n` stands here in the place of an end of line: end the lines themselves"
        if lines[place - 1].rstrip().endswith("\\"):
            return r"behind a `\` that continues a line nothing may stand, not even a blank: delete it"
    if "'unicodeescape' codec" in message:
        return (
            r"a backslash in a text begins a sign, as `\n` does: double it, or write `r` in front of the text"
        )
    if re.match(r"'await' outside function|'?async(?:hronous)? [a-z]+'? outside", message):
        return (
            "only a notebook waits outside of a function: in a program, `await` stands inside an `async def`"
        )
    if len(written) == 1 and len(_BEGINS.findall(_STRINGS.sub("", written[0]))) > 2:
        return "all stands in one line, so the ends of lines were lost where it was copied: copy it anew"
    return ""


def _bare(line: str) -> str:
    """Return the line without its strings and its comment."""
    return _STRINGS.sub("", line)
