"""Pay-outs of refunds: an approved one is sent to the bank, and the bank's definite answer is recorded (SPEC R-081).

The bank is asked before it is told, and told under one key for each approval, so nothing is paid twice. A lost answer
is recorded as such and asked for until it is there.
"""

from __future__ import annotations

from typing import Any

import structlog

from aggregates.errors import NotFound
from ledger.command import Command
from ledger.commands.refunds import CompleteRefund, FailPayout, LosePayout, ReturnPayout
from ledger.ports.errors import PortUnavailable
from ledger.ports.payouts import BankAccount, Transfer, TransferChange
from ledger.vault import Reading
from projections import payouts
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "payouts"
PAGE = 50


async def react(bench: Bench) -> int:
    """Bring pay-outs that are under way, and transfers that came back, into the books, a page of each."""
    async with bench.see() as connection:
        open_payouts = await payouts.under_way(connection, limit=PAGE)
    done = 0
    for row in open_payouts:
        done += int(await _pay(bench, row))
    return done + await cursors.follow(
        bench, "payouts", bench.ports.payouts.changes, lambda change: _changed(bench, change)
    )


REACTION = Reaction(NAME, every_s=0.5, step=react, hinted_by="payouts")


async def _pay(bench: Bench, row: dict[str, Any]) -> bool:
    """Pay one refund, or learn what became of it; return whether something new was recorded."""
    refund_id, key = row["refund_id"], f"{row['refund_id']}:payout:{row['started_position']}"
    try:
        known = await bench.ports.payouts.status(key)
        if known.status == "absent":
            known = await _tell(bench, row, key)
    except PortUnavailable:
        if row["status"] == "paying":
            return await _do(bench, f"{key}:lost", LosePayout(refund_id))
        return False
    except NotFound:
        # What lies behind the token was erased: there is nothing to pay to.
        return await _do(bench, f"{key}:failed", FailPayout(refund_id, "destination_erased"))
    return await _record(bench, refund_id, key, known)


async def _tell(bench: Bench, row: dict[str, Any], key: str) -> Transfer:
    """Tell the bank to pay."""
    fields = await bench.vault.get(row["destination"], Reading(f"reaction:{NAME}", "pay out"))
    account = BankAccount(row["bank"], fields["account_number"], fields["holder"])
    return await bench.ports.payouts.transfer(account, row["payout_minor"], row["currency"], key)


async def _record(bench: Bench, refund_id: str, key: str, known: Transfer) -> bool:
    """Record what the bank has definitely done."""
    match known.status:
        case "done" | "returned":
            return await _do(bench, f"{key}:done", CompleteRefund(refund_id))
        case "failed":
            return await _do(bench, f"{key}:failed", FailPayout(refund_id, known.code or "failed"))
        case _:
            return False


async def _changed(bench: Bench, change: TransferChange) -> bool:
    """Record that a transfer has come back; that it was done comes first."""
    refund_id, _, started_position = change.key.partition(":payout:")
    known = await bench.ports.payouts.status(change.key)
    if known.status != "returned" or not started_position.isdecimal():
        return True
    async with bench.see() as connection:
        row = await payouts.find(connection, refund_id)
    if row is None:
        return not refund_id.startswith("rfd_")
    if row["started_position"] == int(started_position) and row["status"] != "idle":
        await _record(bench, refund_id, change.key, known)
    await _do(bench, f"{change.key}:returned", ReturnPayout(refund_id, known.code or "returned"))
    return True


async def _do(bench: Bench, key: str, command: Command) -> bool:
    """Record something once; return whether it is new. A refusal is written down: somebody has recorded it by hand."""
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("the bank's answer was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400
