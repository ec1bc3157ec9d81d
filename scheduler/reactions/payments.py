"""Payments at the gateway: what was started is taken there, and what the gateway says is recorded.

The gateway is asked for what it has before it is told anything, so a lost answer is found and nothing is taken twice.
Callbacks only end a pause; what counts is what the gateway answers.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import structlog

from aggregates.dates import business_date
from ledger.command import Command, Outcome
from ledger.commands.charges import PAYMENTS_ACTOR, FailChargeCancellation, FinishChargeCancellation
from ledger.commands.collecting.giving_up import CloseCollection
from ledger.commands.payments import (
    FailPayment,
    IssuePaymentAccount,
    PaymentUnsettled,
    SettlePayment,
    TakePaymentBack,
    TakePaymentDeposit,
)
from ledger.ports.errors import PortUnavailable
from ledger.ports.gateway import GatewayChange, GatewayPayment, VirtualAccount
from projections import payments
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction
from scheduler.reactions.billing_keys import charge, forget, register

log = structlog.get_logger("reactions")

NAME = PAYMENTS_ACTOR.removeprefix("reaction:")
PAGE = 50
NET_CANCEL_S = 3600
"""How long a gateway undoes a payment whose answer was lost; one that has no result by then is undone (SPEC 13)."""

TELL_S = 3000
"""How long it is told to take one: no longer, so that no process takes what another one undoes."""

VIRTUAL_ACCOUNT_BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
VIRTUAL_ACCOUNT_DAYS = 5 * 365


async def react(bench: Bench) -> int:
    """Bring payments that have no result, cancellations and what the gateway tells into the books, a page of each."""
    async with bench.see() as connection:
        open_payments = await payments.pending(connection, limit=PAGE)
        given_up = await payments.given_up(connection, limit=PAGE)
        open_cancels = await payments.open_cancels(connection, limit=PAGE)
        open_keys = await payments.open_billing_keys(connection, limit=PAGE)
    done = 0
    for row in open_keys:
        work = register(bench, row) if row["status"] == "requested" else forget(bench, row)
        done += await _attempt(work, row["billing_key_id"])
    for row in open_payments:
        done += await _attempt(_take(bench, row), row["payment_id"])
    for row in given_up:
        done += await _attempt(_close(bench, row), row["payment_id"])
    for row in open_cancels:
        done += await _attempt(_cancel(bench, row), row["charge_id"])
    return done + await cursors.follow(
        bench, "gateway", bench.ports.gateway.changes, lambda change: _changed(bench, change)
    )


REACTION = Reaction(NAME, every_s=0.5, step=react, hinted_by="gateway")


async def _attempt(work: Any, thing: str) -> int:
    """Do the next step of one thing; return whether something new was recorded. No answer is tried again later."""
    try:
        return int(await work)
    except PortUnavailable:
        log.info("the gateway did not answer; it is asked again", thing=thing)
        return 0


async def _take(bench: Bench, row: dict[str, Any]) -> bool:
    """Take one payment that is pending: to its result, or as far as the gateway answers."""
    gateway, payment_id = bench.ports.gateway, row["payment_id"]
    known = await gateway.status(payment_id)
    if known.status in ("absent", "ready", "in_progress"):
        age = bench.clock.now() - row["occurred_at"]
        if age >= timedelta(seconds=NET_CANCEL_S):
            await gateway.net_cancel(payment_id)
            return await _do(bench, f"{payment_id}:failed", FailPayment(payment_id, "unanswered"))
        if age >= timedelta(seconds=TELL_S):
            return False
        known = await _tell(bench, row, known)
    match known.status:
        case "done" if known.virtual_account is None:
            return await _settle(bench, row, known)
        case "waiting_for_deposit" | "done" | "expired" if known.virtual_account is not None:
            return await _issue(bench, row, known.virtual_account)
        case "aborted" | "canceled" | "expired":
            code = known.code or known.status
            return await _do(bench, f"{payment_id}:failed", FailPayment(payment_id, code))
        case _:
            return False


async def _tell(bench: Bench, row: dict[str, Any], known: GatewayPayment) -> GatewayPayment:
    """Tell the gateway what it has not heard of yet."""
    gateway, payment_id = bench.ports.gateway, row["payment_id"]
    amount_minor, currency = row["amount_minor"], row["currency"]
    if row["billing_key_id"] is not None:
        return await charge(bench, row)
    if row["method"] == "virtual_account":
        return await gateway.issue_virtual_account(payment_id, amount_minor, currency, row["expires_on"])
    if known.status != "in_progress":
        known = await gateway.authorize(payment_id, amount_minor, currency, row["method"])
    return await gateway.capture(payment_id) if known.status == "in_progress" else known


async def _settle(bench: Bench, row: dict[str, Any], known: GatewayPayment) -> bool:
    """Book a payment that the gateway has taken; what cannot be booked any more goes back whence it came."""
    payment_id = row["payment_id"]
    outcome = await bench.do(
        NAME, f"{payment_id}:settled", SettlePayment(payment_id), occurred_at=_not_ahead(bench, known.paid_at)
    )
    if outcome.status < 400:
        return not outcome.replayed
    async with bench.see() as connection:
        if ((await payments.find(connection, payment_id)) or row)["status"] != "pending":
            return False
    log.warning("a payment cannot be booked and is given back", payment=payment_id, status=outcome.status)
    await bench.ports.gateway.cancel(payment_id, row["amount_minor"], f"{payment_id}:undo")
    return await _do(bench, f"{payment_id}:failed", FailPayment(payment_id, "not_bookable"))


async def _issue(bench: Bench, row: dict[str, Any], issued: VirtualAccount) -> bool:
    """Keep the number of a virtual account in the vault, and let its charge wait for the deposit."""
    payment_id = row["payment_id"]
    token = f"van_{payment_id[4:]}"
    retain_until: date = business_date(row["occurred_at"]) + timedelta(days=VIRTUAL_ACCOUNT_DAYS)
    fields = {"account_number": issued.number, "bank": issued.bank}
    await bench.vault.put(token, fields, legal_basis=VIRTUAL_ACCOUNT_BASIS, retain_until=retain_until)
    command = IssuePaymentAccount(payment_id, token)
    outcome = await bench.do(NAME, f"{payment_id}:issued", command, occurred_at=row["occurred_at"])
    if outcome.status < 400:
        return not outcome.replayed
    await bench.ports.gateway.net_cancel(payment_id)
    return await _do(bench, f"{payment_id}:failed", FailPayment(payment_id, "not_bookable"))


async def _close(bench: Bench, row: dict[str, Any]) -> bool:
    """Close the number of a payment that is given up; where the money is there, the feed tells of it."""
    payment_id = row["payment_id"]
    known = await bench.ports.gateway.close_virtual_account(payment_id)
    if known.status == "done":
        return False
    return await _do(bench, f"{payment_id}:closed", CloseCollection(payment_id))


async def _cancel(bench: Bench, row: dict[str, Any]) -> bool:
    """Have the gateway give a charge back, and record its definite answer (SPEC R-065, R-068)."""
    gateway, charge_id, account_id = bench.ports.gateway, row["charge_id"], row["account_id"]
    key = f"{charge_id}:cancel:{row['cancel_position']}"
    answer = await gateway.cancel_status(key)
    if answer.status == "absent":
        answer = await gateway.cancel(row["payment_id"], row["cancel_minor"], key)
    if answer.status == "done":
        return await _do(bench, f"{key}:done", FinishChargeCancellation(account_id, charge_id))
    code = answer.code or "refused"
    return await _do(bench, f"{key}:refused", FailChargeCancellation(account_id, charge_id, code))


async def _changed(bench: Bench, change: GatewayChange) -> bool:
    """Record what has happened at the gateway without our asking: deposits, and money that was taken back."""
    async with bench.see() as connection:
        row = await payments.find(connection, change.key)
    if row is None or row["status"] == "pending":
        # Its own result comes first; the feed waits for it as long as it is open.
        log.info("a payment has changed before its result is recorded", payment=change.key)
        return row is None and not change.key.startswith("pay_")
    known = await bench.ports.gateway.status(change.key)
    try:
        for deposit in known.deposits:
            await _do(
                bench,
                f"{change.key}:deposit:{deposit.number}",
                TakePaymentDeposit(change.key, deposit.amount_minor),
                _not_ahead(bench, deposit.at),
            )
        for taken in known.taken_back:
            key = f"{change.key}:taken_back:{taken.number}"
            if await _do(bench, key, TakePaymentBack(change.key, taken.amount_minor), _not_ahead(bench, taken.at)):
                log.warning("money of a payment was taken back", payment=change.key, why=taken.why)
    except PaymentUnsettled:
        return False
    return True


async def _do(bench: Bench, key: str, command: Command, occurred_at: datetime | None = None) -> bool:
    """Record something once; return whether it is new. A refusal is written down: a rule and a provider disagree."""
    outcome: Outcome = await bench.do(NAME, key, command, occurred_at=occurred_at)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("a provider's answer was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400


def _not_ahead(bench: Bench, at: datetime | None) -> datetime | None:
    """Return a provider's instant, never ahead of the ledger's own clock."""
    return None if at is None else min(at, bench.clock.now())
