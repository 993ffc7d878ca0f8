"""What the OpenAPI description says of an operation whose answer is a domain value."""

from typing import Any

import msgspec

from app.http.error_responses import ErrorBody

_REFERENCE = "#/components/schemas/{name}"
_described: list[Any] = [ErrorBody]

SIGNED_IN: dict[str, Any] = {"security": [{"token": []}, {"session": []}]}
"""`openapi_extra` of operations that need an account."""
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of `POST /api/v1/tokens`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "jaxercise_session",
        "description": "Set by `POST /api/v1/session` and `POST /api/v1/accounts`.",
    },
}


def answers(struct: type[msgspec.Struct] | None, status: int = 200, *, says: str) -> dict[int | str, Any]:
    """`responses` of a route: `struct` as JSON (None: an empty body), and errors in their one shape."""
    good: dict[str, Any] = {"description": says}
    if struct is not None:
        _described.append(struct)
        good["content"] = _json(struct)
    return {status: good, "4XX": {"description": "An error.", "content": _json(ErrorBody)}}


def struct_schemas() -> dict[str, Any]:
    """The schemas of all structs that were named, and of what they are made of."""
    return msgspec.json.schema_components(_described, ref_template=_REFERENCE)[1]


def _json(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=struct.__name__)}}}
