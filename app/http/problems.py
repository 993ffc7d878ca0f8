"""The problems on offer, as `app.main` put them on the application."""

from typing import cast

from fastapi import Request

from app.store.problems import Problems


def problems_of(request: Request) -> Problems:
    return cast(Problems, request.app.state.problems)
