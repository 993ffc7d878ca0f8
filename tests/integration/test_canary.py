"""The canary finds nothing in the patches as they are, and each patch that is broken on purpose."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from sandbox.canary import Seen, difference, look_patched, look_plain
from sandbox.isolation.bubblewrap import find_host_paths
from sandbox.patches import PATCH_NAMES
from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.jail

_OWN_KEYS, _NEAR = "keys_of_ones_own", "near_programs"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    seen = asyncio.run(look_plain(tmp_path_factory.mktemp("plain"), jailed=True))
    assert seen is not None
    return seen


def test_the_patches_change_nothing_on_this_host(plain: Seen, tmp_path: Path) -> None:
    """Programs are stored and loaded all the same."""
    patched = asyncio.run(look_patched(tmp_path, PATCH_NAMES, jailed=True))
    assert difference(plain, patched) is None
    assert patched.failed_patches == {}
    assert len([file for file in tmp_path.glob("*/*") if len(file.name) == 64]) > 80


def test_plain_jax_says_what_the_canary_is_to_hear(plain: Seen) -> None:
    """Two that say nothing would be the same."""
    answers = {
        "warns": "float64 requested in cumsum is not available",
        "warns_of_ranks": "NumPy automatic rank promotion",
        "mistakes": "TracerBoolConversionError",
        "raises": "dot_general requires contracting dimensions",
        "checks": "FloatingPointError",
        "logs_of_compiling": "Finished XLA compilation of",
        "texts": "jit(scaled)/exp",
        "attributes": "Static attributes should not contain data values",
        "wide_types": "float64",
        "callbacks": "float32",
        "output": "a line of Python's\na line of JAX's: [-1.",
    }
    for name, words in answers.items():
        assert words in plain.parts[name], name
    assert [name for name, part in plain.parts.items() if "Traceback" in part] == []


@pytest.mark.parametrize(
    ("patch", "module", "sound", "broken", "call"),
    [
        ("ir_context", "ir_context", "return context if is_alone else make()", "return None", "loops"),
        ("flax_type_cache", "flax_type_cache", "if _speaks_for_its_values(kind):", "if True:", "attributes"),
        ("flax_type_cache", "flax_type_cache", "kind not in pytreelib.DATA_REGISTRY", "True", "attributes"),
        ("executable_cache", "executable_cache", "linalg.initialize_lapack()", "None", "linear_algebra"),
        ("executable_cache", "executable_cache", "self._settings.are_in_force", "True", "logs_of_compiling"),
        ("executable_cache", "executable_cache", "cache.asked_for_lowering()", "suppress()", "texts"),
        ("executable_cache", "jaxpr_hash", "_add_value(parts, equation.params[name])", "pass", _NEAR),
        (
            "executable_cache",
            "jaxpr_hash",
            "known = _key_types.get(id(kind))",
            "known = 0, kind.name",
            "keys_of_ones_own",
        ),
    ],
)
def test_a_patch_that_is_broken_is_found(
    plain: Seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patch: str,
    module: str,
    sound: str,
    broken: str,
    call: str,
) -> None:
    _break(tmp_path, monkeypatch, module, sound, broken)
    patched = asyncio.run(look_patched(tmp_path / "cache", [patch], jailed=True, only=[call]))
    assert patched.failed_patches == {}
    found = {name.partition(",")[0] for name, part in patched.parts.items() if plain.parts.get(name) != part}
    assert call in found or "end" in found, "a crash ends the run"


def test_a_patch_that_cannot_be_applied_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a version of JAX has no such function; what else there is is applied."""
    _break(tmp_path, monkeypatch, "ir_context", "mlir.make_ir_context\n", "mlir.no_such_function\n")
    patched = asyncio.run(look_patched(tmp_path / "cache", PATCH_NAMES, jailed=True, only=["raises"]))
    [(name, reason)] = patched.failed_patches.items()
    assert name == "ir_context"
    assert "AttributeError" in reason
    assert "no_such_function" in reason


def test_a_patch_that_ends_the_fork_server_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(tmp_path, monkeypatch, "ir_context", "context = make()", "import os; os._exit(7)")
    patched = asyncio.run(look_patched(tmp_path / "cache", ["ir_context"], jailed=True, only=["raises"]))
    assert list(patched.parts) == ["start"]


def _break(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, sound: str, broken: str) -> None:
    """Give jails a copy of the library in which one place of a module reads otherwise."""
    library = folder / "library" / "sandbox"
    shutil.copytree(CHECKOUT / "sandbox", library)
    file = library / "inside" / "jax_patches" / f"{module}.py"
    text = file.read_text()
    assert text.count(sound) == 1, "the module has changed, and with it what is to be broken"
    file.write_text(text.replace(sound, broken))
    paths = msgspec.structs.replace(find_host_paths(), library=library)
    monkeypatch.setattr("sandbox.jailed.find_host_paths", lambda: paths)
