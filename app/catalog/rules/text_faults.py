"""Files of a package as text, and what keeps them from being that: line and way out in place of a byte."""

from app.catalog.faults import PackageFault
from app.catalog.file_text import BYTE_ORDER_MARK

_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decoded(file: str, data: bytes) -> tuple[str, list[PackageFault]]:
    """Return a file's text without its byte-order mark, and why it is none where it is not UTF-8."""
    try:
        return data.decode("utf-8").lstrip(BYTE_ORDER_MARK), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{data[error.start]:02x}"
        if data.startswith(_WIDE_MARKS):
            line, byte = 1, "it begins as UTF-16 does"
        reason = f"is not UTF-8 ({byte}): save the file as UTF-8"
        return data.decode("utf-8", errors="replace"), [PackageFault(file=file, line=line, reason=reason)]
