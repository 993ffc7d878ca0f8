"""Which parts of `make exhaustive` rest on older code than today's.

    .venv/bin/python -m tests.exhaustive.stale

Prints a line for each; `make test` ends with them, and a release wants none. Exit code 1 where there are
some.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.exhaustive.part import Part, load_part, part_names
from tests.exhaustive.record import Basis, Record, basis_today, read_record
from tests.support.checkout import CHECKOUT

RECORDS = CHECKOUT / "docs" / "proofs"
NOTHING = "None: every part of `make exhaustive` has passed with the code of today."


def stale_lines() -> list[str]:
    """Return a line for each part that has not passed, whole, with the code of today."""
    return list(lines_of(map(load_part, part_names()), RECORDS, CHECKOUT)) or [NOTHING]


def lines_of(parts: Iterable[Part], records: Path, checkout: Path) -> Iterator[str]:
    for part in parts:
        if reasons := list(_reasons(read_record(records, part.name), basis_today(part, checkout))):
            yield f"{part.name}: {'; '.join(reasons)}"


def _reasons(record: Record, today: Basis) -> Iterator[str]:
    if not record.items:
        yield "has never been run"
        return
    old = [entry.basis for entry in record.items.values() if entry.basis != today.hash]
    if old:
        changed = sorted({name for basis in set(old) for name in _changed(record.bases[basis], today)})
        yield f"{len(old)} of {record.wanted} items rest on older {', '.join(changed)}"
    if missing := record.wanted - len(record.items):
        yield f"{missing} of {record.wanted} items have not been run"
    if record.failures:
        yield f"{len(record.failures)} of {record.wanted} items have failed"


def _changed(then: Basis, today: Basis) -> Iterator[str]:
    """Name what differs: paths, and packages with the version of then."""
    yield from (
        path for path in {**then.files, **today.files} if then.files.get(path) != today.files.get(path)
    )
    for package, version in then.versions.items():
        if today.versions.get(package) != version:
            yield f"{package} {version}"


if __name__ == "__main__":
    found = stale_lines()
    print("\n".join(found))  # noqa: T201
    sys.exit(found != [NOTHING])
