"""Each package's README names what lies in it: every module, and none that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT


def _packages(root: Path) -> list[Path]:
    """Return the folders of `app` and `sandbox` that hold modules of their own."""
    folders = {file.parent for top in ("app", "sandbox") for file in (root / top).rglob("*.py")}
    return sorted(folder for folder in folders if _modules(folder))


def _modules(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.py")} - {"__init__.py"}


def _named(text: str) -> set[str]:
    """Return the modules that are named as code, such as `name.py` or `core/name.py`; `NAME.py` is none."""
    words = re.findall(r"`([^`\n]+)`", text)
    return {word for word in words if re.fullmatch(r"[\w/]+\.py", word) and Path(word).stem != "NAME"}


def _faults(folder: Path, root: Path) -> Iterator[str]:
    """Say what is wrong with the README of the package in `folder`."""
    readme = folder / "README.md"
    path = folder.relative_to(root).as_posix()
    if not readme.is_file():
        yield f"{path} has no README.md"
        return
    text = readme.read_text()
    if text.splitlines()[:1] != [f"# {path}"]:
        yield f"{path}/README.md does not begin with '# {path}'"
    for name in sorted(_modules(folder) - _named(text)):
        yield f"{path}/README.md does not name {name}"
    for name in sorted(_named(text) - _modules(folder)):
        # A module of another package goes by its path, from the checkout, the top package or here.
        tops = (root, root / folder.relative_to(root).parts[0], folder)
        if "/" not in name or not any((top / name).is_file() for top in tops):
            yield f"{path}/README.md names {name}, which is not there"


@pytest.mark.parametrize("package", _packages(CHECKOUT), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_readme_names_what_lies_in_its_package(package: Path) -> None:
    """A newcomer finds by it where to look; what it says must be so."""
    assert list(_faults(package, CHECKOUT)) == []


def test_packages_are_found_with_the_folders_below_them() -> None:
    """None is left out: neither a top nor a folder deep inside."""
    found = {path.relative_to(CHECKOUT).as_posix() for path in _packages(CHECKOUT)}
    assert {"app", "app/core", "app/grading/prove", "sandbox", "sandbox/inside/call"} <= found


_GOOD = (
    "# app/toy\n\nWhat lives here.\n\n- `one.py`: first.\n- `two.py`: second; see `app/other/three.py`.\n\n"
    "Or `other/three.py`, or `below/four.py`.\n"
)


@pytest.mark.parametrize(
    ("readme", "faults"),
    [
        (_GOOD, []),
        (None, ["app/toy has no README.md"]),
        ("", ["does not begin", "does not name one.py", "does not name two.py"]),
        (_GOOD.replace("# app/toy", "# toy"), ["app/toy/README.md does not begin with '# app/toy'"]),
        (f"\n{_GOOD}", ["does not begin with '# app/toy'"]),
        (_GOOD.replace("- `two.py`: second; see", "See"), ["does not name two.py"]),
        (_GOOD.replace("`two.py`", "two.py"), ["does not name two.py"]),
        (_GOOD.replace("`two.py`", "`app/toy/two.py`"), ["does not name two.py"]),
        (_GOOD + "- `three.py`: gone.\n", ["names three.py, which is not there"]),
        (_GOOD + "Add `NAME.py`.\n", []),
        (_GOOD + "See `other/one.py`.\n", ["names other/one.py, which is not there"]),
        (_GOOD + "See `app/other/four.py`.\n", ["names app/other/four.py, which is not there"]),
        (_GOOD + "- `__init__.py`: empty.\n", ["names __init__.py, which is not there"]),
    ],
)
def test_a_readme_that_is_wrong_is_refused(tmp_path: Path, readme: str | None, faults: list[str]) -> None:
    """A check that cannot fail is a defect: each rule is broken once."""
    folder = tmp_path / "app" / "toy"
    folder.mkdir(parents=True)
    for name in ("__init__", "one", "two"):
        (folder / f"{name}.py").touch()
    for other in (tmp_path / "app" / "other" / "three.py", folder / "below" / "four.py"):
        other.parent.mkdir()
        other.touch()
    if readme is not None:
        (folder / "README.md").write_text(readme)
    assert _packages(tmp_path) == [tmp_path / "app" / "other", folder, folder / "below"]
    found = list(_faults(folder, tmp_path))
    assert len(found) == len(faults), found
    assert all(said in fault for said, fault in zip(faults, found, strict=True)), found
