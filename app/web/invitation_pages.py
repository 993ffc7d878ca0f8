"""Invitations to sign up, for admins: making one, seeing what became of them, taking one back."""

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts.credentials import new_secret
from app.accounts.invitations import MOST_DAYS, MOST_USES, NAME_LIMIT, Invitations, NewInvitation
from app.core.user import User
from app.errors import AccountError
from app.http.authentication import Admin
from app.http.forms import read_form
from app.http.responses import meaning_of, retry_after_seconds
from app.http.services import AccountsService, InvitationsService
from app.store.queries.invitations import Invitation, InvitationState
from app.web.errors import PageRoute
from app.web.outcome_words import OutcomeWords, Tone
from app.web.rendering import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_STATE_WORDS = {
    InvitationState.OPEN: ("Open", Tone.RIGHT, "Whoever has its link may sign up."),
    InvitationState.USED_UP: ("Used up", Tone.NEUTRAL, "As many have signed up by it as may."),
    InvitationState.EXPIRED: ("Expired", Tone.NEUTRAL, "Its time is over."),
    InvitationState.REVOKED: ("Revoked", Tone.NEUTRAL, "It was taken back; accounts made by it stay."),
}


class _Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form."""

    name: str = ""
    uses: str = "1"
    days: str = "14"


@router.get("/invitations")
async def invitations_page(
    request: Request, user: Admin, accounts: AccountsService, invitations: InvitationsService
) -> Response:
    return await _page(request, user, accounts.sign_up_rule.needs, invitations)


@router.post("/invitations")
async def invite(
    request: Request, user: Admin, accounts: AccountsService, invitations: InvitationsService
) -> Response:
    """Show the new link right here: it is readable this once, so it may not pass through an address.

    The secret comes with the form, so that a form that is sent twice makes one invitation.
    """
    form = await read_form(request)
    typed = _Typed(**{name: str(form.get(name, "")) for name in _Typed.__struct_fields__})
    needs = accounts.sign_up_rule.needs
    try:
        made = await invitations.invite(
            name=typed.name,
            uses=_whole_number(typed.uses),
            days=_whole_number(typed.days),
            secret=str(form.get("secret", "")),
        )
    except AccountError as refusal:
        return await _page(request, user, needs, invitations, typed=typed, refusal=refusal)
    return await _page(request, user, needs, invitations, made=made)


@router.post("/invitations/{invitation_id}/revoke")
async def revoke(invitation_id: str, user: Admin, invitations: InvitationsService) -> Response:
    await invitations.revoke(invitation_id)
    return RedirectResponse("/invitations", status_code=303)


async def _page(
    request: Request,
    user: User,
    needs: str,
    invitations: Invitations,
    *,
    typed: _Typed | None = None,
    made: NewInvitation | None = None,
    refusal: AccountError | None = None,
) -> Response:
    return render_page(
        request,
        "invitations.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        retry_after_seconds=retry_after_seconds(refusal),
        listed=await invitations.newest(),
        state_words=state_words,
        needs=needs,
        typed=typed or _Typed(),
        name_limit=NAME_LIMIT,
        most_uses=MOST_USES,
        most_days=MOST_DAYS,
        secret=new_secret(),
        link="" if made is None else f"{str(request.base_url).rstrip('/')}{made.path}",
        refusal=refusal.message if refusal else "",
    )


def state_words(invitation: Invitation) -> OutcomeWords:
    """Return how it is said and drawn whether somebody may still sign up by it."""
    word, tone, sentence = _STATE_WORDS[invitation.state(datetime.now(UTC))]
    return OutcomeWords(word=word, tone=tone, sentence=sentence)


def _whole_number(text: str) -> int:
    """Return the number, or 0, which is nowhere allowed; `²` is a digit to Python and no number."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 10 else 0
