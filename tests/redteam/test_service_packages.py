"""What the service is made of is nowhere in a jail, wherever code looks for it.

The first look is in `test_packages.py`.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.isolation.distributions import mounted_entries
from tests.redteam.conftest import Judge
from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.jail

_PACKAGES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "aiosqlite",
    "argon2",
    "h11",
    "pytest",
)
_FOLDERS = ("/", "/jail", "/usr", "/lib", "/opt", "/root", "/home", "/etc", "/var", "/work")
"""Of a jail; the first of them need not be readable itself."""
_HEAD = """\
import glob, importlib.metadata, importlib.util, json, os, pkgutil, re, site, sys, sysconfig

NAMES, PLACES, TOP = {names!r}, {places!r}, {top!r}
_NAMED = re.compile("(" + "|".join(NAMES) + ")([-.].*)?", re.IGNORECASE)


def named(paths):
    return [path for path in paths if _NAMED.fullmatch(os.path.basename(path))]


def below(*tops):
    for top in tops:
        for folder, folders, files in os.walk(top):
            folders[:] = [one for one in folders if folder != "/" or one not in ("proc", "sys", "dev")]
            yield from (os.path.join(folder, one) for one in folders + files)


def listed(*folders):
    for folder in folders:
        try:
            yield from os.listdir(folder)
        except OSError:
            pass


def seen(way):
    try:
        return way()[:5]
    except OSError:
        return []


ROOT = set(listed("/"))


"""
_WAYS = {
    "an import": "return [name for name in NAMES if importlib.util.find_spec(name)]",
    "an import that is tried": """\
    done = []
    for name in NAMES:
        try:
            done.append(__import__(name).__name__)
        except ImportError:
            pass
    return done
""",
    "what is loaded already": "return [name for name in NAMES if name in sys.modules]",
    "distributions": "return named(one.name for one in importlib.metadata.distributions())",
    "modules in all folders of the path": "return named(one.name for one in pkgutil.iter_modules())",
    "everything there is": "return named(below(*TOP))",
    "places on the host": "return [place for place in PLACES if os.path.lexists(place)]",
    "the interpreter's own folders": (
        "return named(listed(sys.prefix, sys.base_prefix, "
        " *site.getsitepackages(), sysconfig.get_path('purelib'), site.getusersitepackages()))"
    ),
    "above the root": "os.chdir('/'); return sorted(set(os.listdir('../../..')) - ROOT)",
    "roots of processes": """\
    pids = [one for one in os.listdir("/proc") if one.isdigit()] + ["self"]
    parts = ("root", "root/..", "task/../root")
    return sorted(set(listed(*(f"/proc/{pid}/{part}" for pid in pids for part in parts))) - ROOT)
""",
    "working folders of processes": """\
    pids = [one for one in os.listdir("/proc") if one.isdigit()]
    return named(listed(*(f"/proc/{pid}/cwd{up}" for pid in pids for up in ("", "/..", "/../.."))))
""",
    "folders that are open": """\
    return named(listed(*map(int, os.listdir("/proc/self/fd"))))
""",
    "files that are mapped": """\
    maps = open("/proc/self/maps").read().split()
    return [one for one in maps if one.startswith("/") and named(one.split("/"))]
""",
    "links that lead out": """\
    links = [one for one in below("/jail") if os.path.islink(one)]
    return [one for one in links if any(os.path.realpath(one).startswith(place) for place in PLACES)]
""",
    "files that add to the path": """\
    texts = [open(one, errors="replace").read() for one in below(*TOP) if one.endswith((".pth", ".egg-link"))]
    return [text for text in texts if "editable" in text or any(place in text for place in PLACES)]
""",
    "finders of modules": """\
    return [repr(one) for one in sys.meta_path if "editable" in repr(one)] + [
        one for one in sys.path_importer_cache if any(one.startswith(place) for place in PLACES)
    ]
""",
    "records of what is installed": """\
    records = [one for one in below(*TOP) if os.path.basename(one) == "RECORD"]
    lines = [line for one in records for line in open(one, errors="replace")]
    return [line for line in lines if line.split("/")[0] in NAMES]
""",
    "compiled files": """\
    compiled = re.compile("/(" + "|".join(NAMES) + ")/.*[.]pyc")
    return [one for one in below(*TOP) if compiled.search(one)]
""",
    "the environment": """\
    return [text for text in os.environ.values() if any(place in text for place in PLACES)]
""",
}
_SEEN_ON_THE_HOST = (
    "an import",
    "an import that is tried",
    "distributions",
    "modules in all folders of the path",
    "everything there is",
    "places on the host",
    "records of what is installed",
    "compiled files",
)
"""In this very environment, so that looking there shows that these can see."""


def _program(*tops: str) -> str:
    names = [name for name in _PACKAGES if importlib.util.find_spec(name)]
    origins = [importlib.util.find_spec(name) for name in names]
    places = [str(Path(str(spec.origin)).parent) for spec in origins if spec is not None]
    head = _HEAD.format(names=names, places=[*places, str(CHECKOUT / "app")], top=tops)
    functions = ""
    for number, body in enumerate(_WAYS.values()):
        lines = body.splitlines() if body.startswith("    ") else [f"    {body}"]
        functions += "\n".join([f"def way_{number}():", *lines, "", ""])
    calls = ", ".join(f"{name!r}: seen(way_{number})" for number, name in enumerate(_WAYS))
    return f"{head}{functions}\nprint(json.dumps({{{calls}}}))\n"


@pytest.fixture(scope="module")
def found(judge: Judge) -> dict[str, list[str]]:
    """What each way has found in a jail."""
    verdict = judge.grade(f"{_program(*_FOLDERS)}\n\ndef shift(seed, x):\n    return x\n")
    assert verdict.error is None, verdict.error
    return dict(json.loads(verdict.stdout.splitlines()[0]))


@pytest.mark.parametrize("name", _WAYS)
def test_no_way_finds_the_service_s_packages(found: dict[str, list[str]], name: str) -> None:
    assert found[name] == []


def test_the_same_looks_find_them_where_they_are() -> None:
    top = str(Path(str(importlib.util.find_spec("h11").origin)).parent.parent)  # type: ignore[union-attr]
    ran = subprocess.run(
        [sys.executable, "-c", _program(top)], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    seen = json.loads(ran.stdout)
    assert [name for name in _SEEN_ON_THE_HOST if not seen[name]] == []
    assert not {name.partition("/")[0] for name in mounted_entries()} & set(_PACKAGES)
