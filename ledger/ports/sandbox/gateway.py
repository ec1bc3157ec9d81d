"""The sandbox's payment gateway.

Magic amounts, by their last three digits: 001 declined, 002 done but not answered the first time, 003 no partial
cancellation, 004 a virtual account gets one won too little, 005 it gets its money an hour after it has expired.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from aggregates.dates import start_of_day
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.gateway import (
    Deposit,
    GatewayCancel,
    GatewayChange,
    GatewayPayment,
    GatewayStatus,
    Method,
    TakenBack,
    VirtualAccount,
)
from ledger.ports.sandbox import feeds
from ledger.ports.sandbox.billing_keys import SandboxBillingKeys
from ledger.ports.sandbox.callbacks import queue
from ledger.ports.sandbox.state import Connection, Rates, SandboxState, draw, find, one, rows

DECLINED, UNANSWERED, WHOLE_ONLY, SHORT, LATE = 1, 2, 3, 4, 5
"""Last three digits of magic amounts."""

LATE_BY = timedelta(hours=1)
BANK = "Sandbox Bank"


class SandboxGateway:
    """A `PaymentGateway` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self.billing_key = SandboxBillingKeys(state, self)

    async def authorize(self, key: str, amount_minor: int, currency: str, method: Method) -> GatewayPayment:
        """As `PaymentGateway.authorize`."""
        return await self._open(key, amount_minor, currency, method, "in_progress", None)

    async def issue_virtual_account(
        self, key: str, amount_minor: int, currency: str, expires_on: date
    ) -> GatewayPayment:
        """As `PaymentGateway.issue_virtual_account`."""
        return await self._open(key, amount_minor, currency, "virtual_account", "waiting_for_deposit", expires_on)

    async def close_virtual_account(self, key: str) -> GatewayPayment:
        """As `PaymentGateway.close_virtual_account`; money that was to come stays away, but for what is late anyway."""
        now = self._state.now()
        async with self._state.connected() as connection, connection.transaction():
            payment = await find(connection, "SELECT * FROM payment WHERE key = %s FOR UPDATE", key)
            if payment is None or payment["method"] != "virtual_account":
                raise PortRefused("there is no virtual account under this key")
            if (await self._payment(connection, key)).status == "waiting_for_deposit":
                await connection.execute("UPDATE payment SET status = 'expired' WHERE key = %s", [key])
                if _ending(payment) != LATE:
                    await connection.execute("DELETE FROM deposit WHERE key = %s AND at > %s", (key, now))
        return await self.status(key)

    async def capture(self, key: str) -> GatewayPayment:
        """As `PaymentGateway.capture`."""
        async with self._state.connected() as connection, connection.transaction():
            payment = await find(
                connection,
                "UPDATE payment SET captured = captured + 1, paid_at = coalesce(paid_at, %s),"
                " status = CASE status WHEN 'in_progress' THEN 'done' ELSE status END"
                " WHERE key = %s AND method <> 'virtual_account' AND status <> 'aborted' RETURNING *",
                self._state.now(), key,
            )  # fmt: skip
            if payment is None:
                raise PortRefused("there is no authorized payment under this key")
            if payment["captured"] == 1:
                await queue(connection, await self._state.rates(connection), "gateway", key, self._state.now())
        if payment["captured"] == 1 and _ending(payment) == UNANSWERED:
            raise PortUnavailable("the gateway did not answer; ask for the status", 1)
        return await self.status(key)

    async def status(self, key: str) -> GatewayPayment:
        """As `PaymentGateway.status`."""
        async with self._state.connected() as connection:
            return await self._payment(connection, key)

    async def cancel(self, payment_key: str, amount_minor: int, key: str) -> GatewayCancel:
        """As `PaymentGateway.cancel`."""
        async with self._state.connected() as connection, connection.transaction():
            payment = await find(connection, "SELECT * FROM payment WHERE key = %s FOR UPDATE", payment_key)
            code = await self._refusal(connection, payment, payment_key, amount_minor)
            asked = await one(
                connection,
                "INSERT INTO cancel (key, payment_key, amount_minor, status, code) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = cancel.asked + 1 RETURNING *",
                key, payment_key, amount_minor, "refused" if code else "done", code,
            )  # fmt: skip
            if (asked["payment_key"], asked["amount_minor"]) != (payment_key, amount_minor):
                raise PortRefused("the key stands for another cancellation")
        if asked["asked"] == 1 and amount_minor % 1000 == UNANSWERED:
            raise PortUnavailable("the gateway did not answer; ask for the status", 1)
        return GatewayCancel(asked["status"], asked["code"])

    async def cancel_status(self, key: str) -> GatewayCancel:
        """As `PaymentGateway.cancel_status`."""
        async with self._state.connected() as connection:
            asked = await find(connection, "SELECT status, code FROM cancel WHERE key = %s", key)
        return GatewayCancel("absent") if asked is None else GatewayCancel(asked["status"], asked["code"])

    async def net_cancel(self, key: str) -> GatewayPayment:
        """As `PaymentGateway.net_cancel`."""
        async with self._state.connected() as connection:
            await connection.execute(
                "INSERT INTO payment (key, method, amount_minor, currency, status, code)"
                " VALUES (%s, 'card', 0, '', 'canceled', 'net_cancelled')"
                " ON CONFLICT (key) DO UPDATE SET status = 'canceled', code = 'net_cancelled'"
                " WHERE payment.status IN ('in_progress', 'done', 'waiting_for_deposit')",
                (key,),
            )
            return await self._payment(connection, key)

    async def changes(self, after: int) -> tuple[GatewayChange, ...]:
        """As `PaymentGateway.changes`."""
        async with self._state.connected() as connection, connection.transaction():
            await feeds.lock_feed(connection, "gateway")
            rates = await self._state.rates(connection)
            for row in await rows(
                connection,
                "UPDATE deposit SET told = true WHERE at <= %s AND NOT told RETURNING key, at",
                self._state.now(),
            ):
                await feeds.tell(connection, rates, "gateway", row["key"], row["at"])
            return tuple(GatewayChange(*change) for change in await feeds.read(connection, "gateway", after))

    async def take_back(self, key: str, amount_minor: int, why: str) -> None:
        """Take money of a payment back without being asked: a chargeback, or the gateway's own cancellation.

        Raises:
            PortRefused: there is no such payment, it was not paid, or less is left of it.
        """
        now = self._state.now()
        async with self._state.connected() as connection, connection.transaction():
            await feeds.lock_feed(connection, "gateway")
            payment = await find(connection, "SELECT * FROM payment WHERE key = %s FOR UPDATE", key)
            code = await self._refusal(connection, payment, key, amount_minor)
            if code not in (None, "partial_cancel_unsupported"):
                raise PortRefused("amount must be at most what is left of a payment that was paid")
            await connection.execute(
                "INSERT INTO taken_back (key, number, amount_minor, at, why)"
                " SELECT %s, count(*) + 1, %s, %s, %s FROM taken_back WHERE key = %s",
                (key, amount_minor, now, why, key),
            )
            await feeds.tell(connection, await self._state.rates(connection), "gateway", key, now)

    async def take_at_once(
        self, key: str, amount_minor: int, currency: str, refusal: str | None = None
    ) -> GatewayPayment:
        """Take a card payment in one step, or abort it for a reason. Raises: as `authorize`."""
        now = self._state.now()
        code = refusal or ("declined" if amount_minor % 1000 == DECLINED else None)
        async with self._state.connected() as connection, connection.transaction():
            payment = await one(
                connection,
                "INSERT INTO payment (key, method, amount_minor, currency, status, code, paid_at, captured)"
                " VALUES (%s, 'card', %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = payment.asked + 1 RETURNING *",
                key, amount_minor, currency, "aborted" if code else "done", code,
                None if code else now, 0 if code else 1,
            )  # fmt: skip
            asked_before = (payment["method"], payment["amount_minor"], payment["currency"])
            if payment["code"] != "net_cancelled" and asked_before != ("card", amount_minor, currency):
                raise PortRefused("the key stands for another payment")
            new = payment["asked"] == 1
            if new:
                await queue(connection, await self._state.rates(connection), "gateway", key, now)
        if new and _ending(payment) == UNANSWERED:
            raise PortUnavailable("the gateway did not answer; ask for the status", 1)
        return await self.status(key)

    async def pay_in(self, key: str, amount_minor: int) -> None:
        """Let money arrive on a virtual account now.

        Raises:
            PortRefused: there is no such virtual account.
        """
        async with self._state.connected() as connection, connection.transaction():
            payment = await find(connection, "SELECT * FROM payment WHERE key = %s FOR UPDATE", key)
            if payment is None or payment["method"] != "virtual_account":
                raise PortRefused("there is no virtual account under this key")
            await _deposit(connection, key, amount_minor, self._state.now())

    async def _open(
        self, key: str, amount_minor: int, currency: str, method: Method, status: GatewayStatus, expires_on: date | None
    ) -> GatewayPayment:
        now = self._state.now()
        declined = amount_minor % 1000 == DECLINED
        async with self._state.connected() as connection, connection.transaction():
            rates = await self._state.rates(connection)
            payment = await one(
                connection,
                "INSERT INTO payment (key, method, amount_minor, currency, status, code, expires_on)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = payment.asked + 1 RETURNING *",
                key, method, amount_minor, currency, "aborted" if declined else status,
                "declined" if declined else None, expires_on,
            )  # fmt: skip
            asked_before = (payment["method"], payment["amount_minor"], payment["currency"])
            if payment["code"] != "net_cancelled" and asked_before != (method, amount_minor, currency):
                raise PortRefused("the key stands for another payment")
            new = payment["asked"] == 1
            if new and not declined and expires_on is not None:
                await _expect_deposit(connection, rates, payment, now)
        if new and _ending(payment) == UNANSWERED:
            raise PortUnavailable("the gateway did not answer; ask for the status", 1)
        return await self.status(key)

    async def _refusal(
        self, connection: Connection, payment: DictRow | None, key: str, amount_minor: int
    ) -> str | None:
        """Return why an amount of a payment cannot be given back; None = it can."""
        if payment is None:
            return "payment_unknown"
        known = await self._payment(connection, key)
        if known.status not in ("done", "partial_canceled"):
            return "payment_unknown"
        left = known.amount_minor - known.cancelled_minor - sum(taken.amount_minor for taken in known.taken_back)
        if amount_minor > left:
            return "exceeds_payment"
        partial = amount_minor < known.amount_minor
        return "partial_cancel_unsupported" if partial and _ending(payment) == WHOLE_ONLY else None

    async def _payment(self, connection: Connection, key: str) -> GatewayPayment:
        now = self._state.now()
        payment = await find(connection, "SELECT * FROM payment WHERE key = %s", key)
        if payment is None:
            return GatewayPayment(key, "absent")
        deposits = await rows(
            connection,
            "SELECT number, amount_minor, at FROM deposit WHERE key = %s AND at <= %s ORDER BY number", key, now,
        )  # fmt: skip
        taken = await rows(
            connection, "SELECT number, amount_minor, at, why FROM taken_back WHERE key = %s ORDER BY number", key
        )
        cancelled = await one(
            connection,
            "SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM cancel"
            " WHERE payment_key = %s AND status = 'done'",
            key,
        )
        arrived = tuple(Deposit(**row) for row in deposits)
        return GatewayPayment(
            key=key,
            status=_status(payment, arrived, cancelled["minor"], now),
            amount_minor=payment["amount_minor"],
            cancelled_minor=cancelled["minor"],
            code=payment["code"],
            paid_at=payment["paid_at"],
            virtual_account=_virtual_account(payment),
            deposits=arrived,
            taken_back=tuple(TakenBack(**row) for row in taken),
        )


async def _expect_deposit(connection: Connection, rates: Rates, payment: DictRow, now: datetime) -> None:
    """Let the money arrive later: in time and exact, but for the magic amounts."""
    amount_minor, at = payment["amount_minor"], now + timedelta(seconds=rates.deposit_after_s)
    if _ending(payment) == SHORT:
        amount_minor -= 1
    if _ending(payment) == LATE:
        at = closes(payment["expires_on"]) + LATE_BY
    await _deposit(connection, payment["key"], amount_minor, at)


async def _deposit(connection: Connection, key: str, amount_minor: int, at: datetime) -> None:
    await connection.execute(
        "INSERT INTO deposit (key, number, amount_minor, at)"
        " SELECT %s, count(*) + 1, %s, %s FROM deposit WHERE key = %s",
        (key, amount_minor, at, key),
    )


def closes(expires_on: date) -> datetime:
    """Return the end of the last day of a virtual account, in Seoul."""
    return start_of_day(expires_on + timedelta(days=1))


def _status(payment: DictRow, deposits: tuple[Deposit, ...], cancelled_minor: int, now: datetime) -> GatewayStatus:
    status: Any = payment["status"]
    if status == "waiting_for_deposit":
        ends = closes(payment["expires_on"])
        if any(deposit.amount_minor == payment["amount_minor"] and deposit.at < ends for deposit in deposits):
            status = "done"
        elif now >= ends:
            return "expired"
    if status == "done" and cancelled_minor:
        return "canceled" if cancelled_minor == payment["amount_minor"] else "partial_canceled"
    made: GatewayStatus = status
    return made


def _virtual_account(payment: DictRow) -> VirtualAccount | None:
    if payment["method"] != "virtual_account" or payment["status"] == "aborted":
        return None
    return VirtualAccount(BANK, f"790{draw('virtual account', payment['key']) % 10**11:011d}")


def _ending(payment: DictRow) -> int:
    return int(payment["amount_minor"]) % 1000
