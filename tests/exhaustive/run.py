"""Run what is too long for `make test`, in parts that can be stopped and gone on with.

    .venv/bin/python -m tests.exhaustive.run [PART …] [--minutes N] [--anew]

Without names every part is run. What has passed with the code of today is not run again, unless `--anew` says
so. Results are kept under docs/proofs/ after every item; commit them. Exit code 1 where an item has failed.
"""

import argparse
import fcntl
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sandbox.environment import describe_environment
from tests.exhaustive.part import Part, Result, load_part, part_names
from tests.exhaustive.record import Basis, Entry, basis_today, last_line, read_record, write_record
from tests.exhaustive.stale import RECORDS
from tests.support.checkout import CHECKOUT

_LOCKS = CHECKOUT / "var" / "exhaustive"
_FAILURE_CHARACTERS = 4000
_MINUTE_SECONDS = 60

Say = Callable[[str], None]


class OtherRun(Exception):
    def __init__(self) -> None:
        super().__init__("another run of this checkout is at it")


class Changed(Exception):
    def __init__(self) -> None:
        super().__init__("what it rests on was changed while it ran; what passed before that is kept")


def main(arguments: list[str]) -> int:
    """Run the parts that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(part_names()))
    parser.add_argument("--minutes", type=float, help="begin no item after this time")
    parser.add_argument("--anew", action="store_true", help="run what has passed as well")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.parts) - set(part_names())):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(part_names())}")
    end = None if not given.minutes else time.monotonic() + given.minutes * _MINUTE_SECONDS
    failed = 0
    for name in given.parts or part_names():
        try:
            failed += run_part(load_part(name), RECORDS, CHECKOUT, end=end, anew=given.anew, say=_print)
        except (OtherRun, Changed) as error:
            _print(f"{name}: {error}")
            failed += 1
    return 1 if failed else 0


def run_part(
    part: Part, records: Path, checkout: Path, *, end: float | None, anew: bool = False, say: Say
) -> int:
    """Run what is unfinished until `end`, a moment of the monotonic clock; return how many items failed.

    Raises:
        OtherRun: another process is at it.
        Changed: what the part rests on is not what it was when the run began.
    """
    with _alone(part.name):
        basis = basis_today(part, checkout)
        record, items = read_record(records, part.name), list(part.items())
        record.wanted = len(items)
        record.items = {item: entry for item, entry in record.items.items() if item in set(items)}
        left = items if anew else record.unfinished(items, basis)
        say(f"{part.name}: {len(items) - len(left)} of {len(items)} items have passed with this code")
        failed = 0
        try:
            for number, item in enumerate(left, start=1):
                if end is not None and time.monotonic() >= end:
                    say(f"{part.name}: out of time, {len(left) - number + 1} items are left")
                    break
                entry = _run_item(part, item, basis, checkout)
                if basis_today(part, checkout) != basis:
                    raise Changed
                record.keep(item, entry, basis, _machine())
                write_record(records, record, part)
                failed += entry.failure is not None
                say(f"{part.name}: {number}/{len(left)} {item}: {_ending(entry)}, {entry.seconds:.1f} s")
        finally:
            if part.close is not None:
                part.close()
        write_record(records, record, part)
    return failed


def _run_item(part: Part, item: str, basis: Basis, checkout: Path) -> Entry:
    start = time.monotonic()
    result: Result | None = None
    failure = None
    try:
        result = part.run(item)
    except Exception:
        # Of the longest, the end says what it was; and where this checkout lies is nobody's business.
        failure = traceback.format_exc().replace(f"{checkout}/", "")[-_FAILURE_CHARACTERS:]
    seconds = round(time.monotonic() - start, 2)
    day = datetime.now(tz=UTC).date().isoformat()
    return Entry(basis=basis.hash, day=day, seconds=seconds, result=result, failure=failure)


def _ending(entry: Entry) -> str:
    return "passed" if entry.failure is None else f"FAILED: {last_line(entry.failure)}"


def _machine() -> str:
    environment = describe_environment(jailed=True)
    return f"{environment['cpu']} ({environment['machine']})"


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold the part's lock.

    Raises:
        OtherRun: somebody else does.
    """
    _LOCKS.mkdir(parents=True, exist_ok=True)
    with (_LOCKS / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OtherRun from error
        yield


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
