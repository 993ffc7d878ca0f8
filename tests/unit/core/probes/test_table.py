"""The table names every probe, and what it names is there in all three packages."""

import pytest

from app.core.probes.table import CLASSES, KINDS
from tests.support.checkout import CHECKOUT

_PIECES = {"__init__", "probe", "table"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_what_problem_toml_calls_it(kind: str) -> None:
    made = CLASSES[kind].__struct_config__
    assert (made.tag, made.tag_field) == (kind, "kind")
    assert made.frozen
    assert made.forbid_unknown_fields


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_check_and_a_way_to_be_called(kind: str) -> None:
    """Who forgets one hears it here, and no learner's code is blamed for it."""
    assert (CHECKOUT / "app" / "grading" / "check" / f"{kind}.py").is_file()
    mode = (CHECKOUT / "sandbox" / "inside" / "call" / f"{CLASSES[kind].call_mode}.py").read_text()
    assert "def make_call(" in mode or "def trace_call(" in mode


def test_no_probe_is_left_out_of_the_table() -> None:
    found = {path.stem for path in (CHECKOUT / "app" / "core" / "probes").glob("*.py")}
    assert found - _PIECES == set(KINDS)
