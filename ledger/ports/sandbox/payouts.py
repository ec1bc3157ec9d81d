"""The sandbox's bank, for pay-outs.

Magic account numbers, by their last four digits: 9999 closed, 9998 the holder's name is another, 9997 the money comes
back the next day, 9996 the name fits in part. An amount that ends in 002 is sent and not answered. From 23:30 to 00:30
of Seoul the bank sleeps and does a transfer afterwards. Account numbers are looked at and not kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from psycopg.rows import DictRow

from aggregates.dates import KST
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.payouts import BankAccount, Transfer, TransferChange
from ledger.ports.sandbox import feeds
from ledger.ports.sandbox.state import SandboxState, find, one, rows

FAILURES = {"9999": "account_closed", "9998": "holder_mismatch"}
RETURNED = "9997"
RETURN_CODE = "account_unreachable"
NIGHT_MINUTES = (23 * 60 + 30, 30)
TIMEOUT_ENDING = 2


class SandboxBank:
    """A `PayoutPort` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def verify_holder(self, account: BankAccount) -> Literal["full", "partial", "none"]:
        """As `PayoutPort.verify_holder`."""
        match account.number[-4:]:
            case "9999" | "9998":
                return "none"
            case "9996":
                return "partial"
            case _:
                return "full"

    async def transfer(self, account: BankAccount, amount_minor: int, currency: str, key: str) -> Transfer:
        """As `PayoutPort.transfer`."""
        now = self._state.now()
        last = account.number[-4:]
        code = FAILURES.get(last)
        due_at = awake(now)
        returned_at = due_at + timedelta(days=1) if last == RETURNED else None
        async with self._state.connected() as connection:
            row = await one(
                connection,
                "INSERT INTO transfer (key, amount_minor, currency, outcome, code, due_at, returned_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = transfer.asked + 1 RETURNING *",
                key, amount_minor, currency, "failed" if code else "done", code, due_at, returned_at,
            )  # fmt: skip
        if (row["amount_minor"], row["currency"]) != (amount_minor, currency):
            raise PortRefused("the key stands for another transfer")
        if row["asked"] == 1 and amount_minor % 1000 == TIMEOUT_ENDING:
            raise PortUnavailable("the bank did not answer; ask for the status", 1)
        return self._transfer(row)

    async def status(self, key: str) -> Transfer:
        """As `PayoutPort.status`."""
        async with self._state.connected() as connection:
            row = await find(connection, "SELECT * FROM transfer WHERE key = %s", key)
        return Transfer(key, "absent") if row is None else self._transfer(row)

    async def changes(self, after: int) -> tuple[TransferChange, ...]:
        """As `PayoutPort.changes`."""
        async with self._state.connected() as connection, connection.transaction():
            await feeds.lock_feed(connection, "payouts")
            rates = await self._state.rates(connection)
            for row in await rows(
                connection,
                "UPDATE transfer SET told = true WHERE returned_at <= %s AND NOT told RETURNING key, returned_at",
                self._state.now(),
            ):
                await feeds.tell(connection, rates, "payouts", row["key"], row["returned_at"])
            return tuple(TransferChange(*change) for change in await feeds.read(connection, "payouts", after))

    def _transfer(self, row: DictRow) -> Transfer:
        now = self._state.now()
        if now < row["due_at"]:
            return Transfer(row["key"], "accepted", None, row["due_at"])
        if row["returned_at"] is not None and now >= row["returned_at"]:
            return Transfer(row["key"], "returned", RETURN_CODE, row["returned_at"])
        return Transfer(row["key"], row["outcome"], row["code"], row["due_at"])


def awake(at: datetime) -> datetime:
    """Return when the bank does what it is told at an instant: at once, or at 00:30 of Seoul."""
    local = at.astimezone(KST)
    minutes = local.hour * 60 + local.minute
    begins, ends = NIGHT_MINUTES
    if ends <= minutes < begins:
        return at
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if minutes >= begins:
        midnight += timedelta(days=1)
    return (midnight + timedelta(minutes=ends)).astimezone(at.tzinfo)
