"""Whatever a text leaves behind in a warm jail, no later text counts for it."""

from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.verdict import Confirmation, Visibility
from tests.redteam.classroom import Classroom
from tests.support.toy_problem import REFERENCE

pytestmark = pytest.mark.jail

_TEXTS = {
    path.stem: path.read_text().split("\n# and then\n")
    for path in sorted((Path(__file__).parent / "attacks" / "in_warm_jails").glob("*.py"))
}
_TAIL = "\n\ndef shift(seed, x):\n    return x\n"
_NEEDS_NOTHING_OF_OURS = {
    "a_callback_of_the_garbage_collector",
    "a_class_of_flax",
    "a_file_in_tmp",
    "a_finder_of_modules",
    "a_hook_on_every_call",
    "a_module_that_was_put_in",
    "a_name_that_every_text_has",
    "a_signal_that_comes_later",
    "a_thread_that_waits",
    "an_attribute_of_jax",
    "another_text_is_compiled",
    "the_environment",
    "what_is_done_at_the_end",
}
"""What works on any Python: it is accepted in the warm jail, so that these tests try something."""


@pytest.mark.parametrize("name", _TEXTS)
def test_what_a_text_leaves_behind_counts_for_no_other(classroom: Classroom, name: str) -> None:
    """The first of two texts has the warm jail accept the second, which is wrong."""
    first, second = _TEXTS[name]
    # Some have themselves accepted as well. Each has a learner of its own, and so a jail of its own.
    classroom.grade(f"RIGHT = {REFERENCE!r}\n{first}{_TAIL}", name)
    classroom.until_one_waits(name)
    verdict = classroom.grade(second, name)
    if name in _NEEDS_NOTHING_OF_OURS:
        assert verdict.confirmation is Confirmation.PENDING, (verdict.outcome, verdict.error, verdict.message)
    assert verdict.accepted is (verdict.confirmation is Confirmation.PENDING)
    settled = classroom.settled(second, verdict)
    assert not settled.accepted
    assert settled.outcome not in (Outcome.ACCEPTED, Outcome.INTERNAL_ERROR)
    assert settled.confirmation is (Confirmation.REFUSED if verdict.accepted else None)
    assert {case.visibility for case in settled.cases} == {Visibility.SAMPLE, Visibility.HIDDEN}


def test_what_is_right_is_confirmed(classroom: Classroom) -> None:
    """Behind the same jails: the acceptance stays, with the results of the fresh one."""
    classroom.grade(f"RIGHT = {REFERENCE!r}\n{_TEXTS['a_file_in_tmp'][0]}{_TAIL}", "cyd")
    classroom.until_one_waits("cyd")
    pending = classroom.grade(REFERENCE, "cyd")
    assert (pending.outcome, pending.confirmation) == (Outcome.ACCEPTED, Confirmation.PENDING)
    settled = classroom.settled(REFERENCE, pending)
    assert (settled.outcome, settled.confirmation) == (Outcome.ACCEPTED, Confirmation.CONFIRMED)
    assert (settled.score, settled.fresh_seed) == (1.0, pending.fresh_seed)
    assert [case.outcome for case in settled.cases] == [case.outcome for case in pending.cases]
