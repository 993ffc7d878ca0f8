"""A problem's statement as HTML: the text, and apart from it its hints, quiz questions and recap."""

from collections.abc import Sequence
from itertools import zip_longest

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.markdown import BLOCKS, plain_text, statement_markdown
from app.catalog.markup.quiz import (
    CHOICES_LIMIT,
    Question,
    question_faults,
    read_question,
    top_level,
    written_questions,
)
from app.core.problem import Problem

BLOCKS_LIMIT = 60


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the text; `anchor` is its element's id."""

    anchor: str
    title: str
    """As text, a formula in words."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One `:::hint Title` block."""

    title: str
    """As text, a formula in words."""
    title_html: str
    html: str


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
        BrokenPackage: a quiz question has no choices or no right one, or something is too long.
    """
    md = statement_markdown(problem.slug)
    rest, blocks = split_blocks(md.parse(problem.statement))
    if faults := blocks_faults(blocks):
        raise BrokenPackage(faults)
    rest = text_to_show(rest)
    return Statement(
        html=_html(md, rest),
        headings=tuple(_headings(rest)),
        hints=tuple(
            _hint(md, block, f"Hint {number}") for number, block in enumerate(_named(blocks, "hint"), start=1)
        ),
        quiz=tuple(
            read_question(md, written)
            for block in _named(blocks, "quiz")
            for written in written_questions(block)
        ),
        recap_html="".join(_html(md, block[1:-1]) for block in _named(blocks, "recap")),
    )


def blocks_faults(blocks: Sequence[list[Token]]) -> list[PackageFault]:
    """Return what is wrong with hints, questions and recaps, each as `split_blocks` gives it."""
    faults: list[PackageFault] = []
    choices = 0
    if len(blocks) > BLOCKS_LIMIT:
        reason = f"there are {len(blocks):,} hints, quizzes and recaps; at most {BLOCKS_LIMIT} are allowed"
        faults.append(_fault(_line(blocks[BLOCKS_LIMIT]), reason))
    for block in blocks:
        name = block[0].type.split("_")[1]
        if not block[1:-1]:
            faults.append(_fault(_line(block), f"`:::{name}` has nothing in it; fill it or take it out"))
    for block in _named(blocks, "quiz"):
        for written in written_questions(block):
            choices += len(written.choices)
            faults += [_fault(line, reason) for line, reason in question_faults(written, line=_line(block))]
    if choices > CHOICES_LIMIT:
        first = _line(_named(blocks, "quiz")[0])
        reason = f"the quiz has {choices:,} choices; at most {CHOICES_LIMIT} are allowed"
        faults.append(_fault(first, reason))
    return faults


def _fault(line: int, reason: str) -> PackageFault:
    return PackageFault(file="statement.md", line=line, reason=reason)


def _line(block: Sequence[Token]) -> int:
    assert block[0].map is not None
    return block[0].map[0] + 1


def split_blocks(tokens: Sequence[Token]) -> tuple[list[Token], list[list[Token]]]:
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


def title_of(md: MarkdownIt, opening: Token) -> Token | None:
    """Return what stands behind the name of a block on its first line, read; None where nothing does."""
    title = opening.info.strip().partition(" ")[2].strip()
    return md.parseInline(title)[0] if title else None


def _hint(md: MarkdownIt, block: Sequence[Token], default: str) -> Hint:
    inline = title_of(md, block[0]) or md.parseInline(default)[0]
    return Hint(
        title=plain_text(inline.children or []),
        title_html=_html(md, [inline]),
        html=_html(md, block[1:-1]),
    )


def _html(md: MarkdownIt, tokens: Sequence[Token]) -> str:
    return str(md.renderer.render(tokens, md.options, {}))


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    return [
        Heading(anchor=str(token.attrs["id"]), title=plain_text(tokens[index + 1].children or []))
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]


def text_to_show(tokens: list[Token]) -> list[Token]:
    """Drop the title, which the page shows itself, and sections that had nothing but blocks in them."""
    return _without_title(_without_empty_sections(tokens))


def _without_title(tokens: list[Token]) -> list[Token]:
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return tokens[3:]
    return tokens


def _without_empty_sections(tokens: list[Token]) -> list[Token]:
    """Drop a heading such as "Hints" that had nothing but blocks under it, as they are shown elsewhere."""
    groups = top_level(tokens)
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
