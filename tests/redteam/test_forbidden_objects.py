"""What an exercise forbids is known by itself, however code reaches it; and who notes it is not found."""

import asyncio
from collections.abc import Iterator

import pytest

from sandbox.interface import Call, Outputs, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

_FORBIDDEN = ("jnp.matmul", "nnx.MultiHeadAttention", "jax.nn.softmax", "jax.nn.relu", "jnp.hypot", "np.kron")
_HEAD = (
    "import ctypes, flax, functools, gc, importlib.util, inspect, operator, os, sys, threading, types\n"
    "import jax, jax.numpy as jnp, numpy as np\nfrom flax import nnx\n"
    "NAME = 'mat' + 'mul'\n"
    "SQUARE = jnp.ones((2, 2))\n"
    "def names_of(module):\n"
    "    return next(held for held in gc.get_referents(module) if type(held) is dict)\n"
    "def found(name=NAME):\n"
    "    return names_of(jnp)[name]\n"
    "def relu():\n"
    "    return names_of(jax.nn)['re' + 'lu']\n"
    "def metrics():\n"
    "    first = types.SimpleNamespace(tree_map=lambda take, found: found)\n"
    "    library = types.SimpleNamespace(tree_util=first, device_get=relu())\n"
    "    return {'jax': library, 'device_get': relu(), 'stack_forest': lambda found: found}\n\n\n"
    "def f():\n"
)
_WAYS = {
    "a dictionary behind the module": "    return found()(SQUARE, SQUARE)\n",
    "all objects that there are": (
        "    gc.unfreeze()\n"
        "    kind = type(jax.jit(len))\n"
        "    seen = [held for one in gc.get_objects() if type(one) is dict for held in one.values()]\n"
        "    one = next(one for one in seen if type(one) is kind and one.__name__ == NAME)\n"
        "    return one(SQUARE, SQUARE)\n"
    ),
    "who refers to what it wraps": (
        "    inner = found().__wrapped__\n"
        "    gc.unfreeze()\n"
        "    around = [one for one in gc.get_referrers(inner) if type(one) is dict]\n"
        "    return next(one for one in around if '__wrapped__' in one)['__wrapped__'](SQUARE, SQUARE)\n"
    ),
    "the module's own attribute": (
        "    return object.__getattribute__(jnp, '__dict__')[NAME](SQUARE, SQUARE)\n"
    ),
    "a closure of the libraries": (
        "    gc.unfreeze()\n"
        "    around = [one for one in gc.get_objects() if type(one) is types.FunctionType]\n"
        "    held = [cell.cell_contents for one in around if one.__name__ == 'cache_miss'"
        " for cell in one.__closure__]\n"
        "    return next(one for one in held if getattr(one, '__name__', '') == NAME)(SQUARE, SQUARE)\n"
    ),
    "the globals of a library's function": (
        "    from jax._src.numpy import tensor_contractions\n"
        "    return tensor_contractions.dot.__wrapped__.__globals__[NAME](SQUARE, SQUARE)\n"
    ),
    "a copy of the list of modules": (
        "    held = dict(sys.modules)['jax._src.numpy.tensor_contractions']\n"
        "    return names_of(held)[NAME](SQUARE, SQUARE)\n"
    ),
    "what it wraps": "    return found().__wrapped__(SQUARE, SQUARE)\n",
    "what it wraps, compiled anew": (
        "    SQUARE @ SQUARE\n    return jax.jit(found()._fun)(SQUARE, SQUARE)\n"
    ),
    "compiled once more": "    return jax.jit(found())(SQUARE, SQUARE)\n",
    "lowered and compiled by hand": (
        "    SQUARE @ SQUARE\n    return found().lower(SQUARE, SQUARE).compile()(SQUARE, SQUARE)\n"
    ),
    "its program, which a library has compiled": (
        "    for _ in range(4): SQUARE @ SQUARE\n    return found()(SQUARE, SQUARE)\n"
    ),
    "its shapes, which a library has traced": (
        "    SQUARE @ SQUARE\n    found().eval_shape(SQUARE, SQUARE)\n    return SQUARE\n"
    ),
    "in a program of one's own": "    return jax.jit(lambda x: found()(x, x))(SQUARE)\n",
    "under vmap and grad": (
        "    one = found()\n    return jax.grad(lambda x: jax.vmap(one)(x[None], x[None]).sum())(SQUARE)\n"
    ),
    "from a thread": (
        "    thread = threading.Thread(target=found(), args=(SQUARE, SQUARE))\n"
        "    thread.start(), thread.join()\n    return SQUARE\n"
    ),
    "another frame's names": (
        "    def look(_, event, argument):\n"
        "        frame = sys._getframe(1)\n"
        "        while frame is not None:\n"
        "            held = frame.f_globals.get('tensor_contractions')\n"
        "            if held is not None: seen.append(names_of(held)[NAME])\n"
        "            frame = frame.f_back\n"
        "    seen = []\n"
        "    sys.setprofile(look)\n    SQUARE @ SQUARE\n    jnp.linalg.multi_dot([SQUARE, SQUARE, SQUARE])\n"
        "    sys.setprofile(None)\n    return (seen or [found()])[0](SQUARE, SQUARE)\n"
    ),
    "a library's function with names of one's own": (
        "    from jax._src.numpy import tensor_contractions\n"
        "    code = jax.nn.silu.__wrapped__.__code__\n"
        "    names = {**jax.nn.silu.__wrapped__.__globals__}\n"
        "    for one in code.co_names: names[one] = lambda *given, one=one: found()(SQUARE, SQUARE)\n"
        "    names['numpy_util'] = types.SimpleNamespace(ensure_arraylike=lambda *given: given[-1])\n"
        "    try: types.FunctionType(code, names)(SQUARE)\n"
        "    except Exception: found()(SQUARE, SQUARE)\n"
        "    return SQUARE\n"
    ),
    "a library's function read anew, with names of one's own": (
        "    module = sys.modules['jax._src.nn.functions']\n"
        "    whole = module.__spec__.loader.get_code(module.__name__)\n"
        "    code = next(one for one in whole.co_consts if getattr(one, 'co_name', '') == 'sigmoid')\n"
        "    one = names_of(jax.nn)['re' + 'lu']\n"
        "    names = {'lax': types.SimpleNamespace(logistic=one), 'logistic': one}\n"
        "    return types.FunctionType(code, names)(SQUARE)\n"
    ),
    "a function of a library that was not loaded, with names of one's own": (
        "    loader = importlib.util.find_spec('flax.training.common_utils').loader\n"
        "    whole = loader.get_code('flax.training.common_utils')\n"
        "    code = next(one for one in whole.co_consts if getattr(one, 'co_name', '') == 'get_metrics')\n"
        "    return types.FunctionType(code, metrics())(SQUARE)\n"
    ),
    "a library that was loaded meanwhile, with names of one's own": (
        "    from flax.training import common_utils\n"
        "    vars(common_utils).update(metrics())\n"
        "    return common_utils.get_metrics(SQUARE)\n"
    ),
    "its file, made a function": (
        "    spec = sys.modules['jax._src.numpy.tensor_contractions'].__spec__\n"
        "    names = {'__name__': spec.name, '__builtins__': __builtins__}\n"
        "    types.FunctionType(spec.loader.get_code(spec.name), names)()\n"
        "    return names[NAME](SQUARE, SQUARE)\n"
    ),
    "its source, executed under another name": (
        "    module = sys.modules['jax._src.numpy.tensor_contractions']\n"
        "    source = inspect.getsource(found().__wrapped__)\n"
        "    names = {**vars(module)}\n"
        "    exec(compile(source, 'mine.py', 'exec'), names)\n"
        "    return names[NAME](SQUARE, SQUARE)\n"
    ),
    "its file, imported from elsewhere": (
        "    path = sys.modules['jax._src.numpy.tensor_contractions'].__file__\n"
        "    open('/tmp/mine.py', 'w').write(open(path).read() + '# mine')\n"
        "    sys.path.insert(0, '/tmp')\n"
        "    return getattr(importlib.import_module('mine'), NAME)(SQUARE, SQUARE)\n"
    ),
    "put in the place of what a library calls": (
        "    module = sys.modules['jax._src.nn.functions']\n"
        "    names_of(module)['softplus'] = lambda x: x\n"
        "    names_of(module)['log1p'] = found()\n"
        "    return found()(SQUARE, SQUARE)\n"
    ),
    "a function of Python beneath other names": ("    return names_of(jax.nn)['soft' + 'max'](SQUARE)\n"),
    "a function that says its own derivative": ("    return names_of(jax.nn)['re' + 'lu'](SQUARE)\n"),
    "what it computes with": "    return names_of(jax.nn)['re' + 'lu'].fun(SQUARE)\n",
    "a ufunc of JAX": "    return found('hy' + 'pot')(SQUARE, SQUARE)\n",
    "a function of NumPy": "    return names_of(np)['kr' + 'on'](np.ones(2), np.ones(2))\n",
    "a class among the subclasses": (
        "    kinds = {kind.__name__: kind for kind in nnx.Module.__subclasses__()}\n"
        "    kinds['Multi' + 'HeadAttention'](2, 4, rngs=nnx.Rngs(0))\n    return SQUARE\n"
    ),
    "a class's constructor alone": (
        "    kind = names_of(nnx)['Multi' + 'HeadAttention']\n"
        "    made = object.__new__(kind)\n"
        "    vars(kind)['__init__'](made, 2, 4, rngs=nnx.Rngs(0))\n    return SQUARE\n"
    ),
    "a class's call alone": (
        "    kind = names_of(nnx)['Multi' + 'HeadAttention']\n"
        "    try: kind.__call__(object.__new__(kind), SQUARE)\n"
        "    except BaseException: pass\n    return SQUARE\n"
    ),
    "an object without its constructor, handed to a library": (
        "    kind = names_of(nnx)['Multi' + 'HeadAttention']\n"
        "    made = object.__new__(kind)\n"
        "    try: jax.tree.map(made, SQUARE)\n"
        "    except BaseException: pass\n    return SQUARE\n"
    ),
    "one in a sequence": (
        "    made = object.__new__(names_of(nnx)['Multi' + 'HeadAttention'])\n"
        "    try: nnx.Sequential(made)(SQUARE)\n"
        "    except BaseException: pass\n    return SQUARE\n"
    ),
    "one that a compiled function calls": (
        "    made = object.__new__(names_of(nnx)['Multi' + 'HeadAttention'])\n"
        "    try: jax.jit(made)(SQUARE)\n"
        "    except BaseException: pass\n    return SQUARE\n"
    ),
    "one that Python's own calls for a library": (
        "    made = object.__new__(names_of(nnx)['Multi' + 'HeadAttention'])\n"
        "    try: jax.tree.map(functools.partial(made, SQUARE), SQUARE)\n"
        "    except BaseException: pass\n    return SQUARE\n"
    ),
    "a subclass with a constructor of its own": (
        "    kind = names_of(nnx)['Multi' + 'HeadAttention']\n"
        "    class Own(kind):\n        def __init__(self): kind.__init__(self, 2, 4, rngs=nnx.Rngs(0))\n"
        "    Own()\n    return SQUARE\n"
    ),
}
_TAMPERING = {
    "the guard is found and emptied": (
        "    gc.unfreeze()\n"
        "    for one in gc.get_objects():\n"
        "        if type(one).__name__ in ('ForbiddenUseGuard', 'Child'):\n"
        "            for name in list(vars(one)):\n"
        "                if 'chan' not in name and 'order' not in name and 'send' not in name:\n"
        "                    kept.setdefault(id(one), {})[name] = vars(one)[name]\n"
        "        if type(one).__name__ == 'ForbiddenUseGuard': vars(one).clear()\n"
    ),
    "every function of the guard is another": (
        "    for name, module in list(sys.modules.items()):\n"
        "        if name.startswith('sandbox.inside.load'):\n"
        "            for key, value in list(vars(module).items()):\n"
        "                if isinstance(value, types.FunctionType):\n"
        "                    vars(module)[key] = lambda *a, **k: False\n"
    ),
    "what judges says no": (
        "    from sandbox.inside.load import who_asks\n"
        "    who_asks.Judge.is_submitted = lambda *given: False\n    who_asks.make_judge = None\n"
    ),
    "the builtins are others": (
        "    import builtins\n"
        "    for name in ('id', 'isinstance', 'len', 'type'):\n"
        "        kept[name] = getattr(builtins, name)\n"
        "    builtins.id = lambda one: 0\n"
    ),
    "a profiler looks for the one who notes": (
        "    def look(frame, event, argument):\n"
        "        if 'use_hook' in frame.f_code.co_filename or 'who_asks' in frame.f_code.co_filename:\n"
        "            frame.f_globals.clear()\n"
        "    sys.setprofile(look)\n"
    ),
    "a tracer looks for the one who notes": (
        "    def look(frame, event, argument):\n"
        "        if 'use_hook' in frame.f_code.co_filename: frame.f_globals.clear()\n"
        "        return look\n"
        "    sys.settrace(look)\n"
    ),
    "every array of memory is emptied": (
        "    gc.unfreeze()\n"
        "    for one in gc.get_objects():\n"
        "        if isinstance(one, ctypes.Array): ctypes.memset(one, 0, ctypes.sizeof(one))\n"
    ),
    "a hook of one's own refuses the event": (
        "    def refuse(event, given):\n"
        "        if event.startswith('jaxercise'): raise RuntimeError\n"
        "    sys.addaudithook(refuse)\n"
    ),
    "other descriptors are closed": (
        "    for number in range(3, 64):\n"
        "        try:\n"
        "            if os.fstat(number).st_size == 24: os.close(number)\n"
        "        except OSError: pass\n"
    ),
    "its code is what it was": (
        "    code = found().__wrapped__.__code__\n"
        "    resume = next(i for i in range(0, 40, 2) if code.co_code[i] == 151)\n"
        "    nothing = bytes([9, 0]) * 12\n"
        "    clean = code.co_code[:resume + 2] + nothing + code.co_code[resume + 26:]\n"
        "    found().__wrapped__.__code__ = code.replace(co_code=clean)\n"
    ),
    "its module is executed again": (
        "    importlib.reload(sys.modules['jax._src.numpy.tensor_contractions'])\n"
    ),
}
_END = (
    "    try: found()(SQUARE, SQUARE)\n"
    "    except BaseException: pass\n"
    "    sys.setprofile(None), sys.settrace(None)\n    return SQUARE\n"
)
_HONEST = {
    "operators": "    return SQUARE @ SQUARE + SQUARE * SQUARE\n",
    "operators, compiled": "    return jax.jit(lambda x: x @ x + x)(SQUARE)\n",
    "the gradient of operators": "    return jax.grad(lambda x: (x @ x).sum())(SQUARE)\n",
    "many at once": "    return jax.vmap(lambda x: SQUARE @ x)(SQUARE)\n",
    "NumPy against JAX": "    return np.ones((2, 2), np.float32) @ SQUARE\n",
    "a layer": "    return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(SQUARE)\n",
    "attention of the library": "    return jax.nn.dot_product_attention(*[jnp.ones((3, 2, 4))] * 3)\n",
    "a product of several": "    return jnp.linalg.multi_dot([SQUARE, SQUARE, SQUARE])\n",
    "a determinant": "    return jnp.linalg.det(SQUARE + jnp.eye(2))\n",
    "a power of a matrix": "    return jnp.linalg.matrix_power(SQUARE, 3)\n",
    "a pseudo-inverse": "    return jnp.linalg.pinv(SQUARE)\n",
    "an activation": "    return jax.nn.relu6(SQUARE) + jax.nn.gelu(SQUARE)\n",
    "one's own of the same name": "    def matmul(a, b): return a @ b\n    return matmul(SQUARE, SQUARE)\n",
    "a text of one's own, executed": (
        "    names = {}\n"
        "    exec('def mat' + 'mul(a, b): return a @ b', names)\n"
        "    return names[NAME](SQUARE, SQUARE)\n"
    ),
    "a library that is imported late": (
        "    from flax.training import common_utils\n    return common_utils.onehot(jnp.arange(3), 3)\n"
    ),
    "to hold is nothing": (
        "    held = [getattr(jnp, name) for name in dir(jnp)]\n    return SQUARE * len(held)\n"
    ),
}


class Jail:
    def __init__(self, supervisor: Supervisor, runner: asyncio.Runner) -> None:
        self._supervisor = supervisor
        self._runner = runner

    def run(self, code: str, forbidden: tuple[str, ...] = _FORBIDDEN) -> RunResult:
        call = Call(function="f", arguments=())
        request = RunRequest(code=code, parameters=(), calls=(call,), forbidden=forbidden, outputs=Outputs())
        limits = Limits(wall_seconds=90, idle_seconds=30, cpu_seconds=60, memory_bytes=1 << 30, processes=96)
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


@pytest.mark.parametrize("way", _WAYS)
def test_it_is_known_however_it_is_reached(jail: Jail, way: str) -> None:
    [call] = jail.run(_HEAD + _WAYS[way]).calls
    assert call.forbidden is not None, (call.raised, call.notes)
    assert call.forbidden.name in _FORBIDDEN


@pytest.mark.parametrize("way", _TAMPERING)
def test_who_notes_it_is_not_found(jail: Jail, way: str) -> None:
    """Before it is used; nothing is left of what was noted where it could be taken back."""
    result = jail.run(_HEAD.replace("NAME =", "kept = {}\nNAME =") + _TAMPERING[way] + _END)
    assert result.calls, (result.ending, result.message)
    [call] = result.calls
    assert call.forbidden is not None, (call.raised, call.notes)


@pytest.mark.parametrize("way", _HONEST)
def test_what_libraries_do_with_it_is_no_use(jail: Jail, way: str) -> None:
    """And it is computed as without the guard: the same bits, notes and exceptions."""
    code = _HEAD + _HONEST[way]
    watched, free = (jail.run(code, names).calls[0] for names in (_FORBIDDEN, ()))
    assert (watched.forbidden, watched.raised) == (None, None)
    assert (watched.arrays, watched.notes) == (free.arrays, free.notes)


_WITHIN = {
    "called": "    return layer()(SQUARE[None])\n",
    "compiled": "    return nnx.jit(layer())(SQUARE[None])\n",
    "compiled by JAX, from its parts": (
        "    graph, state = nnx.split(layer())\n"
        "    return jax.jit(lambda held, x: nnx.merge(graph, held)(x))(state, SQUARE[None])\n"
    ),
    "many at once": "    return jax.vmap(layer())(SQUARE[None, None])\n",
    "in a sequence": "    return nnx.Sequential(layer(), layer())(SQUARE[None])\n",
    "its gradient": (
        "    found = nnx.grad(lambda held, x: held(x).sum())(layer(), SQUARE[None])\n"
        "    return found['query_ln']['scale'].get_value()\n"
    ),
    "handed to a library": "    return jax.tree.map(layer(), [SQUARE[None]])[0]\n",
}


@pytest.mark.parametrize("way", _WITHIN)
def test_an_object_that_a_library_makes_for_itself_is_no_use(jail: Jail, way: str) -> None:
    """Attention with normalised queries has layer norms of its own, and calls them without their name."""
    made = "nnx.MultiHeadAttention(2, 2, normalize_qk=True, decode=False, rngs=nnx.Rngs(0))"
    code = _HEAD.replace("def f()", f"def layer():\n    return {made}\n\n\ndef f()") + _WITHIN[way]
    watched, free = (jail.run(code, names).calls[0] for names in (("nnx.LayerNorm", "nnx.Dropout"), ()))
    assert (watched.forbidden, watched.raised) == (None, None)
    assert (watched.arrays, watched.notes) == (free.arrays, free.notes)


_FAILURES = {
    "of a library that uses it": "    return SQUARE @ jnp.ones((3, 3))\n",
    "in the middle of attention": (
        "    one, other = jnp.ones((3, 2, 4)), jnp.ones((3, 2, 5))\n"
        "    return jax.nn.dot_product_attention(one, other, one)\n"
    ),
    "of a warning": "    return jnp.linalg.matrix_power(SQUARE, 'x')\n",
}


@pytest.mark.parametrize("failure", _FAILURES)
def test_what_fails_fails_in_the_same_words(jail: Jail, failure: str) -> None:
    code = _HEAD + _FAILURES[failure]
    watched, free = (jail.run(code, names).calls[0] for names in (_FORBIDDEN, ()))
    assert watched.raised is not None
    assert (watched.raised, watched.notes) == (free.raised, free.notes)


def test_a_note_stays_when_its_process_ends_at_once(jail: Jail) -> None:
    """It is in the supervisor's memory before the next line runs."""
    result = jail.run(_HEAD + "    found()(SQUARE, SQUARE)\n    return SQUARE\nfound()(SQUARE, SQUARE)\n")
    assert result.loaded is not None
    assert result.loaded.refusal == "forbidden_name"
