"""Which patches a jail is given, by what an operator names and by what is installed."""

from pathlib import Path

import pytest

import sandbox
from sandbox.environment import describe_environment
from sandbox.patches import PATCH_NAMES, PATCHES, PatchChoice, named_patches, patches_for

_INSTALLED = {"jax": "0.10.2", "jaxlib": "0.10.2", "flax": "0.12.8"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("all", PATCH_NAMES),
        (" all ", PATCH_NAMES),
        ("none", ()),
        ("ir_context", ("ir_context",)),
        ("executable_cache, ir_context", ("ir_context", "executable_cache")),
    ],
)
def test_patches_are_named_all_at_once_or_one_by_one(text: str, names: tuple[str, ...]) -> None:
    assert named_patches(text) == names


@pytest.mark.parametrize("text", ["", "dispatch_cache", "all,ir_context", "none,none", "ir_context,", "ALL"])
def test_a_name_that_is_not_known_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=f"all, none, or .*{', '.join(PATCH_NAMES)}"):
        named_patches(text)


@pytest.mark.parametrize(("package", "patches"), [("flax", 1), ("jax", 3), ("jaxlib", 3)])
def test_a_patch_for_another_version_is_left_out_with_both_versions(package: str, patches: int) -> None:
    """Nobody has read it against these sources."""
    choice = patches_for(PATCH_NAMES, {**_INSTALLED, package: "9.9.9"})
    assert len(choice.left_out) == patches
    assert set(choice.active) | set(choice.left_out) == set(PATCH_NAMES)
    for reason in choice.left_out.values():
        assert f"here is {package} 9.9.9" in reason
        assert f"written for {package} {_INSTALLED[package]}" in reason


def test_only_what_is_wanted_is_given() -> None:
    assert patches_for(["flax_type_cache"], _INSTALLED) == PatchChoice(active=("flax_type_cache",))


def test_each_patch_is_written_for_what_is_installed() -> None:
    """An upgrade means reading its module again."""
    assert patches_for(PATCH_NAMES, describe_environment(jailed=True)).left_out == {}


def test_each_patch_has_a_module_of_its_name() -> None:
    folder = Path(sandbox.__path__[0]) / "inside" / "jax_patches"
    for patch in PATCHES:
        assert "\ndef apply(files: ProgramFiles) -> None:\n" in (folder / f"{patch.name}.py").read_text()


def test_a_verdict_s_environment_says_which_patches_were_given() -> None:
    choice = PatchChoice(active=("ir_context", "flax_type_cache")).without({"ir_context": "it breaks scan"})
    assert choice.described() == {
        "jax_patches": "flax_type_cache",
        "jax_patches_left_out": "ir_context: it breaks scan",
    }
    assert PatchChoice().described() == {"jax_patches": "none"}
