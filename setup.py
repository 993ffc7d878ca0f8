"""What pyproject.toml cannot say: a wheel carries the folders that a checkout has beside its packages."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_SHIPPED = ("alembic", "problems", "reference_solutions")
"""`app/core/paths.py` looks for them in `app/shipped`, where a checkout has none."""


class BuildWithShippedFolders(build_py):
    """The packages, and below `app/shipped` what an installed one would miss."""

    def run(self) -> None:
        """Copy the packages as ever; an editable install finds the folders where they are."""
        super().run()
        if self.editable_mode:
            return
        for name in _SHIPPED:
            place = Path(self.build_lib) / "app" / "shipped" / name
            # What an earlier build has left may not be in the checkout any more.
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(name, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


setup(cmdclass={"build_py": BuildWithShippedFolders})
