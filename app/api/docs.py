"""The API's documentation: one plain page, made from the OpenAPI description, without any script."""

from html import escape
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.http.error_responses import MEANINGS

router = APIRouter(include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8888; padding-top: .5rem; }
pre { overflow-x: auto; padding: .75rem; background: #8882; }
th, td { text-align: left; vertical-align: top; padding: .15rem 1.5rem .15rem 0; }
"""


@router.get("/api/docs")
async def api_docs(request: Request) -> HTMLResponse:
    return HTMLResponse(docs_page(request.app.openapi()))


@router.get("/api/docs.css")
async def api_docs_style() -> Response:
    return Response(_STYLE, media_type="text/css")


def docs_page(description: dict[str, Any]) -> str:
    """Every operation, every error code, every schema."""
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
    return f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><pre>{escape(source)}</pre>'


def _errors() -> str:
    rows = "".join(
        f"<tr><td>{meaning.status}</td><td><code>{escape(meaning.code)}</code></td>"
        f"<td>{escape(error.__doc__ or '')}</td></tr>"
        for error, meaning in MEANINGS.items()
    )
    return f"<table><tr><th>Status</th><th>Code</th><th>Meaning</th></tr>{rows}</table>"


def _text(markdown: str) -> str:
    """Prose with `code` in backticks."""
    parts = escape(markdown).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
