"""Refund requests: prepaid money on its way back to a bank account.

The account number goes to the vault before anything is recorded; facts hold its token, answers its last digits.
"""

from __future__ import annotations

from typing import Any

from aggregates.account import funds, refund_terms, refunds, standing
from api import shapes
from api.access import filtered, own_account, own_child
from api.ask import Ask, page_reply
from api.bodies import OptionalReasonBody, RefundRequestBody
from api.fields import PageQuery, Query, QueryAmount
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.refunds import (
    CancelRefund,
    CompleteRefund,
    RejectRefund,
    RequestRefund,
    ReviewRefund,
    preview_json,
)
from projections import refund_requests as refunds_view

OWN_REFUND = own_child("refund_id", "rfd")
RULES = rules(refunds, refund_terms, funds, standing)


class RefundsQuery(PageQuery):
    """Which refund requests."""

    status: shapes.RefundStatus | None = None


class PreviewQuery(Query):
    """How much would be asked for."""

    amount: QueryAmount


@reads(
    "/v1/accounts/{account_id}/refund-preview",
    scope="refunds:read",
    rule=own_account,
    query=PreviewQuery,
    answer=shapes.RefundPreview,
    raises=RULES,
)
async def preview_refund(ask: Ask, account_id: str, query: PreviewQuery) -> Reply:
    """Say what a refund request would pay out now, from which lots, by which rule."""
    account, position = await ask.account(account_id)
    preview = refunds.preview(account, query.amount, ask.now())
    return of_view(preview_json(preview), position)


@writes(
    "/v1/accounts/{account_id}/refund-requests",
    op="refund_request",
    scope="refunds:request",
    rule=own_account,
    body=RefundRequestBody,
    answer=shapes.RefundRequest,
    status=201,
    raises=RULES,
)
async def request_refund(ask: Ask, account_id: str, body: RefundRequestBody) -> RequestRefund:
    """Ask for money back; it leaves the balance at once, and fee and lots are pinned."""
    await ask.house.engine.account(account_id)
    assert ask.key is not None, "a POST has a key"
    destination = await ask.house.vault.put_destination(
        ask.caller.principal, ask.key, account_number=body.account_number, holder=body.holder
    )
    return RequestRefund(
        account_id,
        body.amount,
        body.bank,
        destination,
        body.holder_is_member,
        body.reason,
        tuple(body.attachments),
    )


@reads(
    "/v1/accounts/{account_id}/refund-requests",
    scope="refunds:read",
    rule=own_account,
    query=RefundsQuery,
    answer=shapes.list_of(shapes.ListedRefundRequest),
)
async def list_refund_requests(ask: Ask, account_id: str, query: RefundsQuery) -> Reply:
    """List an account's refund requests, newest first."""
    await ask.house.engine.account(account_id)
    return await _page(ask, account_id, query)


@reads(
    "/v1/refund-requests",
    scope="refunds:read",
    rule=filtered,
    query=RefundsQuery,
    answer=shapes.list_of(shapes.ListedRefundRequest),
)
async def list_all_refund_requests(ask: Ask, query: RefundsQuery) -> Reply:
    """List the refund requests of all accounts, newest first. A master's key sees its own account's."""
    return await _page(ask, ask.caller.account_id, query)


@reads("/v1/refund-requests/{refund_id}", scope="refunds:read", rule=OWN_REFUND, answer=shapes.ListedRefundRequest)
async def get_refund_request(ask: Ask, refund_id: str) -> Reply:
    """Read one refund request."""
    async with ask.see("refund_requests") as (conn, position):
        found = await refunds_view.one(conn, refund_id)
    await _mask(ask, [found])
    return of_view(found, position)


@writes(
    "/v1/refund-requests/{refund_id}/review",
    op="review_refund",
    scope="refunds:review",
    rule=OWN_REFUND,
    body=OptionalReasonBody,
    answer=shapes.RefundDecision,
    raises=RULES,
)
def review_refund(ask: Ask, refund_id: str, body: OptionalReasonBody) -> ReviewRefund:
    """Take a request into review."""
    return ReviewRefund(refund_id, body.reason)


@writes(
    "/v1/refund-requests/{refund_id}/complete",
    op="complete_refund",
    scope="refunds:review",
    rule=OWN_REFUND,
    body=OptionalReasonBody,
    answer=shapes.RefundDecision,
    raises=RULES,
)
def complete_refund(ask: Ask, refund_id: str, body: OptionalReasonBody) -> CompleteRefund:
    """Record that the payout was paid; where money could be laundered, by another person than the reviewer."""
    return CompleteRefund(refund_id, body.reason)


@writes(
    "/v1/refund-requests/{refund_id}/reject",
    op="reject_refund",
    scope="refunds:review",
    rule=OWN_REFUND,
    body=OptionalReasonBody,
    answer=shapes.RefundDecision,
    raises=RULES,
)
def reject_refund(ask: Ask, refund_id: str, body: OptionalReasonBody) -> RejectRefund:
    """Refuse a request; the money goes back to its lots."""
    return RejectRefund(refund_id, body.reason)


@writes(
    "/v1/refund-requests/{refund_id}/cancel",
    op="cancel_refund",
    scope="refunds:cancel",
    rule=OWN_REFUND,
    body=OptionalReasonBody,
    answer=shapes.RefundDecision,
    raises=RULES,
)
def cancel_refund(ask: Ask, refund_id: str, body: OptionalReasonBody) -> CancelRefund:
    """Withdraw a request: the customer before the review, an operator also during it."""
    return CancelRefund(refund_id, body.reason, ask.caller.role != "operator")


async def _page(ask: Ask, account_id: str | None, query: RefundsQuery) -> Reply:
    async with ask.see("refund_requests") as (conn, position):
        items, next_cursor = await refunds_view.page(
            conn, account_id, status=query.status, cursor=query.cursor, limit=query.limit
        )
    await _mask(ask, items)
    return page_reply((items, next_cursor), position)


async def _mask(ask: Ask, items: list[dict[str, Any]]) -> None:
    """Put the last digits of each account number into the place of its token."""
    shown = await ask.house.vault.masked_all(item["destination"] for item in items) if items else {}
    for item in items:
        item["account_number"] = shown[item.pop("destination")]
