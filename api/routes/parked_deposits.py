"""Parked deposits: money that arrived where it could not be booked, until an operator decides (SPEC R-062)."""

from __future__ import annotations

from aggregates.account import deposits, standing
from api import shapes
from api.access import own_account
from api.ask import Ask, page_reply
from api.bodies import ReasonBody
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply
from ledger.commands.deposits import CreditParkedDeposit, ReturnParkedDeposit


@writes(
    "/v1/accounts/{account_id}/parked-deposits/{deposit_id}/credit",
    op="credit_parked_deposit",
    scope="deposits:manage",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.ParkedDeposit,
    raises=rules(deposits, standing),
)
def credit_parked_deposit(ask: Ask, account_id: str, deposit_id: str, body: ReasonBody) -> CreditParkedDeposit:
    """Put parked money on the account."""
    return CreditParkedDeposit(account_id, deposit_id, body.reason)


@writes(
    "/v1/accounts/{account_id}/parked-deposits/{deposit_id}/return",
    op="return_parked_deposit",
    scope="deposits:manage",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.ParkedDeposit,
    raises=rules(deposits, standing),
)
def return_parked_deposit(ask: Ask, account_id: str, deposit_id: str, body: ReasonBody) -> ReturnParkedDeposit:
    """Send parked money back to where it came from."""
    return ReturnParkedDeposit(account_id, deposit_id, body.reason)


@reads(
    "/v1/accounts/{account_id}/parked-deposits",
    scope="charges:read",
    rule=own_account,
    answer=shapes.list_of(shapes.ParkedDeposit),
)
async def list_parked_deposits(ask: Ask, account_id: str) -> Reply:
    """List what is parked on an account now, newest first."""
    account, position = await ask.account(account_id)
    items = [
        {
            "id": deposit_id,
            "account_id": account_id,
            "charge_id": parked.charge_id,
            "amount": parked.amount_minor,
            "currency": account.currency,
            "status": "parked",
        }
        for deposit_id, parked in reversed(account.parked.items())
    ]
    return page_reply((items, None), position)
