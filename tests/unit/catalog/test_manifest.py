"""What a manifest says of a module's stages: those that could not be told apart or found are refused."""

import pytest

from app.catalog.manifest import read_manifest
from app.catalog.rules.manifest_checks import ROWS_LIMIT
from app.errors import ProblemError
from tests.support.small_problem import small_problem
from tests.support.toy_problem import MANIFEST

_STAGES = """
[[module.stages]]
name = "inner"
path = "inner.0"
side = "input"

[[module.stages]]
name = "outer"
path = "outer"
any_rows = true
"""


def _manifest(stages: str) -> bytes:
    return MANIFEST.replace('name = "Shift"\n', f'name = "Shift"\n{stages}').encode()


def test_stages_are_read_in_their_order() -> None:
    module = read_manifest(_manifest(_STAGES)).module
    assert module is not None
    assert [(stage.name, stage.side, stage.any_rows) for stage in module.stages] == [
        ("inner", "input", False),
        ("outer", "output", True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "outer"', 'name = "inner"', "used twice"),
        ('name = "outer"', 'name = ""', "1 to 80"),
        ('path = "outer"', 'path = "outer..0"', "joined by dots"),
        ('path = "outer"', 'path = ""', "joined by dots"),
        ('side = "input"', 'side = "middle"', "side"),
    ],
)
def test_a_stage_that_cannot_work_is_refused_by_its_key(old: str, new: str, reason: str) -> None:
    with pytest.raises(ProblemError, match=reason):
        read_manifest(_manifest(_STAGES.replace(old, new)))


_ATTENTION = 'attention = { queries = "inner", keys = "inner", values = "inner", heads = "seed" }'


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("", "", ""),
        ('keys = "inner"', 'keys = "outer"', "'outer' is no stage before this one"),
        ('heads = "seed"', 'heads = "num_heads"', "'num_heads' is not a parameter of the entry"),
        (', heads = "seed"', "", "heads"),
    ],
)
def test_what_attention_is_made_of_is_there_before(old: str, new: str, reason: str) -> None:
    manifest = _manifest(f"{_STAGES}{_ATTENTION.replace(old, new)}\n")
    if not reason:
        assert read_manifest(manifest).module is not None
        return
    with pytest.raises(ProblemError, match=reason):
        read_manifest(manifest)


def test_too_many_stages_are_refused() -> None:
    many = "".join(f'[[module.stages]]\nname = "n{place}"\npath = "p"\n' for place in range(65))
    with pytest.raises(ProblemError, match="more than 64"):
        read_manifest(_manifest(many))


@pytest.mark.parametrize(
    ("key", "characters", "reason"),
    [("title", 201, "title"), ("track", 201, "track"), ("summary", 1_001, "summary")],
)
def test_words_that_no_list_could_show_are_refused(key: str, characters: int, reason: str) -> None:
    lines = [
        f'{key} = "{"x" * characters}"' if line.startswith(f"{key} =") else line
        for line in MANIFEST.splitlines()
    ]
    with pytest.raises(ProblemError, match=rf": {reason}: has {characters:,} characters"):
        read_manifest("\n".join(lines).encode())


def test_more_cases_than_a_verdict_may_have_rows_are_refused() -> None:
    manifest = small_problem()["problem.toml"].decode()
    case = (
        "[[cases]]\nname = 'c-{}'\nvisibility = 'hidden'\n"
        "arguments.x = {{ generator = 'arange', shape = [{}] }}\n"
    )
    many = "".join(case.format(number, number + 4) for number in range(ROWS_LIMIT))
    with pytest.raises(ProblemError, match=rf"there are {ROWS_LIMIT + 3}; at most {ROWS_LIMIT}"):
        read_manifest((manifest + many).encode())
