"""`asarray` of what is such an array already, without the detour that everything else takes.

JAX and Flax convert whatever they are handed, and nearly always it is an array of the right type: the
answer is that array itself. Finding that out anew each time was a tenth of a call whose programs are there.
"""

import functools
from collections.abc import Callable
from typing import Any

from jax._src.array import ArrayImpl
from jax._src.numpy import array_constructors


def return_arrays_as_they_are() -> None:
    """Quicken `asarray` for the whole process. `jnp.array`, which copies, stays what it is.

    Raises:
        AttributeError: this JAX is built otherwise; a new version has to be looked at.
    """
    inner: Any = array_constructors
    inner.array = _quicker(inner.array)


def _quicker(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function that `asarray` calls: hand the array back where nothing is to be done."""

    @functools.wraps(convert)
    def array(value: Any, dtype: Any = None, *arguments: Any, **options: Any) -> Any:
        if type(value) is ArrayImpl and not arguments and _leaves_as_is(value, dtype, **options):
            return value
        return convert(value, dtype, *arguments, **options)

    return array


def _leaves_as_is(
    value: ArrayImpl,
    dtype: Any,
    *,
    copy: bool = True,
    order: str | None = "K",
    ndmin: int = 0,
    device: Any = None,
    out_sharding: Any = None,
) -> bool:
    return (
        not copy
        and order in (None, "K")
        and ndmin == 0
        and device is None
        and out_sharding is None
        and (dtype is None or (dtype == value.dtype and not value.weak_type))
    )
