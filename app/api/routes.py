"""The JSON API under /api/v1."""

from fastapi import APIRouter

from app.api import accounts, problems, submissions

router = APIRouter(prefix="/api/v1")
for part in (problems, submissions, accounts):
    router.include_router(part.router)
