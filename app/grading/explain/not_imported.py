"""Names that are known, and only not imported, or not to be had here: modules, functions, other libraries."""

import re
from collections.abc import Mapping

from app.grading.explain.rule import NAME, Asked, Rule, rule

_IMPORTS = {
    "jnp": "import jax.numpy as jnp",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "jax": "import jax",
    "nnx": "from flax import nnx",
    "flax": "import flax",
    "optax": "import optax",
    "lax": "from jax import lax",
    "math": "import math",
    "functools": "import functools",
    "vmap": "from jax import vmap",
    "jit": "from jax import jit",
    "grad": "from jax import grad",
}
OF_PYTHON: Mapping[str, str] = {
    "abc": "ABC abstractmethod",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "collections.abc": "Callable Generator Hashable Iterable Iterator Mapping MutableMapping Sequence",
    "contextlib": "contextmanager suppress",
    "copy": "deepcopy",
    "dataclasses": "dataclass",
    "enum": "Enum IntEnum StrEnum",
    "functools": "cached_property lru_cache partial reduce wraps",
    "itertools": "accumulate chain islice pairwise product zip_longest",
    "pathlib": "Path",
    "typing": "Any ClassVar Dict Final Generic List Literal NamedTuple Optional Protocol Set Tuple Type "
    "TypeVar Union",
}
"""By module of Python's own library, what is often written without the import; a test finds each there."""
_MODULES = frozenset(
    (
        "collections copy dataclasses datetime enum itertools json logging operator os pathlib random re "
        "statistics string sys time types typing warnings"
    ).split()
)
OF_JAX: Mapping[str, str] = {
    "jnp": "arange argmax argsort array asarray broadcast_to clip concatenate cos cumsum dot einsum exp "
    "expand_dims eye full linspace log matmul maximum mean minimum ndarray ones ones_like outer prod reshape "
    "sin split sqrt squeeze stack std swapaxes tanh tile transpose tril triu var where zeros zeros_like "
    "float32 int32 bfloat16 pi",
    "nnx": "Conv Dropout Embed Einsum LayerNorm Linear LinearGeneral Module MultiHeadAttention Optimizer "
    "Param RMSNorm Rngs Variable",
    "jax": "Array ShapeDtypeStruct",
    "jax.random": "PRNGKey",
}
"""By the module as it is called here, what is often written without it; a test finds each there."""
_TORCH = "there is no PyTorch or TensorFlow here: layers are in `nnx`, mathematics in `jnp`."
_LAYERS = "is not there: layers are in `nnx`."
_PICTURES = "is not there, and no picture is shown here: leave it out, and whatever it draws."
_EINOPS = "comes from `einops`, which is not there: use `reshape` and `transpose`, or `jnp.einsum`."
_ELSEWHERE = {
    **dict.fromkeys("torch nn F tf keras Tensor tensor".split(), f"is not imported, and {_TORCH}"),
    "linen": "is the older Flax: layers are in `nnx`, such as `nnx.Linear(8, 4, rngs=rngs)`.",
    "hk": f"(Haiku) {_LAYERS}",
    "eqx": f"(Equinox) {_LAYERS}",
    "pd": "(pandas) is not there: arrays are in `jnp`.",
    "sns": _PICTURES,
    "cv2": _PICTURES,
    "rearrange": _EINOPS,
    "xrange": "is Python 2: write `range`.",
    "unicode": "is Python 2: write `str`.",
    "long": "is Python 2: write `int`.",
    "raw_input": "is Python 2, and there is no keyboard here: what is asked about arrives in the parameters.",
}
_COLAB = re.compile(r"\b(?:drive\.(?:mount|flush_and_unmount)|files\.(?:upload|download))\b")
_WHERE = {name: module for module, names in OF_JAX.items() for name in names.split()}
_FROM = {name: module for module, names in OF_PYTHON.items() for name in names.split()}


def _not_imported(asked: Asked) -> str:
    name = asked[1]
    if name in ("drive", "files") and _COLAB.search(asked.line):
        return f"`{name}` is only there in Colab, and nothing of it is needed here: leave the line out."
    if name in _ELSEWHERE:
        return f"`{name}` {_ELSEWHERE[name]}"
    if found := _import_of(name, asked.line):
        return f"`{name}` is not imported: write `{found}` at the top."
    # Not called, it may as well be a variable that is spelt in another way.
    if name in _WHERE and (not asked.nearest or re.search(rf"\b{re.escape(name)}\(", asked.line)):
        return f"There is no variable `{name}` here: write `{_WHERE[name]}.{name}`."
    return ""


def _import_of(name: str, line: str) -> str:
    if name in _IMPORTS:
        return _IMPORTS[name]
    if name in _FROM:
        return f"from {_FROM[name]} import {name}"
    # As a module is used; it may be a variable's name as well.
    is_used_as_module = re.search(rf"\b{re.escape(name)}\.[a-z_A-Z]", line)
    return f"import {name}" if name in _MODULES and is_used_as_module else ""


RULES: tuple[Rule, ...] = (rule("NameError", r"name '" + NAME + r"' is not defined", _not_imported),)
