"""The tests of chaos can fail: what they look for is found."""

import sqlite3
from pathlib import Path

from tests.chaos.audit import Audit, Change, doubles, final_outcomes, pickups
from tests.chaos.figures import PICKUP_SECONDS, Figures, check


def change(at: float, status: str, attempt: int, *, who: str = "", outcome: str | None = None) -> Change:
    return Change(at=at, submission_id="s", status=status, attempt=attempt, outcome=outcome, who=who)


def test_the_database_notes_every_verdict_by_itself(tmp_path: Path) -> None:
    """A second one is seen, whoever wrote it, and so is one that was changed."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("CREATE TABLE submissions (id, outcome, verdict)")
    connection.execute("CREATE TABLE jobs (id, subject, status, attempt, failures)")
    audit = Audit(url)
    audit.begin()
    for name in ("once", "twice"):
        connection.execute("INSERT INTO submissions VALUES (?, NULL, NULL)", [name])
        connection.execute("INSERT INTO jobs VALUES (?, ?, 'queued', 0, 0)", [name, name])
        connection.execute("UPDATE jobs SET status = 'running', attempt = 1 WHERE id = ?", [name])
        connection.execute("UPDATE jobs SET status = 'done' WHERE id = ?", [name])
        connection.execute("UPDATE submissions SET outcome = 'error', verdict = '1' WHERE id = ?", [name])
        # Not a change of what counts.
        connection.execute("UPDATE jobs SET failures = 3 WHERE id = ?", [name])
    assert doubles(audit.changes()) == []
    connection.execute("UPDATE submissions SET outcome = 'accepted', verdict = '2' WHERE id = 'twice'")
    assert doubles(audit.changes()) == ["twice"]
    assert final_outcomes(audit.changes()) == {"once": "error", "twice": "accepted"}
    assert (audit.undone(), audit.failures(), audit.is_fragile()) == (set(), 6, False)
    connection.close()


def test_a_pickup_is_measured_from_the_kill_or_from_the_return_of_the_database() -> None:
    died = [change(1, "queued", 0), change(2, "running", 1, who="a.1")]
    again = [*died, change(20, "running", 2, who="b.1")]
    [pickup] = pickups(again, [(5, "a.1")], [])
    assert (pickup.seconds, pickup.in_outage) == (15, False)
    [pickup] = pickups(again, [(5, "a.1")], [(8, 16)])
    assert (pickup.seconds, pickup.in_outage) == (4, True)
    [pickup] = pickups(died, [(5, "a.1")], [])
    assert pickup.seconds is None
    # Another one was killed; or it had ended.
    assert pickups(again, [(5, "b.1")], []) == []
    assert pickups([*died, change(3, "done", 1, outcome="error")], [(5, "a.1")], []) == []


def test_each_broken_promise_is_told() -> None:
    assert check(Figures(longest_pickup_seconds=PICKUP_SECONDS)) == []
    assert len(check(Figures(longest_pickup_seconds=PICKUP_SECONDS + 1))) == 1
    for field in ("doubles", "wrong", "lost", "unreceived", "twice", "broken"):
        figures = Figures()
        setattr(figures, field, ["x"])
        assert len(check(figures)) == 1
