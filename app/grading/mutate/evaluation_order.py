"""The order in which a solution's text calls its layers, to say between which of them one expression lies."""

import ast
from collections.abc import Iterator, Sequence

import msgspec

from app.core.problem import Problem
from app.grading.mutate.edits import Places

_DEEPEST = 12
"""So deep do calls of the text's own functions and layers go; a deeper one calls itself."""


class Step(msgspec.Struct, frozen=True):
    """What goes into or comes out of the layer at `path`, whose numbers are written as `*`."""

    path: str
    side: str


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded steps about an expression."""

    inside: frozenset[Step]
    """Those that are reached while it is evaluated."""
    before: frozenset[Step]
    after: frozenset[Step]
    """The first ones that are reached once it has been; none where nothing is reached any more."""
    next_inputs: frozenset[Step] = frozenset()
    """The first of these that are what goes into a layer."""


class _Mark(msgspec.Struct, frozen=True):
    is_begin: bool


def steps_around(problem: Problem, span: tuple[int, int]) -> Around:
    """Return the steps, of those that the problem records, about the expression of the reference at `span`.

    Raises:
        SyntaxError: the reference is not Python.
    """
    module = problem.manifest.module
    recorded = {step_of(stage.path, stage.side) for stage in module.stages} if module else set()
    evaluation = _Evaluation(problem.reference, span)
    everything = evaluation.of_entry(problem.manifest.entry.function)
    line = [one for one in everything if isinstance(one, _Mark) or one in recorded]
    inside: set[Step] = set()
    before: set[Step] = set()
    after: set[Step] = set()
    next_inputs: set[Step] = set()
    depth = 0
    for index, one in enumerate(line):
        if isinstance(one, Step):
            if depth:
                inside.add(one)
            continue
        depth += 1 if one.is_begin else -1
        if one.is_begin:
            before.update(_nearest(line[:index][::-1]))
        else:
            after.update(_nearest(line[index:]))
            next_inputs.update(_nearest([one for one in line[index:] if _is_input(one)]))
    return Around(
        inside=frozenset(inside),
        before=frozenset(before),
        after=frozenset(after),
        next_inputs=frozenset(next_inputs),
    )


def step_of(path: str, side: str) -> Step:
    """Return the step of a stage, whichever of several alike layers it is."""
    return Step(".".join("*" if part.isdigit() else part for part in path.split(".")), side)


def _is_input(one: Step | _Mark) -> bool:
    return isinstance(one, Step) and one.side == "input"


def _nearest(line: Sequence[Step | _Mark]) -> Iterator[Step]:
    for one in line:
        if isinstance(one, Step):
            yield one
            return


class _Evaluation:
    """One text and the expression that is looked for in it."""

    def __init__(self, text: str, span: tuple[int, int]) -> None:
        tree = ast.parse(text)
        self._places = Places(text)
        self._span = span
        self._functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self._classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def of_entry(self, name: str) -> Iterator[Step | _Mark]:
        """Yield the steps of a call of the entry function."""
        if name in self._functions:
            yield from self._of_body(self._functions[name].body, _Frame(owner=None, path="", made={}), 0)

    def _of_body(self, body: Sequence[ast.stmt], frame: "_Frame", depth: int) -> Iterator[Step | _Mark]:
        for statement in body:
            yield from self._of(statement, frame, depth)
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                made = self._class_of(statement.value)
                target = statement.targets[0]
                if made is not None and isinstance(target, ast.Name):
                    frame.made[target.id] = made

    def _of(self, node: ast.AST, frame: "_Frame", depth: int) -> Iterator[Step | _Mark]:
        is_it = isinstance(node, ast.expr | ast.stmt) and self._is_looked_for(node)
        is_loop = isinstance(node, ast.For) and self._is_looked_for(node.iter)
        if is_it or is_loop:
            yield _Mark(is_begin=True)
        if isinstance(node, ast.For):
            yield from self._of_loop(node, frame, depth)
        elif isinstance(node, ast.Call):
            for child in ast.iter_child_nodes(node):
                yield from self._of(child, frame, depth)
            yield from self._of_call(node, frame, depth + 1)
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            for child in ast.iter_child_nodes(node):
                yield from self._of(child, frame, depth)
        if is_it or is_loop:
            yield _Mark(is_begin=False)

    def _of_loop(self, loop: ast.For, frame: "_Frame", depth: int) -> Iterator[Step | _Mark]:
        # Where that is what is looked for, the whole loop is marked in its place.
        inside = ast.iter_child_nodes(loop.iter) if self._is_looked_for(loop.iter) else [loop.iter]
        for child in inside:
            yield from self._of(child, frame, depth)
        names = [name for node in ast.walk(loop.iter) if (name := _own(node))]
        if names and isinstance(loop.target, ast.Name):
            frame.loops[loop.target.id] = f"{names[0]}.*"
        # Twice: what comes after the body may be the body again.
        for _ in range(2):
            yield from self._of_body(loop.body, frame, depth)

    def _of_call(self, call: ast.Call, frame: "_Frame", depth: int) -> Iterator[Step | _Mark]:
        func = call.func
        if depth > _DEEPEST:
            return
        if isinstance(func, ast.Name) and func.id in frame.made:
            yield from self._of_layer(frame.made[func.id], "", depth)
        elif isinstance(func, ast.Name) and func.id in frame.loops:
            yield from self._of_named(frame, frame.loops[func.id], depth)
        elif isinstance(func, ast.Name) and func.id in self._functions:
            body = self._functions[func.id].body
            yield from self._of_body(body, _Frame(owner=frame.owner, path=frame.path, made={}), depth)
        elif isinstance(func, ast.Call) and (made := self._class_of(func)) is not None:
            yield from self._of_layer(made, "", depth)
        elif isinstance(func, ast.Attribute) and _own(func):
            method = _method(frame.owner, func.attr) if frame.owner else None
            if method is not None:
                inside = _Frame(owner=frame.owner, path=frame.path, made={})
                yield from self._of_body(method.body, inside, depth)
            else:
                yield from self._of_named(frame, func.attr, depth)
        elif isinstance(func, ast.Subscript) and (name := _own(func.value)):
            yield from self._of_named(frame, f"{name}.*", depth)

    def _of_named(self, frame: "_Frame", name: str, depth: int) -> Iterator[Step | _Mark]:
        """Yield the steps of the layer that an attribute holds."""
        path = f"{frame.path}.{name}".lstrip(".")
        yield Step(path, "input")
        made = self._class_made_for(frame.owner, name.partition(".")[0])
        if made is not None:
            yield from self._of_layer(made, path, depth)
        yield Step(path, "output")

    def _of_layer(self, layer: ast.ClassDef, path: str, depth: int) -> Iterator[Step | _Mark]:
        method = _method(layer, "__call__")
        if method is not None:
            yield from self._of_body(method.body, _Frame(owner=layer, path=path, made={}), depth)

    def _class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the text's own class that an expression makes one of."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._classes.get(node.func.id)
        return None

    def _class_made_for(self, owner: ast.ClassDef | None, attribute: str) -> ast.ClassDef | None:
        start = _method(owner, "__init__") if owner else None
        for node in ast.walk(start) if start else ():
            if isinstance(node, ast.Assign) and any(_own(target) == attribute for target in node.targets):
                made = [self._class_of(one) for one in ast.walk(node.value)]
                return next((one for one in made if one is not None), None)
        return None

    def _is_looked_for(self, node: ast.expr | ast.stmt) -> bool:
        return (self._places.start(node), self._places.end(node)) == self._span


class _Frame(msgspec.Struct):
    """Where a body is evaluated."""

    owner: ast.ClassDef | None
    path: str
    made: dict[str, ast.ClassDef]
    loops: dict[str, str] = {}


def _own(node: ast.AST) -> str:
    """Return `name` for `self.name`; empty for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return ""


def _method(owner: ast.ClassDef | None, name: str) -> ast.FunctionDef | None:
    body = owner.body if owner else ()
    return next((one for one in body if isinstance(one, ast.FunctionDef) and one.name == name), None)
