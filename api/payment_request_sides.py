"""What the routes of payment requests share: which request may be seen by whom, and what a caller acts as."""

from __future__ import annotations

from datetime import date
from typing import Any

from aggregates import ids
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import payment_request_parts as parts
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import RequestNotFound, Side, Terms, Via
from aggregates.dates import business_date, last_day_within
from api.access import shared
from api.ask import Ask
from api.payment_request_bodies import TermsBody
from api.payment_request_papers import Papers
from api.refusals import rules
from ledger import attachments
from ledger.vault.request_papers import AttachmentNotFound
from projections import obligations as obligations_view
from projections import payment_requests as requests_view

ONE = shared("request_id", parts.PREFIX)
RULES = rules(parts)
TERMS_RULES = (AttachmentNotFound, attachments.AttachmentNameMismatch, CurrencyMismatch)

HISTORY_MAX = 2_000
"""Facts of one request that are shown; its changes are bounded, its payments are few."""


async def found(ask: Ask, request_id: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return row, shape and position of a request of which the caller may know; words stand there by their tokens.

    Raises:
        RequestNotFound: there is none, or the caller's account is neither side of it.
    """
    async with ask.see("payment_requests", "obligations") as (conn, position):
        row = await requests_view.find(conn, request_id, today(ask))
        obligation_id = row["obligation_id"]
        obligation = None if obligation_id is None else await obligations_view.one(conn, obligation_id)
    own = ask.caller.account_id
    if own is not None and own not in (row["account_id"], row["payer_account_id"]):
        raise RequestNotFound("there is no such payment request")
    shape = requests_view.whole(row, today(ask))
    shape["payments"] = [] if obligation is None else obligation["payments"]
    return row, shape, position


def streams_of(shape: dict[str, Any]) -> list[Any]:
    """Return the streams on which all stands that the ledger knows of a request's money."""
    names = [shape["id"], shape["obligation_id"], *(payment["id"] for payment in shape["payments"])]
    return [ids.stream_id(name) for name in names if name is not None]


async def taken_terms(ask: Ask, request_id: str, body: TermsBody, side: Side | None) -> tuple[Papers, Terms]:
    """Take in new terms of a request, with files that go with it already or are of the side that brings them.

    Args:
        side: which one; None = that of the caller's account.

    Raises:
        RequestNotFound: there is none, or the caller's account is neither side of it. As of `Papers.terms`.
    """
    engine, own = ask.house.engine, ask.caller.account_id
    await engine.freshen(request_id)
    await engine.warm_up([(PaymentRequest, request_id)])
    request = engine.warm.get(ids.stream_id(request_id))
    if not isinstance(request, PaymentRequest) or not request.version:
        raise RequestNotFound("there is no such payment request")
    is_payers = (request.side_of(own) if own is not None else side) == "payer"
    owner = (request.payer_account_id if is_payers else None) or request.account_id
    known = [*request.terms.attachments, *(request.amendment.terms.attachments if request.amendment else ())]
    await ask.check_currency({"body": body, "account_id": request.account_id})
    papers = Papers(ask, last_day(ask, body.due_on))
    terms = await papers.terms(body, owner, known)
    await papers.keep(request.contact)
    return papers, terms


def last_day(ask: Ask, due_on: date) -> date:
    """Return the last KST day on which a request with a due date can be answered."""
    return last_day_within(due_on, ask.house.request_expiry_days)


def today(ask: Ask) -> date:
    """Return the KST date of now."""
    return business_date(ask.now())


def via_of(ask: Ask) -> Via:
    """Return how the caller acts: by a key of an account of its own, or for somebody."""
    return "service" if ask.caller.account_id is None else "account"
