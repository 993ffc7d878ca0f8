"""What is wrong with problems that lie side by side: each may be right alone.

Two that share an id, a slug or a position are both refused, for nobody can say which of them was meant: so
a copy of a folder never takes the place of the original, nor its submissions.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from app.catalog.identity import Identity
from app.catalog.rules.toml_lines import Place
from app.catalog.rules.typed_faults import did_you_mean

_FILE = "problem.toml"
Fault = tuple[Place, str]


def faults_together(
    identities: Mapping[str, Identity], *, owners: Mapping[str, str] | None = None
) -> dict[str, list[Fault]]:
    """Return, by the folder's name, all that is wrong with a problem beside the others, by its keys.

    `owners` has, for a folder whose id seems to be that of another which has none just now, that other one.
    """
    owners = owners or {}
    faults: dict[str, list[Fault]] = defaultdict(list)
    rightful = {}
    for folder, identity in identities.items():
        if folder in owners:
            faults[folder].append(_of_another(identity, owners[folder]))
        elif identity.folder in (None, folder):
            rightful[folder] = identity
        else:
            faults[folder].append(_misnamed(folder, identity, identities))
    for place, held in (
        ("id", {folder: identity.key for folder, identity in rightful.items()}),
        ("slug", {folder: identity.slug for folder, identity in rightful.items()}),
        ("position", {folder: identity.position for folder, identity in rightful.items()}),
    ):
        for folder, others in _doubled(held):
            said = f"{getattr(identities[folder], place)!r} is also the {place} of {', '.join(others)}"
            faults[folder].append(((place,), f"{said}; one of them must have another"))
    for folder, index, said in _requirements(rightful, known=_slugs(identities)):
        faults[folder].append((("requires", index), said))
    return dict(faults)


def _of_another(identity: Identity, owner: str) -> Fault:
    """Say whose id it seems to be."""
    said = (
        f"{identity.id!r} seems to be the id of {owner}, which has no {_FILE} with an id just "
        "now, and of which this folder may be a copy: mend that one first, or take it away where it was "
        "renamed to this one"
    )
    return ("id",), said


def _misnamed(folder: str, identity: Identity, identities: Mapping[str, Identity]) -> Fault:
    """Say what the folder is to be called; where another one is called so, this is a copy of it."""
    named = identity.folder
    if named is not None and named in identities and identities[named].key == identity.key:
        said = (
            f"{identity.id!r} is also the id of {named}, of which this folder seems to be a "
            "copy: a problem of its own needs another id, slug and position"
        )
        return ("id",), said
    return ("slug",), f"the folder {folder!r} must be called by its position and slug: {named!r}"


def _doubled(held: Mapping[str, str | int | None]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder whose value others have too, with those."""
    holders: dict[str | int, list[str]] = defaultdict(list)
    for folder, value in held.items():
        if value is not None:
            holders[value].append(folder)
    for folders in holders.values():
        if len(folders) > 1:
            for folder in folders:
                yield folder, [other for other in folders if other != folder]


def _slugs(identities: Mapping[str, Identity]) -> set[str]:
    """Return the slugs that there are; of a folder whose slug cannot be read, the one in its name."""
    return {identity.slug or folder.partition("-")[2] for folder, identity in identities.items()}


def _requirements(identities: Mapping[str, Identity], *, known: set[str]) -> Iterator[tuple[str, int, str]]:
    """Yield folders whose requirements lead nowhere, or back to themselves: which of them, and how."""
    folders = {identity.slug: folder for folder, identity in identities.items()}
    leads = {
        folder: [folders[slug] for slug in identity.requires if slug in folders]
        for folder, identity in identities.items()
    }
    for folder, identity in identities.items():
        for index, slug in enumerate(identity.requires):
            if slug not in known:
                yield (
                    folder,
                    index,
                    f"there is no problem {slug!r}{did_you_mean(slug, known - {identity.slug or ''})}",
                )
    for folder in sorted(_may_be_in_circles(leads)):
        if way := _way_back(folder, leads):
            first = identities[way[1]].slug
            index = identities[folder].requires.index(first or "")
            said = f"it leads in a circle: {' → '.join(way)}; one of these must not require the next"
            yield folder, index, said


def _may_be_in_circles(leads: Mapping[str, list[str]]) -> set[str]:
    """Return the folders that are left where all are taken away that lead, or are led to from, nowhere."""
    back: dict[str, list[str]] = {folder: [] for folder in leads}
    for folder, others in leads.items():
        for other in others:
            back[other].append(folder)
    return _never_ending(leads, back) & _never_ending(back, leads)


def _never_ending(leads: Mapping[str, list[str]], back: Mapping[str, list[str]]) -> set[str]:
    """Return the folders from which one can go on for ever; `back` has the same steps, turned round."""
    ways = {folder: len(others) for folder, others in leads.items()}
    ended = [folder for folder, count in ways.items() if count == 0]
    for folder in ended:
        for other in back[folder]:
            ways[other] -= 1
            if ways[other] == 0:
                ended.append(other)
    return set(leads) - set(ended)


def _way_back(start: str, leads: Mapping[str, list[str]]) -> list[str]:
    """Return the shortest way from a folder along what it requires back to itself; empty without one."""
    before: dict[str, str] = {}
    reached = [start]
    for folder in reached:
        for other in leads[folder]:
            if other == start:
                way = [folder]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return [*reversed(way), start]
            if other not in before:
                before[other] = folder
                reached.append(other)
    return []
