"""The fields of a form. There may be few, since each costs time, whatever it is called."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_FIELDS = 20
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_TOO_MANY = f"A form has at most {_MOST_FIELDS} fields."
_CHARSETS = (b"utf-8", b"utf8", b"us-ascii")
_OTHER_CHARSET = "A form is sent in UTF-8."


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the texts of a form by their names; of those that have one name the last.

    Raises:
        HTTPException: 400, there are too many, or they cannot be told apart, or are not in UTF-8.
    """
    sent_as = request.headers.get("content-type", "")
    kind = sent_as.partition(";")[0].strip().lower()
    if kind == _URLENCODED:
        try:
            return dict(
                parse_qsl(
                    (await request.body()).decode("latin-1"),
                    keep_blank_values=True,
                    max_num_fields=_MOST_FIELDS,
                    errors="replace",
                )
            )
        except ValueError:
            raise HTTPException(400, _TOO_MANY) from None
    if kind == _MULTIPART:
        # Any codec of Python's would be taken: some need a time that grows with the square of the text, and
        # some make characters that nothing else can store.
        if parse_options_header(sent_as)[1].get(b"charset", b"utf-8").lower() not in _CHARSETS:
            raise HTTPException(400, _OTHER_CHARSET)
        form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
        return {name: value for name, value in form.items() if isinstance(value, str)}
    return {}
