"""Withdrawals: an approved one is sent to the bank, and the bank's definite answer is recorded.

The bank is asked before it is told, and told under the withdrawal's own id, so nothing is paid twice; without an answer
it is asked again.
"""

from __future__ import annotations

from typing import Any

import structlog

from aggregates.collecting.withdrawal import PREFIX
from ledger.command import Command
from ledger.commands.collecting.withdrawals import FailWithdrawal, PayWithdrawal, ReturnWithdrawal
from ledger.ports.errors import PortUnavailable
from ledger.ports.payouts import BankAccount, Transfer, TransferChange
from ledger.vault import Reading, SubjectNotFound
from projections import withdrawals
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "withdrawals"
PAGE = 50
READING = Reading(f"reaction:{NAME}", "pay out collected money")


async def react(bench: Bench) -> int:
    """Bring withdrawals that are under way, and transfers that came back, into the books, a page of each."""
    async with bench.see() as connection:
        paying = await withdrawals.paying(connection, limit=PAGE)
    done = 0
    for row in paying:
        try:
            done += await _pay(bench, row)
        except PortUnavailable:
            log.info("the bank did not answer; it is asked again", withdrawal=row["withdrawal_id"])
    return done + await cursors.follow(bench, NAME, bench.ports.payouts.changes, lambda change: _changed(bench, change))


REACTION = Reaction(NAME, every_s=0.5, step=react, hinted_by="payouts")


async def _pay(bench: Bench, row: dict[str, Any]) -> bool:
    """Pay one withdrawal, or learn what became of it; return whether something new was recorded.

    Raises:
        PortUnavailable: no answer.
    """
    withdrawal_id = row["withdrawal_id"]
    known = await bench.ports.payouts.status(withdrawal_id)
    if known.status == "absent":
        try:
            fields = await bench.vault.get(row["destination"], READING)
        except SubjectNotFound:
            return await _do(bench, f"{withdrawal_id}:failed", FailWithdrawal(withdrawal_id, "destination_erased"))
        account = BankAccount(row["bank"], fields["account_number"], fields["holder"])
        known = await bench.ports.payouts.transfer(account, row["amount_minor"], row["currency"], withdrawal_id)
    return await _record(bench, withdrawal_id, known)


async def _record(bench: Bench, withdrawal_id: str, known: Transfer) -> bool:
    match known.status:
        case "done" | "returned":
            return await _do(bench, f"{withdrawal_id}:paid", PayWithdrawal(withdrawal_id, withdrawal_id))
        case "failed":
            return await _do(bench, f"{withdrawal_id}:failed", FailWithdrawal(withdrawal_id, known.code or "failed"))
        case _:
            return False


async def _changed(bench: Bench, change: TransferChange) -> bool:
    """Record that a transfer has come back; that it was done comes first."""
    if not change.key.startswith(f"{PREFIX}_"):
        return True
    known = await bench.ports.payouts.status(change.key)
    if known.status != "returned":
        return True
    await _record(bench, change.key, known)
    await _do(bench, f"{change.key}:returned", ReturnWithdrawal(change.key, change.key, known.code or "returned"))
    return True


async def _do(bench: Bench, key: str, command: Command) -> bool:
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("the bank's answer was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400
