"""The API's documentation: one plain page, made from the OpenAPI description, without any script."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

DESCRIPTION = (
    "Submit code and read verdicts from a program. Sign in with `POST /api/v1/session` (a cookie), "
    "or send a token of `POST /api/v1/tokens` as `Authorization: Bearer …`. Every error is "
    '`{"error": {"code": "…", "message": "…", "details": []}}`.'
)
router = APIRouter(include_in_schema=False)


@router.get("/api/docs")
async def api_docs(request: Request) -> HTMLResponse:
    return HTMLResponse(docs_page(request.app.openapi()))


def docs_page(description: dict[str, Any]) -> str:
    info = description["info"]
    operations = [
        _operation(path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f"</head><body><main><h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}</p>"
        '<p><a href="/api/openapi.json">The OpenAPI description</a></p>'
        f"{''.join(operations)}</main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    return (
        f"<section><h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('summary', ''))}</p></section>"
    )
