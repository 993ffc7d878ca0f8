"""Rendering: a page is a template; a fragment of it is one of the template's named blocks."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.core.paths import path_of
from app.core.user import User
from app.web import difference_words, number_words, outcome_words, status_words
from app.web.built_assets import built_assets
from app.web.prose import with_code

_RETRY_AFTER_SECONDS = "60"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(path_of("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        differences_words=difference_words.differences_words,
        duration=number_words.duration,
        error_size=number_words.error_size,
        index=difference_words.index,
        moment=number_words.moment,
        number_pair=difference_words.number_pair,
        percent=number_words.percent,
        plain_text=number_words.plain_text,
        span=number_words.span,
        with_code=with_code,
    )
    environment.globals.update(
        icon=_icon,
        outcome_words=outcome_words.outcome_words,
        verdict_words=outcome_words.verdict_words,
        fingerprint=status_words.fingerprint,
        worker_words=status_words.worker_words,
        words_json=_json_in_html(outcome_words.all_words()),
    )
    return environment


def render_page(
    request: Request,
    template: str,
    *,
    user: User | None,
    status: int = 200,
    fragments: tuple[str, ...] = (),
    **values: Any,
) -> HTMLResponse:
    """The whole page, or with `?fragment=NAME` the block of that name where `fragments` allows it."""
    loaded = _environment().get_template(template)
    context: Mapping[str, Any] = {
        "user": user,
        "path": request.url.path,
        "unjailed": getattr(request.app.state.settings, "sandbox", None) == "unjailed",
        "assets": built_assets(),
        **values,
    }
    fragment = request.query_params.get("fragment")
    if fragment in fragments:
        html = "".join(loaded.blocks[fragment](loaded.new_context(dict(context))))
    else:
        html = loaded.render(context)
    # Pages show what one learner did; nothing between here and the browser may keep them.
    headers = {"Cache-Control": "private, no-store"}
    if status == 429:
        headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return HTMLResponse(html, status_code=status, headers=headers)


def _icon(name: str) -> Markup:
    """A picture from `static/icons.svg`; always beside a word, so it says nothing itself."""
    return Markup(
        '<svg class="icon" aria-hidden="true"><use href="/static/icons.svg#{}"></use></svg>'
    ).format(name)


def _json_in_html(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")
