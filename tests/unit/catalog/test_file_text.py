"""Files as editors leave them are read without their marks, or refused with what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.file_text import NotUtf8, read_text


@pytest.mark.parametrize("marks", ["", "\ufeff", "\ufeff\ufeff"])
@given(text=st.text().filter(lambda text: not text.startswith("\ufeff")))
def test_marks_in_front_are_no_part_of_a_text(marks: str, text: str) -> None:
    assert read_text(f"{marks}{text}".encode()) == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("\ufeffa".encode("utf-16-le"), "not UTF-8 text but UTF-16"),
        ("\ufeffa".encode("utf-16-be"), "not UTF-8 text but UTF-16"),
        ("a\nb\ncafé".encode("latin-1"), r"not UTF-8 text \(byte 7\) in line 3: save it as UTF-8"),
        (b"\xed\xa0\x80", r"\(byte 0\) in line 1"),
    ],
)
def test_other_encodings_are_named_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(NotUtf8, match=said):
        read_text(data)
