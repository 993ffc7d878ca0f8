"""Which values of a traced program depend on its inputs, through calls, loops and branches."""

from collections.abc import Sequence
from typing import Any

INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "checkpoint": "jaxpr",
    "remat2": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
}
"""Primitives that only call a program of their own, and the parameter that holds it."""

Flags = list[bool]


class Dependence:
    """`flow` follows the inputs' flags through a program. With `whole`, everything counts as dependent."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def flow(self, program: Any, flags: Sequence[bool]) -> Flags:
        """Flag which of the program's outputs depend on those of its inputs that are flagged."""
        program = getattr(program, "jaxpr", program)
        known = dict(zip(program.invars, flags, strict=True))
        for equation in program.eqns:
            given = [known.get(atom, False) for atom in _variables(equation.invars)]
            known.update(zip(equation.outvars, self.of_equation(equation, given), strict=True))
        return [known.get(atom, False) for atom in _variables(program.outvars)]

    def of_equation(self, equation: Any, flags: Sequence[bool]) -> Flags:
        """Flag which of the equation's outputs depend, where `flags` says which of its inputs do."""
        name, params = equation.primitive.name, equation.params
        if self._whole:
            return [True] * len(equation.outvars)
        if not any(flags):
            return [False] * len(equation.outvars)
        if name in INLINED:
            return self.flow(params[INLINED[name]], flags)
        if name == "scan":
            return self._scan(equation, flags)
        if name == "while":
            return self.carried_by_while(equation, flags)
        if name == "cond":
            branches = [self.flow(branch, flags[1:]) for branch in params["branches"]]
            return [flags[0] or any(output) for output in zip(*branches, strict=True)]
        return [True] * len(equation.outvars)

    def carried_by_scan(self, equation: Any, flags: Sequence[bool]) -> Flags:
        """Flag which carried values depend, after any number of rounds."""
        constants, carried = equation.params["num_consts"], equation.params["num_carry"]
        carry = list(flags[constants : constants + carried])
        while True:
            given = [*flags[:constants], *carry, *flags[constants + carried :]]
            after = self.flow(equation.params["jaxpr"], given)[:carried]
            merged = [one or other for one, other in zip(carry, after, strict=True)]
            if merged == carry:
                return carry
            carry = merged

    def carried_by_while(self, equation: Any, flags: Sequence[bool]) -> Flags:
        """Flag them for a loop, all of whose values depend where the number of its rounds does."""
        params = equation.params
        first = params["cond_nconsts"]
        second = first + params["body_nconsts"]
        carry = list(flags[second:])
        if self._whole:
            return [True] * len(carry)
        while True:
            after = self.flow(params["body_jaxpr"], [*flags[first:second], *carry])
            [ends] = self.flow(params["cond_jaxpr"], [*flags[:first], *carry])
            merged = [one or other or ends for one, other in zip(carry, after, strict=True)]
            if merged == carry:
                return carry
            carry = merged

    def _scan(self, equation: Any, flags: Sequence[bool]) -> Flags:
        constants, carried = equation.params["num_consts"], equation.params["num_carry"]
        carry = self.carried_by_scan(equation, flags)
        given = [*flags[:constants], *carry, *flags[constants + carried :]]
        return [*carry, *self.flow(equation.params["jaxpr"], given)[carried:]]


def _variables(atoms: Sequence[Any]) -> list[Any]:
    """Put None for literals, which cannot be looked up and depend on nothing."""
    return [None if hasattr(atom, "val") else atom for atom in atoms]
