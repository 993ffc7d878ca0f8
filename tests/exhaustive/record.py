"""What came of the items of a part, and what each rested on: `NAME.json` beside a page made of it.

The file is written whole after every item, so that a run which is killed has lost the item it was at.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sandbox.whole_file import write_whole
from tests.exhaustive.code_hash import hash_files, hash_whole, installed_versions
from tests.exhaustive.part import Part, Result

_HOUR_SECONDS = 3600


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What results rest on."""

    files: dict[str, str]
    """Hashes, by the path of each file or folder."""
    versions: dict[str, str]

    @property
    def hash(self) -> str:
        return hash_whole(self.files, self.versions)


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one item, last time."""

    basis: str
    """The hash of what it rested on."""
    day: str
    seconds: float
    result: Result | None = None
    failure: str | None = None


class Record(msgspec.Struct, kw_only=True):
    part: str
    wanted: int
    """How many items there are."""
    machines: list[str] = []
    bases: dict[str, Basis] = {}
    items: dict[str, Entry] = {}

    def unfinished(self, items: Sequence[str], basis: Basis) -> list[str]:
        """Return the items that have not passed on this basis, those that were never run first."""
        left = [item for item in items if not self._has_passed(item, basis.hash)]
        return sorted(left, key=lambda item: item in self.items)

    def _has_passed(self, item: str, basis: str) -> bool:
        entry = self.items.get(item)
        return entry is not None and entry.basis == basis and entry.failure is None

    def keep(self, item: str, entry: Entry, basis: Basis, machine: str) -> None:
        """Take the entry in, and let go of every basis that nothing rests on any more."""
        self.items[item] = entry
        self.bases[basis.hash] = basis
        used = {kept.basis for kept in self.items.values()}
        self.bases = {name: kept for name, kept in self.bases.items() if name in used}
        if machine not in self.machines:
            self.machines.append(machine)

    @property
    def failures(self) -> dict[str, str]:
        return {item: entry.failure for item, entry in self.items.items() if entry.failure is not None}


def basis_today(part: Part, checkout: Path) -> Basis:
    """Hash what the part rests on, as it is now.

    Raises:
        FileNotFoundError: a path that it names is not there.
    """
    return Basis(files=hash_files(checkout, part.rests_on), versions=installed_versions())


def read_record(folder: Path, name: str) -> Record:
    """Return what is kept; an empty record where nothing is."""
    path = folder / f"{name}.json"
    if not path.exists():
        return Record(part=name, wanted=0)
    return msgspec.json.decode(path.read_bytes(), type=Record)


def write_record(folder: Path, record: Record, part: Part) -> None:
    """Write record and page, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    record.items = dict(sorted(record.items.items()))
    write_whole(
        folder / f"{record.part}.json", msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
    )
    write_whole(folder / f"{record.part}.md", _page(record, part).encode())


def last_line(failure: str) -> str:
    """Return what a traceback ends with, fit to stand between backticks."""
    return failure.strip().splitlines()[-1].replace("`", "'")


def _page(record: Record, part: Part) -> str:
    entries = record.items.values()
    hours = sum(entry.seconds for entry in entries) / _HOUR_SECONDS
    days = sorted({entry.day for entry in entries})
    bases = Counter(entry.basis for entry in entries)
    paths = ", ".join(f"`{path}`" for path in part.rests_on)
    rows = [
        ("items", f"{len(entries)} of {record.wanted} run, {len(record.failures)} failed"),
        (
            "computed",
            f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, {hours:.2f} hours" if days else "never",
        ),
        ("machine", "; ".join(record.machines)),
        ("rests on", paths),
    ]
    for name, count in bases.most_common():
        versions = ", ".join(f"{package} {number}" for package, number in record.bases[name].versions.items())
        rows.append((f"code `{name}`", f"{count} items; {versions}"))
    lines = [f"# {record.part}", "", part.shows, ""]
    lines += [f"Written by `make exhaustive PARTS={record.part}`.", "", "| | |", "| --- | --- |"]
    lines += [f"| {title} | {value} |" for title, value in rows]
    if part.table is not None:
        passed = {item: entry.result for item, entry in record.items.items() if entry.result is not None}
        lines += ["", part.table(passed).strip()]
    if record.failures:
        lines += ["", "## Failed", ""]
        lines += [f"- {item}: `{last_line(text)}`" for item, text in record.failures.items()]
    return "\n".join(lines) + "\n"
