"""What `app.main` put on the application, for pages and API alike."""

from typing import cast

from fastapi import Request

from app.accounts.accounts import Accounts
from app.events.feed import Feed
from app.metrics.status_report import StatusReport
from app.store.problems import Problems
from app.submissions.service import Submissions


def accounts_of(request: Request) -> Accounts:
    return cast(Accounts, request.app.state.accounts)


def feed_of(request: Request) -> Feed:
    return cast(Feed, request.app.state.feed)


def problems_of(request: Request) -> Problems:
    return cast(Problems, request.app.state.problems)


def status_report_of(request: Request) -> StatusReport:
    return cast(StatusReport, request.app.state.status_report)


def submissions_of(request: Request) -> Submissions:
    return cast(Submissions, request.app.state.submissions)
