"""What is wrong with a statement: each fault at its line, with a way out, and all of them at once."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.catalog.faults import BrokenPackage
from app.catalog.problem_folder import load_folders
from app.catalog.statement_faults import MOST_OF_A_KIND, require_readable_statement, statement_faults
from tests.support.checkout import CHECKOUT
from tests.support.small_problem import small_problem, write_problem

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'
_PNG = b"\x89PNG\r\n\x1a\n..."
_ASSETS = {"tokens.svg": _SVG, "deep/photo.png": _PNG}


def reported(text: str, assets: Mapping[str, bytes] = _ASSETS) -> list[str]:
    return [str(fault) for fault in statement_faults(text, assets)]


_ONE_FAULT = [
    # Formulas.
    ("text\n\nand $a + \\foo$.\n", 3, r"unknown command `\foo`", "column 10"),
    ("- one\n- $\\alpa$ two\n", 2, r"did you mean `\alpha`?", "column 4"),
    ("> quoted $\\frac{1}{2$ text\n", 1, "expected closing token `}`", "column 21"),
    ("| a | b |\n|---|---|\n| x | $\\foo$ |\n", 3, r"`\foo`", "column 8"),
    ("## On $\\foo$\n\ntext\n", 1, r"`\foo`", "column 8"),
    ("two lines\nwith $é + \\foo$\n", 2, r"`\foo`", "column 11"),
    (
        "text\n\n$$\n\\begin{aligned}\n  a &= \\foo \\\\\n  b &= c\n\\end{aligned}\n$$\n",
        5,
        r"`\foo`",
        "column 8",
    ),
    ("$$ \\foo $$\n", 1, r"`\foo`", "column 4"),
    ("1. item\n\n   $$\n   a \\\\ b\n   $$\n", 4, r"\begin{aligned}", "column 6"),
    ("text $$\\begin{split}a\\end{split}$$ text\n", 1, "write `aligned`", "column 14"),
    ("text\n\n$$\n\n$$\n", 3, "`$$` begins a formula that no `$$` ends", r"`\$\$`"),
    ("text\n\n$$\na = b\n\ntext\n", 3, "`$$` begins a formula that no `$$` ends", r"`\$\$`"),
    ("![Rows $\\foo$](assets/tokens.svg)\n", 1, r"`\foo`", "unknown command"),
    ("text\n\n:::hint\n$\\foo$\n:::\n", 4, r"`\foo`", "column 2"),
    ("text\n\n:::quiz\nWhich?\n- [x] $\\foo$\n- [ ] b\n:::\n", 5, r"`\foo`", "column 8"),
    ("text\n\n:::hint On $\\foo$\nx\n:::\n", 3, r"`\foo`", "in the title of `:::hint`"),
    # Blocks.
    ("text\n\n:::hnt A\nx\n:::\n", 3, "unknown block `:::hnt`", "did you mean `:::hint`?"),
    ("text\n\n:::Hint\nx\n:::\n", 3, "unknown block `:::Hint`", "did you mean `:::hint`?"),
    (
        "text\n\n:::warning\nx\n:::\n",
        3,
        "unknown block `:::warning`",
        "there are `:::hint`, `:::quiz`, `:::recap`",
    ),
    ("text\n\n::hint A\nx\n:::\n", 3, "`::hint` begins no block", "write `:::hint`"),
    ("text\n\n:hint\nx\n\ny\n\n:::\n", 3, "`:hint` begins no block", "write `:::hint`"),
    ("text\n\n:::hint A\nx\n", 3, "`:::hint` is never closed", "end it with a line of `:::`"),
    ("text\n\n:::recap\nx\n\n## More\n\ny", 3, "`:::recap` is never closed", "end it"),
    ("text\n\n::::hint A\nx\n:::\n", 3, "`:::hint` is never closed", "end it"),
    (
        "text\n\n:::hint A\nx\n\n:::hint B\ny\n:::\n",
        3,
        "not closed before `:::hint` of line 6",
        "do not nest",
    ),
    (
        "text\n\n:::hint A\nx\n\n:::quiz\nW?\n- [x] y\n:::\n\n:::\n",
        3,
        "not closed before `:::quiz`",
        "do not nest",
    ),
    ("text\n\n:::\n\nmore\n", 3, "`:::` closes no block", "take it out"),
    ("text\n\n:::recap\n:::\n", 3, "`:::recap` has nothing in it", "fill it"),
    # What there is to read.
    ("", 1, "the file is empty", "write what is to be done"),
    ("\n \n", 1, "the file is empty", "write what is to be done"),
    ("\n\n# Title\n", 1, "says nothing", "write what is to be done"),
    ("# Title\n\n:::hint A\nx\n:::\n", 1, "says nothing besides its title, hints", "write what"),
    # Questions.
    ("text\n\n:::quiz\nWhich?\n\n- [ ] a\n- [ ] b\n:::\n", 4, "“Which?” has no right choice", "`[x]`"),
    ("text\n\n:::quiz\nWhich?\n:::\n", 4, "“Which?” has no choices", "write a list"),
    ("text\n\n:::quiz\nWhich?\n\n- [x] a\n- b\n:::\n", 7, "the choice “b”", "`[ ]`"),
    ("text\n\n:::quiz\n- [x] a\n:::\n", 3, "has no words", "ask something"),
    # Figures and links.
    (
        "text\n![x](assets/token.svg)\n",
        2,
        "`assets/token.svg` is missing",
        "did you mean `assets/tokens.svg`?",
    ),
    (
        "text ![x](assets/Tokens.svg)\n",
        1,
        "`assets/Tokens.svg` is missing",
        "did you mean `assets/tokens.svg`?",
    ),
    ("text ![x](assets/q.gif)\n", 1, "is missing", "there are `assets/deep/photo.png`, `assets/tokens.svg`"),
    ("text ![x](tokens.svg)\n", 1, "does not lie in assets/", "did you mean `assets/tokens.svg`?"),
    ("text ![x](../46-vit/assets/tokens.svg)\n", 1, "leads out of the problem's folder", "assets/"),
    ("text ![x](assets/../../secret.png)\n", 1, "leads out of the problem's folder", "assets/"),
    ("text ![x](assets/%2e%2e/%2e%2e/secret.png)\n", 1, "leads out of the problem's folder", "assets/"),
    ("text ![x](assets/../reference/reference.py)\n", 1, "does not lie in assets/", "nothing else is served"),
    ("text ![x](https://example.org/x.png)\n", 1, "is not in assets/", "put it there"),
    ("text ![x](/problems/a/assets/x.png)\n", 1, "is not in assets/", "put it there"),
    ("text ![x]()\n", 1, "names no file", "assets/NAME.svg"),
    ("text [x](assets/none.svg)\n", 1, "the link `assets/none.svg` is missing", "did you mean"),
    ("text [x](starter.py)\n", 1, "does not lie in assets/", "nothing else is served"),
    ("text [x](../45-vit-mean-pool)\n", 1, "leads out of the problem's folder", "assets/"),
    ("text [x]()\n", 1, "leads nowhere", "write its address"),
    ("text [x](ftp://example.org)\n", 1, "neither http, https nor mailto", "ftp"),
    ("## The task\n\ntext [x](#the-tusk)\n", 3, "leads to no heading", "did you mean `#the-task`?"),
    ("# Gone\n\ntext [x](#gone)\n", 3, "leads to no heading", "there are none"),
    ("text\n\n[x]: assets/none.svg\n\nand *[x]*\n", 5, "`assets/none.svg` is missing", "did you mean"),
]


@pytest.mark.parametrize(("text", "line", "what", "way_out"), _ONE_FAULT)
def test_a_fault_has_its_line_and_a_way_out(text: str, line: int, what: str, way_out: str) -> None:
    """And one mistake is told once."""
    [fault] = reported(text)
    assert fault.startswith(f"statement.md:{line}: ")
    assert what in fault
    assert way_out in fault


@pytest.mark.parametrize("text", [text for text, *_ in _ONE_FAULT])
def test_newlines_of_another_system_change_no_line(text: str) -> None:
    assert reported(text.replace("\n", "\r\n")) == reported(text)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("data.csv", b"a,b", "pages show svg, png, jpg, jpeg, webp, gif"),
        ("picture.png", b"version https://git-lfs.github.com/spec/v1", "no PNG by its content"),
        ("picture.svg", b"\x89PNG\r\n\x1a\n", "no SVG by its content"),
        ("deep/picture.jpg", b"", "no JPG by its content"),
    ],
)
def test_an_asset_that_pages_cannot_show_is_told_with_or_without_its_figure(
    name: str, content: bytes, what: str
) -> None:
    [alone] = reported("text", {name: content})
    assert alone.startswith(f"assets/{name}: the file ")
    assert what in alone
    [shown] = reported(f"text ![x](assets/{name})", {name: content})
    assert shown.startswith("statement.md:1: the figure ")
    assert what in shown


def test_all_faults_are_told_at_once_and_by_lines() -> None:
    """Each kind, in one statement."""
    parts = [
        text
        for text, _, what, _ in _ONE_FAULT
        if "says nothing" not in what and "is empty" not in what and "closed" not in what
    ]
    faults = statement_faults("text\n\n" + "\n\n".join(parts), _ASSETS)
    assert len(faults) >= len(parts) - 3  # An anchor of one is there for another; `$$` may find an end.
    lines = [fault.line or 0 for fault in faults]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10, or \\$\\$20.",
        "Code `$\\foo$` and `:::nothing`.",
        "```\n:::hnt\n$$\n\\frac\n```\n",
        "    :::hnt\n    $\\foo$\n",
        "## A b\n\n[x](#a-b) [y](https://example.org/a?b#c) [z](mailto:a@example.org) [w](/problems/x)",
        "![x](./assets/tokens.svg) ![y](assets/deep/photo.png) [z](assets/tokens.svg#part)",
        "text\n\n::::hint A\nx\n::::\n",
        "- item\n\n  :::hint A\n  x\n  :::\n",
        "> :::hint A\n> x\n> :::\n",
        "text :::hint is a block, and ::: ends it",
        "a: b :: c",
    ],
)
def test_what_is_right_has_no_fault(text: str) -> None:
    assert reported(text) == []


def test_the_example_for_authors_has_no_fault() -> None:
    text = (CHECKOUT / "docs/authors.md").read_text()
    [example] = re.findall(r"^````markdown\n(.*?)^````$", text, re.DOTALL | re.MULTILINE)
    assert "aligned" in example
    assert reported(example) == []


def test_a_formula_that_a_table_divides_is_a_warning() -> None:
    """It may be money."""
    [first] = statement_faults("| a | b |\n|---|---|\n| $|x|$ | $5 |\n", {})
    assert first.is_warning
    assert first.line == 3
    assert r"`\lvert x \rvert`" in first.reason
    assert statement_faults("| a | b |\n|---|---|\n| $\\lvert x \\rvert$ | $5 |\n", {}) == []


def test_a_title_alone_is_a_warning() -> None:
    """There is nothing to read on the page, and nothing that is wrong."""
    [fault] = statement_faults("# Title\n", {})
    assert fault.is_warning


def test_a_flood_of_faults_is_bounded() -> None:
    assert len(statement_faults("$\\foo$\n\n" * 1_000, {})) == MOST_OF_A_KIND


def test_a_command_outside_a_formula_is_a_warning() -> None:
    """It may be meant, and is shown as it is typed."""
    [fault] = statement_faults("text\nwith \\frac{1}{2} and $ \\alpha $\n", {})
    assert fault.is_warning
    assert fault.line == 2
    assert r"`\frac` stands in no formula" in fault.reason
    require_readable_statement("text \\frac", {})


def test_what_is_too_long_is_told_too() -> None:
    [fault] = reported("x\n\n" + "word " * 1_700)
    assert fault.startswith("statement.md:3: the paragraph has 8,499 characters")


@pytest.mark.parametrize("place", ["problems", "tests/far_problems/problems"])
def test_statements_that_are_there_have_no_faults(place: str) -> None:
    """Neither warnings."""
    folders = [path for path in (CHECKOUT / place).iterdir() if (path / "statement.md").is_file()]
    assert folders
    for folder in folders:
        assets = {
            path.relative_to(folder / "assets").as_posix(): path.read_bytes()
            for path in (folder / "assets").rglob("*")
            if path.is_file()
        }
        assert reported((folder / "statement.md").read_text(), assets) == [], folder.name


def test_a_folder_with_such_a_statement_is_refused_with_all_of_it(tmp_path: Path) -> None:
    place = write_problem(small_problem(statement="Twice $\\foo$.\n\n![x](assets/a.svg)\n"), tmp_path)
    [refused] = load_folders(tmp_path / "problems", tmp_path / "references").refused
    assert refused.message.count(f"{place.name}/statement.md:1: ") == 1
    assert "statement.md:3: the figure `assets/a.svg` is missing" in refused.message
    with pytest.raises(BrokenPackage, match="foo"):
        require_readable_statement("$\\foo$", {})
