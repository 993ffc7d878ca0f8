"""Arrays whose shapes do not fit."""

from itertools import zip_longest

from app.grading.explain.rule import NAME, SHAPE, SIDES, Asked, Rule, rule, shape, sides, times

_DONE = {"add": "added", "sub": "subtracted", "mul": "multiplied", "div": "divided", "rem": "divided"}
_EQUAL_OR_ONE = "Shapes are lined up at their last axes; two sides must be equal, or one of them 1"
_AXIS_FUNCTIONS = ("swapaxes", "transpose", "moveaxis", "permute")


def _clash(one: str, other: str, done: str) -> str:
    pairs = zip_longest(reversed(sides(one)), reversed(sides(other)), fillvalue=1)
    meeting = next(((a, b) for a, b in pairs if a != b and 1 not in (a, b)), None)
    where = f": {meeting[0]} meets {meeting[1]}" if meeting else ""
    return f"Arrays of shapes {shape(one)} and {shape(other)} cannot be {done}{where}. {_EQUAL_OR_ONE}."


def _several(asked: Asked) -> str:
    inside = asked[1].split("), (")
    if len(inside) == 2:
        return _clash(inside[0].strip("() "), inside[1].strip("() "), "combined")
    listed = ", ".join(shape(part.strip("() ")) for part in inside[:6])
    return f"Arrays of shapes {listed} do not fit together. {_EQUAL_OR_ONE}."


def _concatenate(asked: Asked) -> str:
    axis, shapes = asked[1], asked[2].split("), (")
    listed = " and ".join(shape(part.strip("() ")) for part in shapes[:6])
    return (
        f"Arrays of shapes {listed} cannot be joined along axis {axis}: all their other sides must be equal."
    )


def _reshape(asked: Asked) -> str:
    start, numbers, wanted = asked[1], asked[2], asked[3]
    if sides(start) and "[" in asked.match[0][-len(wanted) - 30 :] and len(sides(start)) == 1:
        width = sides(wanted)[-1] if sides(wanted) else "another number"
        return (
            f"A norm layer that was made for {times(sides(start)[0], 'feature')} was given {width}: the "
            "last axis of its input must have as many entries as it was made for."
        )
    return (
        f"{shape(start)} holds {times(numbers, 'number')}, but {shape(wanted)} has room for {asked[4]}: a "
        "reshape keeps every number."
    )


def _axis(asked: Asked) -> str:
    axis, rank = asked[1], int(asked[2])
    if "expand_dims" in asked.line:
        return f"A new axis cannot go to place {axis}: with it the array has {times(rank, 'axis', 'axes')}."
    return f"There is no axis {axis}: {_axes_of(rank)}."


def _axes_of(rank: int) -> str:
    if rank == 0:
        return "the array is a single number and has no axes"
    if rank == 1:
        return "the array has one axis, number 0"
    return f"the array has {rank} axes, numbered 0 to {rank - 1}, and -1 is the last"


def _index(asked: Asked) -> str:
    index, size = asked[1], int(asked[2])
    if any(name in asked.line for name in _AXIS_FUNCTIONS):
        return f"There is no axis {index}: {_axes_of(size)}."
    last = f"0 to {size - 1}, and -1 is the last" if size else "none at all"
    return f"Index {index} is out of range: that axis has {times(size, 'entry', 'entries')}, numbered {last}."


def _channels(asked: Asked) -> str:
    return (
        f"The convolution was made for {times(asked[2], 'channel')}, but its input has {asked[1]}. An "
        "`nnx.Conv` takes `(H, W, C)`: the channels are the last axis, and `in_features` is their number."
    )


def _unpack(asked: Asked, got: str) -> str:
    if ".shape" in asked.line:
        return (
            f"The line names {times(asked[1], 'side')} of a shape that has {got}: print the shape to see "
            "which."
        )
    return f"The line names {times(asked[1], 'value')} on the left, but there are {got} on the right."


RULES: tuple[Rule, ...] = (
    rule(
        "TypeError ValueError",
        NAME + r" got incompatible shapes for broadcasting: " + SHAPE + ", " + SHAPE,
        lambda a: _clash(a[2], a[3], _DONE.get(a[1], "combined")),
    ),
    rule(
        "ValueError",
        r"operands could not be broadcast together with shapes \(0,\) \((\d),\)",
        lambda a: (
            f"If this line is a convolution: a kernel with {a[1]} sides needs an input with {int(a[1]) + 1} "
            "axes, the last one for the channels; yours has fewer."
        ),
    ),
    rule(
        "ValueError",
        r"operands could not be broadcast together with shapes " + SHAPE + " " + SHAPE,
        lambda a: _clash(a[1], a[2], "combined"),
    ),
    rule("ValueError", r"Incompatible shapes for broadcasting: shapes=\[([\d, ()]{0,300})\]", _several),
    rule(
        "ValueError",
        r"Incompatible types for broadcasting: input type=\w{1,20}"
        + SIDES
        + r" and requested type=\w{1,20}"
        + SIDES,
        lambda a: (
            f"An array of shape {shape(a[1])} cannot be spread over {shape(a[2])}: each side must be the "
            "same, or 1 in the array that is spread."
        ),
    ),
    rule(
        "TypeError",
        r"dot_general requires contracting dimensions to have the same shape, got " + SHAPE + " and " + SHAPE,
        lambda a: (
            "A matrix product sums over one axis of each array, and the two must be of one length; here "
            f"they are {', '.join(map(str, sides(a[1])))} and {', '.join(map(str, sides(a[2])))}. Print "
            "both shapes: one array may have to be transposed, or a layer was made for another number of "
            "features."
        ),
    ),
    rule(
        "ValueError",
        r"Incompatible types for matmul arguments: \w{1,20}" + SIDES + r" and \w{1,20}" + SIDES,
        lambda a: (
            f"`@` cannot multiply {shape(a[1])} by {shape(a[2])}: the last two axes are the matrices, and "
            "all the axes before them must be equal."
        ),
    ),
    rule(
        "ValueError",
        r"matmul input operand [01] must have ndim at least 1",
        "`@` is the matrix product and takes arrays only: to scale by a single number write `*`.",
    ),
    rule(
        "ValueError",
        r"jax\.lax\.dot: dimension_numbers must be specified.{0,200}lhs_shape="
        + SHAPE
        + r" rhs_shape="
        + SHAPE,
        lambda a: (
            f"{shape(a[1])} and {shape(a[2])} are no plain matrix product: the last side of the first must "
            "be the first side of the second."
        ),
    ),
    rule(
        "ValueError",
        r"Size of label '(\w)' for operand \d{1,3} \((\d{1,12})\) does not match previous terms "
        r"\((\d{1,12})\)",
        lambda a: (
            f"In the einsum, the axis called `{a[1]}` has {a[2]} entries in one array and {a[3]} in "
            "another: one letter stands for one length."
        ),
    ),
    rule(
        "ValueError",
        r"Einstein sum subscript '([\w.]{0,40})' does not contain the correct number of indices for "
        r"operand (\d{1,3})",
        lambda a: (
            f"In the einsum, `{a[1]}` names {times(len(a[1]), 'axis', 'axes')}, but array number "
            f"{int(a[2]) + 1} has another number of them: every axis needs its letter."
        ),
    ),
    rule(
        "ValueError",
        r"Output character '(\w)' did not appear in the input",
        lambda a: (
            f"In the einsum, `{a[1]}` stands behind the arrow but in no input: where should it come from?"
        ),
    ),
    rule(
        "ValueError",
        r"Number of einsum subscripts, (\d{1,3}), must be equal to the number of operands, (\d{1,3})",
        lambda a: (
            f"The einsum describes {times(a[1], 'array')}, but {a[2]} {'is' if a[2] == '1' else 'are'} given."
        ),
    ),
    rule(
        "TypeError",
        r"Cannot concatenate arrays with shapes that differ in dimensions other than the one being "
        r"concatenated: "
        r"concatenating along dimension (\d{1,3}) for shapes ([\d, ()]{1,300})",
        _concatenate,
    ),
    rule(
        "TypeError",
        r"Cannot concatenate arrays with different numbers of dimensions: got " + SHAPE + ", " + SHAPE,
        lambda a: (
            f"{shape(a[1])} has {times(len(sides(a[1])), 'axis', 'axes')} and {shape(a[2])} has "
            f"{len(sides(a[2]))}; only arrays with equally many can be joined. `x[None]` puts an axis in "
            "front."
        ),
    ),
    rule(
        "TypeError",
        r"Only integer scalar arrays can be converted to a scalar index",
        lambda a: (
            "`jnp.concatenate` takes its arrays as one list: `jnp.concatenate([a, b])`."
            if "concatenate" in a.line or "stack" in a.line
            else ""
        ),
    ),
    rule(
        "ValueError",
        r"All input arrays must have the same shape\. Got ([\d, ()]{1,300})",
        lambda a: f"Only arrays of one shape can be stacked; here they are `{a[1].strip(' .')}`.",
    ),
    rule(
        "TypeError",
        r"cannot reshape array of shape "
        + SHAPE
        + r" \(size (\d{1,15})\) into shape [(\[]([\d, ]{0,120})[)\]] "
        r"\(size (\d{1,15})\)",
        _reshape,
    ),
    rule(
        "TypeError",
        r"cannot reshape array of shape "
        + SHAPE
        + r" \(size (\d{1,15})\) into shape ([(\[][\d, -]{0,120}[)\]]) "
        r"because the product of specified axis sizes \((\d{1,15})\)",
        lambda a: (
            f"{shape(a[1])} holds {times(a[2], 'number')}, and {a[4]} does not divide {a[2]}: no length in "
            f"the place of -1 makes `{a[3]}` fit."
        ),
    ),
    rule(
        "TypeError",
        r"can only specify one unknown axis size with a `-1` value",
        "Only one side of a reshape may be -1: one unknown can be worked out from the rest, two cannot.",
    ),
    rule("ValueError", r"axis (-?\d{1,9}) is out of bounds for array of dimension (\d{1,3})", _axis),
    rule("IndexError", r"index (-?\d{1,12}) is out of bounds for axis \d{1,3} with size (\d{1,12})", _index),
    rule(
        "IndexError",
        r"tuple index out of range",
        "A tuple is shorter than the line expects. Where it is a shape, or an `axis=`: the array has fewer "
        "axes than that.",
    ),
    rule(
        "IndexError",
        r"list index out of range",
        "A list is shorter than the index: the entries are numbered from 0 to its length minus one.",
    ),
    rule(
        "ValueError",
        r"cannot select an axis to squeeze out which has size not equal to one, got shape="
        + SHAPE
        + r" and dimensions="
        + SHAPE,
        lambda a: (
            f"`squeeze` takes away axes of length 1 only; axis {a[2].strip(' ,')} of {shape(a[1])} is longer."
        ),
    ),
    rule(
        "ValueError",
        r"array split does not result in an equal division: rest is (\d{1,12})",
        lambda a: f"The axis cannot be split into equal parts: {a[1]} would be left over.",
    ),
    rule(
        "ValueError",
        r"conv_general_dilated lhs feature dimension size divided by feature_group_count must equal the "
        r"rhs input "
        r"feature dimension size, but (\d{1,12}) // \d{1,12} != (\d{1,12})",
        _channels,
    ),
    rule(
        "IndexError",
        r"Too many indices: array is (\d{1,3})-dimensional, but (\d{1,3}) were indexed",
        lambda a: f"The array has {times(a[1], 'axis', 'axes')}, but the line gives {a[2]} indices.",
    ),
    rule(
        "ValueError",
        r"not enough values to unpack \(expected (\d{1,9}), got (\d{1,9})\)",
        lambda a: _unpack(a, a[2]),
    ),
    rule("ValueError", r"too many values to unpack \(expected (\d{1,9})\)", lambda a: _unpack(a, "more")),
    rule(
        "ValueError",
        r"vmap got inconsistent sizes for array axes to be mapped",
        "`vmap` goes along one axis of every argument at once, and these axes have different lengths. "
        "`in_axes` says which axis of which argument; None keeps an argument whole.",
    ),
    rule(
        "ValueError",
        r"vmap was requested to map its argument along axis (-?\d{1,3}), .{0,120}only (\d{1,3})",
        lambda a: (
            f"`vmap` should go along axis {a[1]} of an argument that has {times(a[2], 'axis', 'axes')}."
        ),
    ),
    rule(
        "TypeError",
        r"scan body function carry input and carry output must have equal types, .{0,200}?has type \w{1,20}"
        + SIDES
        + r" but the corresponding output carry component has type \w{1,20}"
        + SIDES,
        lambda a: (
            f"What a loop carries must keep its shape and dtype: it went in as {shape(a[1])} and came out "
            f"as {shape(a[2])}."
        ),
    ),
    rule(
        "TypeError",
        r"scan body output must be a pair",
        "The function of a `scan` returns two things: what it carries on, and what it collects (or None).",
    ),
    rule(
        "TypeError",
        r"cond branches must have equal output types but they differ",
        "Both branches of a `cond` must return the same shapes and dtypes.",
    ),
    rule(
        "ValueError",
        r"query shape should be",
        "`dot_product_attention` takes queries, keys and values of shape `(T, heads, head width)`, with a "
        "batch axis in front or not; heads and head width must be the same in all three.",
    ),
    rule(
        "TypeError",
        r"Gradient only defined for scalar-output functions\. Output had shape: " + SHAPE,
        lambda a: (
            f"A gradient is taken of a single number, and the function returned {shape(a[1])}: sum it or "
            "take its mean first."
        ),
    ),
    rule(
        "TypeError",
        r"Gradient only defined for scalar-output functions\. Output was \(",
        "A gradient is taken of a single number, and the function returned several values: return one, or "
        "name the first as the one that counts by `has_aux=True`.",
    ),
    rule(
        "TypeError",
        r"iteration over a 0-d array",
        "The array is a single number, so there is nothing to go through; is an axis missing?",
    ),
    rule(
        "ValueError",
        r"setting an array element with a sequence",
        "The rows of the list have different lengths, so they make no array.",
    ),
    rule(
        "ValueError",
        r"The truth value of an array with more than one element is ambiguous",
        "`if`, `while`, `and` and `not` need one truth value, and this is an array of several: say "
        "`.any()` or `.all()`, or choose number by number with `jnp.where`.",
    ),
    rule(
        "TypeError",
        r"Only scalar arrays can be converted to Python scalars; got arr\.ndim=(\d{1,3})",
        lambda a: (
            f"An array with {times(a[1], 'axis', 'axes')} cannot become one Python number: pick an entry, "
            "or convert the whole array with `.astype`."
        ),
    ),
)
