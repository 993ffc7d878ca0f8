"""Which trusted texts share a process."""

import pytest

from app.grading.plan.processes import by_process

_PLAIN = "import jax\n\n\ndef f(x):\n    return jax.nn.relu(x)\n"


@pytest.mark.parametrize(
    "line",
    [
        'jax.config.update("jax_enable_x64", True)',
        'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"',
        '@nnx.register_variable_name("total")',
        "np.random.seed(3)",
        'np.seterr(all="raise")',
        "import jax.numpy as jnp; jnp.dot = print",
        "import jax; jax.nn.gelu = lambda x: x",
        "from flax import nnx; del nnx.Linear.__call__",
        "from flax import nnx; nnx.LayerNorm.__call__, other = print, print",
        "import jax; setattr(jax.nn, 'gelu', print)",
    ],
)
def test_what_sets_something_for_a_whole_process_has_one_to_itself(line: str) -> None:
    """Else 64 bits that one right solution asks for would be those of every other."""
    assert by_process([_PLAIN, f"{line}\n{_PLAIN}", _PLAIN]) == [[0, 2], [1]]


def test_the_others_share_one() -> None:
    """What a text sets on things of its own is nobody else's."""
    own = "class Model:\n    def __init__(self):\n        self.depth = 2\n        self.sizes[0] = 3\n"
    assert by_process([_PLAIN, _PLAIN + own, "def f(:"]) == [[0, 1, 2]]
