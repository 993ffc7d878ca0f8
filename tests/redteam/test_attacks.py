"""Each attack is really tried. It gets a verdict by name, and the next learner notices nothing."""

import ast
import time
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.verdict import Visibility
from tests.redteam.conftest import Judge
from tests.support.checkout import CHECKOUT
from tests.support.listed import listed

pytestmark = pytest.mark.jail

_SLOWDOWN = 20
"""Far above what a busy machine makes of one second, far below what a stuck jail would cost."""

_TAIL = "\ndef shift(seed, x):\n    return x\n"
_ATTACKS = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "attacks").glob("*.py"))}


def _expected(code: str) -> set[Outcome]:
    """The second line's outcomes; several where the kernel decides which limit is met first."""
    return {Outcome(name.strip()) for name in code.splitlines()[1].removeprefix("# expected:").split(",")}


def _said(code: str) -> str:
    """What the verdict's message has to contain, where the third line asks for something."""
    line = code.splitlines()[2]
    return line.removeprefix("# says: ") if line.startswith("# says: ") else ""


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _reference_seconds(judge: Judge) -> float:
    start = time.monotonic()
    assert judge.grade(judge.problem.reference).outcome is Outcome.ACCEPTED
    return time.monotonic() - start


@pytest.mark.parametrize("name", _ATTACKS)
def test_an_attack_is_named_and_leaves_nothing_behind(judge: Judge, name: str) -> None:
    """The verdict, the host, and the next learner."""
    code = _ATTACKS[name]
    usual_seconds = _reference_seconds(judge)
    descriptors, mounts = _descriptors(), Path("/proc/self/mounts").read_text()
    verdict = judge.grade(code)
    assert verdict.outcome in _expected(code), (
        verdict.outcome,
        verdict.message,
        verdict.cases,
        verdict.stderr,
    )
    assert _said(code) in verdict.message
    assert _descriptors() <= descriptors
    assert Path("/proc/self/mounts").read_text() == mounts
    assert _reference_seconds(judge) < _SLOWDOWN * max(usual_seconds, 1.0)


def test_nothing_of_the_grader_can_be_read(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """References, problems, the database, other jails, the environment: none is there to be found."""
    monkeypatch.setenv("JAXERCISE_TEST_SECRET", "do-not-show")
    checkout = str(CHECKOUT)
    tops = sorted(entry.name for entry in Path("/").iterdir())
    code = (
        "import os\n"
        "found = []\n"
        "for top in ('/dev/shm', '/dev/pts', '/proc', '/tmp', '/jail/library'):\n"
        "    for folder, folders, files in os.walk(top):\n"
        "        found += [os.path.join(folder, name) for name in files]\n"
        "print([name for name in found if name.endswith(('.toml', '.db', '.md', 'reference.py'))"
        " and not name.startswith('/jail/library/sandbox/')])\n"
        f"print([top for top in {tops!r} if os.path.lexists('/' + top)])\n"
        f"print(os.path.exists({checkout!r}), os.listdir('/proc'), dict(os.environ), os.getuid())\n" + _TAIL
    )
    verdict = judge.grade(code)
    listing, shared_tops, rest = verdict.stdout.splitlines()[:3]
    assert listing == "[]"
    assert set(ast.literal_eval(shared_tops)) <= {"bin", "dev", "lib", "lib64", "proc", "tmp", "usr"}
    assert rest.startswith("False ['cpuinfo'] {")
    assert "do-not-show" not in verdict.stdout
    assert str(Path.cwd()) not in verdict.stdout


def test_one_run_leaves_no_file_for_the_next(judge: Judge) -> None:
    """Each run has a /tmp and a /dev/shm of its own."""
    write = "for place in ('/tmp', '/dev/shm'): open(f'{place}/note', 'w').write('psst')" + _TAIL
    judge.grade(write)
    verdict = judge.grade("import os\nprint(os.listdir('/tmp'), os.listdir('/dev/shm'))" + _TAIL)
    assert verdict.stdout.strip() == "[] []"


def test_poisoned_libraries_end_with_their_run(judge: Judge) -> None:
    """A monkeypatched JAX is gone with the process that patched it."""
    judge.grade("import jax.numpy as jnp, numpy\njnp.asarray = numpy.asarray = None" + _TAIL)
    assert judge.grade(judge.problem.reference).outcome is Outcome.ACCEPTED


def test_the_compilation_cache_cannot_be_listed(judge: Judge) -> None:
    """Its entries are found by the hash of a learner's own program, and by nothing else."""
    assert judge.grade(judge.problem.reference).outcome is Outcome.ACCEPTED
    [compartment] = judge.data_dir.glob(f"grading/*/compiled/{judge.problem.version[:32]}")
    program = listed(compartment)[0]
    code = (
        "import os\n"
        f"place = '/jail/cache/{compartment.name}'\n"
        "try: print(os.listdir(place))\n"
        "except PermissionError: print('refused')\n"
        f"print(os.path.exists(f'{{place}}/{program.name}'))\n" + _TAIL
    )
    assert judge.grade(code).stdout.split() == ["refused", "True"]


def test_what_hidden_cases_print_is_not_shown(judge: Judge) -> None:
    """Arguments of hidden cases reach no output, no message and no note."""
    code = (
        "import sys, warnings\n"
        "calls = 0\n"
        "def shift(seed, x):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    print('call', calls)\n"
        "    print('call', calls, file=sys.stderr)\n"
        "    warnings.warn(f'call {calls}')\n"
        "    raise ValueError(f'call {calls}')\n"
    )
    verdict = judge.grade(code)
    assert (verdict.stdout, verdict.stderr) == ("call 1\n", "call 1\n")
    assert [note for note in verdict.notes if "call" in note] == ["line 8: call 1"]
    hidden = [case.message for case in verdict.cases if case.visibility is Visibility.HIDDEN]
    assert all("call" not in message for message in hidden)
