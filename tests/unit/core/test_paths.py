"""One function knows where files lie that are no modules, in a checkout and in an installed package."""

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from app.core.paths import Resource, make_private_folder, path_of
from tests.support.checkout import CHECKOUT

_COUNTED = re.compile(r"__file__\b.*(\.parents\[|\.parent\b.*\.parent\b)")


@pytest.mark.parametrize("resource", get_args(Resource))
def test_a_checkout_has_every_folder(resource: Resource) -> None:
    """The islands' own folder is made by their build."""
    assert path_of(resource).is_relative_to(CHECKOUT)
    assert resource == "static" or path_of(resource).is_dir()


def test_an_installed_package_has_them_inside(tmp_path: Path) -> None:
    """And goes before what happens to lie beside it."""
    package = tmp_path / "app"
    for place in (tmp_path / "problems", package / "shipped" / "problems"):
        place.mkdir(parents=True)
    assert path_of("problems", package=package) == package / "shipped" / "problems"
    assert path_of("migrations", package=package) == tmp_path / "alembic"
    assert path_of("templates", package=package) == package / "web" / "templates"


def test_no_other_module_counts_its_parents() -> None:
    """It would be right until the module is moved."""
    modules = [
        path for top in ("app", "sandbox", "bench", "scripts") for path in (CHECKOUT / top).rglob("*.py")
    ]
    assert len(modules) > 100
    assert [str(path) for path in modules if _COUNTED.search(path.read_text())] == []


@pytest.mark.parametrize(
    "line", ["Path(__file__).resolve().parents[1]", "Path(__file__).parent.resolve().parent"]
)
def test_a_counted_parent_is_noticed(line: str) -> None:
    assert _COUNTED.search(line)


def test_a_folder_of_one_s_own_is_closed_to_others_where_it_is_made(tmp_path: Path) -> None:
    """One that somebody has made on purpose keeps what it was given."""
    before = os.umask(0o002)
    try:
        make_private_folder(tmp_path / "above" / "own")
        (tmp_path / "shared").mkdir(mode=0o775)
        make_private_folder(tmp_path / "shared")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("above/own", "shared")]
    assert modes == [0o700, 0o775]
