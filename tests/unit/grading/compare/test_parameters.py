"""What is said of a module's parameters, with the statement's words or as renamed ones."""

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.grading.compare import parameters
from app.grading.compare.parameters import same_tree, tree_differences
from sandbox.interface import Parameter


def _parameter(
    path: str, shape: tuple[int, ...], kind: str = "Param", mean: float = 0.0, std: float = 0.0
) -> Parameter:
    return Parameter(path=path, kind=kind, shape=shape, dtype="float32", mean=mean, std=std)


_WANTED = (_parameter("cls_token", (1, 8)), _parameter("head.kernel", (8, 16), std=0.3))


def test_of_a_hundred_thousand_parameters_few_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile report may hold as many, and whoever judges it has other runs to look after."""
    looked_at = 0

    def counted(path: str) -> list[str]:
        nonlocal looked_at
        looked_at += 1
        return prefixes(path)

    prefixes = parameters._prefixes
    monkeypatch.setattr(parameters, "_prefixes", counted)
    arrays = [_parameter(f"a{number}.b.c.d", (1,), kind="array") for number in range(50_000)]
    flood = [_parameter(f"b{number}.b.c.d", (1,)) for number in range(50_000)]
    said = tree_differences([*arrays, *flood, *_WANTED], _WANTED)
    assert said.startswith("`b0.b.c.d` is not asked for; `b1.b.c.d` is not asked for")
    assert looked_at < 10_000
    assert tree_differences([*arrays, *_WANTED], _WANTED) == ""


def test_the_same_parameters_differ_in_nothing() -> None:
    assert tree_differences(_WANTED, _WANTED) == ""
    assert same_tree(_WANTED, _WANTED)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "`cls_token` is missing"),
        ((_parameter("cls_token", (4, 8)),), "`cls_token` has 4 rows, 1 are needed"),
        ((_parameter("cls_token", (8,)),), "shape (8,), (1, 8) is asked for"),
        ((_parameter("cls_token", (1, 8), kind="array"),), "`cls_token` is a plain array"),
        ((_parameter("cls_token", (1, 8), kind="BatchStat"),), "`cls_token` is an `nnx.BatchStat`"),
        ((_parameter("cls_token", (1, 8), std=0.02),), "`cls_token` must start as all 0"),
        ((_WANTED[0], _parameter("extra", (2,))), "`extra` is not asked for"),
    ],
)
def test_each_difference_is_told_by_path(given: tuple[Parameter, ...], said: str) -> None:
    assert said in tree_differences((*given, _WANTED[1]), _WANTED)


def test_another_initialiser_shows_in_the_spread() -> None:
    """Same tree, other start: right mathematics, but not what was asked for."""
    wide = (_WANTED[0], _parameter("head.kernel", (8, 16), std=1.0))
    assert "spread" in tree_differences(wide, _WANTED)
    assert same_tree(wide, _WANTED)


def test_other_random_draws_are_no_difference() -> None:
    """Another creation order draws other numbers from the same distribution."""
    drawn = (_WANTED[0], _parameter("head.kernel", (8, 16), mean=0.01, std=0.33))
    assert tree_differences(drawn, _WANTED) == ""


def test_traced_values_have_no_spread_to_judge() -> None:
    nan = float("nan")
    traced = (_parameter("cls_token", (1, 8), mean=nan, std=nan), _WANTED[1])
    assert tree_differences(traced, _WANTED) == ""


def test_many_forged_names_do_not_hold_up_the_worker() -> None:
    """Each of them could be any of those that are missing, so only some are held against these."""
    wanted = [_parameter(f"blocks.{index}.ln1.scale", (12,)) for index in range(24)]

    def seconds(count: int) -> float:
        forged = [_parameter(f"blocks.x{index}.ln1.scale", (12,)) for index in range(count)]
        start = time.process_time()
        assert "is missing" in tree_differences(forged, wanted)
        return time.process_time() - start

    some, many = (min(seconds(count) for _ in range(3)) for count in (500, 10_000))
    assert many / some < 8


def _parameters(*paths: str, side: int = 4) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(path=path, kind="Param", shape=(index + side, 2), dtype="float32", mean=0, std=0)
        for index, path in enumerate(paths)
    )


def test_a_difference_is_told_with_the_statement_s_words() -> None:
    words = {"pos_embed": "one row for each patch and one for CLS"}
    [given], [wanted] = _parameters("pos_embed", side=16), _parameters("pos_embed", side=17)
    said = tree_differences([given], [wanted], words)
    assert said == "`pos_embed` has 16 rows, 17 are needed (one row for each patch and one for CLS)"
    assert tree_differences([], [wanted], words).startswith("`pos_embed` is missing (one row")


_CLS = (
    "`class_token` is not asked for; `cls_token` is missing: same shape, so it may only be named differently"
)
_HEAD = "`classifier` is not asked for; `head` is missing: same shapes, so it may only be named differently"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("class_token", "head.kernel"), _CLS),
        (("cls_token", "classifier.kernel"), _HEAD),
        (("class_token", "classifier.kernel"), f"{_CLS}; {_HEAD}"),
    ],
)
def test_another_name_is_said_as_such(given: tuple[str, ...], said: str) -> None:
    assert tree_differences(_parameters(*given), _parameters("cls_token", "head.kernel")) == said


def test_a_name_that_could_stand_for_two_is_not_guessed() -> None:
    """Two of one shape are missing, and one is there too much."""
    one, other = _parameters("ln1")[0], _parameters("ln2")[0]
    [extra] = _parameters("norm")
    said = tree_differences([extra], [one, other])
    assert said == "`ln1` is missing; `ln2` is missing; `norm` is not asked for"


def test_a_module_that_lacks_a_part_is_no_other_name() -> None:
    wanted = _parameters("head.kernel", "head.bias")
    given = _parameters("classifier.kernel")
    assert "named differently" not in tree_differences(given, wanted)


def _block(place: str, *, dim: int = 12, mha: str = "mha") -> list[Parameter]:
    parts: dict[str, tuple[int, ...]]
    parts = {f"{mha}.{name}.kernel": (dim, dim) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
    parts |= {f"{mha}.{name}.bias": (dim,) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
    parts |= {f"{norm}.{name}": (dim,) for norm in ("ln1", "ln2") for name in ("scale", "bias")}
    parts |= {"fc1.kernel": (dim, 20), "fc1.bias": (20,), "fc2.kernel": (20, dim), "fc2.bias": (dim,)}
    return [_parameter(f"{place}.{path}", shape) for path, shape in parts.items()]


def _model(*blocks: list[Parameter]) -> list[Parameter]:
    ends = [_parameter("cls_token", (1, 12)), _parameter("head.kernel", (12, 5))]
    return sorted([*ends, *(one for block in blocks for one in block)], key=lambda one: one.path)


def _moved_to(old: str, new: str, *, only: str = "") -> list[list[Parameter]]:
    """Two blocks, of whose parameters those below `only` in each lie elsewhere."""
    return [
        [
            msgspec.structs.replace(one, path=one.path.replace(f"{place}{old}", f"{place}{new}"))
            if one.path.startswith(f"{place}.{only}")
            else one
            for one in _block(place)
        ]
        for place in ("blocks.0", "blocks.1")
    ]


_TWO_BLOCKS = _model(_block("blocks.0"), _block("blocks.1"))


def _attended(place: str) -> list[Parameter]:
    """What `nnx.MultiHeadAttention` holds."""
    made = [one for one in _block(place) if ".mha." not in one.path]
    for name in ("query", "key", "value"):
        made += [
            _parameter(f"{place}.mha.{name}.kernel", (12, 3, 4)),
            _parameter(f"{place}.mha.{name}.bias", (3, 4)),
        ]
    return [
        *made,
        _parameter(f"{place}.mha.out.kernel", (3, 4, 12)),
        _parameter(f"{place}.mha.out.bias", (12,)),
    ]


def _general(place: str) -> list[Parameter]:
    def shape(one: Parameter) -> tuple[int, ...]:
        wide = ".mha." in one.path and "out_proj" not in one.path
        return (*one.shape[:-1], 3, 4) if wide else one.shape

    return [_parameter(one.path, shape(one)) for one in _block(place)]


def _shared(place: str, also: str) -> list[Parameter]:
    return [msgspec.structs.replace(one, also_at=(one.path.replace(place, also),)) for one in _block(place)]


def _with_one_norm(place: str) -> list[Parameter]:
    return [
        msgspec.structs.replace(one, also_at=(one.path.replace("ln1", "ln2"),))
        if ".ln1." in one.path
        else one
        for one in _block(place)
        if ".ln2." not in one.path
    ]


_HABITS = {
    "sequential": (
        [_block("blocks.layers.0"), _block("blocks.layers.1")],
        (
            "`blocks.layers.0` and `blocks.layers.1` are what the statement wants at `blocks.0` and "
            "`blocks.1`: in an `nnx.List`"
        ),
    ),
    "attributes": (
        [_block("block_0"), _block("block_1")],
        "`block_0` and `block_1` are what the statement wants at `blocks.0` and `blocks.1`: in an `nnx.List`",
    ),
    "attributes counted from one": (
        [_block("block1"), _block("block2")],
        "`block1` and `block2` are what the statement wants at `blocks.0` and `blocks.1`: in an `nnx.List`",
    ),
    "another name": (
        [_block("layers.0"), _block("layers.1")],
        "`layers` is not asked for; `blocks` is missing: same shapes, so it may only be named differently",
    ),
    "another name in each": (
        [_block("blocks.0", mha="attn"), _block("blocks.1", mha="attn")],
        (
            "`blocks.*.attn` is not asked for; `blocks.*.mha` is missing: "
            "same shapes, so it may only be named differently"
        ),
    ),
    "sequential with another name in each": (
        [_block("blocks.layers.0", mha="attn"), _block("blocks.layers.1", mha="attn")],
        (
            "`blocks.layers.0` and `blocks.layers.1` are what the statement wants at `blocks.0` and "
            "`blocks.1`: in an `nnx.List`; `blocks.*.attn` is not asked for; `blocks.*.mha` is missing: "
            "same shapes, so it may only be named differently"
        ),
    ),
    "all blocks inside of a module more": (
        [_block("encoder.blocks.0"), _block("encoder.blocks.1")],
        "`encoder.blocks` is what the statement wants at `blocks`",
    ),
    "parts of each inside of a module more": (
        _moved_to(".fc", ".mlp.fc", only="fc"),
        (
            "`blocks.*.mlp.fc1` and `blocks.*.mlp.fc2` are what the statement wants at `blocks.*.fc1` and "
            "`blocks.*.fc2`"
        ),
    ),
    "each inside of a sequence of one": (
        [_block("blocks.0.layers.0"), _block("blocks.1.layers.0")],
        (
            "`blocks.0.layers.0` and `blocks.1.layers.0` are what the statement wants at `blocks.0` and "
            "`blocks.1`"
        ),
    ),
    "parts of a part in each itself": (
        _moved_to(".mha.", ".", only="mha"),
        (
            "`blocks.*.k_proj`, `blocks.*.out_proj`, `blocks.*.q_proj` and `blocks.*.v_proj` are what the "
            "statement wants at `blocks.*.mha.k_proj`, `blocks.*.mha.out_proj`, `blocks.*.mha.q_proj` and "
            "`blocks.*.mha.v_proj`"
        ),
    ),
    "stacked": (
        [[_parameter(one.path, (2, *one.shape)) for one in _block("blocks")]],
        (
            "`blocks` holds the parameters of both in arrays with one more axis in front, as `nnx.vmap` or "
            "`nnx.scan` makes them; the statement wants `blocks.0` and `blocks.1`, each with its own: "
            "an `nnx.List`"
        ),
    ),
    "stacked under another name": (
        [[_parameter(one.path, (2, *one.shape)) for one in _block("layers")]],
        (
            "`layers` holds the parameters of both in arrays with one more axis in front, as `nnx.vmap` or "
            "`nnx.scan` makes them; the statement wants `blocks.0` and `blocks.1`, each with its own: "
            "an `nnx.List`"
        ),
    ),
    "attention of the library": (
        [_attended("blocks.0"), _attended("blocks.1")],
        (
            "`blocks.*.mha` holds `key`, `out`, `query` and `value`, as an `nnx.MultiHeadAttention` does; "
            "the statement wants `k_proj`, `out_proj`, `q_proj` and `v_proj` there"
        ),
    ),
    "layers of more axes": (
        [_general("blocks.0"), _general("blocks.1")],
        (
            "`blocks.*.mha.k_proj`, `blocks.*.mha.q_proj` and `blocks.*.mha.v_proj` hold as many numbers "
            "as are asked for, but in more axes, as an `nnx.LinearGeneral` does: "
            "`blocks.*.mha.k_proj.kernel` has shape (12, 3, 4), (12, 12) is asked for"
        ),
    ),
    "one object": (
        [_shared("blocks.0", "blocks.1")],
        (
            "`blocks.1` is the very same object as `blocks.0`: one that is used 2 times, "
            "where each is to have parameters of its own"
        ),
    ),
    "one norm for both": (
        [_with_one_norm("blocks.0"), _with_one_norm("blocks.1")],
        (
            "`blocks.*.ln2` is the very same object as `blocks.*.ln1`: one that is used 2 times, "
            "where each is to have parameters of its own"
        ),
    ),
    "fewer": ([_block("blocks.0")], "`blocks.1` is missing"),
    "without a norm": (
        [[one for one in _block(place) if ".ln2." not in one.path] for place in ("blocks.0", "blocks.1")],
        "`blocks.*.ln2` is missing",
    ),
    "without biases": (
        [
            [one for one in _block(place) if "q_proj.bias" not in one.path]
            for place in ("blocks.0", "blocks.1")
        ],
        "`blocks.*.mha.q_proj.bias` is missing",
    ),
}


@pytest.mark.parametrize("habit", _HABITS)
def test_the_habit_behind_many_differences_is_said_in_one_sentence(habit: str) -> None:
    """With what was found, and with nothing beside it that it explains."""
    blocks, said = _HABITS[habit]
    found = tree_differences(_model(*blocks), _TWO_BLOCKS)
    assert found == said


def test_a_whole_model_inside_of_another_is_said_by_its_parts() -> None:
    given = [msgspec.structs.replace(one, path=f"model.{one.path}") for one in _TWO_BLOCKS]
    said = tree_differences(given, _TWO_BLOCKS)
    assert said == (
        "`model.blocks`, `model.cls_token` and `model.head` are what the statement wants at `blocks`, "
        "`cls_token` and `head`"
    )


def test_a_parameter_of_more_axes_is_no_layer() -> None:
    """Of a lone parameter the two shapes are all there is to say."""
    given = [_parameter("cls_token", (1, 1, 8)), _WANTED[1]]
    assert tree_differences(given, _WANTED) == "`cls_token` has shape (1, 1, 8), (1, 8) is asked for"


def test_what_is_not_explained_is_told_beside_the_habit() -> None:
    blocks = [one for one in _block("block_0") + _block("block_1") if one.path != "block_1.fc1.bias"]
    said = tree_differences(_model(blocks), _TWO_BLOCKS)
    assert "`block_0` and `block_1` are what the statement wants" in said
    assert said.endswith("`blocks.1.fc1.bias` is missing")


def test_a_constant_of_the_code_s_own_is_no_parameter() -> None:
    """Neither one that only it keeps, nor one that only the reference keeps."""
    constant = _parameter("scale", (), kind="array", mean=0.5)
    counter = _parameter("calls", (), kind="Variable")
    for more in ([*_WANTED, constant], [*_WANTED, counter]):
        assert tree_differences(more, _WANTED) == ""
        assert same_tree(more, _WANTED, _WANTED)
        assert same_tree(more, _WANTED)
    assert tree_differences(_WANTED, [*_WANTED, constant]) == ""
    assert same_tree(_WANTED, [*_WANTED, constant], [*_WANTED, constant])


def test_a_parameter_that_is_none_is_a_difference() -> None:
    """An array in the place of a parameter, a parameter too many, state that the reference has."""
    frozen = (_parameter("cls_token", (1, 8), kind="array"), _WANTED[1])
    assert not same_tree(frozen, _WANTED, _WANTED)
    assert not same_tree([*_WANTED, _parameter("extra", (2,))], _WANTED, _WANTED)
    state = [*_WANTED, _parameter("mean", (8,), kind="BatchStat")]
    assert not same_tree(_WANTED, state, state)
    assert tree_differences(_WANTED, state) == "`mean` is missing"


_NAMES = st.lists(
    st.sampled_from(["blocks", "0", "1", "10", "layers", "ln1", "kernel", "block_0", "query"]),
    min_size=1,
    max_size=4,
)
_TREES = st.lists(
    st.builds(
        Parameter,
        path=_NAMES.map(".".join),
        kind=st.sampled_from(["Param", "Param", "array", "BatchStat"]),
        shape=st.sampled_from([(), (2,), (2, 2), (2, 2, 2), (4,)]),
        dtype=st.just("float32"),
        mean=st.just(0.0),
        std=st.just(0.0),
        also_at=st.lists(_NAMES.map(".".join), max_size=2).map(tuple),
    ),
    max_size=12,
    unique_by=lambda one: one.path,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(_TREES, _TREES)
def test_something_is_told_exactly_where_trees_differ(
    given: list[Parameter], wanted: list[Parameter]
) -> None:
    """Whatever a hostile process reports: no path, shape or shared object is beyond words."""
    wanted = [msgspec.structs.replace(one, also_at=()) for one in wanted]
    given.sort(key=lambda one: one.path)
    wanted.sort(key=lambda one: one.path)
    asked_for = [one for one in wanted if one.kind != "array"]
    paths = {one.path for one in asked_for}
    counted = [one for one in given if one.kind == "Param" or one.path in paths]
    same = [(one.path, one.kind, one.shape) for one in counted] == [
        (one.path, one.kind, one.shape) for one in asked_for
    ]
    assert bool(tree_differences(given, wanted)) is not same
