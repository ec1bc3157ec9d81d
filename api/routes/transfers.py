"""Transfers between two accounts: both movements in one commit."""

from __future__ import annotations

from aggregates.account import funds, standing
from aggregates.account import transfers as transfer_rules
from api import shapes
from api.access import unbound
from api.ask import Ask
from api.bodies import TransferBody
from api.operation import writes
from api.refusals import rules
from ledger.commands.transfers import Transfer


@writes(
    "/v1/transfers",
    op="transfer",
    scope="transfers:write",
    rule=unbound,
    body=TransferBody,
    answer=shapes.Transfer,
    status=201,
    raises=rules(transfer_rules, funds, standing),
)
def transfer(ask: Ask, body: TransferBody) -> Transfer:
    """Move money from one prepaid account to another."""
    return Transfer(body.from_account_id, body.to_account_id, body.amount, body.reference)
