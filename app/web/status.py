"""How the service is doing: who grades, what waits, what failed. For admins."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from app.core.service_status import ServiceStatus
from app.http.authentication import admin_user
from app.http.services import status_report_of
from app.web.errors import PageRoute
from app.web.page import render_page
from app.web.status_words import concerns

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/status")
async def status(request: Request) -> Response:
    user = await admin_user(request)
    found: ServiceStatus = await status_report_of(request).read()
    return render_page(
        request,
        "status.html",
        user=user,
        status_now=found,
        concerns=concerns(found),
        read_at=datetime.now(UTC),
    )
