"""What of the installed packages code in a jail can import or read."""

import ast
import sys

import pytest

from sandbox.isolation.distributions import mounted_entries
from tests.redteam.conftest import Judge

pytestmark = pytest.mark.jail


def test_only_what_jax_and_flax_need_is_there(judge: Judge) -> None:
    """The service's packages lie in the same folder on this host."""
    code = (
        "import importlib.util, os, sys\n"
        "print(sorted(os.listdir('/jail/packages')))\n"
        "names = ['fastapi', 'sqlalchemy', 'uvicorn', 'alembic', 'pytest', 'app', 'pip']\n"
        "print([name for name in names if importlib.util.find_spec(name)])\n"
        "found = []\n"
        "for top in ('/jail', '/usr/lib'):\n"
        "    for folder, folders, files in os.walk(top):\n"
        "        found += [folder for one in folders if one in names[:5]]\n"
        "print(found)\n"
        "def shift(seed, x):\n    return x\n"
    )
    listed, importable, found = judge.grade(code).stdout.splitlines()
    assert set(ast.literal_eval(listed)) == {inside.partition("/")[0] for inside in mounted_entries()}
    assert importable == "[]"
    assert found == "[]"


def test_of_the_interpreter_s_programs_only_it_is_there(judge: Judge) -> None:
    """The others bear the names of what is installed beside it."""
    code = (
        "import os, sys\n"
        "print(os.listdir(os.path.dirname(sys.executable)))\n"
        "print(os.path.basename(sys.executable))\n"
        "def shift(seed, x):\n    return x\n"
    )
    listed, own = judge.grade(code).stdout.splitlines()
    if sys.base_prefix == "/usr":
        pytest.skip("Debian's own Python lies among all other programs")
    assert ast.literal_eval(listed) == [own]
