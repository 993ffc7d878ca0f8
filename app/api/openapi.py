"""The API's description: FastAPI's with the schemas of our own values, and a plain page made from it."""

from collections.abc import Callable
from html import escape
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from app.http.authentication import SESSION_COOKIE
from app.http.responses import MEANINGS, ErrorBody

router = APIRouter(include_in_schema=False)

DESCRIPTION = (
    "Submit code and read verdicts from a program. Sign in with `POST /api/v1/session` (a cookie), "
    "or send a token of `POST /api/v1/tokens` as `Authorization: Bearer …`. Every error is "
    '`{"error": {"code": "…", "message": "…", "details": []}}`: programs look at the code.'
)
_REFERENCE = "#/components/schemas/{name}"
_described: list[Any] = [ErrorBody]

SIGNED_IN: dict[str, Any] = {"security": [{"token": []}, {"session": []}]}
"""`openapi_extra` of operations that need an account."""
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of `POST /api/v1/tokens`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Set by `POST /api/v1/session` and `POST /api/v1/accounts`.",
    },
}
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8888; padding-top: .5rem; }
html { background: Canvas; color: CanvasText; }
body { overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .75rem; background: #8882; }
.wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .15rem 1.5rem .15rem 0; }
"""


def answers(struct: type[msgspec.Struct] | None, status: int = 200, *, says: str) -> dict[int | str, Any]:
    """Return a route's `responses`: `struct` as JSON (None: an empty body), and errors in their one shape."""
    good: dict[str, Any] = {"description": says}
    if struct is not None:
        _described.append(struct)
        good["content"] = _json(struct)
    return {status: good, "4XX": {"description": "An error.", "content": _json(ErrorBody)}}


def struct_schemas() -> dict[str, Any]:
    """Return the schemas of all structs that were named, and of what they are made of."""
    return msgspec.json.schema_components(_described, ref_template=_REFERENCE)[1]


def _json(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=struct.__name__)}}}


def describer(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return what takes the place of `app.openapi`; its answer is made once, when it is first asked for."""
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


@router.get("/api/docs")
async def api_docs(request: Request) -> HTMLResponse:
    return HTMLResponse(docs_page(request.app.openapi()))


@router.get("/api/docs.css")
async def api_docs_style() -> Response:
    return Response(_STYLE, media_type="text/css")


def docs_page(description: dict[str, Any]) -> str:
    """Render every operation, every error code and every schema."""
    info = description["info"]
    operations = "".join(
        _operation(path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in description["components"]["schemas"].items())
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{escape(info["title"])}: the API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/api/docs.css"></head>
<body><main>
<h1>{escape(info["title"])}: the API</h1>
<p>{_text(info["description"])}</p>
<p>For programs: <a href="/api/openapi.json">the OpenAPI description</a>.</p>
{operations}
<section><h2>Errors</h2>{_errors()}</section>
<section><h2>Schemas</h2>{schemas}</section>
</main></body></html>
"""


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"]
    parts.append(f"<p>{_text(operation.get('summary', ''))}.</p>")
    if "security" in operation:
        parts.append("<p>Needs an account.</p>")
    if "requestBody" in operation:
        parts.append(f"<p>Body: {_content(operation['requestBody'])}</p>")
    for status, answer in operation["responses"].items():
        says = _text(answer["description"])
        parts.append(f"<p>{escape(str(status))}: {says} {_content(answer)}</p>")
    return f"<section>{''.join(parts)}</section>"


def _content(body: dict[str, Any]) -> str:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>' if name else ""


def _schema(name: str, schema: dict[str, Any]) -> str:
    source = msgspec.json.format(msgspec.json.encode(schema)).decode()
    return f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><pre tabindex="0">{escape(source)}</pre>'


def _errors() -> str:
    rows = "".join(
        f"<tr><td>{meaning.status}</td><td><code>{escape(meaning.code)}</code></td>"
        f"<td>{escape(error.__doc__ or '')}</td></tr>"
        for error, meaning in MEANINGS.items()
    )
    head = "<tr><th>Status</th><th>Code</th><th>Meaning</th></tr>"
    return f'<div class="wide" tabindex="0"><table>{head}{rows}</table></div>'


def _text(markdown: str) -> str:
    """Render prose with `code` in backticks."""
    parts = escape(markdown).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
