"""Forms of other languages that no Python has, each told in one sentence with what Python writes instead.

They are looked for in a line that cannot be Python, so none of them is ever said of a text that can be read.
"""

import re
from collections.abc import Callable, Sequence

_TYPES = (
    "int|float|double|bool|boolean|char|byte|long|short|void|unsigned|size_t|auto|string|String|i32|f32|f64"
)
_STRINGS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|#.*")
_C_COMMENT = re.compile(r"//\s*[A-Za-z][\w'-]*(?:,? [A-Za-z][\w'-]*)+[.!?:]*$")
_DECLARED = re.compile(
    r"(?:export )?(let|const|var|val|auto|my|local|final|static)\s+(?:mut |\w+ )?\$?[^\W\d]\w*\s*(?:[=:;,]|$)"
)
_TYPED = re.compile(
    rf"(?:(?:const|static|final|unsigned|public|private)\s+)*({_TYPES})[\s*&]+\w+\s*([=;,(\[]|$)"
)
_TYPED_PARAMETER = re.compile(rf"def\s+\w+\s*\(.*?\b({_TYPES})\s+([^\W\d]\w*)\s*[,)=]")
_FUNCTION = re.compile(r"(?:async |export |pub |static )*(function|fn|func|fun|sub)\b\s*([^\W\d]\w*)?\s*[(<]")
_ASSIGNED_FUNCTION = re.compile(r"[\w.]+\s*(?:=|<-)\s*(function)\s*\(")
_BRACED = re.compile(
    r"\}?\s*(?:(?:else|try|do|finally)\s*\{$|(?:if|elif|else if|for|while|catch|def|class|struct|enum"
    r"|interface|namespace|function|fn|func|switch|public|private|void|int)\b.*[\w)\]>]"
    r"(?<!\bin)(?<!\band)(?<!\bor)(?<!\bnot)(?<!\bis)(?<!\bif)(?<!\belse)\s*\{$)"
)
_COUNTED = re.compile(r"([^\W\d][\w.]*(?:\[[^\]]*\])?)\s*(\+\+|--)\s*(?:[;,)\]]|$)")
_TERNARY = re.compile(r"[\w)\]]\s*\?[^?:]+:\s*\S")
# "# include the CLS token" is a comment like any other.
_DIRECTIVE = re.compile(
    r"#(?:include\s*[<\"]|define\s+[A-Z_]\w*(?:\s|\(|$)|ifn?def\s+[A-Z_]\w*$|pragma\s+once)"
)
_FAR = 6
"""Lines behind an opening brace within which the parser notices that it opens no set."""

_BLOCK = "a block of Python begins with a colon and is indented, without braces"
_SWITCH = "`switch` is not Python's: write `if` and `elif`, or `match` and `case`"
_FOR = "`for` goes through what there is in Python: write `for i in range(n):`"
_COMMENT = "a comment of Python begins with #"
_CPP = "this is C++, and only Python runs here"

_Rule = tuple[Callable[[str], object], str]
_RULES: Sequence[_Rule] = (
    (re.compile(r"(?:for\s+\w+\s*=|for\s+\w+\s+from\b|for\s+\w+\s+in\s+[\w.]*\.\.)").match, _FOR),
    (re.compile(r"for(?:each)?\s*\(.*\b(?:in|of)\b|foreach\b").match, "write `for x in xs:`, with a colon"),
    (re.compile(r"\}?\s*(?:elseif|elsif)\b").match, "`elseif` is not Python's: write `elif`"),
    (re.compile(r"(?:switch|select)\b[\s(]").match, _SWITCH),
    (re.compile(r"default\s*:").match, _SWITCH),
    (re.compile(r"\}\s*while\b").match, _BLOCK),
    (
        re.compile(r"(?:if|elif|else|while|for)\b.*\b(?:then|do)$").match,
        "a block of Python begins with a colon, and has no `then` or `do`",
    ),
    (re.compile(r"\}?\s*catch\b").match, "`catch` is not Python's: write `except`"),
    (re.compile(r"throw\b").match, "`throw` is not Python's: write `raise`"),
    (re.compile(r"using namespace\b|template\s*<|.*\bstd::|(?:cout|cin)\s*[<>]").match, _CPP),
    (
        re.compile(r"import\s*(?:\*|\{|\w+\s*,?\s*(?:\{.*\}\s*)?from\b)").match,
        "this is JavaScript: write `from module import name`",
    ),
    (re.compile(r".*(?:===|!==)").match, "`===` is not Python's: write `==`, and for `!==` write `!=`"),
    (re.compile(r".*=>").match, "`=>` is not Python's: write `lambda x: …`, or a function by `def`"),
    (
        re.compile(r"(?!def\b|async\b)[^:]*[\w\]]\s*->\s*[^\s:][^:]*$").match,
        "`->` only stands behind the parameters of a function in Python: write a dot, or `lambda x: …`",
    ),
    (re.compile(r".*\bnew\s+[A-Za-z_][\w.]*\s*[(\[]").match, "`new` is not Python's: call the class itself"),
    (re.compile(r"[\w.,\s\[\]]+:=").match, "`:=` alone in a line is not Python's: write `=`"),
    (
        re.compile(r".*[\w)\]]\s*\.(?:\*|/|\^)\s*[\w(\[]").match,
        "`.*` is not Python's: `*` multiplies arrays element by element",
    ),
    (re.compile(r".*[\w)\]]\s*~=").match, "`~=` is not Python's: write `!=`"),
    (re.compile(r"\$[A-Za-z_]").match, "a name of Python has no `$` in front"),
    (_TERNARY.search, "`a ? b : c` is not Python's: write `b if a else c`"),
    (re.compile(r".*/\*|.*\*/").match, _COMMENT),
)


def other_language(lines: Sequence[str], place: int) -> str:
    """Say what Python writes in place of what stands in line `place`, 1-based; empty for none of these."""
    whole = lines[place - 1].strip() if 1 <= place <= len(lines) else ""
    if re.match(r"print\s+[\"'\w]", whole):
        return "this is Python 2: write `print(…)`, with parentheses"
    if _DIRECTIVE.match(whole):
        return _CPP
    line = _STRINGS.sub("", whole).strip()
    if not line:
        return ""
    if re.match(r"for\s*\(.*;", line):
        return _FOR
    if said := _with_its_name(line) or next((said for is_one, said in _RULES if is_one(line)), ""):
        return said
    if _C_COMMENT.search(line):
        return _COMMENT
    if _BRACED.match(line):
        return _BLOCK
    return ""


def opening_brace(lines: Sequence[str], place: int) -> int | None:
    """Return the line above that opens a block by a brace, where what is wrong at `place` is inside it."""
    for above in range(place - 1, max(0, place - 1 - _FAR), -1):
        line = _STRINGS.sub("", lines[above - 1]).strip()
        if _BRACED.match(line):
            return above
        if "}" in line:
            return None
    return None


def _with_its_name(line: str) -> str:
    if match := _FUNCTION.match(line) or _ASSIGNED_FUNCTION.match(line):
        name = match[2] if match.re is _FUNCTION and match[2] else "f"
        return f"`{match[1]}` is not Python's: write `def {name}(…):`"
    if match := _DECLARED.match(line):
        return f"`{match[1]}` is not Python's: a name is made by its first `=`, so leave the word out"
    if match := _TYPED_PARAMETER.match(line):
        return f"the type stands behind the name in Python: write `{match[2]}: {match[1]}`"
    if match := _TYPED.match(line):
        if match[2] == "(":
            return f"a function of Python begins with `def`, and has no `{match[1]}` in front"
        return f"Python has no `{match[1]}` in front of a name, which its first `=` makes: leave the word out"
    if match := _COUNTED.search(line):
        return f"`{match[2]}` is not Python's: write `{match[1]} {match[2][0]}= 1`"
    return ""
