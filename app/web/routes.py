"""All pages, for `app.main` to include."""

from fastapi import APIRouter

from app.web import account, figure, home, problem, sign_in, sign_out, sign_up, status, submission
from app.web.built_assets import STATIC_DIR

__all__ = ["STATIC_DIR", "router"]

router = APIRouter()
for page in (home, problem, figure, submission, sign_up, sign_in, sign_out, account, status):
    router.include_router(page.router)
