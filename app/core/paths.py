"""Where the files lie that are no modules, in a checkout and in an installed package; and private folders."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

Resource = Literal["migrations", "problems", "reference_solutions", "templates", "static"]

_PACKAGE = Path(str(files("app")))
_IN_PACKAGE = {"templates": Path("web/templates"), "static": Path("web/static")}
# A checkout has these beside the package `app`; an installed package carries them inside it.
_IN_CHECKOUT = {
    "migrations": Path("alembic"),
    "problems": Path("problems"),
    "reference_solutions": Path("reference_solutions"),
}


def path_of(resource: Resource, *, package: Path = _PACKAGE) -> Path:
    """Return the folder that holds `resource`; `package` is the folder of the package `app`."""
    if resource in _IN_PACKAGE:
        return package / _IN_PACKAGE[resource]
    shipped = package / "shipped" / _IN_CHECKOUT[resource]
    return shipped if shipped.is_dir() else package.parent / _IN_CHECKOUT[resource]


def make_private_folder(folder: Path) -> None:
    """Make a folder that nobody else of this machine may enter; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
