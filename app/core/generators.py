"""Arguments of a case: plain numbers, or arrays that are generated from a shape and a seed.

Random arrays come from `numpy.random.default_rng(seed)` (PCG64), which NumPy keeps stable
across versions for the methods used here, so a case means the same input everywhere.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
SeedNumber = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
KeyNumber = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
Spread = Annotated[float, msgspec.Meta(ge=0)]
"""A standard deviation."""
_SIZE_LIMIT = 1 << 22
_HELD = {
    "bool": (0, 1),
    "int8": (-(1 << 7), (1 << 7) - 1),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "uint8": (0, (1 << 8) - 1),
    "uint16": (0, (1 << 16) - 1),
    "uint32": (0, (1 << 32) - 1),
}
"""The least and the largest number that narrow dtypes hold; the others are as they ever were."""


class _Generator(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="generator"
):
    """An array to make; keys beyond the kind's own are errors."""


class Normal(_Generator, frozen=True, kw_only=True, tag="normal"):
    """Independent normal numbers; complex ones have real and imaginary parts of this spread about `mean`."""

    shape: Shape
    """Its sides; at most 4,194,304 numbers in all."""
    seed: SeedNumber
    """What it is drawn from; fresh cases have another."""
    mean: float = 0.0
    """The mean."""
    std: Spread = 1.0
    """The standard deviation."""
    dtype: Literal["float32", "float16", "complex64"] = "float32"
    """The dtype that it is passed in."""


class Uniform(_Generator, frozen=True, kw_only=True, tag="uniform"):
    """Independent numbers in `[low, high)`."""

    shape: Shape
    """Its sides; at most 4,194,304 numbers in all."""
    seed: SeedNumber
    """What it is drawn from; fresh cases have another."""
    low: float = 0.0
    """The least number that may be drawn."""
    high: float = 1.0
    """Where they end; it is not drawn itself."""
    dtype: Literal["float32"] = "float32"
    """The dtype that it is passed in."""


class Integers(_Generator, frozen=True, kw_only=True, tag="integers"):
    """Independent whole numbers in `[low, high)`."""

    shape: Shape
    """Its sides; at most 4,194,304 numbers in all."""
    seed: SeedNumber
    """What it is drawn from; fresh cases have another."""
    low: int
    """The least number that may be drawn."""
    high: int
    """Where they end; it is not drawn itself."""
    dtype: Literal["float32", "int32", "int8", "int16", "uint8", "uint16", "uint32", "bool"] = "int32"
    """The dtype that it is passed in. It must hold what may be drawn."""

    def __post_init__(self) -> None:
        held = _HELD.get(self.dtype)
        if held is not None and not (held[0] <= self.low and self.high - 1 <= held[1]):
            raise ValueError(f"{self.dtype} holds {held[0]} to {held[1]}, not {self.low} to {self.high - 1}")


class Arange(_Generator, frozen=True, kw_only=True, tag="arange"):
    """0, 1, 2, … times `step` plus `start`, in row-major order: every entry differs."""

    shape: Shape
    """Its sides; at most 4,194,304 numbers in all."""
    start: float = 0.0
    """The first number."""
    step: float = 1.0
    """How much each is more than the one before."""
    dtype: Literal["float32", "int32"] = "float32"
    """The dtype that it is passed in."""


class Image(_Generator, frozen=True, kw_only=True, tag="image"):
    """A picture of shape `(H, W, C)` in `[0, 1]`: smooth gradients, no symmetry, and a little noise."""

    shape: Shape
    """Its height, width and channels."""
    seed: SeedNumber
    """What it is drawn from; fresh cases have another."""
    dtype: Literal["float32"] = "float32"
    """The dtype that it is passed in."""


class Seed(_Generator, frozen=True, kw_only=True, tag="seed"):
    """A number for `nnx.Rngs(int(seed))`, passed as a float; drawn anew in fresh cases."""

    seed: SeedNumber
    """The number."""


class Key(_Generator, frozen=True, kw_only=True, tag="key"):
    """A key of `jax.random`; drawn anew in fresh cases.

    Of the new style it is `jax.random.key(seed)`, of the old one `jax.random.PRNGKey(seed)`, two numbers.
    """

    seed: KeyNumber
    """The number that the key is made from."""
    style: Literal["new", "old"] = "new"
    """The kind of key: of `jax.random.key`, or of `jax.random.PRNGKey`."""

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"the seed of a key is from 0 to 4,294,967,295, not {self.seed}")


Generator = Normal | Uniform | Integers | Arange | Image | Seed | Key
Argument = int | float | Generator


def generate(argument: Argument) -> float | NDArray[np.generic]:
    """Make the value that the entry function is given: a float, or a new array; of a key its two numbers.

    The same argument gives the same bytes for ever: stored seeds must mean the inputs that were graded.

    Raises:
        ValueError: a shape is negative or has more than 4,194,304 entries.
    """
    match argument:
        case int() | float():
            return float(argument)
        case Seed():
            return float(argument.seed)
        case Key():
            return np.array([0, argument.seed], np.uint32)
        case _:
            _check_shape(argument.shape)
            return _array(argument).astype(argument.dtype)


def expand_fresh(arguments: Mapping[str, Argument], entropy: Sequence[int]) -> dict[str, Argument]:
    """Draw every seed anew from `entropy`, for ever the same ones; leave all else as it is."""
    rng = np.random.default_rng(list(entropy))
    return {name: _reseeded(argument, int(rng.integers(1, 2**24))) for name, argument in arguments.items()}


def _reseeded(argument: Argument, seed: int) -> Argument:
    match argument:
        case Normal() | Uniform() | Integers() | Image() | Seed() | Key():
            return msgspec.structs.replace(argument, seed=seed)
        case _:
            return argument


def _check_shape(shape: Shape) -> None:
    if any(side < 0 for side in shape) or math.prod(shape) > _SIZE_LIMIT:
        raise ValueError(f"shape {shape} must have non-negative sides and at most {_SIZE_LIMIT:,} entries")


def _array(argument: Normal | Uniform | Integers | Arange | Image) -> NDArray[np.generic]:
    match argument:
        case Normal():
            rng = np.random.default_rng(argument.seed)
            numbers = rng.normal(argument.mean, argument.std, argument.shape)
            if argument.dtype == "complex64":
                return numbers + 1j * rng.normal(0.0, argument.std, argument.shape)
            return numbers
        case Uniform():
            return np.random.default_rng(argument.seed).uniform(argument.low, argument.high, argument.shape)
        case Integers():
            return np.random.default_rng(argument.seed).integers(argument.low, argument.high, argument.shape)
        case Arange():
            count = int(np.prod(argument.shape, dtype=np.int64))
            return (argument.start + argument.step * np.arange(count)).reshape(argument.shape)
        case Image():
            return _picture(argument)


def _picture(argument: Image) -> NDArray[np.generic]:
    if len(argument.shape) != 3:
        raise ValueError(f"an image has a shape of three numbers (H, W, C), not {argument.shape}")
    rng = np.random.default_rng(argument.seed)
    height, width, channels = argument.shape
    rows = np.linspace(0.0, 1.0, height)[:, None, None]
    columns = np.linspace(0.0, 1.0, width)[None, :, None]
    row_rate, column_rate, phase = (rng.uniform(1.0, 4.0, channels) for _ in range(3))
    waves = 0.5 + 0.4 * np.sin(row_rate * rows * 2.0 + column_rate * columns * 3.0 + phase)
    noise = rng.uniform(-0.1, 0.1, argument.shape)
    return np.clip(waves + noise, 0.0, 1.0)


def size_named(name: str, arguments: Mapping[str, Argument]) -> float | None:
    """Return the number of that name, or for `x.0` the first side of the array `x`; None for neither."""
    argument, _, side = name.partition(".")
    value = arguments.get(argument)
    if not side:
        return float(value) if isinstance(value, int | float) else None
    shape: Shape = getattr(value, "shape", ())
    return float(shape[int(side)]) if side.isdecimal() and int(side) < len(shape) else None


def is_multiple(size: float | None, of: float | None) -> bool:
    """Say whether a size is a whole number of times another; neither is where one of them is not there."""
    return size is not None and of is not None and of > 0 and size % of == 0
