"""One call of the entry function, which a call mode makes as often as it needs."""

import functools
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from sandbox.arrays import Value, WireArray, WireKey, unpack_array
from sandbox.inside.module.observe import Built, Observer
from sandbox.inside.report.answers import Answer, convert
from sandbox.interface import Arrays, Call, DrawnKey, ModuleUse, Outputs, Parameter, Structure

# Bound here, because submitted code may put something else in its place. Not `asarray`, which runs a
# program of its own for each shape.
_to_jax = jax.device_put
_make_key = jax.random.key
_clear_programs: Callable[[], None] = jax.clear_caches

_Cached = type(functools.cache(len))


class NotAsked(Exception):
    """The entry function returned something else than it should; `answer` says what."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.not_an_array)
        self.answer = answer


class LearnerCall:
    """The loaded text, one call into it, and what it should return.

    `parameters` is what the module that the call looks into held, once it was seen; until then
    `built_instead` has the names of the text's other modules that were constructed. `drawn_keys` says which
    random keys the module was made of, where the call mode asks that.
    """

    def __init__(self, module: ModuleType, call: Call, outputs: Outputs) -> None:
        self._module = module
        self._call = call
        self.outputs = outputs
        self.parameters: tuple[Parameter, ...] | None = None
        self.drawn_keys: tuple[DrawnKey, ...] | None = None
        self.built_instead: tuple[str, ...] = ()
        self._keeps = False  # Whether it was found to keep programs or models from earlier calls.

    @property
    def use(self) -> ModuleUse | None:
        """The module that is to be looked into."""
        return self._call.module

    @property
    def array_places(self) -> tuple[int, ...]:
        """Which of the arguments are arrays."""
        return tuple(
            place for place, value in enumerate(self._call.arguments) if isinstance(value, WireArray)
        )

    def hand_over(self, call: Call) -> None:
        """Take the same call with its values, which was traced without them."""
        self._call = call

    def arguments(self) -> list[Any]:
        """Make new arrays each time: what one call does to its inputs, the next one does not see."""
        return [_argument(value) for value in self._call.arguments]

    def run(self, arguments: Sequence[Any], *, values: Mapping[str, Any] | None = None) -> Any:
        """Return what the entry function returns; `values` are handed into the module by path.

        A solution may keep traced programs or models from one call to the next, and then nothing is built:
        it is called again without them. Whatever the code raises goes through.
        """
        return self._observed(lambda: Observer(self.use, self._module, values=values), arguments)[0]

    def run_looking(self, arguments: Sequence[Any]) -> tuple[Any, Sequence[tuple[str, Any]]]:
        """Return what the entry function returns, and the variables of the module that it builds, by path."""
        value, observer = self._observed(lambda: Observer(self.use, self._module), arguments)
        return value, observer.found

    def built(self) -> nnx.Module | None:
        """Run up to the first instance that is built, parameters handed in, and return it."""
        make = functools.partial(Observer, self.use, self._module, leave_early=True)
        return self._observed(make, self.arguments())[1].instance

    def _observed(self, make: Callable[[], Observer], arguments: Sequence[Any]) -> tuple[Any, Observer]:
        try:
            value, observer = self._once(make(), arguments)
            if observer.missed:
                self._keeps = True
                _forget(self._module)
                value, observer = self._once(make(), arguments)
        finally:
            if self._keeps:
                _forget(self._module)  # It kept what was built with what was handed in, too.
        self.parameters = self.parameters or observer.parameters
        return value, observer

    def _once(self, observer: Observer, arguments: Sequence[Any]) -> tuple[Any, Observer]:
        try:
            with observer:
                return self._module.__dict__[self._call.function](*arguments), observer
        except Built:
            return None, observer
        finally:
            self.parameters = self.parameters or observer.parameters
            self.built_instead = observer.others

    def arrays(self, value: Any) -> list[jax.Array]:
        """Return the returned arrays in order, traced ones too.

        Raises:
            NotAsked: it is not what is asked for.
        """
        match self.outputs.structure:
            case Structure.ARRAY:
                held = [value]
            case Structure.TUPLE if isinstance(value, tuple | list):
                held = list(value)
            case Structure.DICT if isinstance(value, dict):
                held = [value[name] for name in self.outputs.names if name in value]
            case _:
                held = []
        if len(held) != len(self.outputs.names):
            raise NotAsked(convert(value, self.outputs))
        try:
            return [jnp.asarray(element) for element in held]
        except (TypeError, ValueError) as error:
            refused = convert(value, self.outputs)
            if not refused.not_an_array:
                raise
            raise NotAsked(refused) from error


def prefixed(prefix: str, answer: Answer) -> Arrays:
    """Rename an answer's arrays: a single one to `prefix` itself, several to `prefix.name`."""
    return {f"{prefix}.{name}" if name else prefix: array for name, array in answer.arrays.items()}


def _argument(value: Value) -> Any:
    match value:
        case WireArray():
            return _to_jax(unpack_array(value))
        case WireKey():
            return _make_key(value.seed)
        case _:
            return value


def _forget(module: ModuleType) -> None:
    """Drop traced programs, and what `functools.cache` keeps for functions of the submitted text."""
    _clear_programs()
    for value in list(module.__dict__.values()):
        if isinstance(value, _Cached):
            value.cache_clear()
