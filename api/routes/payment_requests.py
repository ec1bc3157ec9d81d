"""Payment requests: ask for money, answer, change what was agreed, pay; and the whole history of it (SPEC 9).

A key that is bound to an account acts for the side that its account is; internal services and operators act for both.
"""

from __future__ import annotations

from aggregates import ids
from aggregates.account.standing import AccountIsClosed
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import obligation_parts as due
from aggregates.collecting import payment_request_parts as parts
from aggregates.collecting.payment_request_parts import RequestNotFound
from aggregates.errors import Malformed, Rejected
from api.access import filtered
from api.ask import Ask, page_reply
from api.operation import operation, reads, writes
from api.owners import OwnerQuery, account_of, reading_of
from api.payment_request_bodies import (
    AcceptBody,
    ClaimBody,
    PaymentRequestBody,
    PaymentRequestsQuery,
    RejectBody,
    RequestPaymentBody,
    TermsBody,
)
from api.payment_request_papers import CounterpartyInvalid, Papers, link_of, with_contacts, with_words
from api.payment_request_sides import (
    HISTORY_MAX,
    ONE,
    RULES,
    TERMS_RULES,
    found,
    last_day,
    streams_of,
    taken_terms,
    today,
    via_of,
)
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.payments import GatewayNotConfigured
from api.shapes import payment_requests as shapes
from api.shapes.base import list_of
from api.shapes.obligations import CollectionPayment
from ledger.commands.collecting.payment_requests import (
    AcceptPaymentRequest,
    BindPaymentRequest,
    RejectPaymentRequest,
    RevisePaymentRequest,
    SendPaymentRequest,
    WithdrawPaymentRequest,
)
from ledger.commands.collecting.request_money import PayPaymentRequest
from ledger.vault import LinkNotFound
from projections import payment_requests as requests_view


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
    raises=(CounterpartyInvalid, AccountIsClosed, *TERMS_RULES, *RULES),
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
    papers = Papers(ask, last_day(ask, body.due_on))
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
            today=today(ask),
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
    papers, terms = await taken_terms(ask, request_id, body, "payee")
    return await papers.submit(RevisePaymentRequest(request_id, ask.caller.account_id, terms), body)


@writes(
    "/v1/payment-requests/{request_id}/accept",
    op="accept_payment_request",
    scope="collections:write",
    rule=ONE,
    body=AcceptBody,
    answer=shapes.PaymentRequestStep,
    raises=(AccountIsClosed, *RULES),
)
async def accept_payment_request(ask: Ask, request_id: str, body: AcceptBody) -> AcceptPaymentRequest:
    """Agree to owe what a version asks for; from now on it can be paid, whole or in parts."""
    return AcceptPaymentRequest(request_id, ask.caller.account_id, body.version, via_of(ask))


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
    papers = Papers(ask, today(ask))
    text = await papers.text(body.text)
    command = RejectPaymentRequest(request_id, ask.caller.account_id, body.version, body.code, text, via_of(ask))
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
    raises=(LinkNotOpened, AccountIsClosed, *RULES),
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


@writes(
    "/v1/payment-requests/{request_id}/payments",
    scope="collections:write",
    rule=ONE,
    body=RequestPaymentBody,
    answer=CollectionPayment,
    status=201,
    raises=(GatewayNotConfigured, CurrencyMismatch, AccountIsClosed, *rules(due), *RULES),
)
async def pay_payment_request(ask: Ask, request_id: str, body: RequestPaymentBody) -> PayPaymentRequest:
    """Start a payment of an accepted request at the gateway, whole or in part, as its payer.

    It is paid once it has settled, or once the payee confirms what was paid elsewhere; never by the payer's word.
    """
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; the payee confirms what was paid elsewhere")
    await ask.check_currency({"body": body, "account_id": ids.account_of(request_id)})
    return PayPaymentRequest(request_id, ask.caller.account_id, body.amount, body.method)
