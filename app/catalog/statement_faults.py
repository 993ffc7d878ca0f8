"""What is wrong with `statement.md`: formulas, blocks, links, figures and questions, all of it at once."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.markdown import BLOCKS, statement_markdown
from app.catalog.markup.addresses import figure_reason, kind_reason, link_reason
from app.catalog.markup.dollars import BLOCK, FORMULAS
from app.catalog.markup.figures import path_of
from app.catalog.markup.mathml import FormulaFault, Formulas
from app.catalog.markup.source_lines import SourceLines
from app.catalog.statement import blocks_faults, split_blocks, text_to_show, title_of

MOST_OF_A_KIND = 200
"""Faults of one kind, such as formulas, that are told at once."""

_FILE = "statement.md"
_THERE_ARE = f"there are {', '.join(f'`:::{name}`' for name in BLOCKS)}"
_FENCE = re.compile(r"(:{3,})\s*([\w-]*)")
_TOO_FEW_COLONS = re.compile(rf":{{1,2}}\s*({'|'.join(BLOCKS)})\b")
_CLOSING = re.compile(r"[\s>]*(:{3,})\s*")
_OPEN_DISPLAY = re.compile(r"(?<!\\)\$\$")
_LONE_DOLLAR = re.compile(r"(?<!\\)\$(?!\d)")
_COMMAND = re.compile(r"\\[A-Za-z]{2,}")
_NEVER_ENDED = r"`$$` begins a formula that no `$$` ends before the next blank line; end it, or write `\$\$`"


def statement_faults(text: str, assets: Mapping[str, bytes]) -> list[PackageFault]:
    """Return every fault of a statement, by lines; `assets` are the files below assets/ by name."""
    md = statement_markdown("")
    try:
        tokens = md.parse(text)
    except BrokenPackage as broken:
        return list(broken.faults)
    lines = SourceLines(text)
    rest, blocks = split_blocks(list(tokens))
    unclosed = list(_unclosed_blocks(tokens, lines))
    unclosed_at = {fault.line for fault in unclosed}
    named = {path for path in map(path_of, _all_addresses(tokens)) if path}
    unnamed = {name: content for name, content in assets.items() if f"assets/{name}" not in named}
    kinds: tuple[Iterable[PackageFault], ...] = (
        _emptiness(text, rest),
        # Of a block that is not closed, what stands in it is not known.
        (fault for fault in blocks_faults(blocks) if fault.line not in unclosed_at),
        _formulas(tokens, lines),
        _formulas_of_titles(md, blocks),
        _unread_maths(tokens, lines),
        _divided_cells(tokens, lines),
        unclosed,
        _unread_blocks(tokens, leftover=len(unclosed)),
        _addresses(tokens, lines, assets),
        _unsuitable_assets(unnamed),
    )
    faults = [fault for kind in kinds for fault in islice(kind, MOST_OF_A_KIND)]
    return sorted(faults, key=lambda fault: (fault.file != _FILE, fault.line or 0))


def require_readable_statement(text: str, assets: Mapping[str, bytes]) -> None:
    """Do nothing for a statement that pages can show as it is written.

    Raises:
        BrokenPackage: they cannot.
    """
    faults = statement_faults(text, assets)
    if not all(fault.is_warning for fault in faults):
        raise BrokenPackage(faults)


def _fault(line: int | None, reason: str, *, is_warning: bool = False) -> PackageFault:
    return PackageFault(file=_FILE, line=line, reason=reason, is_warning=is_warning)


def _emptiness(text: str, rest: Sequence[Token]) -> Iterator[PackageFault]:
    if not text.strip():
        yield _fault(1, "the file is empty; write what is to be done")
    elif not text_to_show(list(rest)):
        reason = "says nothing besides its title, hints, questions and recap; write what is to be done"
        yield _fault(1, reason, is_warning=True)


def _formulas(tokens: Sequence[Token], lines: SourceLines) -> Iterator[PackageFault]:
    formulas = Formulas()
    for owner, token in _walk(tokens):
        if token.type not in FORMULAS:
            continue
        found = formulas.read(token.content, block=token.type == BLOCK)
        if isinstance(found, FormulaFault):
            line, column = lines.place_in(owner, token, found.at)
            at = f" (column {column})" if column else ""
            yield _fault(line, f"{found.reason}{at}")


def _formulas_of_titles(md: MarkdownIt, blocks: Sequence[list[Token]]) -> Iterator[PackageFault]:
    for opening, *_ in blocks:
        title = title_of(md, opening)
        for token in (title.children if title else None) or []:
            found = Formulas().read(token.content, block=False) if token.type in FORMULAS else ""
            if isinstance(found, FormulaFault):
                yield _fault(_line(opening), f"{found.reason}, in the title of {_name(opening)}")


def _divided_cells(tokens: Sequence[Token], lines: SourceLines) -> Iterator[PackageFault]:
    for before, owner in pairwise(tokens):
        if before.type in ("td_open", "th_open") and _first_outside(
            _spans(owner), _LONE_DOLLAR, owner.content
        ):
            reason = (
                r"a dollar in a cell begins no formula; `|` divides cells, in formulas too: "
                r"write `\lvert x \rvert`, or `\$` where money is meant"
            )
            yield _fault(lines.line_of(owner, 0), reason, is_warning=True)


def _unread_maths(tokens: Sequence[Token], lines: SourceLines) -> Iterator[PackageFault]:
    """Tell of what was meant as a formula and is shown as it was typed."""
    is_begun = False
    for owner in tokens:
        if owner.type != "inline":
            continue
        read = _spans(owner)
        if display := _first_outside(read, _OPEN_DISPLAY, owner.content):
            # What was begun before a blank line is ended behind it, and told once.
            is_begun = not is_begun
            if is_begun:
                yield _fault(lines.line_of(owner, display.start()), _NEVER_ENDED)
        elif command := _first_outside(read, _COMMAND, owner.content):
            reason = (
                f"`{command[0]}` stands in no formula and is shown as it is typed; "
                "a formula is `$…$`, with no space behind the first dollar or before the last"
            )
            yield _fault(lines.line_of(owner, command.start()), reason, is_warning=True)


def _spans(owner: Token) -> list[tuple[int, int]]:
    """Return where formulas, code, figures and links stand in a block's text."""
    return [child.meta["span"] for child in owner.children or [] if "span" in child.meta]


def _first_outside(
    spans: Sequence[tuple[int, int]], pattern: re.Pattern[str], text: str
) -> re.Match[str] | None:
    for found in pattern.finditer(text):
        if not any(start <= found.start() < end for start, end in spans):
            return found
    return None


def _unclosed_blocks(tokens: Sequence[Token], lines: SourceLines) -> Iterator[PackageFault]:
    opened: list[Token] = []
    first_within: Token | None = None
    for token in tokens:
        if not token.type.startswith("container_"):
            continue
        if token.nesting == 1:
            if len(opened) == 1 and first_within is None:
                first_within = token
            opened.append(token)
            continue
        outermost = opened[0]
        opened.pop()
        if opened:
            continue
        if first_within is not None:
            other = f"before {_name(first_within)} of line {_line(first_within)}"
            reason = (
                f"{_name(outermost)} is not closed {other}; blocks do not nest: end it with a line of `:::`"
            )
            yield _fault(_line(outermost), reason)
        elif not _is_closed(outermost, lines):
            reason = f"{_name(outermost)} is never closed; end it with a line of `:::`"
            yield _fault(_line(outermost), reason)
        first_within = None


def _is_closed(token: Token, lines: SourceLines) -> bool:
    assert token.map is not None
    closing = _CLOSING.fullmatch(lines[token.map[1]])
    return closing is not None and len(closing[1]) >= len(token.markup)


def _unread_blocks(tokens: Sequence[Token], *, leftover: int) -> Iterator[PackageFault]:
    """Tell of lines that look like a block's first or last and were read as text.

    As many last lines as blocks are not closed are `leftover`, and told with those.
    """
    closings = _nested(tokens) + leftover
    for owner in tokens:
        if owner.type != "inline" or owner.map is None:
            continue
        for line, text in enumerate(owner.content.split("\n"), start=owner.map[0] + 1):
            if few := _TOO_FEW_COLONS.match(text):
                closings += 1
                yield _fault(line, f"`{few[0]}` begins no block; write `:::{few[1]}`")
            elif (fence := _FENCE.match(text)) and fence[2]:
                closings += 1
                yield _fault(line, f"unknown block `:::{fence[2]}`; {_block_meant(fence[2])}")
            elif fence and not fence[2]:
                # The last line of a block that was not read as one is told with its first.
                closings -= 1
                if closings < 0:
                    closings = 0
                    yield _fault(line, f"`{fence[1]}` closes no block; take it out, or open one above it")


def _nested(tokens: Sequence[Token]) -> int:
    """Count the blocks within others: the last line of each is left over."""
    depth, count = 0, 0
    for token in tokens:
        if token.type.startswith("container_"):
            count += token.nesting == 1 and depth > 0
            depth += token.nesting
    return count


def _block_meant(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), BLOCKS, n=1)
    return f"did you mean `:::{near[0]}`?" if near else _THERE_ARE


def _addresses(
    tokens: Sequence[Token], lines: SourceLines, assets: Mapping[str, bytes]
) -> Iterator[PackageFault]:
    rest, blocks = split_blocks(list(tokens))
    shown = chain(text_to_show(rest), *blocks)
    anchors = {str(token.attrs["id"]) for token in shown if token.type == "heading_open"}
    for owner, token in _walk(tokens):
        line = lines.line_of(owner, token.meta.get("span", (0, 0))[0])
        if token.type == "image":
            reason = figure_reason(str(token.attrs["src"]), assets)
        elif token.type == "link_open":
            reason = link_reason(str(token.attrs["href"]), anchors, assets)
        else:
            continue
        if reason:
            yield _fault(line, reason)


def _unsuitable_assets(assets: Mapping[str, bytes]) -> Iterator[PackageFault]:
    for name, content in sorted(assets.items()):
        if reason := kind_reason("the file", name, content):
            yield PackageFault(file=f"assets/{name}", reason=reason)


def _all_addresses(tokens: Sequence[Token]) -> Iterator[str]:
    for _, token in _walk(tokens):
        yield str(token.attrs.get("src") or token.attrs.get("href") or "")


def _walk(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """Yield each token of the text, and of its lines, with the block that knows the line."""
    for token in tokens:
        yield token, token
        for child in token.children or []:
            yield token, child
            # Of what stands in a figure's words only the figure's own place is known.
            for grandchild in child.children or []:
                grandchild.meta["span"] = child.meta.get("span", (0, 0))
                yield token, grandchild


def _name(token: Token) -> str:
    return f"`:::{token.type.split('_')[1]}`"


def _line(token: Token) -> int:
    assert token.map is not None
    return token.map[0] + 1
