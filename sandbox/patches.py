"""Which patches of JAX and Flax a jail may have: their names, and the versions that they were written for.

What they do is in `inside/jax_patches/`, a module for each of these names. A jail computes the same without
them, only later.
"""

from collections.abc import Mapping, Sequence

import msgspec

_JAX = ("0.10.2",)
_FLAX = ("0.12.8",)


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """A patch by its name, which is its module's."""

    name: str
    written_for: Mapping[str, tuple[str, ...]]
    """The versions that it was read and tried with, by package."""


PATCHES = (
    Patch(name="ir_context", written_for={"jax": _JAX, "jaxlib": _JAX}),
    Patch(name="flax_type_cache", written_for={"jax": _JAX, "jaxlib": _JAX, "flax": _FLAX}),
    Patch(name="executable_cache", written_for={"jax": _JAX, "jaxlib": _JAX}),
)
"""In the order in which they are applied."""
PATCH_NAMES = tuple(patch.name for patch in PATCHES)


class PatchChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The patches that jails are given, and those that were wanted and are left out, with the reason."""

    active: tuple[str, ...] = ()
    left_out: Mapping[str, str] = {}

    def without(self, left_out: Mapping[str, str]) -> "PatchChoice":
        """Return the same without these as well."""
        return PatchChoice(
            active=tuple(name for name in self.active if name not in left_out),
            left_out={**self.left_out, **left_out},
        )

    def described(self) -> dict[str, str]:
        """Return the same as entries of a verdict's environment."""
        described = {"jax_patches": ", ".join(self.active) or "none"}
        if self.left_out:
            described["jax_patches_left_out"] = "; ".join(f"{n}: {r}" for n, r in self.left_out.items())
        return described


NO_PATCHES = PatchChoice()


def named_patches(text: str) -> tuple[str, ...]:
    """Return the names that `all`, `none` or names with commas between them stand for, in applying order.

    Raises:
        ValueError: one of them is not known; says which are.
    """
    words = [word.strip() for word in text.split(",")]
    if words == ["all"]:
        return PATCH_NAMES
    if words == ["none"]:
        return ()
    if unknown := [word for word in words if word not in PATCH_NAMES]:
        raise ValueError(
            f"must be all, none, or names with commas between them, of {', '.join(PATCH_NAMES)}; "
            f"{unknown[0]!r} is none of them"
        )
    return tuple(name for name in PATCH_NAMES if name in words)


def patches_for(names: Sequence[str], installed: Mapping[str, str]) -> PatchChoice:
    """Return those of the named patches that were written for the installed versions; the others left out."""
    active, left_out = [], {}
    for patch in PATCHES:
        if patch.name not in names:
            continue
        other = [
            package for package, versions in patch.written_for.items() if installed[package] not in versions
        ]
        if other:
            found = ", ".join(f"{package} {installed[package]}" for package in other)
            meant = ", ".join(f"{package} {' or '.join(patch.written_for[package])}" for package in other)
            left_out[patch.name] = f"it was written for {meant}, and here is {found}"
        else:
            active.append(patch.name)
    return PatchChoice(active=tuple(active), left_out=left_out)
