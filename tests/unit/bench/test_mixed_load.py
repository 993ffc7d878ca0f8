"""What the bench of mixed load says of pages and verdicts."""

from collections import Counter

import pytest

from bench.mixed_load import Load, Page, cause_of, report

_HELD = "WARNING jaxercise.loop: the event loop has been held for 0.81 s, 0.80 s of them by computing:\n"


def page(
    seconds: float = 1.0, *, stalled: float = 0.0, late: float = 0.0, printed: str = "", status: int = 200
) -> Page:
    return Page(
        path="/problems/double",
        status=status,
        seconds=seconds,
        stalled_seconds=stalled,
        late_seconds=late,
        running=3,
        printed=(printed,) if printed else (),
    )


@pytest.mark.parametrize(
    ("slow", "cause"),
    [
        (
            page(printed=_HELD),
            "the service's event loop has been held for 0.81 s, 0.80 s of them by computing",
        ),
        (page(late=0.9), "this program itself got no processor for 900 ms"),
        (page(stalled=0.8), "no processor was free: something waited for one in 80 % of that time"),
        (page(), "the service itself"),
        (page(late=0.1, stalled=0.1, printed="something else"), "the service itself"),
    ],
)
def test_what_held_a_page_up_is_named(slow: Page, cause: str) -> None:
    assert cause_of(slow) == f"{cause}; 3 submissions under way"


def test_the_report_has_both_halves_side_by_side() -> None:
    load = Load(outcomes=Counter({"accepted": 3, "error": 1}), refused=2, slowdown="slowdown_computing 1.50")
    busy = [page(0.1)] * 998 + [page(0.6), page(2.0, stalled=1.9)]
    lines = report([page(0.05)] * 10, busy, load).splitlines()
    assert lines[0] == (
        "4 verdicts, 0 wrong, 0 lost, 2 times asked to wait; limits are scaled by: slowdown_computing 1.50"
    )
    assert lines[1] == "3 accepted, 1 error"
    assert "| read | 10 | 1000 |" in lines
    assert "| within 0.5 s (goal 99.9 %) | 100.00 % | 99.80 % |" in lines
    assert "| p99.9, ms | 50 | 600 |" in lines
    assert "| slowest, ms | 50 | 2000 |" in lines
    [slowest] = [line for line in lines if line.startswith("slowest, under load: 2000 ms")]
    assert "no processor was free" in slowest


def test_wrong_and_lost_verdicts_and_failed_pages_are_named() -> None:
    load = Load(outcomes=Counter({"error": 1}), wrong=["wrong: toy/reference"], lost=["lost: toy/other"])
    text = report([page()], [page(status=0), page(status=503)], load)
    assert "1 verdicts, 1 wrong, 1 lost" in text
    assert "wrong: toy/reference\nlost: toy/other\n" in text
    assert "failed, under load: /problems/double: no answer\n" in text
    assert text.endswith("failed, under load: /problems/double: 503")
