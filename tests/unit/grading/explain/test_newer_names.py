"""A name of a newer Python is told as that; the list is held to the library that is here."""

import importlib

import pytest

from app.grading.explain.explain import explain
from app.grading.explain.newer_names import OF_MODULES


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        (
            "AttributeError",
            "module 'itertools' has no attribute 'batched'",
            "`itertools.batched` is Python 3.12; here 3.11 runs. Slices do the same",
        ),
        (
            "ImportError",
            "cannot import name 'override' from 'typing' (/usr/lib/python3.11/typing.py)",
            "`typing.override` is Python 3.12; here 3.11 runs. Leave it out",
        ),
        (
            "ImportError",
            "cannot import name 'deprecated' from 'warnings' (/usr/lib/python3.11/warnings.py)",
            "`warnings.deprecated` is Python 3.13; here 3.11 runs.",
        ),
        (
            "AttributeError",
            "module 'posixpath' has no attribute 'splitroot'",
            "`os.path.splitroot` is Python 3.12; here 3.11 runs.",
        ),
        (
            "AttributeError",
            "'int' object has no attribute 'is_integer'",
            "`int.is_integer` is Python 3.12; here 3.11 runs.",
        ),
        (
            "AttributeError",
            "type object 'float' has no attribute 'from_number'",
            "`float.from_number` is Python 3.14; here 3.11 runs.",
        ),
        (
            "AttributeError",
            "type object 'datetime.date' has no attribute 'strptime'",
            "`date.strptime` is Python 3.14; here 3.11 runs.",
        ),
        (
            "ModuleNotFoundError",
            "No module named 'annotationlib'",
            "`annotationlib` is Python 3.14; here 3.11 runs.",
        ),
        (
            "ModuleNotFoundError",
            "No module named 'string.templatelib'; 'string' is not a package",
            "`string.templatelib` is Python 3.14; here 3.11 runs.",
        ),
        (
            "AttributeError",
            "module 'itertools' has no attribute 'bat'",
            "There is no `bat` in `itertools`.",
        ),
        ("AttributeError", "'int' object has no attribute 'shape'", "This is a Python int, not an array"),
    ],
)
def test_a_newer_name_is_told_with_its_version(kind: str, message: str, said: str) -> None:
    assert explain(kind, message).startswith(said)


@pytest.mark.parametrize("module", OF_MODULES)
def test_nothing_that_is_here_is_called_newer(module: str) -> None:
    there = vars(importlib.import_module(module))
    for names in OF_MODULES[module].values():
        assert [name for name in names.split() if name in there] == []
