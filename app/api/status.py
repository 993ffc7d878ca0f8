"""How the service is doing, for admins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.described import SIGNED_IN, answers
from app.core.service_status import ServiceStatus
from app.core.user import User
from app.http.authentication import admin_user
from app.http.json_answer import JsonAnswer
from app.http.services import status_report_of

router = APIRouter(tags=["operators"])


@router.get(
    "/status",
    summary="Workers, queue, last failures, versions; for admins",
    responses=answers(ServiceStatus, says="How the service is doing."),
    openapi_extra=SIGNED_IN,
)
async def read_status(request: Request, _: Annotated[User, Depends(admin_user)]) -> Response:
    return JsonAnswer(await status_report_of(request).read())
