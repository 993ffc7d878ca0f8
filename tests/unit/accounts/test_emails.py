"""Email addresses have one spelling."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.accounts.emails import normal_email
from app.errors import MalformedEmail


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Ada@School.Example ", "ada@school.example"),
        ("ada@lab.local", "ada@lab.local"),
        ("ada@localhost", "ada@localhost"),
        ("ada+jax@school.test", "ada+jax@school.test"),
        ("ÄDA@schule.example", "äda@schule.example"),
    ],
)
def test_one_address_is_stored_in_one_way(written: str, stored: str) -> None:
    assert normal_email(written) == stored


@pytest.mark.parametrize(
    "written", ["", "ada", "ada@", "@school.test", "a b@school.test", "a@b@c", "a\0@b.test"]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(MalformedEmail, match="not an email address"):
        normal_email(written)


@given(st.text(max_size=40) | st.emails())
def test_normal_stays_normal(written: str) -> None:
    """And nothing but the one refusal is ever raised."""
    try:
        address = normal_email(written)
    except MalformedEmail:
        assume(False)
    else:
        assert normal_email(address) == address
