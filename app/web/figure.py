"""The figures of a statement."""

from pathlib import PurePosixPath

from fastapi import APIRouter, Request, Response

from app.http.services import problems_of
from app.web.errors import PageRoute, error_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


@router.get("/problems/{slug}/assets/{name}")
async def figure(request: Request, slug: str, name: str) -> Response:
    problem = await problems_of(request).by_slug(slug)
    media_type = _MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
    content = problem.assets.get(name)
    if content is None or media_type is None:
        return await error_page(request, 404, f"This problem has no figure {name!r}.")
    return Response(
        content,
        media_type=media_type,
        headers={
            # A drawing may style itself, and may do nothing else even when it is opened by itself.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cache-Control": "public, max-age=300",
        },
    )
