"""Adjustments: corrections proposed by one operator and approved by another person (SPEC, four eyes)."""

from __future__ import annotations

from aggregates.account import funds, standing, transfers
from api import shapes
from api.access import own_account, own_child, unbound
from api.ask import Ask, page_reply
from api.bodies import AdjustmentBody, EmptyBody, ReasonBody
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply
from ledger.commands.transfers import ApproveAdjustment, RejectAdjustment, RequestAdjustment
from projections import adjustments as adjustments_view


class AdjustmentsQuery(PageQuery):
    """Which adjustments."""

    status: shapes.AdjustmentStatus | None = None


@writes(
    "/v1/accounts/{account_id}/adjustments",
    op="request_adjustment",
    scope="adjustments:write",
    rule=own_account,
    body=AdjustmentBody,
    answer=shapes.Adjustment,
    status=201,
    raises=rules(transfers, standing),
)
def request_adjustment(ask: Ask, account_id: str, body: AdjustmentBody) -> RequestAdjustment:
    """Propose a correction; no money moves yet."""
    return RequestAdjustment(account_id, body.amount, body.reason)


@reads(
    "/v1/accounts/{account_id}/adjustments",
    scope="adjustments:read",
    rule=own_account,
    query=AdjustmentsQuery,
    answer=shapes.list_of(shapes.ListedAdjustment),
)
async def list_adjustments(ask: Ask, account_id: str, query: AdjustmentsQuery) -> Reply:
    """List an account's corrections, newest first; `status=pending` are those that wait for an approver."""
    await ask.house.engine.account(account_id)
    return await _page(ask, account_id, query)


@reads(
    "/v1/adjustments",
    scope="adjustments:read",
    rule=unbound,
    query=AdjustmentsQuery,
    answer=shapes.list_of(shapes.ListedAdjustment),
)
async def list_all_adjustments(ask: Ask, query: AdjustmentsQuery) -> Reply:
    """List the corrections of all accounts, newest first; `status=pending` are those that wait for an approver."""
    return await _page(ask, None, query)


@writes(
    "/v1/adjustments/{adjustment_id}/approve",
    op="approve_adjustment",
    scope="adjustments:approve",
    rule=own_child("adjustment_id", "adj"),
    body=EmptyBody,
    answer=shapes.Adjustment,
    raises=rules(transfers, funds, standing),
)
def approve_adjustment(ask: Ask, adjustment_id: str, body: EmptyBody) -> ApproveAdjustment:
    """Approve a correction that another person proposed; the balance moves."""
    return ApproveAdjustment(adjustment_id)


@writes(
    "/v1/adjustments/{adjustment_id}/reject",
    op="reject_adjustment",
    scope="adjustments:approve",
    rule=own_child("adjustment_id", "adj"),
    body=ReasonBody,
    answer=shapes.Adjustment,
    raises=rules(transfers, standing),
)
def reject_adjustment(ask: Ask, adjustment_id: str, body: ReasonBody) -> RejectAdjustment:
    """Turn a correction down."""
    return RejectAdjustment(adjustment_id, body.reason)


async def _page(ask: Ask, account_id: str | None, query: AdjustmentsQuery) -> Reply:
    async with ask.see("adjustments") as (conn, position):
        page = await adjustments_view.page(
            conn, account_id, status=query.status, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)
