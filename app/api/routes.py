"""The JSON API under /api/v1."""

from fastapi import APIRouter

from app.api import accounts, problems, status, submissions

router = APIRouter(prefix="/api/v1")
for part in (problems, submissions, accounts, status):
    router.include_router(part.router)
