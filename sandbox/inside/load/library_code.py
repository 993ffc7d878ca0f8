"""Which code is a library's: what was there before anything was submitted, by identity.

A file's name proves nothing, for whoever compiles a text chooses one, and so does `code.replace`.
"""

import gc
import os
from collections.abc import Mapping
from itertools import chain
from types import CodeType, FunctionType, MappingProxyType

import flax
import jax
import msgspec
import numpy
import optax

import sandbox
from sandbox.inside import libc

_PYTHON = os.path.dirname(os.__file__) + os.sep
_SANDBOX = sandbox.__path__[0] + os.sep


class LibraryCode(msgspec.Struct, frozen=True):
    """Everything here is told by its `id`, and kept alive so that nothing else ever has it.

    Kept where nobody finds it: a function made of a code that is watched now would not be.
    """

    libraries: frozenset[int]
    """Code of JAX, Flax, NumPy, Optax, all that came with them, and the sandbox."""
    python: frozenset[int]
    """Code of Python's own library, which does what it is told to."""
    folders: tuple[str, ...]
    """Where the files of libraries lie, which nobody in a jail can change."""
    loaded: frozenset[str]
    """Those files whose code was there; who has code of one of them anew has read it by themselves."""
    names: frozenset[int]
    """What functions of libraries find names in: the same code with other names is somebody else's."""
    holders: Mapping[int, frozenset[int]]
    """By what can be called, the code of the libraries' functions that hold it in their closures."""
    kin: Mapping[str, frozenset[int]]
    """By the name of a class whose objects can be called, the code of all methods of classes of which one
    method names it: who makes such an object in its constructor calls it elsewhere, without the name."""


def find_library_code() -> LibraryCode:
    """Look at every function that there is; made once, in the fork server, before anything is frozen."""
    codes: dict[int, CodeType] = {}
    names: dict[int, dict[str, object]] = {}
    holders: dict[int, set[int]] = {}
    classes: list[type] = []
    for found in gc.get_objects():
        if type(found) is FunctionType:
            _add(codes, found.__code__)
            names[id(found.__globals__)] = found.__globals__
            for held in _held(found):
                holders.setdefault(id(held), set()).add(id(found.__code__))
        elif issubclass(type(found), type):
            classes.append(found)
    libc.keep(*codes.values(), *names.values())
    return LibraryCode(
        libraries=frozenset(place for place, code in codes.items() if not _is_python(code)),
        python=frozenset(place for place, code in codes.items() if _is_python(code)),
        folders=_folders(),
        loaded=frozenset(code.co_filename for code in codes.values()),
        names=frozenset(names),
        holders=MappingProxyType({place: frozenset(held) for place, held in holders.items()}),
        kin=_kin_of(classes),
    )


def _kin_of(classes: list[type]) -> Mapping[str, frozenset[int]]:
    called = {one.__name__ for one in classes if "__call__" in vars(one)}
    kin: dict[str, set[int]] = {}
    for one in classes:
        codes: dict[int, CodeType] = {}
        for method in vars(one).values():
            function = getattr(method, "__func__", method)  # What `classmethod` and `staticmethod` wrap.
            if type(function) is FunctionType:
                _add(codes, function.__code__)
        for name in called.intersection(chain.from_iterable(code.co_names for code in codes.values())):
            kin.setdefault(name, set()).update(codes)
    return MappingProxyType({name: frozenset(places) for name, places in kin.items()})


def _held(function: FunctionType) -> list[object]:
    held = []
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # Nothing is in it yet.
            continue
        if callable(content):
            held.append(content)
    return held


def _add(codes: dict[int, CodeType], code: CodeType) -> None:
    waiting = [code]
    while waiting:
        found = waiting.pop()
        if id(found) not in codes:
            codes[id(found)] = found
            waiting += [constant for constant in found.co_consts if type(constant) is CodeType]


def _is_python(code: CodeType) -> bool:
    name = code.co_filename
    return name.startswith("<frozen ") or (name.startswith(_PYTHON) and "-packages" not in name)


def _folders() -> tuple[str, ...]:
    packages = (jax, flax, numpy, optax)
    return (*{os.path.dirname(os.path.dirname(str(p.__file__))) + os.sep for p in packages}, _SANDBOX)
