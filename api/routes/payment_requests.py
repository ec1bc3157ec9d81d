"""Payment requests: ask for money, answer, change what was agreed, pay; and the whole history of it (SPEC 9).

A key that is bound to an account acts for the side that its account is; internal services and operators act for both.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from aggregates import ids
from aggregates.account import standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import obligation as due
from aggregates.collecting import payment_request_parts as parts
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import RequestNotFound, Side, Terms, Via
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Malformed, Rejected
from api.access import filtered, shared
from api.ask import Ask, page_reply
from api.operation import operation, reads, writes
from api.owners import OwnerQuery, account_of, reading_of
from api.payment_request_bodies import (
    AcceptBody,
    AmendmentBody,
    ClaimBody,
    PaymentRequestBody,
    PaymentRequestsQuery,
    RejectAmendmentBody,
    RejectBody,
    RequestPaymentBody,
    SideBody,
    TermsBody,
)
from api.payment_request_papers import CounterpartyInvalid, Papers, link_of, with_contacts, with_words
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.payments import GatewayNotConfigured
from api.shapes import payment_requests as shapes
from api.shapes.base import list_of
from api.shapes.obligations import CollectionPayment
from ledger import attachments
from ledger.commands.collecting.payment_requests import (
    AcceptAmendment,
    AcceptPaymentRequest,
    BindPaymentRequest,
    PayPaymentRequest,
    ProposeAmendment,
    RejectAmendment,
    RejectPaymentRequest,
    RevisePaymentRequest,
    SendPaymentRequest,
    WithdrawAmendment,
    WithdrawPaymentRequest,
)
from ledger.vault import LinkNotFound
from ledger.vault.request_papers import AttachmentNotFound
from projections import obligations as obligations_view
from projections import payment_requests as requests_view

ONE = shared("request_id", parts.PREFIX)
RULES = (RequestNotFound, *rules(parts), *rules(standing))
TERMS_RULES = (AttachmentNotFound, attachments.AttachmentNameMismatch, CurrencyMismatch)
HISTORY_MAX = 2_000
"""Facts of one request that are shown; its changes are bounded, its payments are few."""


class LinkNotOpened(Rejected):
    """The link leads nowhere, is locked, or the digits are not those of the person it was sent to."""

    code = "link_not_opened"


@operation(
    "POST",
    "/v1/payment-requests",
    scope="collections:write",
    rule=filtered,
    body=PaymentRequestBody,
    answer=shapes.PaymentRequestSent,
    status=201,
    raises=(CounterpartyInvalid, *TERMS_RULES, *RULES),
)
async def send_payment_request(ask: Ask, body: PaymentRequestBody) -> Reply:
    """Ask an account or a person for money; they are told at once, a person with a link to their own page.

    Whoever is asked accepts or rejects it; without an answer it expires 30 days after the due date.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    await ask.check_currency({"body": body, "account_id": account_id})
    expiry_days, asked = ask.house.request_expiry_days, body.counterparty
    if asked.account_id is not None and (asked.name or asked.phone or asked.email):
        raise Malformed("counterparty takes an account_id or a person, not both", field="counterparty")
    papers = Papers(ask, _until(ask, body.due_on))
    terms = await papers.terms(body, account_id)
    contact = await papers.contact(asked) if asked.account_id is None else None
    command = SendPaymentRequest(account_id, asked.account_id, contact, terms, body.reference, expiry_days)
    return await papers.submit(command, body)


@reads(
    "/v1/payment-requests",
    scope="collections:read",
    rule=filtered,
    query=PaymentRequestsQuery,
    answer=list_of(shapes.ListedPaymentRequest),
)
async def list_payment_requests(ask: Ask, query: PaymentRequestsQuery) -> Reply:
    """List payment requests, newest first. A bound key sees those in which its account asks or is asked."""
    account_id = query.account_id
    if ask.caller.account_id is not None or account_id is not None:
        account_id = await account_of(ask, OwnerQuery(account_id=account_id))
    overdue = None if query.overdue is None else query.overdue == "true"
    async with ask.see("payment_requests", "obligations") as (conn, position):
        items, next_cursor = await requests_view.page(
            conn,
            today=_today(ask),
            account_id=account_id,
            side=query.side,
            status=query.status,
            overdue=overdue,
            cursor=query.cursor,
            limit=query.limit,
        )
    await with_contacts(ask, items)
    return page_reply((items, next_cursor), position)


@reads(
    "/v1/payment-requests/{request_id}",
    scope="collections:read",
    rule=ONE,
    answer=shapes.PaymentRequest,
    raises=(RequestNotFound,),
)
async def get_payment_request(ask: Ask, request_id: str) -> Reply:
    """Read a request with its versions, changes, payments and its whole history."""
    row, shape, position = await found(ask, request_id)
    await with_contacts(ask, [shape])
    await with_words(ask, shape, reading_of(ask, "show a payment request"))
    shape["link"] = await link_of(ask, row)
    shape["history"] = [
        {
            "position": fact["position"],
            "block": fact["block"],
            "at": fact["fact"]["occurred_at"],
            "topic": fact["topic"],
            "digest": fact["hash"],
            "fact": fact["fact"],
        }
        for fact in await ask.house.facts.sealed(streams_of(shape), position, HISTORY_MAX)
    ]
    return of_view(shape, position)


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/versions",
    scope="collections:write",
    rule=ONE,
    body=TermsBody,
    answer=shapes.PaymentRequestStep,
    raises=(*TERMS_RULES, *RULES),
)
async def revise_payment_request(ask: Ask, request_id: str, body: TermsBody) -> Reply:
    """Replace what is asked for by a new version, before there is an answer; the old ones are kept."""
    papers, terms, _ = await _changed(ask, request_id, body, "payee")
    return await papers.submit(RevisePaymentRequest(request_id, ask.caller.account_id, terms), body)


@writes(
    "/v1/payment-requests/{request_id}/accept",
    op="accept_payment_request",
    scope="collections:write",
    rule=ONE,
    body=AcceptBody,
    answer=shapes.PaymentRequestStep,
    raises=RULES,
)
async def accept_payment_request(ask: Ask, request_id: str, body: AcceptBody) -> AcceptPaymentRequest:
    """Agree to owe what a version asks for; from now on it can be paid, whole or in parts."""
    return AcceptPaymentRequest(request_id, ask.caller.account_id, body.version, _via(ask))


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/reject",
    scope="collections:write",
    rule=ONE,
    body=RejectBody,
    answer=shapes.PaymentRequestStep,
    raises=RULES,
)
async def reject_payment_request(ask: Ask, request_id: str, body: RejectBody) -> Reply:
    """Say no, with a reason: a code, and words that are kept in the vault."""
    papers = Papers(ask, _today(ask))
    text = await papers.text(body.text)
    command = RejectPaymentRequest(request_id, ask.caller.account_id, body.version, body.code, text, _via(ask))
    return await papers.submit(command, body)


@writes(
    "/v1/payment-requests/{request_id}/withdraw",
    op="withdraw_payment_request",
    scope="collections:write",
    rule=ONE,
    answer=shapes.PaymentRequestStep,
    raises=RULES,
)
async def withdraw_payment_request(ask: Ask, request_id: str) -> WithdrawPaymentRequest:
    """Ask no more, before there is an answer."""
    return WithdrawPaymentRequest(request_id, ask.caller.account_id)


@operation(
    "POST",
    "/v1/payment-requests/claims",
    scope="collections:write",
    rule=filtered,
    body=ClaimBody,
    answer=shapes.PaymentRequestBound,
    raises=(LinkNotOpened, *RULES),
)
async def claim_payment_request(ask: Ask, body: ClaimBody) -> Reply:
    """Show a request to be that of an account: by the link that was sent, and the last digits of the phone.

    After five wrong tries the link is locked. From then on the account accepts, rejects, amends and pays it.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    links = ask.house.vault.public_links
    try:
        link = await links.open(body.link)
    except LinkNotFound:
        raise LinkNotOpened("the link leads to no payment request") from None
    if link.subject is None or not link.thing_id.startswith(f"{parts.PREFIX}_"):
        raise LinkNotOpened("the link leads to no payment request")
    checked = await links.check(body.link, body.digits or "")
    if not checked.ok:
        raise LinkNotOpened("the link is not opened by these digits, or is locked", tries_left=checked.tries_left)
    command = BindPaymentRequest(link.thing_id, account_id, "account")
    return of_outcome(await ask.house.engine.submit(command, ask.call(body)))


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/amendments",
    scope="collections:write",
    rule=ONE,
    body=AmendmentBody,
    answer=shapes.AmendmentStep,
    status=201,
    raises=(*TERMS_RULES, *RULES),
)
async def propose_amendment(ask: Ask, request_id: str, body: AmendmentBody) -> Reply:
    """Propose to change what was agreed; it changes when the other side accepts, and not before."""
    papers, terms, side = await _changed(ask, request_id, body, _side(ask, body.side))
    command = ProposeAmendment(request_id, ask.caller.account_id, side, terms, _via(ask))
    return await papers.submit(command, body)


@writes(
    "/v1/payment-requests/{request_id}/amendments/{number}/accept",
    scope="collections:write",
    rule=ONE,
    body=SideBody,
    answer=shapes.AmendmentStep,
    raises=(*rules(due), *RULES),
)
async def accept_amendment(ask: Ask, request_id: str, number: str, body: SideBody) -> AcceptAmendment:
    """Agree to the change that the other side has proposed: it is a new version, and what is owed now."""
    side = _side(ask, body.side)
    return AcceptAmendment(request_id, ask.caller.account_id, side, _number(number), _via(ask))


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/amendments/{number}/reject",
    scope="collections:write",
    rule=ONE,
    body=RejectAmendmentBody,
    answer=shapes.AmendmentStep,
    raises=RULES,
)
async def reject_amendment(ask: Ask, request_id: str, number: str, body: RejectAmendmentBody) -> Reply:
    """Say no to a change, with a reason; what was agreed holds."""
    side, which = _side(ask, body.side), _number(number)
    papers = Papers(ask, _today(ask))
    text = await papers.text(body.text)
    command = RejectAmendment(request_id, ask.caller.account_id, side, which, body.code, text, _via(ask))
    return await papers.submit(command, body)


@writes(
    "/v1/payment-requests/{request_id}/amendments/{number}/withdraw",
    scope="collections:write",
    rule=ONE,
    body=SideBody,
    answer=shapes.AmendmentStep,
    raises=RULES,
)
async def withdraw_amendment(ask: Ask, request_id: str, number: str, body: SideBody) -> WithdrawAmendment:
    """Take back a change that one has proposed oneself."""
    side = _side(ask, body.side)
    return WithdrawAmendment(request_id, ask.caller.account_id, side, _number(number), _via(ask))


@writes(
    "/v1/payment-requests/{request_id}/payments",
    scope="collections:write",
    rule=ONE,
    body=RequestPaymentBody,
    answer=CollectionPayment,
    status=201,
    raises=(GatewayNotConfigured, CurrencyMismatch, *rules(due), *RULES),
)
async def pay_payment_request(ask: Ask, request_id: str, body: RequestPaymentBody) -> PayPaymentRequest:
    """Start a payment of an accepted request at the gateway, whole or in part, as its payer.

    It is paid once it has settled, or once the payee confirms what was paid elsewhere; never by the payer's word.
    """
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; the payee confirms what was paid elsewhere")
    await ask.check_currency({"body": body, "account_id": ids.account_of(request_id)})
    return PayPaymentRequest(request_id, ask.caller.account_id, body.amount, body.method)


async def found(ask: Ask, request_id: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return row, shape and position of a request of which the caller may know; words stand there by their tokens.

    Raises:
        RequestNotFound: there is none, or the caller's account is neither side of it.
    """
    async with ask.see("payment_requests", "obligations") as (conn, position):
        row = await requests_view.find(conn, request_id, _today(ask))
        obligation_id = row["obligation_id"]
        obligation = None if obligation_id is None else await obligations_view.one(conn, obligation_id)
    own = ask.caller.account_id
    if own is not None and own not in (row["account_id"], row["payer_account_id"]):
        raise RequestNotFound("there is no such payment request")
    shape = requests_view.whole(row, _today(ask))
    shape["payments"] = [] if obligation is None else obligation["payments"]
    return row, shape, position


def streams_of(shape: dict[str, Any]) -> list[Any]:
    """Return the streams on which all stands that the ledger knows of a request's money."""
    names = [shape["id"], shape["obligation_id"], *(payment["id"] for payment in shape["payments"])]
    return [ids.stream_id(name) for name in names if name is not None]


async def _changed(ask: Ask, request_id: str, body: TermsBody, side: Side | None) -> tuple[Papers, Terms, Side | None]:
    """Take in new terms of a request, with files that go with it already or are of the side that brings them.

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
    papers = Papers(ask, _until(ask, body.due_on))
    terms = await papers.terms(body, owner, known)
    await papers.keep(request.contact)
    return papers, terms, side


def _until(ask: Ask, due_on: date) -> date:
    return last_day_within(due_on, ask.house.request_expiry_days)


def _today(ask: Ask) -> date:
    return business_date(ask.now())


def _via(ask: Ask) -> Via:
    return "service" if ask.caller.account_id is None else "account"


def _side(ask: Ask, side: Side | None) -> Side | None:
    """Return for which side somebody acts; None = the decision tells by the account. Raises: Malformed."""
    if side is None and ask.caller.account_id is None:
        raise Malformed("side is needed: the key is bound to neither side", field="side")
    return side


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise parts.AmendmentUnknown("no such change waits for an answer")
    return int(text)
