"""Text files as editors leave them: UTF-8, perhaps with byte-order marks in front."""

import codecs

BYTE_ORDER_MARK = "\ufeff"
"""What editors of Windows put in front of a text: it is no part of it, and Python reads none in a text."""
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class NotUtf8(ValueError):
    """Some bytes are no UTF-8; as words, what they are and what to do."""


def read_text(data: bytes) -> str:
    """Return a file's text without the marks in front; a program that joins files leaves several.

    Raises:
        NotUtf8: with the encoding where it shows, else with the line and the byte.
    """
    try:
        return data.decode().lstrip(BYTE_ORDER_MARK)
    except UnicodeDecodeError as fault:
        if data.startswith(_UTF_16_MARKS):
            what = "but UTF-16, as some editors of Windows write it"
        else:
            line = data.count(b"\n", 0, fault.start) + 1
            what = f"(byte {fault.start}) in line {line}"
        raise NotUtf8(f"not UTF-8 text {what}: save it as UTF-8") from None
