"""Pay-out links at the bank: whose account it is, one transfer for each attempt, what came back (SPEC R-135, R-137).

The bank is asked before it is told, and told under a key that names the attempt, so nothing is paid twice; a lost
answer is asked for until it is there. After the bank's definite no the money stays held.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from psycopg import AsyncConnection

from aggregates.collecting.payout_link import PREFIX, transfer_key
from aggregates.collecting.payout_link_facts import FUNDED, PAID_OUT, PAYING
from aggregates.errors import NotFound
from ledger.command import Command
from ledger.commands.collecting.payout_links import RecordHolderCheck
from ledger.commands.collecting.payout_money import FailPayoutAttempt, FinishPayout, ReturnPaidPayout, StartPayout
from ledger.ports.errors import PortUnavailable
from ledger.ports.payouts import BankAccount, Transfer, TransferChange
from ledger.vault import Reading
from projections import payout_links
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "payout-links"
PAGE, PAGES_MAX = 50, 20
"""Links looked at together, and pages of them in one step: those that wait for the bank keep no others waiting."""

ERASED = "destination_erased"


async def react(bench: Bench) -> int:
    """Ask whose accounts they are, start what was funded, bring what is under way to its end, take what came back."""
    done = await _each(bench, lambda seen, after: payout_links.unchecked(seen, after=after, limit=PAGE), _check)
    done += await _each(bench, lambda seen, after: payout_links.to_pay(seen, FUNDED, after=after, limit=PAGE), _start)
    done += await _each(bench, lambda seen, after: payout_links.to_pay(seen, PAYING, after=after, limit=PAGE), _pay)
    return done + await cursors.follow(
        bench, "payout_links", bench.ports.payouts.changes, lambda change: _changed(bench, change)
    )


REACTION = Reaction(NAME, every_s=0.5, step=react, hinted_by="payouts")

Look = Callable[[AsyncConnection[Any], int], Awaitable[list[dict[str, Any]]]]
Work = Callable[[Bench, dict[str, Any]], Awaitable[bool]]


async def _each(bench: Bench, look: Look, work: Work) -> int:
    """Do the next step of every link that a look finds; return how many were new."""
    done = after = 0
    for _ in range(PAGES_MAX):
        async with bench.see() as connection:
            rows = await look(connection, after)
        for row in rows:
            try:
                done += await work(bench, row)
            except PortUnavailable:
                log.info("the bank did not answer; it is asked again", payout_link=row["payout_link_id"])
        if len(rows) < PAGE:
            break
        after = rows[-1]["seen"]
    return done


async def _check(bench: Bench, row: dict[str, Any]) -> bool:
    """Ask the bank whose account it is; the link that the creator had before is dead from here on (SPEC R-137).

    Raises:
        PortUnavailable.
    """
    link_id, version = row["payout_link_id"], row["version"]
    await bench.vault.public_links.make(link_id, None, generation=version)
    try:
        account = await _destination(bench, row["destination"], "check the holder of an account")
        match = await bench.ports.payouts.verify_holder(account)
    except NotFound:
        match = "none"
    return await _do(bench, f"{link_id}:holder:{version}", RecordHolderCheck(link_id, version, match))


async def _start(bench: Bench, row: dict[str, Any]) -> bool:
    """Put on record that the bank shall pay what was funded."""
    link_id = row["payout_link_id"]
    return await _do(bench, f"{link_id}:start:{row['attempt'] + 1}", StartPayout(link_id))


async def _pay(bench: Bench, row: dict[str, Any]) -> bool:
    """Pay once, or learn what became of it. Raises: PortUnavailable."""
    link_id, attempt = row["payout_link_id"], row["attempt"]
    key = transfer_key(link_id, attempt)
    known = await bench.ports.payouts.status(key)
    if known.status == "absent":
        try:
            account = await _destination(bench, row["paying_to"], "pay out")
        except NotFound:
            # What lies behind the token was erased: there is nothing to pay to.
            return await _do(bench, f"{key}:failed", FailPayoutAttempt(link_id, attempt, ERASED))
        known = await bench.ports.payouts.transfer(account, row["amount_minor"], row["currency"], key)
    return await _record(bench, link_id, attempt, known)


async def _destination(bench: Bench, token: str, purpose: str) -> BankAccount:
    """Return where to pay, in clear. Raises: SubjectNotFound: it was erased."""
    fields = await bench.vault.get(token, Reading(f"reaction:{NAME}", purpose))
    return BankAccount(fields["bank"], fields["account_number"], fields["holder"])


async def _record(bench: Bench, link_id: str, attempt: int, known: Transfer) -> bool:
    """Record what the bank has definitely done."""
    key = transfer_key(link_id, attempt)
    match known.status:
        case "done" | "returned":
            return await _do(bench, f"{key}:done", FinishPayout(link_id, attempt))
        case "failed":
            return await _do(bench, f"{key}:failed", FailPayoutAttempt(link_id, attempt, known.code or "failed"))
        case _:
            return False


async def _changed(bench: Bench, change: TransferChange) -> bool:
    """Record that a transfer has come back; that it was done comes first."""
    link_id, _, number = change.key.partition(":payout:")
    if not link_id.startswith(f"{PREFIX}_") or not number.isdecimal():
        return True
    known = await bench.ports.payouts.status(change.key)
    if known.status != "returned":
        return True
    async with bench.see() as connection:
        row = await payout_links.find(connection, link_id)
    attempt = int(number)
    if row is None or row["attempt"] < attempt:
        # The view has not got there yet; the feed waits for it.
        return False
    if row["attempt"] == attempt and row["status"] == PAYING:
        await _record(bench, link_id, attempt, known)
    if row["attempt"] == attempt and row["status"] in (PAYING, PAID_OUT):
        await _do(bench, f"{change.key}:returned", ReturnPaidPayout(link_id, attempt, known.code or "returned"))
    return True


async def _do(bench: Bench, key: str, command: Command) -> bool:
    """Record something once; return whether it is new. A refusal is written down: the link has gone on meanwhile."""
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("the bank's answer was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400
