"""The jail still says of common mistakes what their explanations were written for."""

import asyncio
from pathlib import Path

import pytest

from app.grading.explain.calls import OF_LAYERS
from app.grading.explain.names import MOVED, OF_ARRAYS
from app.grading.explain.not_imported import OF_JAX
from sandbox.interface import Call, RunRequest
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits
from tests.support import real_messages

pytestmark = pytest.mark.jail


def test_every_common_mistake_still_gets_its_explanation(tmp_path: Path) -> None:
    """An upgrade of JAX or Flax that words a message anew is noticed here, not by a learner."""

    async def raised_today() -> dict[str, tuple[str, str]]:
        known = real_messages.read()
        async with open_supervisor(cache=tmp_path, jailed=True) as sandbox:
            result = await real_messages.raise_anew(sandbox, known)
        messages = [
            real_messages.reported(one, call.raised) if call.raised else one
            for one, call in zip(known, result.calls, strict=True)
        ]
        assert all(call.raised for call in result.calls)
        return {message.name: (message.type, message.explanation) for message in messages}

    written = {message.name: (message.type, message.explanation) for message in real_messages.read()}
    assert asyncio.run(raised_today()) == written


def test_every_name_that_is_recommended_is_there(tmp_path: Path) -> None:
    """Advice that leads to a second AttributeError helps nobody."""
    names = [name for name in (*MOVED.values(), *OF_ARRAYS.values()) if " " not in name]
    names += [f"{module}.{name}" for module, known in OF_JAX.items() for name in known.split()]
    body = "".join(f"    {name}\n" for name in names if name != "transpose" and name != "reshape")
    of = {"epsilon": "LayerNorm", "rate": "Dropout", "features": "Embed", "use_bias": "Linear"}
    body += "".join(
        f"    inspect.signature(nnx.{of.get(name, 'Conv')}.__init__).parameters[{name!r}]\n"
        for name in OF_LAYERS.values()
    )
    code = (
        "import inspect\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n"
        "import optax\nfrom flax import nnx\n\n\n"
        f"def look():\n    x = jnp.zeros(3)\n{body}    return [x.transpose, x.reshape] and 1.0\n"
    )
    request = RunRequest(code=code, parameters=(), calls=(Call(function="look", arguments=()),))
    limits = Limits(
        wall_seconds=60,
        idle_seconds=30,
        cpu_seconds=60,
        memory_bytes=1 << 30,
        processes=96,
        output_bytes=1 << 16,
    )

    async def look() -> str:
        async with open_supervisor(cache=tmp_path, jailed=True) as sandbox:
            [call] = (await sandbox.run(request, limits=limits)).calls
        return call.raised.message if call.raised else ""

    assert asyncio.run(look()) == ""
