"""The questions of `:::quiz` blocks: text, a list of choices marked `[ ]` or `[x]`, a quote that explains."""

import re
from collections.abc import Iterator, Sequence

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

CHOICES_LIMIT = 300
"""Of all questions together."""
_MARK = re.compile(r"\[([ xX])\]\s+")
_HOW = "a choice begins with `[ ]`, or with `[x]` where it is right"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to pick from."""

    html: str
    right: bool


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One quiz question; at least one of its choices is right."""

    html: str
    choices: tuple[Choice, ...]
    explanation_html: str

    @property
    def several(self) -> bool:
        """True where more than one choice is right."""
        return sum(choice.right for choice in self.choices) > 1


class WrittenQuestion(msgspec.Struct, kw_only=True):
    """The tokens of one question; choices are what stands within each item of the list."""

    text: list[Token]
    choices: list[list[Token]]
    explanation: list[Token]


def written_questions(block: Sequence[Token]) -> list[WrittenQuestion]:
    """Part the tokens of one block, from its opening to its closing one, into its questions."""
    questions: list[WrittenQuestion] = []
    for part in top_level(block[1:-1]):
        is_text = part[0].type not in ("bullet_list_open", "ordered_list_open", "blockquote_open")
        if not questions or (is_text and questions[-1].choices):
            questions.append(WrittenQuestion(text=[], choices=[], explanation=[]))
        if is_text:
            questions[-1].text += part
        elif part[0].type == "blockquote_open":
            questions[-1].explanation += part[1:-1]
        else:
            questions[-1].choices += [item[1:-1] for item in top_level(part[1:-1])]
    return questions


def read_question(md: MarkdownIt, written: WrittenQuestion) -> Question:
    """Render a question that has no faults."""
    return Question(
        html=_html(md, written.text),
        choices=tuple(_choice(md, tokens) for tokens in written.choices),
        explanation_html=_html(md, written.explanation),
    )


def question_faults(written: WrittenQuestion, *, line: int) -> Iterator[tuple[int, str]]:
    """Yield the line and the reason of each fault; `line` is the block's own, from 1."""
    place = next((token.map[0] + 1 for token in written.text if token.map), line)
    asked = " ".join(token.content for token in written.text if token.type == "inline")
    name = f"the quiz question “{asked}”" if asked else "a quiz question without words"
    marks = [_mark(tokens) for tokens in written.choices]
    if not asked:
        yield place, "a quiz question has no words; ask something above its choices"
    if not marks:
        yield place, f"{name} has no choices; write a list below it: {_HOW}"
    elif not any(mark is None or mark[1] != " " for mark in marks):
        yield place, f"{name} has no right choice; mark at least one with `[x]`"
    for tokens, mark in zip(written.choices, marks, strict=True):
        inline = _first_line(tokens)
        if mark is None:
            shown = inline.content.partition("\n")[0] if inline is not None else ""
            at = inline.map[0] + 1 if inline is not None and inline.map else place
            yield at, f"the choice “{shown}” of {name} is not marked; {_HOW}"


def top_level(tokens: Sequence[Token]) -> list[list[Token]]:
    """Group the tokens into elements: from each opening token to its closing one."""
    groups: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            groups.append([])
        groups[-1].append(token)
        depth += token.nesting
    return groups


def _choice(md: MarkdownIt, tokens: Sequence[Token]) -> Choice:
    inline, mark = _first_line(tokens), _mark(tokens)
    assert mark is not None
    assert inline is not None
    assert inline.children
    inline.children[0].content = inline.children[0].content.removeprefix(mark[0])
    return Choice(html=_html(md, tokens), right=mark[1] != " ")


def _first_line(tokens: Sequence[Token]) -> Token | None:
    return next((token for token in tokens if token.type == "inline"), None)


def _mark(tokens: Sequence[Token]) -> re.Match[str] | None:
    inline = _first_line(tokens)
    return _MARK.match(inline.content) if inline is not None and inline.children else None


def _html(md: MarkdownIt, tokens: Sequence[Token]) -> str:
    return str(md.renderer.render(tokens, md.options, {}))
