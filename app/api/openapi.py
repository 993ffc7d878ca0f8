"""The OpenAPI description: FastAPI's, and the schemas of our own values."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.described import SECURITY_SCHEMES, struct_schemas

DESCRIPTION = (
    "Submit code and read verdicts from a program. Sign in with `POST /api/v1/session` (a cookie), "
    "or send a token of `POST /api/v1/tokens` as `Authorization: Bearer …`. Every error is "
    '`{"error": {"code": "…", "message": "…", "details": []}}`: programs look at the code.'
)


def describer(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """In the place of `app.openapi`; made once, when it is first asked for."""
    made: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        if not made:
            made.update(
                get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            )
            components = made.setdefault("components", {})
            components.setdefault("schemas", {}).update(struct_schemas())
            components["securitySchemes"] = SECURITY_SCHEMES
        return made

    return describe
