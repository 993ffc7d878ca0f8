"""Where an address in a statement leads."""

import pytest

from app.catalog.markup.figures import path_of, served_address


@pytest.mark.parametrize(
    ("address", "served"),
    [
        ("assets/a.svg", "/problems/x/assets/a.svg"),
        ("./assets/a%20b.svg", "/problems/x/assets/a%20b.svg"),
        ("assets/a/../b.svg", "/problems/x/assets/b.svg"),
        ("assets/a.svg#part", "/problems/x/assets/a.svg#part"),
        ("assets", None),
        ("assets/../starter.py", None),
        ("assets/%2e%2e/starter.py", None),
        ("/assets/a.svg", None),
        ("//example.org/assets/a.svg", None),
        ("https://example.org/assets/a.svg", None),
        ("http://[", None),
        ("", None),
        ("#part", None),
    ],
)
def test_only_what_lies_in_assets_is_served(address: str, served: str | None) -> None:
    assert served_address("x", address) == served


def test_what_leads_out_begins_with_two_dots() -> None:
    assert path_of("assets/../../x") == "../x"
    assert path_of("../x") == "../x"
