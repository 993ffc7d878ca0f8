"""Notes come with a verdict and never change it."""

import asyncio

import pytest

from app.cli.reports.verdict_text import verdict_text
from app.core.outcome import Outcome
from app.core.verdict import Mode, Verdict
from app.grading.open_grader import open_grader
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail

_FADED = (
    REFERENCE.replace("x + self.shift)", "x + self.shift.value)")
    .replace("* self.scale", "* self.scale.value")
    .replace("class Shift", "HELD = nnx.Param(jnp.zeros(1))\nHELD.value = HELD.value + 1\n\n\nclass Shift")
    .replace("    def __call__", "    def unused(self, kept=[]):\n        return kept\n\n    def __call__")
)
_SECRETIVE = REFERENCE.replace(
    "    return Shift",
    "    import warnings\n    if int(seed) == 5:\n        warnings.warn(str(float(x[0])))\n    return Shift",
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    async def grade() -> dict[str, Verdict]:
        async with open_grader(data_dir=tmp_path_factory.mktemp("notes"), unjailed=False) as grader:
            return {
                name: await grader.grade(toy_problem(), code, Mode.SUBMIT, fresh_seed=4)
                for name, code in {"faded": _FADED, "plain": REFERENCE, "secretive": _SECRETIVE}.items()
            }

    return asyncio.run(grade())


def test_an_access_that_flax_gives_up_is_noted_with_its_replacement(verdicts: dict[str, Verdict]) -> None:
    """Each line once, though every call runs it; what loading the code runs as well."""
    verdict = verdicts["faded"]

    assert verdict.outcome is Outcome.ACCEPTED
    fading = [note for note in verdict.notes if "`.value`" in note or "`.value = x`" in note]
    assert [note.partition(":")[0] for note in fading] == ["line 7", "line 7", "line 19"]
    assert "`param[...]` or `param.get_value()`" in " ".join(fading)


def test_notes_on_the_text_come_first(verdicts: dict[str, Verdict]) -> None:
    """And stand in what `check` prints."""
    verdict = verdicts["faded"]

    assert verdict.notes[0].startswith("line 15: the default of `kept`")
    assert f"note: {verdict.notes[0]}" in verdict_text(verdict, title="faded.py")


def test_code_without_a_fault_gets_no_note(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["plain"].notes == ()


def test_a_warning_in_a_hidden_case_gives_nothing_away(verdicts: dict[str, Verdict]) -> None:
    """Its text could be the case's values."""
    assert verdicts["secretive"].outcome is Outcome.ACCEPTED
    assert verdicts["secretive"].notes == ()
