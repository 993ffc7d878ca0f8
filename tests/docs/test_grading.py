"""`docs/grading.md` explains every outcome, and its examples end as it says."""

import asyncio
import re
from collections.abc import Iterator

import msgspec
import pytest

from app.cli.reports.verdict_text import verdict_text
from app.core.outcome import Outcome
from app.core.verdict import Mode, Verdict
from app.grading.open_grader import open_grader
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import toy_problem

_DOCUMENT = (CHECKOUT / "docs" / "grading.md").read_text()
_EXAMPLE = re.compile(
    r"```python\n# outcome: (?P<outcome>\w+)\n(?P<code>.*?)```\n(?:\n```text\n(?P<said>.*?)```)?", re.DOTALL
)
_BASE = re.compile(r"```python\n# base\n(.*?)```", re.DOTALL)
# Endings that no code brings about, or not of a problem that asks for one array.
_WITHOUT_EXAMPLE = {Outcome.PASSED, Outcome.CANCELLED, Outcome.INTERNAL_ERROR, Outcome.WRONG_STRUCTURE}


class Example(msgspec.Struct, frozen=True, kw_only=True):
    outcome: str
    code: str
    said: tuple[str, ...]


def _examples() -> Iterator[Example]:
    for match in _EXAMPLE.finditer(_DOCUMENT):
        said = (match["said"] or "").splitlines()
        yield Example(outcome=match["outcome"], code=match["code"], said=tuple(said))


_EXAMPLES = list(_examples())
_OUTCOMES = _DOCUMENT.partition("## Outcomes")[2].partition("\n## ")[0]
_SECTIONS = re.findall(r"^### (.*)$", _OUTCOMES, re.MULTILINE)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_section(outcome: Outcome) -> None:
    """A learner may look up any word that a verdict has."""
    assert _SECTIONS.count(f"`{outcome}`") == 1


def test_no_section_is_about_what_is_no_outcome() -> None:
    """Nothing is left of an outcome that was renamed."""
    assert set(_SECTIONS) <= {f"`{outcome}`" for outcome in Outcome}


def test_every_outcome_that_code_can_have_is_shown() -> None:
    """In its own section, by code that is graded below."""
    for outcome in set(Outcome) - _WITHOUT_EXAMPLE:
        section = _DOCUMENT.partition(f"### `{outcome}`\n")[2].partition("\n##")[0]
        assert f"# outcome: {outcome}\n" in section, outcome


def test_every_example_is_found() -> None:
    """A block that is written in another way would be passed over."""
    assert len(_EXAMPLES) == _DOCUMENT.count("# outcome:") >= 20
    assert _DOCUMENT.count("```python") == len(_EXAMPLES) + 1
    assert _DOCUMENT.count("```text") == sum(bool(example.said) for example in _EXAMPLES)


def test_what_an_example_says_has_to_be_there() -> None:
    """The check itself can fail."""
    assert _is_said("short … wrong_value", "short  sample  wrong_value  4 of 4 differ")
    assert not _is_said("wrong_value … short", "short  sample  wrong_value")
    assert not _is_said("5 of 4 differ", "short  sample  wrong_value  4 of 4 differ")


def _is_said(line: str, text: str) -> bool:
    """Whether one line of `text` has the parts of `line`, which `…` divides, in order; spaces aside."""
    parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
    return any(re.search(".*".join(parts), " ".join(reported.split())) for reported in text.splitlines())


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """The right solution's verdict, then the examples', in order."""
    base = _BASE.findall(_DOCUMENT)
    assert len(base) == 1
    manifest = msgspec.structs.replace(toy_problem().manifest, forbidden=("jnp.cumsum",))
    problem = msgspec.structs.replace(toy_problem(), manifest=manifest)

    async def grade() -> list[Verdict]:
        async with open_grader(data_dir=tmp_path_factory.mktemp("grading"), unjailed=False) as grader:
            return [
                await grader.grade(problem, f"{base[0]}\n\n{code}", Mode.SUBMIT, fresh_seed=4)
                for code in ("", *(example.code for example in _EXAMPLES))
            ]

    return asyncio.run(grade())


@pytest.mark.jail
def test_the_right_solution_is_right(verdicts: list[Verdict]) -> None:
    """Every example begins with it."""
    assert verdicts[0].accepted
    assert verdicts[0].notes == ()


@pytest.mark.jail
@pytest.mark.parametrize("index", range(len(_EXAMPLES)), ids=lambda index: _EXAMPLES[index].outcome)
def test_an_example_ends_as_the_document_says(verdicts: list[Verdict], index: int) -> None:
    """With the words that it quotes."""
    example, verdict = _EXAMPLES[index], verdicts[index + 1]
    text = verdict_text(verdict, title="solution.py")

    assert verdict.outcome == example.outcome, text
    assert [line for line in example.said if not _is_said(line, text)] == [], text
