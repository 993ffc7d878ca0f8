"""What the compilation cache tells, and to whom: nothing of other problems, and nothing of other learners."""

import ast
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from tests.redteam.conftest import Judge
from tests.support.listed import listed

pytestmark = pytest.mark.jail

_TAIL = "\ndef shift(seed, x):\n    return x\n"
_OTHER, _PROGRAM = "0123456789abcdef" * 2, "f" * 64
_QUESTIONS = {
    "is it there": "os.path.exists(f'/jail/cache/{OTHER}/{PROGRAM}')",
    "is its folder there": "os.path.lexists(f'/jail/cache/{OTHER}')",
    "what does it hold": "open(f'/jail/cache/{OTHER}/{PROGRAM}', 'rb').read()",
    "may it be read": "os.access(f'/jail/cache/{OTHER}/{PROGRAM}', os.F_OK)",
    "how large is it": "os.stat(f'/jail/cache/{OTHER}/{PROGRAM}').st_size",
    "by way of one's own": "os.path.exists(f'/jail/cache/{OWN}/../{OTHER}/{PROGRAM}')",
    "as a folder to go to": "os.chdir(f'/jail/cache/{OTHER}') or True",
    "which others are there": "[one for one in os.listdir('/jail/cache') if one != OWN]",
    "the same by patterns": "[one for one in glob.glob('/jail/cache/*/*')]",
    "a folder as a descriptor": "os.open(f'/jail/cache/{OTHER}', os.O_PATH)",
    "below the mount": "os.path.exists(f'/proc/self/root/jail/cache/{OTHER}')",
    "a link to it": "os.link(f'/jail/cache/{OTHER}/{PROGRAM}', '/tmp/link') or True",
    "by the C library": "ctypes.CDLL(None).access(f'/jail/cache/{OTHER}/{PROGRAM}'.encode(), 0) == 0",
    "how many entries the folder has": "os.stat('/jail/cache').st_nlink > 3",
}
_LEAVING = {
    "a file": "open(f'{PLACE}/left', 'wb').write(b'x')",
    "a file by the C library": "ctypes.CDLL(None).creat(f'{PLACE}/left'.encode(), 0o666) >= 0",
    "a folder": "os.mkdir(f'{PLACE}/left') or True",
    "a link": "os.symlink('/tmp', f'{PLACE}/left') or True",
    "a file of another name": "os.rename(f'{PLACE}/{PROGRAM}', f'{PLACE}/left') or True",
    "one file less": "os.unlink(f'{PLACE}/{PROGRAM}') or True",
    "another mode": "os.chmod(PLACE, 0o777) or True",
    "another time": "os.utime(f'{PLACE}/{PROGRAM}', (1, 1)) or True",
    "a shorter file": "os.truncate(f'{PLACE}/{PROGRAM}', 1) or True",
    "an attribute": "os.setxattr(f'{PLACE}/{PROGRAM}', 'user.left', b'x') or True",
    "a folder beside it": "os.mkdir('/jail/cache/left') or True",
}


def _compartment(judge: Judge) -> Path:
    assert judge.grade(judge.problem.reference).outcome is Outcome.ACCEPTED
    [found] = judge.data_dir.glob(f"grading/*/compiled/{judge.problem.version[:32]}")
    return found


def _asked(judge: Judge, questions: dict[str, str], **names: str) -> dict[str, object]:
    """Have submitted code evaluate all of them; an exception is its name."""
    lines = [f"{name} = {value!r}" for name, value in names.items()]
    code = (
        "import ctypes, glob, os\n" + "\n".join(lines) + f"\nquestions = {questions!r}\nanswers = {{}}\n"
        "for name, question in questions.items():\n"
        "    try: answers[name] = eval(question)\n"
        "    except OSError as error: answers[name] = ''\n"
        "    os.chdir('/tmp')\n"
        "print(answers)\n"
    )
    answers = ast.literal_eval(judge.grade(code + _TAIL).stdout)
    assert isinstance(answers, dict)
    assert answers.keys() == questions.keys()
    return answers


def test_whether_another_problem_s_program_is_there_is_not_answered(judge: Judge) -> None:
    own = _compartment(judge)
    other = own.parent / _OTHER
    other.mkdir(mode=0o755, exist_ok=True)
    (other / _PROGRAM).write_bytes(b"a program")
    answers = _asked(judge, _QUESTIONS, OTHER=_OTHER, PROGRAM=_PROGRAM, OWN=own.name)
    assert [name for name, answer in answers.items() if answer] == []


def test_no_run_leaves_a_program_for_another(judge: Judge) -> None:
    """However it tries: so what is there is never another learner's."""
    own = _compartment(judge)
    before = {path.name: path.stat().st_mtime_ns for path in listed(own)}
    names = {"PLACE": f"/jail/cache/{own.name}", "PROGRAM": next(iter(before))}
    answers = _asked(judge, _LEAVING, **names)
    assert [name for name, answer in answers.items() if answer] == []
    assert {path.name: path.stat().st_mtime_ns for path in listed(own)} == before


_PECULIAR = (
    "import jax, jax.numpy as jnp\n{settings}\n"
    "def shift(seed, x):\n    jax.jit(lambda x: jnp.sinh(x) * 1.2345)(jnp.ones((7, 11, {side})))\n"
    "    return x\n"
)
_SETTINGS = {
    "as they are": "",
    "everything is kept": (
        "jax.config.update('jax_persistent_cache_min_compile_time_secs', 0)\n"
        "jax.config.update('jax_persistent_cache_min_entry_size_bytes', -1)"
    ),
    "another folder, and back": (
        "place = jax.config.jax_compilation_cache_dir\n"
        "jax.config.update('jax_compilation_cache_dir', '/tmp')\n"
        "jax.config.update('jax_compilation_cache_dir', place)"
    ),
    "the files believe that they may be written": (
        "import gc\ngc.unfreeze()\n"
        "for one in gc.get_objects():\n"
        "    if type(one).__name__ == 'ProgramFiles': one._writable = True"
    ),
}


@pytest.mark.parametrize("setting", _SETTINGS)
def test_what_a_learner_compiles_is_nobody_else_s(judge: Judge, setting: str) -> None:
    """Nor may it be asked for: nothing of it is there afterwards."""
    own = _compartment(judge)
    before = sorted(path.name for path in listed(own))
    side = 3 + list(_SETTINGS).index(setting)
    verdict = judge.grade(_PECULIAR.format(settings=_SETTINGS[setting], side=side))
    assert verdict.outcome is Outcome.WRONG_PARAMETERS, verdict.message
    assert sorted(path.name for path in listed(own)) == before


def test_a_jail_still_reads_its_own(judge: Judge) -> None:
    own = _compartment(judge)
    program = next(path.name for path in listed(own) if len(path.name) == 64)
    questions = {"own": f"os.path.exists('/jail/cache/{own.name}/{program}')"}
    assert _asked(judge, questions) == {"own": True}
