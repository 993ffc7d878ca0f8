"""Flax's predicates on the values that a module holds, answered once for each type of value.

Each attribute that a module is given, and each that it has once it is made, is asked several times
whether it is an array, a reference to one, a variable or a node. The answers go through metaclasses and
`typing.Union`: with position 46 they were a quarter of all the time of a call whose programs are there.

A type answers for its values only where they cannot answer for themselves: not tracers, references and
Flax's traced variables, and no value that may say which class it is of. What is registered later, as data,
as a node of a graph or of a tree, is looked up each time.
"""

import dataclasses
import functools
import types
from collections.abc import Callable
from typing import Any

import jax
from flax.nnx import graphlib, pytreelib, variablelib
from jax._src import core
from jax._src.state.types import AbstractRef

from sandbox.inside.jax_patches.program_files import ProgramFiles

Predicate = Callable[[Any], bool]

_EACH_ITS_OWN = (core.Tracer, core.Ref, AbstractRef, variablelib.HijaxVariable)
"""Two values of such a type may have different answers, so each of them is asked."""
_NEVER_DATA = frozenset(
    {bool, int, float, str, type(None), type, types.FunctionType, types.BuiltinFunctionType}
)
"""Exactly these: neither arrays nor nodes, and with nothing in them that could be one, unless registered."""
_HEAP_TYPE = 1 << 9
"""`Py_TPFLAGS_HEAPTYPE`: a class that a class statement made, or that can be changed like one."""


def apply(files: ProgramFiles) -> None:
    """Put quicker predicates in the place of Flax's own, for the whole process.

    Raises:
        AttributeError: this Flax is built otherwise.
    """
    graph: Any = graphlib
    variables: Any = variablelib
    node: Any = pytreelib.Pytree
    is_array_ref = _by_type(variables.is_array_ref)
    is_node_leaf = _by_type(graph.is_node_leaf)
    is_graph_node = _graph_node_predicate(graph.is_graph_node)
    check_value = _check_doubtful_values(node._check_value)  # noqa: SLF001
    variables.is_array_ref = graph.is_array_ref = is_array_ref
    graph.is_node_leaf = is_node_leaf
    graph.is_graph_node = is_graph_node
    node._check_value = check_value  # noqa: SLF001


def _by_type(predicate: Predicate) -> Predicate:
    answers: dict[type, bool] = {}

    @functools.wraps(predicate)
    def ask(value: Any) -> bool:
        kind = type(value)
        answer = answers.get(kind)
        if answer is None:
            answer = predicate(value)
            if _speaks_for_its_values(kind):
                answers[kind] = answer
        return answer

    return ask


def _speaks_for_its_values(kind: type) -> bool:
    """Say whether `isinstance` depends on a value's type alone, whatever is done to the value."""
    if issubclass(kind, _EACH_ITS_OWN):
        return False
    own = [base for base in kind.__mro__ if base.__flags__ & _HEAP_TYPE]
    return not any(name in vars(base) for base in own for name in ("__class__", "__getattribute__"))


def _graph_node_predicate(predicate: Predicate) -> Predicate:
    is_variable = _by_type(lambda value: isinstance(value, variablelib.Variable))

    @functools.wraps(predicate)
    def ask(value: Any) -> bool:
        # Which types are registered may change, so that is looked up each time.
        return type(value) in graphlib.GRAPH_REGISTRY or variablelib.is_array_ref(value) or is_variable(value)

    return ask


def _check_doubtful_values(check: Callable[..., None]) -> Callable[..., None]:
    """Make Flax's check that no data hides in what is static, except where a value would pass anyway."""

    @functools.wraps(check)
    def check_value(node: Any, key: str, value: Any, new_status: Any) -> None:
        try:
            passes = _passes(node, key, value, new_status)
        except Exception:
            passes = False
        if not passes:
            check(node, key, value, new_status)

    return check_value


def _passes(node: Any, key: str, value: Any, new_status: Any) -> bool:
    """Say whether `value` certainly may be the attribute `key`, or stay it where there is no new status."""
    if type(value) in _NEVER_DATA:
        return (new_status is None or not new_status.is_data) and _is_not_registered(value)
    if not pytreelib.is_data(value) or isinstance(value, dataclasses.Field):
        return False
    nodes = node._pytree__nodes  # noqa: SLF001
    holds_data = key in nodes and bool(nodes[key])
    if new_status is None:
        return holds_data
    return bool(new_status.is_data) and (new_status.explicit or holds_data or key not in vars(node))


def _is_not_registered(value: Any) -> bool:
    kind = type(value)
    return (
        kind not in pytreelib.DATA_REGISTRY
        and kind not in graphlib.GRAPH_REGISTRY
        # None is JAX's own node, without leaves.
        and (value is None or jax.tree_util.default_registry.flatten_one_level(value) is None)
    )
