"""Problems side by side: what two of them cannot both have is refused with both folders and the key."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.identity import Identity, identity_of
from app.catalog.problem_folder import LoadedFolders, load_folders
from app.catalog.together import faults_together
from tests.support.small_problem import small_problem, write_problem

_WAY_OUT = "; one of them must have another"
_ID = "dbfcc8f1-78f9-5c88-bce8-830cf218264d"


def _write(place: Path, slug: str, position: int, old: str = "", new: str = "") -> Path:
    """A problem of this slug and position, `old` in its `problem.toml` replaced by `new`."""
    files = small_problem(slug, position=position)
    manifest = files["problem.toml"].decode()
    assert old in manifest
    files["problem.toml"] = manifest.replace(old, new, 1).encode()
    return write_problem(files, place)


def _load(place: Path) -> LoadedFolders:
    return load_folders(place / "problems", place / "references")


def _reasons(loaded: LoadedFolders) -> dict[str, str]:
    return {fault.message.partition("/")[0]: fault.message.partition("/")[2] for fault in loaded.refused}


def _id_line(slug: str) -> str:
    return small_problem(slug)["problem.toml"].decode().splitlines()[0]


@pytest.mark.parametrize("written", [_ID, _ID.upper(), f"{{{_ID}}}", f"urn:uuid:{_ID}", _ID.replace("-", "")])
def test_two_folders_with_one_id_are_both_refused_and_the_rest_loads(tmp_path: Path, written: str) -> None:
    """Neither takes the other's place, however the id is spelt, and the reason names both."""
    _write(tmp_path, "double", 1, _id_line("double"), f'id = "{_ID}"')
    _write(tmp_path, "treble", 2, _id_line("treble"), f'id = "{written}"')
    _write(tmp_path, "quadruple", 3)
    loaded = _load(tmp_path)
    assert list(loaded.problems) == ["quadruple"]
    assert _reasons(loaded) == {
        "1-double": f"problem.toml:1: id: '{_ID}' is also the id of 2-treble{_WAY_OUT}",
        "2-treble": f"problem.toml:1: id: {written!r} is also the id of 1-double{_WAY_OUT}",
    }


def test_an_id_is_held_even_by_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """While its author mends a typo, a copy must not take its submissions."""
    _write(tmp_path, "double", 1, "[entry]", "[entry]\nfuntcion = 1")
    _write(tmp_path, "treble", 2, _id_line("treble"), _id_line("double"))
    assert list(_load(tmp_path).problems) == []
    _write(tmp_path, "double", 1, "[entry]", "[entry")
    loaded = _load(tmp_path)
    assert list(loaded.problems) == []
    assert "is also the id of 1-double" in _reasons(loaded)["2-treble"]


@pytest.mark.parametrize("left", ["no file", "no id", "no text"])
@pytest.mark.parametrize("changed", ["statement.md", "references/reference.py"])
def test_a_copy_takes_no_id_while_the_original_has_lost_its_own(
    tmp_path: Path, left: str, changed: str
) -> None:
    """Under another slug and position, and with one of its texts rewritten already."""
    original = _write(tmp_path, "double", 1)
    for kind in ("problems", "references"):
        shutil.copytree(tmp_path / kind / "1-double", tmp_path / kind / "2-treble")
    copied = tmp_path / "problems/2-treble/problem.toml"
    text = copied.read_text().replace('slug = "double"', 'slug = "treble"')
    copied.write_text(text.replace("position = 1", "position = 2"))
    place, _, name = changed.rpartition("/")
    rewritten = tmp_path / (place or "problems") / "2-treble" / name
    rewritten.write_text(f"{rewritten.read_text()}\nX = 1\n")
    manifest = original / "problem.toml"
    if left == "no file":
        manifest.unlink()
    else:
        manifest.write_text("" if left == "no text" else manifest.read_text().partition("\n")[2])
    _write(tmp_path, "quadruple", 3)
    loaded = _load(tmp_path)
    assert "treble" not in loaded.problems
    reasons = _reasons(loaded)
    assert "seems to be the id of 1-double, which has no problem.toml with an id" in reasons["2-treble"]
    assert "problem.toml" in reasons["1-double"]
    # Once the original is whole again, it is on offer, and what is wrong with the copy is plain.
    manifest.write_bytes(small_problem("double", position=1)["problem.toml"])
    reasons = _reasons(_load(tmp_path))
    assert "is also the id of 1-double" in reasons["2-treble"]


def test_an_id_is_that_of_the_folder_that_had_it_last(tmp_path: Path) -> None:
    """Though nothing else of the copy is what it was; and a folder that is gone has been renamed."""
    original = _write(tmp_path, "double", 1)
    _write(tmp_path, "treble", 2, _id_line("treble"), _id_line("double"))
    for place in ("problems/2-treble/statement.md", "references/2-treble/reference.py"):
        (tmp_path / place).write_text(f"{(tmp_path / place).read_text()}\nX = 1\n")
    (original / "problem.toml").unlink()
    identity = identity_of(small_problem("double", position=1)["problem.toml"])
    assert identity.id is not None

    def load() -> LoadedFolders:
        last_ids = {"1-double": identity.id or ""}
        return load_folders(tmp_path / "problems", tmp_path / "references", last_ids=last_ids)

    loaded = load()
    assert list(loaded.problems) == []
    assert "seems to be the id of 1-double" in _reasons(loaded)["2-treble"]
    assert _reasons(loaded)["1-double"] == "problem.toml: the file is missing"
    shutil.rmtree(original)
    assert list(load().problems) == ["treble"]


def test_two_problems_at_one_position_are_both_refused(tmp_path: Path) -> None:
    _write(tmp_path, "double", 1)
    _write(tmp_path, "treble", 1)
    _write(tmp_path, "quadruple", 3)
    loaded = _load(tmp_path)
    assert list(loaded.problems) == ["quadruple"]
    assert _reasons(loaded) == {
        "1-double": f"problem.toml:3: position: 1 is also the position of 1-treble{_WAY_OUT}",
        "1-treble": f"problem.toml:3: position: 1 is also the position of 1-double{_WAY_OUT}",
    }


def test_two_problems_with_one_slug_are_both_refused(tmp_path: Path) -> None:
    _write(tmp_path, "double", 1)
    _write(tmp_path, "double", 2, _id_line("double"), _id_line("treble"))
    assert _reasons(_load(tmp_path)) == {
        "1-double": f"problem.toml:2: slug: 'double' is also the slug of 2-double{_WAY_OUT}",
        "2-double": f"problem.toml:2: slug: 'double' is also the slug of 1-double{_WAY_OUT}",
    }


@pytest.mark.parametrize(
    "name", ["1-double copy", "1-double.bak", "0-a", "01-double", "2-double", "old", "1-Double"]
)
def test_a_copy_under_another_name_is_refused_and_the_original_stays(tmp_path: Path, name: str) -> None:
    """Whichever comes first: its name is what tells the original."""
    _write(tmp_path, "double", 1)
    for kind in ("problems", "references"):
        shutil.copytree(tmp_path / kind / "1-double", tmp_path / kind / name)
    loaded = _load(tmp_path)
    assert list(loaded.problems) == ["double"]
    assert list(_reasons(loaded)) == [name]
    assert "is also the id of 1-double, of which this folder seems to be a copy" in _reasons(loaded)[name]


@pytest.mark.parametrize(
    "name", ["double", "1", "01-double", "1_double", "2-double", "1-doubles", "1-double-"]
)
def test_a_folder_is_named_by_position_and_slug(tmp_path: Path, name: str) -> None:
    """Also where only one of the two has the wrong name, so that the reference is not found."""
    _write(tmp_path, "double", 1).rename(tmp_path / "problems" / name)
    reason = f"problem.toml:2: slug: the folder {name!r} must be called by its position and slug: '1-double'"
    assert _reasons(_load(tmp_path)) == {name: reason}
    (tmp_path / "references" / "1-double").rename(tmp_path / "references" / name)
    assert _reasons(_load(tmp_path)) == {name: reason}


def test_a_requirement_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "double", 1)
    _write(
        tmp_path, "treble", 2, "[entry]", 'requires = ["double", "duoble"]\n[entry]'.replace("\n[", "\n\n[")
    )
    loaded = _load(tmp_path)
    assert list(loaded.problems) == ["double"]
    assert _reasons(loaded) == {
        "2-treble": "problem.toml:8: requires[1]: there is no problem 'duoble'; did you mean `double`?"
    }


def test_an_empty_requirement_leads_nowhere(tmp_path: Path) -> None:
    _write(tmp_path, "double", 1, "[entry]", 'requires = [""]\n\n[entry]')
    assert _reasons(_load(tmp_path)) == {"1-double": "problem.toml:8: requires[0]: there is no problem ''"}


def test_what_is_required_may_be_broken_today(tmp_path: Path) -> None:
    """It is there, and its last good version may be on offer: one typo does not take half a course away."""
    _write(tmp_path, "double", 1, "[entry]", "[entry")
    _write(tmp_path, "treble", 2, "[entry]", 'requires = ["double"]\n\n[entry]')
    (tmp_path / "problems" / "3-quadruple").mkdir()
    _write(tmp_path, "quintuple", 4, "[entry]", 'requires = ["quadruple"]\n\n[entry]')
    assert set(_load(tmp_path).problems) == {"treble", "quintuple"}


def test_requirements_in_a_circle_are_refused_with_the_way_round(tmp_path: Path) -> None:
    _write(tmp_path, "a", 1, "[entry]", 'requires = ["c"]\n\n[entry]')
    _write(tmp_path, "b", 2, "[entry]", 'requires = ["a"]\n\n[entry]')
    _write(tmp_path, "c", 3, "[entry]", 'requires = ["b"]\n\n[entry]')
    _write(tmp_path, "d", 4, "[entry]", 'requires = ["c"]\n\n[entry]')
    _write(tmp_path, "e", 5, "[entry]", 'requires = ["e"]\n\n[entry]')
    loaded = _load(tmp_path)
    assert list(loaded.problems) == ["d"]
    reasons = {name: reason.partition(";")[0] for name, reason in _reasons(loaded).items()}
    assert reasons == {
        "1-a": "problem.toml:8: requires[0]: it leads in a circle: 1-a → 3-c → 2-b → 1-a",
        "2-b": "problem.toml:8: requires[0]: it leads in a circle: 2-b → 1-a → 3-c → 2-b",
        "3-c": "problem.toml:8: requires[0]: it leads in a circle: 3-c → 2-b → 1-a → 3-c",
        "5-e": "problem.toml:8: requires[0]: it leads in a circle: 5-e → 5-e",
    }


_KEYS = st.sampled_from(["a", "b", "c", "d", "e"])


@given(st.dictionaries(_KEYS, st.lists(_KEYS)))
def test_a_circle_is_found_where_one_can_come_back(requires: dict[str, list[str]]) -> None:
    """As a walk along all requirements finds it."""
    identities = {
        f"{place}-{slug}": Identity(id=slug, slug=slug, position=place, requires=tuple(others))
        for place, (slug, others) in enumerate(requires.items())
    }

    def reached(slug: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(requires.get(slug, ()))
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting.extend(requires.get(one, ()))
        return seen

    found = {name for name, faults in faults_together(identities).items() if "in a circle" in str(faults)}
    assert found == {name for name, one in identities.items() if one.slug in reached(one.slug or "")}


@given(st.binary(max_size=200))
def test_any_bytes_have_an_identity(data: bytes) -> None:
    assert isinstance(identity_of(data), Identity)


@pytest.mark.parametrize("number", ["9" * 5000, f"0x{'f' * 5000}", "-1", "1.5", "true"])
def test_no_number_keeps_the_id_from_being_read(number: str) -> None:
    """Python refuses to read, and to print, numbers of thousands of digits."""
    found = identity_of(f'id = "{_ID}"\nslug = "a"\nposition = {number}\n'.encode())
    assert (found.id, found.slug) == (_ID, "a")
    assert found.folder in (None, "-1-a", "1-a")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("rest", ["", "[entry", "position = 3", "requires = [", "title = 'x"])
def test_what_a_broken_manifest_goes_by_is_read_all_the_same(mark: str, end: str, rest: str) -> None:
    text = f"{mark}id = \"{_ID}\"{end}slug = 'a-b'{end}position = 3{end}{rest}"
    found = identity_of(text.encode())
    assert (found.id, found.slug, found.position, found.folder) == (_ID, "a-b", 3, "3-a-b")
