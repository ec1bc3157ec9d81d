"""Withdrawals: collected money that goes to the payee's own bank account, under four eyes."""

from __future__ import annotations

from aggregates.account import standing
from aggregates.account import withdrawals as taking_out
from aggregates.collecting import withdrawal as own
from api import shapes
from api.access import filtered, own_account, own_child
from api.ask import Ask, page_reply
from api.bodies import ReasonBody
from api.collecting_bodies import WithdrawalBody
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.collecting.withdrawals import ApproveWithdrawal, RejectWithdrawal, RequestWithdrawal
from projections import withdrawals as withdrawals_view

OWN = own_child("withdrawal_id", own.PREFIX)


class WithdrawalsQuery(PageQuery):
    """Which withdrawals."""

    status: shapes.WithdrawalStatus | None = None


@writes(
    "/v1/accounts/{account_id}/withdrawals",
    scope="collections:write",
    rule=own_account,
    body=WithdrawalBody,
    answer=shapes.Withdrawal,
    status=201,
    raises=(*rules(taking_out), standing.AccountIsClosed, standing.AccountIsFrozen, standing.InvalidAmount),
)
async def request_withdrawal(ask: Ask, account_id: str, body: WithdrawalBody) -> RequestWithdrawal:
    """Ask that collected money goes to a bank account of the payee; another person approves it.

    It leaves what is collected at once, and comes back when it is refused or the bank does not take it.
    """
    await ask.house.engine.account(account_id)
    assert ask.key is not None, "a POST has a key"
    destination = await ask.house.vault.put_destination(
        ask.caller.principal, ask.key, account_number=body.account_number, holder=body.holder
    )
    return RequestWithdrawal(account_id, body.amount, body.bank, destination)


@writes(
    "/v1/withdrawals/{withdrawal_id}/approve",
    scope="withdrawals:decide",
    rule=OWN,
    answer=shapes.WithdrawalState,
    raises=rules(own),
)
def approve_withdrawal(ask: Ask, withdrawal_id: str) -> ApproveWithdrawal:
    """Approve a withdrawal as another person than the one who asked; the bank is told next."""
    return ApproveWithdrawal(withdrawal_id)


@writes(
    "/v1/withdrawals/{withdrawal_id}/reject",
    scope="withdrawals:decide",
    rule=OWN,
    body=ReasonBody,
    answer=shapes.WithdrawalState,
    raises=rules(own),
)
def reject_withdrawal(ask: Ask, withdrawal_id: str, body: ReasonBody) -> RejectWithdrawal:
    """Refuse a withdrawal; the money is collected money again."""
    return RejectWithdrawal(withdrawal_id, body.reason)


@reads(
    "/v1/withdrawals",
    scope="collections:read",
    rule=filtered,
    query=WithdrawalsQuery,
    answer=shapes.list_of(shapes.ListedWithdrawal),
)
async def list_withdrawals(ask: Ask, query: WithdrawalsQuery) -> Reply:
    """List the withdrawals of all accounts, newest first. A master's key sees its own account's."""
    async with ask.see("withdrawals") as (conn, position):
        page = await withdrawals_view.page(
            conn, account_id=ask.caller.account_id, status=query.status, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@reads(
    "/v1/withdrawals/{withdrawal_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.ListedWithdrawal,
    raises=(own.WithdrawalNotFound,),
)
async def get_withdrawal(ask: Ask, withdrawal_id: str) -> Reply:
    """Read a withdrawal, with the masked number of the bank account it goes to."""
    async with ask.see("withdrawals") as (conn, position):
        found, destination = await withdrawals_view.one(conn, withdrawal_id)
    shown = await ask.house.vault.masked_all([destination])
    return of_view({**found, "account_number": shown[destination]}, position)
