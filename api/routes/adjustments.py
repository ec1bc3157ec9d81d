"""Adjustments: corrections proposed by one operator and approved by another person (SPEC, four eyes)."""

from __future__ import annotations

from aggregates.account import funds, standing, transfers
from api import shapes
from api.access import own_account, own_child
from api.ask import Ask
from api.bodies import AdjustmentBody, EmptyBody, ReasonBody
from api.operation import writes
from api.refusals import rules
from ledger.commands.transfers import ApproveAdjustment, RejectAdjustment, RequestAdjustment


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
