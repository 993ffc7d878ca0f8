"""The fields of a form. There may be few, since each costs time, whatever it is called."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_FIELDS = 20
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_TOO_MANY = f"A form has at most {_MOST_FIELDS} fields."


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the texts of a form by their names; of those that have one name the last.

    Raises:
        HTTPException: 400, there are too many, or they cannot be told apart.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
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
        form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
        return {name: value for name, value in form.items() if isinstance(value, str)}
    return {}
