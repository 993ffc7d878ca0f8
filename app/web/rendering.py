"""Rendering: a page is a template, a fragment of it one of its named blocks; Vite built what they load."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.core.paths import path_of
from app.core.user import User
from app.http.compression import compress
from app.http.middleware import HASH_PARAMETER
from app.http.services import services_of
from app.web import filters, outcome_words

_ENTRY = "islands/main.ts"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(path_of("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters.FILTERS)
    environment.globals.update(
        icon=_icon,
        static_address=static_address,
        outcome_words=outcome_words.outcome_words,
        verdict_words=outcome_words.verdict_words,
        words_json=_json_in_html(outcome_words.all_words()),
    )
    return environment


def render_page(
    request: Request,
    template: str,
    *,
    user: User | None,
    status: int = 200,
    retry_after_seconds: int | None = None,
    fragments: tuple[str, ...] = (),
    is_typed_into: bool = False,
    shows_secret: bool = False,
    **values: Any,
) -> HTMLResponse:
    """Return the whole page, or with `?fragment=NAME` the block of that name where `fragments` allows it.

    One that is typed into may stay with the browser that shows it, so that Back brings it as it was left.
    One that shows a secret is never compressed, see `app/http/compression.py`.
    """
    loaded = _environment().get_template(template)
    context: Mapping[str, Any] = {
        "user": user,
        "path": request.url.path,
        "unjailed": services_of(request.app).is_unjailed,
        "preview": services_of(request.app).preview,
        "assets": built_assets(),
        **values,
    }
    fragment = request.query_params.get("fragment")
    if fragment in fragments:
        html = "".join(loaded.blocks[fragment](loaded.new_context(dict(context))))
    else:
        html = loaded.render(context)
    # Pages show what one learner did; nothing between here and the browser may keep them.
    kept = "no-cache" if is_typed_into else "no-store"
    headers = {"Cache-Control": f"private, {kept}", "Vary": "Cookie"}
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    answer = HTMLResponse(html, status_code=status, headers=headers)
    # A query is repeated in the page, an address that is not found, too; a fragment's name is not.
    repeats_nothing = status == 200 and request.method == "GET" and set(request.query_params) <= {"fragment"}
    if repeats_nothing and not shows_secret:
        compress(answer, request.headers)
    return answer


def _icon(name: str) -> Markup:
    """Draw a picture of `static/icons.svg`; it is always beside a word, so it says nothing itself."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        static_address("icons.svg"), name
    )


@lru_cache(maxsize=8)
def static_address(name: str) -> str:
    """Return the address of a file that Vite does not build, with its content's hash: it can be kept."""
    content = (path_of("static") / name).read_bytes()
    return f"/static/{name}?{HASH_PARAMETER}={hashlib.sha256(content).hexdigest()[:12]}"


def _json_in_html(value: Any) -> str:
    """Encode JSON that cannot end the element it stands in."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


class BuiltAssets(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses to load; empty where `npm run build` has not run, and pages then do without."""

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


class _Chunk(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    css: tuple[str, ...] = ()


@lru_cache(maxsize=8)
def built_assets(static_dir: Path | None = None) -> BuiltAssets:
    """Return the scripts and styles that Vite built, by their hashed names."""
    manifest = (static_dir or path_of("static")) / "dist" / "manifest.json"
    if not manifest.is_file():
        return BuiltAssets()
    entry = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Chunk])[_ENTRY]
    return BuiltAssets(
        scripts=(f"/static/dist/{entry.file}",),
        styles=tuple(f"/static/dist/{file}" for file in entry.css),
    )
