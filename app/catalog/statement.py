"""A problem's statement as HTML: the text, and apart from it its hints, quiz questions and recap."""

import re
from collections.abc import Sequence
from itertools import zip_longest

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.catalog.markdown import BLOCKS, statement_markdown
from app.core.problem import Problem
from app.errors import ProblemError

BLOCKS_LIMIT = 60
CHOICES_LIMIT = 300
"""Of all questions together."""
_MARK = re.compile(r"\[([ xX])\]\s+")


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the text; `anchor` is its element's id."""

    anchor: str
    title: str


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One `:::hint Title` block."""

    title: str
    html: str


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


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered statement; everything in it is safe to put into a page as it is."""

    html: str
    headings: tuple[Heading, ...]
    hints: tuple[Hint, ...]
    quiz: tuple[Question, ...]
    recap_html: str


def render_statement(problem: Problem) -> Statement:
    """Render the statement of one problem version.

    Raises:
        ProblemError: a quiz question has no choices or no right one.
    """
    md = statement_markdown(problem.slug)
    rest, blocks = _split(md.parse(problem.statement))
    if len(blocks) > BLOCKS_LIMIT:
        raise ProblemError(
            f"statement.md: there are {len(blocks):,} hints, quizzes and recaps; "
            f"at most {BLOCKS_LIMIT} are allowed"
        )
    rest = _without_title(_without_empty_sections(rest))
    return Statement(
        html=_html(md, rest),
        headings=tuple(_headings(rest)),
        hints=tuple(
            Hint(title=_title(block, f"Hint {number}"), html=_html(md, block[1:-1]))
            for number, block in enumerate(_named(blocks, "hint"), start=1)
        ),
        quiz=_quiz(md, _named(blocks, "quiz")),
        recap_html="".join(_html(md, block[1:-1]) for block in _named(blocks, "recap")),
    )


def _quiz(md: MarkdownIt, blocks: Sequence[list[Token]]) -> tuple[Question, ...]:
    questions = tuple(question for block in blocks for question in _questions(md, block[1:-1]))
    choices = sum(len(question.choices) for question in questions)
    if choices > CHOICES_LIMIT:
        raise ProblemError(
            f"statement.md: the quiz has {choices:,} choices; at most {CHOICES_LIMIT} are allowed"
        )
    return questions


def _split(tokens: Sequence[Token]) -> tuple[list[Token], list[list[Token]]]:
    """Part the tokens outside the blocks from each block, from its opening to its closing token."""
    rest: list[Token] = []
    blocks: list[list[Token]] = []
    opened = 0
    for token in tokens:
        is_block = token.type.removeprefix("container_").rpartition("_")[0] in BLOCKS
        if is_block and token.nesting == 1:
            opened += 1
            if opened == 1:
                blocks.append([])
        (blocks[-1] if opened else rest).append(token)
        if is_block and token.nesting == -1:
            opened -= 1
    return rest, blocks


def _named(blocks: Sequence[list[Token]], name: str) -> list[list[Token]]:
    return [block for block in blocks if block[0].type == f"container_{name}_open"]


def _title(block: Sequence[Token], default: str) -> str:
    return block[0].info.strip().partition(" ")[2].strip() or default


def _html(md: MarkdownIt, tokens: Sequence[Token]) -> str:
    return str(md.renderer.render(tokens, md.options, {}))


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    return [
        Heading(anchor=str(token.attrs["id"]), title=tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]


def _without_title(tokens: list[Token]) -> list[Token]:
    """Drop the title, which the page shows itself."""
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return tokens[3:]
    return tokens


def _without_empty_sections(tokens: list[Token]) -> list[Token]:
    """Drop a heading such as "Hints" that had nothing but blocks under it, as they are shown elsewhere."""
    groups = _top_level(tokens)
    kept: list[Token] = []
    for group, after in zip_longest(groups, groups[1:]):
        empty = _is_heading(group) and (
            after is None or (_is_heading(after) and after[0].tag <= group[0].tag)
        )
        if not empty:
            kept.extend(group)
    return kept


def _is_heading(group: Sequence[Token]) -> bool:
    return group[0].type == "heading_open"


def _questions(md: MarkdownIt, tokens: Sequence[Token]) -> list[Question]:
    """Read the questions of one block: text, a list of marked choices, and a quote that explains."""
    questions: list[Question] = []
    text: list[Token] = []
    choices: tuple[Choice, ...] = ()
    explanation: list[Token] = []

    def finish() -> None:
        if text or choices:
            questions.append(_question(md, text, choices, explanation))

    for part in _top_level(tokens):
        if part[0].type == "bullet_list_open":
            choices = tuple(_choice(md, item[1:-1]) for item in _top_level(part[1:-1]))
        elif part[0].type == "blockquote_open":
            explanation = [*explanation, *part[1:-1]]
        else:
            if choices:
                finish()
                text, choices, explanation = [], (), []
            text = [*text, *part]
    finish()
    return questions


def _question(
    md: MarkdownIt, text: Sequence[Token], choices: tuple[Choice, ...], explanation: Sequence[Token]
) -> Question:
    html = _html(md, text)
    if not any(choice.right for choice in choices):
        asked = " ".join(token.content for token in text if token.type == "inline")
        raise ProblemError(
            f"statement.md: the quiz question “{asked}” needs choices, at least one marked [x]"
        )
    return Question(html=html, choices=choices, explanation_html=_html(md, explanation))


def _choice(md: MarkdownIt, tokens: Sequence[Token]) -> Choice:
    inline = next((token for token in tokens if token.type == "inline"), None)
    mark = _MARK.match(inline.content) if inline is not None else None
    if inline is None or mark is None or not inline.children:
        raise ProblemError("statement.md: a choice of a quiz must begin with [ ] or [x]")
    inline.children[0].content = inline.children[0].content.removeprefix(mark.group(0))
    return Choice(html=_html(md, tokens), right=mark.group(1) != " ")


def _top_level(tokens: Sequence[Token]) -> list[list[Token]]:
    """Group the tokens into elements: from each opening token to its closing one."""
    groups: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            groups.append([])
        groups[-1].append(token)
        depth += token.nesting
    return groups
