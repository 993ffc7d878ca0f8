"""Forbidden names at run time: what the text hides is found, what the libraries do is none of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.verdict import Mode, Verdict
from app.grading.open_grader import open_grader
from app.grading.phrases import forbidden_in_words
from sandbox.interface import Call, ForbiddenUse, Refusal, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail

_FORBIDDEN = ("nnx.MultiHeadAttention", "jax.nn.softmax")
_PRELUDE = "import flax\nimport jax\nimport jax.numpy as jnp\nfrom flax import nnx\n\n\ndef f():\n    "
_MADE = "(2, 4, rngs=nnx.Rngs(0)) and 1.0"
_EVASIONS = {
    "a name put together": f'return getattr(nnx, "Multi" + "HeadAttention"){_MADE}',
    "another path": f"return flax.nnx.nn.attention.__dict__['Multi' 'HeadAttention']{_MADE}",
    "another path to the dict": f"return vars(nnx)['Multi' 'HeadAttention']{_MADE}",
    "the private module": "from jax._src.nn import functions\n    return functions.softmax(jnp.ones(3))",
    "imported from the private module": (
        "from jax._src.nn.functions import softmax\n    return softmax(jnp.ones(3))"
    ),
    "imported by its text": (
        "import importlib\n    nn = importlib.import_module('jax.nn')\n"
        "    return getattr(nn, 'soft' 'max')(jnp.ones(3))"
    ),
    "handed to vmap": "return jax.vmap(getattr(jax.nn, 'soft' 'max'))(jnp.ones((2, 3)))",
    "handed to map": "return list(map(getattr(jax.nn, 'soft' 'max'), [jnp.ones(3)]))",
    "through operator": "import operator\n    return operator.attrgetter('nn.soft' 'max')(jax)(jnp.ones(3))",
    "through inspect": (
        "import inspect\n    return dict(inspect.getmembers(jax.nn))['soft' 'max'](jnp.ones(3))"
    ),
    "a subclass": (
        "class Own(getattr(nnx, 'Multi' 'HeadAttention')):\n        pass\n    return Own(2, 4, "
        "rngs=nnx.Rngs(0)) and 1.0"
    ),
    "found among the subclasses": (
        "kinds = {kind.__name__: kind for kind in nnx.Module.__subclasses__()}\n"
        f"    return kinds['MultiHeadAttention']{_MADE}"
    ),
    "a text that is run": "return eval('jax.nn.' 'soft' 'max')(jnp.ones(3))",
    "an exception swallowed": (
        "try:\n        getattr(jax.nn, 'soft' 'max')(jnp.ones(3))\n    except BaseException:\n        "
        "pass\n    return 1.0"
    ),
    "handed on by the library": (
        "import operator\n    return jax.tree.map(operator.attrgetter('soft' 'max'), jax.nn)(jnp.ones(3))"
    ),
    "called by the library": (
        "import functools, operator\n"
        "    found = jax.tree.map(operator.attrgetter('Multi' 'HeadAttention'), nnx)\n"
        "    return jax.tree.map(functools.partial(found, in_features=4, rngs=nnx.Rngs(0)), 2) and 1.0"
    ),
    "under a library's name": (
        "code = compile('def ask(f, x): return f(x)', jax.tree_util.__file__, 'exec')\n    names = {}\n"
        "    exec(code, names)\n    return names['ask'](getattr(jax.nn, 'soft' 'max'), jnp.ones(3))"
    ),
    "with a library's file name put in": (
        "def ask(name): return getattr(jax.nn, name)(jnp.ones(3))\n"
        "    ask.__code__ = ask.__code__.replace(co_filename=jax.tree_util.__file__)\n"
        "    return ask('soft' 'max')"
    ),
    "among a function's globals": "return jax.nn.gelu.__globals__['soft' 'max'](jnp.ones(3))",
    "past the module's own class": (
        "import types\n    return types.ModuleType.__getattribute__(jax.nn, 'soft' 'max')(jnp.ones(3))"
    ),
    "after the module's class is put back": (
        "import types\n    jax.nn.__class__ = types.ModuleType\n"
        "    return getattr(jax.nn, 'soft' 'max')(jnp.ones(3))"
    ),
    "by a partial in vmap": (
        "import functools\n    return jax.vmap(functools.partial(getattr(jax.nn, 'soft' 'max'), axis=-1))"
        "(jnp.ones((2, 3)))"
    ),
    "by scan": ("soft = getattr(jax.nn, 'soft' 'max')\n    return jax.lax.map(soft, jnp.ones((2, 3)))"),
}
_HONEST = {
    "the library's own attention": "return jax.nn.dot_product_attention(*[jnp.ones((3, 2, 4))] * 3)",
    "a layer that uses it": "return nnx.dot_product_attention(*[jnp.ones((3, 2, 4))] * 3)",
    "a neighbour": "return jnp.exp(jax.nn.log_softmax(jnp.ones(3)))",
    "its own softmax": "def softmax(x):\n        return x\n    return softmax(jnp.ones(3))",
    "all names of a module": "return float(len([getattr(nnx, name) for name in dir(nnx)]))",
    "whether it is there": "return float(hasattr(jax.nn, 'soft' 'max'))",
    "sampling": "return jax.random.categorical(jax.random.key(0), jnp.ones(3))",
}


class Jail:
    def __init__(self, supervisor: Supervisor, runner: asyncio.Runner) -> None:
        self._supervisor = supervisor
        self._runner = runner

    def run(self, code: str, forbidden: tuple[str, ...] = _FORBIDDEN) -> RunResult:
        call = Call(function="f", arguments=())
        request = RunRequest(code=code, parameters=(), calls=(call, call), forbidden=forbidden)
        limits = Limits(
            wall_seconds=60,
            idle_seconds=20,
            cpu_seconds=60,
            memory_bytes=1 << 30,
            processes=96,
            output_bytes=1 << 16,
        )
        return self._runner.run(self._supervisor.run(request, limits=limits))


@pytest.fixture(scope="module")
def jail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jail]:
    with asyncio.Runner() as runner:
        context = open_supervisor(cache=tmp_path_factory.mktemp("cache"), jailed=True)
        supervisor = runner.run(context.__aenter__())
        try:
            yield Jail(supervisor, runner)
        finally:
            runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("name", _EVASIONS)
def test_what_the_text_hides_is_found_at_run_time(jail: Jail, name: str) -> None:
    """Each passes the check of the syntax tree, and each is caught with the line that did it."""
    result = jail.run(_PRELUDE + _EVASIONS[name])

    assert result.loaded is not None
    assert result.loaded.refusal is None
    used = [call.forbidden for call in result.calls]
    assert used[0] is not None
    assert used[0].name in _FORBIDDEN
    assert used[0].line is not None
    assert used[0].line >= 8
    assert used == [used[0], used[0]]


@pytest.mark.parametrize("name", _HONEST)
def test_what_the_libraries_do_inside_is_no_use(jail: Jail, name: str) -> None:
    """Only the submitted file is asked to do without."""
    result = jail.run(_PRELUDE + _HONEST[name])

    assert [(call.forbidden, call.raised) for call in result.calls] == [(None, None)] * 2


def test_a_thread_that_nobody_stands_behind_is_the_submission_s(jail: Jail) -> None:
    """No line of the text runs there."""
    result = jail.run(
        _PRELUDE + "import threading\n    found = jax.nn.gelu.__globals__['soft' 'max']\n"
        "    one = threading.Thread(target=found, args=(jnp.ones(3),))\n"
        "    one.start(), one.join()\n    return 1.0"
    )
    assert [call.forbidden and call.forbidden.name for call in result.calls] == ["jax.nn.softmax"] * 2


def test_a_use_while_the_code_is_loaded_refuses_it(jail: Jail) -> None:
    """With the same words as the check of the text."""
    result = jail.run("import jax\nA = getattr(jax.nn, 'soft' 'max')(1.0)\n\n\ndef f():\n    return 1.0\n")

    assert result.loaded is not None
    assert (result.loaded.refusal, result.loaded.line) == (Refusal.FORBIDDEN_NAME, 2)
    assert "jax.nn.softmax" in result.loaded.message


def test_without_forbidden_names_nothing_is_guarded(jail: Jail) -> None:
    """Trusted runs, and most problems."""
    result = jail.run(
        _PRELUDE + "return float(type(jax.nn).__name__ == 'module') * jax.nn.softmax(jnp.zeros(1))[0]", ()
    )

    assert result.calls[0].raised is None
    assert result.calls[0].arrays
    assert result.calls[0].forbidden is None


_SNEAKY = REFERENCE.replace(
    "return (x + self.shift)", "return (getattr(jnp, 'a' + 'dd')(x, self.shift[...]))"
)


def _graded(tmp_path: Path, codes: list[str], *, learner: str | None = None) -> list[Verdict]:
    """One after the other, each once the jail that the last one left behind has pre-warmed."""
    problem = toy_problem()
    manifest = msgspec.structs.replace(problem.manifest, forbidden=("jnp.add",))
    problem = msgspec.structs.replace(problem, manifest=manifest)

    async def grade() -> list[Verdict]:
        verdicts = []
        async with open_grader(data_dir=tmp_path, unjailed=False, warm_jails=2 if learner else 0) as grader:
            for code in codes:
                verdicts.append(await grader.grade(problem, code, Mode.SUBMIT, fresh_seed=4, learner=learner))
                for _ in range(300 if learner else 0):
                    if grader.waits_for(problem, learner or ""):
                        break
                    await asyncio.sleep(0.1)
        return verdicts

    return asyncio.run(grade())


def test_a_verdict_names_what_was_forbidden_and_where(tmp_path: Path) -> None:
    """As for a name that stands in the text; the reference itself may use it."""
    [verdict] = _graded(tmp_path, [_SNEAKY])

    assert verdict.outcome is Outcome.FORBIDDEN_NAME
    assert {case.outcome for case in verdict.cases} == {Outcome.FORBIDDEN_NAME}
    assert "jnp.add" in verdict.cases[0].message
    assert verdict.error is not None
    assert (verdict.error.type, verdict.error.line) == ("forbidden_name", 12)


def test_what_was_prewarmed_is_forgiven(tmp_path: Path) -> None:
    """A waiting jail that was pre-warmed on forbidden code grades the mended one like any other, and back."""
    verdicts = _graded(tmp_path, [_SNEAKY, REFERENCE, _SNEAKY], learner="ada")

    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.FORBIDDEN_NAME,
        Outcome.ACCEPTED,
        Outcome.FORBIDDEN_NAME,
    ]


def test_a_name_that_the_problem_does_not_forbid_is_not_repeated() -> None:
    """The report is a hostile process's, and its text could be a hidden value."""
    assert "12.5" not in forbidden_in_words(toy_problem(), ForbiddenUse(name="12.5", line=3))
