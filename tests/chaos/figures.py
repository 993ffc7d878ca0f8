"""What came of a chaos: the figures, and whether they keep the promise."""

import msgspec

PICKUP_SECONDS = 60.0
"""Within which another worker begins what died with one; it takes some six on a machine that keeps up."""


class Figures(msgspec.Struct, kw_only=True):
    """What came of it; `reported` and `check` read it."""

    seconds: float = 0.0
    accepted: int = 0
    unanswered: int = 0
    """Stored, but the learner was not told: its service was killed before the answer."""
    refused: int = 0
    reconnects: int = 0
    faults: dict[str, int] = {}
    spared: int = 0
    """Kills that were put off: a submission had lost two attempts, and a third is our fault by the rules."""
    gave_up: int = 0
    """Processes that lost the database while they started, said so and ended; they are started again."""
    attempts_lost: int = 0
    longest_verdict_seconds: float = 0.0
    reruns: int = 0
    """Runs that died with a killed worker."""
    longest_pickup_seconds: float = 0.0
    longest_pickup_after_outage_seconds: float = 0.0
    doubles: list[str] = []
    wrong: list[str] = []
    lost: list[str] = []
    unreceived: list[str] = []
    """Accepted, and no verdict came down the learner's stream."""
    twice: list[str] = []
    """Events that were heard twice."""
    broken: list[str] = []
    """What should not have happened to a process."""


def check(figures: Figures) -> list[str]:
    """What breaks the promise; empty where nothing does."""
    faults = [
        f"{len(found)} {name}: {found[:5]}"
        for name, found in (
            ("verdicts written twice", figures.doubles),
            ("wrong verdicts", figures.wrong),
            ("lost", figures.lost),
            ("never heard of", figures.unreceived),
            ("events heard twice", figures.twice),
            ("processes misbehaved", figures.broken),
        )
        if found
    ]
    if figures.longest_pickup_seconds > PICKUP_SECONDS:
        faults.append(f"a rerun began {figures.longest_pickup_seconds:.1f} s after its worker was killed")
    return faults


def reported(figures: Figures) -> str:
    """The figures, a line each."""
    lines = [f"{'seconds under load':<52}{figures.seconds:>9.0f}"]
    for name, value in (
        ("submissions accepted", figures.accepted),
        ("stored without an answer, and graded", figures.unanswered),
        ("requests refused or cut off, and made again", figures.refused),
        ("streams that were cut and gone on with", figures.reconnects),
        *((f"fault: {name}", count) for name, count in sorted(figures.faults.items())),
        ("kills put off: a submission had lost two attempts", figures.spared),
        ("starts that were given up in an outage", figures.gave_up),
        ("attempts that died", figures.attempts_lost),
        ("runs that died with a killed worker", figures.reruns),
        ("verdicts written twice", len(figures.doubles)),
        ("wrong", len(figures.wrong)),
        ("lost", len(figures.lost)),
        ("verdicts not heard", len(figures.unreceived)),
        ("events heard twice", len(figures.twice)),
    ):
        lines.append(f"{name:<52}{value:>9}")
    for name, seconds in (
        ("longest time to a verdict, s", figures.longest_verdict_seconds),
        ("longest pickup after a SIGKILL, s", figures.longest_pickup_seconds),
        (
            "the same where the database was away, from its return",
            figures.longest_pickup_after_outage_seconds,
        ),
    ):
        lines.append(f"{name:<52}{seconds:>9.1f}")
    return "\n".join(lines)
