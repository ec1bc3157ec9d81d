"""Pay-outs: the bank transfer inside a refund's review, and another bank account where it failed (SPEC R-081).

Starting a pay-out is its approval. From then on only the bank's answer decides: that it has paid completes the request
(`refund_requests`), anything else is recorded here.
"""

from __future__ import annotations

from aggregates import ids
from aggregates.account import refunds
from aggregates.account.payouts import RefundNotCompleted
from api import shapes
from api.access import own_child
from api.ask import Ask
from api.bodies import DestinationBody, PayoutBody
from api.operation import writes
from ledger.commands.refunds import ChangeRefundDestination, FailPayout, LosePayout, ReturnPayout, StartPayout

OWN_REFUND = own_child("refund_id", "rfd")


@writes(
    "/v1/refund-requests/{refund_id}/payout",
    op="payout",
    scope="refunds:payout",
    rule=OWN_REFUND,
    body=PayoutBody,
    answer=shapes.RefundPayout,
    raises=(
        refunds.RefundResolved,
        refunds.PayoutInFlight,
        refunds.WrongRefundStatus,
        refunds.SecondApproverRequired,
        RefundNotCompleted,
    ),
)
def record_payout(ask: Ask, refund_id: str, body: PayoutBody) -> StartPayout | LosePayout | FailPayout | ReturnPayout:
    """Approve a pay-out before the bank is told, or record that its answer was lost, was no, or that money came back.

    Where money could be laundered, it is approved by another person than the reviewer and than who changed its bank
    account. Between started and the bank's definite answer nothing else happens to the request. Failed and returned
    keep the money pending, for another bank account, a rejection or a cancellation.
    """
    match body.result:
        case "started":
            return StartPayout(refund_id)
        case "unknown":
            return LosePayout(refund_id)
        case "failed":
            return FailPayout(refund_id, _code(body))
        case "returned":
            return ReturnPayout(refund_id, _code(body))


@writes(
    "/v1/refund-requests/{refund_id}/destination",
    op="refund_destination",
    scope="refunds:request",
    rule=OWN_REFUND,
    body=DestinationBody,
    answer=shapes.RefundPayout,
    raises=(refunds.RefundResolved, refunds.PayoutInFlight, refunds.WrongRefundStatus),
)
async def change_refund_destination(ask: Ask, refund_id: str, body: DestinationBody) -> ChangeRefundDestination:
    """Name another bank account after a failed or returned pay-out: the customer's act, never an operator's.

    The request is under review again; another person than the reviewer and than who sent this approves it.
    """
    await ask.house.engine.account(ids.account_of(refund_id))
    assert ask.key is not None, "a POST has a key"
    destination = await ask.house.vault.put_destination(
        ask.caller.principal, ask.key, account_number=body.account_number, holder=body.holder
    )
    return ChangeRefundDestination(refund_id, body.bank, destination, body.holder_is_member)


def _code(body: PayoutBody) -> str:
    assert body.code is not None, "the body requires it"
    return body.code
