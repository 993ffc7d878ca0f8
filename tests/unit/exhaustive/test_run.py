"""`make exhaustive` goes on where it was stopped, and knows what each result rests on."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from tests.exhaustive import run as running
from tests.exhaustive.part import Part, Result, load_part, part_names
from tests.exhaustive.record import read_record
from tests.exhaustive.run import Changed, OtherRun, main, run_part
from tests.exhaustive.stale import lines_of
from tests.support.checkout import CHECKOUT
from tests.support.stale_parts import stale_lines


class Toy:
    """A checkout with one file, and a part that rests on it; each test says how its items end."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.records = folder / "checkout", folder / "proofs"
        self.code = self.checkout / "toy" / "code.py"
        self.code.parent.mkdir(parents=True)
        self.code.write_text("one = 1\n")
        self.items: Sequence[str] = ("a", "b", "c")
        self.ran: list[str] = []
        self.end: Callable[[str], Result] = lambda item: {"letters": len(item)}

    def _run(self, item: str) -> Result:
        self.ran.append(item)
        return self.end(item)

    @property
    def part(self) -> Part:
        return Part(
            name="toy",
            shows="That letters are counted.",
            rests_on=("toy",),
            items=lambda: self.items,
            run=self._run,
            table=lambda results: "".join(f"| {item} | {of['letters']} |\n" for item, of in results.items()),
        )

    def go(self, *, end: float | None = None, anew: bool = False) -> tuple[int, list[str]]:
        """Return how many failed, and which items were run this time."""
        self.ran = []
        said: list[str] = []
        failed = run_part(
            self.part, self.records, self.checkout, end=end, anew=anew, say=lambda line: said.append(line)
        )
        return failed, self.ran

    def stale(self) -> list[str]:
        return list(lines_of([self.part], self.records, self.checkout))


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setattr(running, "_LOCKS", tmp_path / "locks")
    return Toy(tmp_path)


def test_what_has_passed_is_not_run_again(toy: Toy) -> None:
    assert toy.stale() == ["toy: has never been run"]
    assert toy.go() == (0, ["a", "b", "c"])
    assert toy.go() == (0, [])
    assert toy.go(anew=True) == (0, ["a", "b", "c"])
    assert toy.stale() == []


def test_a_run_that_is_stopped_goes_on_with_the_item_it_was_at(toy: Toy) -> None:
    def stopped(item: str) -> Result:
        if item == "b":
            raise KeyboardInterrupt
        return {"letters": 1}

    passing, toy.end = toy.end, stopped
    with pytest.raises(KeyboardInterrupt):
        toy.go()
    toy.end = passing
    assert toy.stale() == ["toy: 2 of 3 items have not been run"]
    assert toy.go() == (0, ["b", "c"])


def test_a_run_that_is_killed_goes_on_with_the_item_it_was_at(toy: Toy) -> None:
    """Nothing is left of it to write anything down."""
    killed = f"""
        import os, signal
        from pathlib import Path
        from tests.exhaustive.run import run_part
        from tests.unit.exhaustive.test_run import Toy
        from tests.exhaustive import run
        class Kept(Toy):
            def __init__(self): pass
        toy = Kept()
        run._LOCKS = Path({str(running._LOCKS)!r})
        toy.checkout, toy.records = Path({str(toy.checkout)!r}), Path({str(toy.records)!r})
        toy.items, toy.ran = ("a", "b", "c"), []
        toy.end = lambda item: os.kill(os.getpid(), signal.SIGKILL) if item == "c" else {{"letters": 1}}
        toy.go()
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(killed)], cwd=CHECKOUT, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert toy.go() == (0, ["c"])


def test_no_item_is_begun_after_the_time(toy: Toy) -> None:
    assert toy.go(end=0.0) == (0, [])
    assert toy.stale() == ["toy: has never been run"]


def test_other_code_is_another_basis_and_another_comment_is_not(toy: Toy) -> None:
    toy.go()
    toy.code.write_text('"""Now with words."""\n\none = 1  # the first\n')
    (toy.code.parent / "README.md").write_text("More words.\n")
    assert toy.stale() == []
    toy.code.write_text("one = 2\n")
    assert toy.stale() == ["toy: 3 of 3 items rest on older toy"]
    assert toy.go() == (0, ["a", "b", "c"])
    assert toy.stale() == []


def test_a_result_of_other_versions_is_stale(toy: Toy) -> None:
    toy.go()
    record = read_record(toy.records, "toy")
    [basis] = record.bases.values()
    older = msgspec.structs.replace(basis, versions={**basis.versions, "jax": "0.1"})
    record.bases = {older.hash: older}
    record.items = {name: msgspec.structs.replace(e, basis=older.hash) for name, e in record.items.items()}
    (toy.records / "toy.json").write_bytes(msgspec.json.encode(record))
    assert toy.stale() == ["toy: 3 of 3 items rest on older jax 0.1"]


def test_a_failure_is_kept_without_ending_the_run_and_tried_again(toy: Toy) -> None:
    def fails(item: str) -> Result:
        if item == "a":
            raise ValueError("1 is `not` 2")
        return {"letters": 1}

    passing, toy.end = toy.end, fails
    assert toy.go() == (1, ["a", "b", "c"])
    assert toy.stale() == ["toy: 1 of 3 items have failed"]
    assert "- a: `ValueError: 1 is 'not' 2`" in (toy.records / "toy.md").read_text()
    toy.end = passing
    assert toy.go() == (0, ["a"])
    assert "Failed" not in (toy.records / "toy.md").read_text()


def test_items_come_and_go(toy: Toy) -> None:
    toy.go()
    toy.items = ("b", "c", "d")
    assert toy.go() == (0, ["d"])
    assert set(read_record(toy.records, "toy").items) == {"b", "c", "d"}


def test_code_that_changes_under_a_run_ends_it(toy: Toy) -> None:
    def changes(item: str) -> Result:
        if item == "b":
            toy.code.write_text("one = 3\n")
        return {"letters": 1}

    toy.end = changes
    with pytest.raises(Changed):
        toy.go()
    assert set(read_record(toy.records, "toy").items) == {"a"}


def test_two_runs_of_a_part_do_not_meet(toy: Toy) -> None:
    def again(item: str) -> Result:
        with pytest.raises(OtherRun):
            toy.go()
        return {"letters": 1}

    toy.end = again
    assert toy.go()[0] == 0


def test_the_page_has_numbers_versions_and_the_parts_own_table(toy: Toy) -> None:
    toy.go()
    page = (toy.records / "toy.md").read_text()
    assert page.startswith("# toy\n\nThat letters are counted.\n")
    for words in ("3 of 3 run, 0 failed", "flax 0.", "`toy`", "| a | 1 |"):
        assert words in page


def test_a_part_that_is_not_there_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coffee"])
    assert ended.value.code == 2
    assert f"no such part: coffee; there are {', '.join(part_names())}" in capsys.readouterr().err


@pytest.mark.parametrize("name", part_names())
def test_every_part_says_what_it_shows_and_rests_on(name: str) -> None:
    part = load_part(name)
    assert part.shows
    assert part.rests_on
    assert all((CHECKOUT / path).exists() for path in part.rests_on)
    assert f"| `{name}` |" in (CHECKOUT / "docs/proofs/README.md").read_text()


def test_the_end_of_a_test_run_names_what_is_stale() -> None:
    """Whatever it is: the question itself must not fail."""
    lines = stale_lines()
    assert lines
    assert not any("could not be found out" in line for line in lines)


def test_the_module_table_is_whole() -> None:
    readme = (CHECKOUT / "tests/exhaustive/README.md").read_text()
    assert [p.name for p in (CHECKOUT / "tests/exhaustive").glob("*.py") if f"`{p.name}`" not in readme] == []
