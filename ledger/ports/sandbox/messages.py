"""The sandbox's message provider.

Magic phone numbers, by their last four digits: 0001 Alimtalk fails and MMS arrives, 0002 both fail, 0003 the report
comes after 10 minutes, 0004 it comes twice. Phones are looked at and not kept; of the variables `link` alone is,
beside the sender, which is the service itself. Rates may cap how many messages are let out in a second, keep hours of
one day of the month quiet, and let reports never come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg.rows import DictRow

from aggregates.dates import KST
from ledger.ports.errors import PortUnavailable
from ledger.ports.messages import Channel, Delivery, Message
from ledger.ports.sandbox.callbacks import queue
from ledger.ports.sandbox.state import Connection, Rates, SandboxState, draw, hits, one, rows

ALIMTALK_CODES = ("no_kakao_user", "blocked_profile")
LATE_REPORT_S = 600
DELIVERY_S_MAX = 30
NEVER = timedelta(days=36_500)


class SandboxMessages:
    """A `MessagePort` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def send(self, channel: Channel, batch: Sequence[Message]) -> tuple[Delivery, ...]:
        """As `MessagePort.send`."""
        if not batch:
            return ()
        now = self._state.now()
        async with self._state.connected() as connection, connection.transaction():
            rates = await self._state.rates(connection)
            # In the order of their keys: two processes that send the same batch at once do not wait for each other.
            unique = sorted({message.key: message for message in batch}.items())
            fates = [_fate(rates, channel, message) for _, message in unique]
            let_out = await _let_out(connection, rates, channel, [key for key, _ in unique], now)
            stored = await rows(
                connection,
                "INSERT INTO message (key, channel, template, link, sender, outcome, code, accepted_at, due_at)"
                " SELECT m.key, %s, m.template, m.link, m.sender,"
                "  CASE WHEN m.code IS NULL THEN 'delivered' ELSE 'failed' END, m.code, %s, m.due_at"
                " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])"
                "  AS m (key, template, link, sender, code, due_at)"
                " ON CONFLICT (key) DO UPDATE SET asked = message.asked + 1"
                " RETURNING key, outcome, code, accepted_at, due_at, asked",
                channel, now,
                [key for key, _ in unique],
                [message.template for _, message in unique],
                [message.vars.get("link") for _, message in unique],
                [message.sender for _, message in unique],
                [code for code, _ in fates],
                [out + delay for out, (_, delay) in zip(let_out, fates, strict=True)],
            )  # fmt: skip
            found = {row["key"]: row for row in stored}
            new = [message for key, message in unique if found[key]["asked"] == 1]
            if new:
                await self._report(connection, rates, new, found)
        if new and hits(rates.message_timeout_percent, rates.seed, "timeout", batch[0].key):
            raise PortUnavailable("the provider did not answer; ask for the status", 1)
        return tuple(_delivery(found[message.key], now) for message in batch)

    async def status(self, keys: Sequence[str]) -> dict[str, Delivery]:
        """As `MessagePort.status`."""
        async with self._state.connected() as connection:
            stored = await rows(
                connection,
                "SELECT key, outcome, code, accepted_at, due_at FROM message WHERE key = ANY(%s)",
                list(keys),
            )
        now = self._state.now()
        known = {row["key"]: _delivery(row, now) for row in stored}
        return {key: known.get(key, Delivery("absent")) for key in keys}

    async def _report(
        self, connection: Connection, rates: Rates, new: list[Message], found: dict[str, DictRow]
    ) -> None:
        """Queue one report for what was sent together, and one each for the magic numbers."""
        new = [message for message in new if not _is_unreported(rates, message)]
        plain = [message for message in new if message.to[-4:] not in ("0003", "0004")]
        if plain:
            last = max(found[message.key]["due_at"] for message in plain)
            await queue(connection, rates, "messages", plain[0].key, last)
        for message in new:
            if message.to[-4:] in ("0003", "0004"):
                copies = 2 if message.to.endswith("0004") else 1
                await queue(connection, rates, "messages", message.key, found[message.key]["due_at"], copies)


async def _let_out(
    connection: Connection, rates: Rates, channel: Channel, keys: Sequence[str], now: datetime
) -> list[datetime]:
    """Return when each message leaves the provider: one after the other where a cap is set, and not in quiet hours."""
    if rates.messages_per_s is None:
        return [_after_quiet_hours(rates, now)] * len(keys)
    gate = await one(
        connection,
        "INSERT INTO message_gate (channel, free_at) VALUES (%s, %s) ON CONFLICT (channel) DO UPDATE"
        " SET free_at = greatest(message_gate.free_at, excluded.free_at) RETURNING free_at",
        channel, now,
    )  # fmt: skip
    known = {row["key"] for row in await rows(connection, "SELECT key FROM message WHERE key = ANY(%s)", list(keys))}
    free_at, out = gate["free_at"], []
    for key in keys:
        out.append(_after_quiet_hours(rates, free_at))
        if key not in known:
            free_at = out[-1] + timedelta(seconds=1) / rates.messages_per_s
    await connection.execute("UPDATE message_gate SET free_at = %s WHERE channel = %s", (free_at, channel))
    return out


def _after_quiet_hours(rates: Rates, at: datetime) -> datetime:
    """Return an instant, or the end of the quiet hours that it lies in."""
    if rates.quiet_day is None:
        return at
    here = at.astimezone(KST)
    # Those of the 28th of February may end on the first of March.
    for day in (here, here - timedelta(days=1)):
        begin = day.replace(day=rates.quiet_day, hour=rates.quiet_from_hour, minute=0, second=0, microsecond=0)
        end = begin + timedelta(hours=rates.quiet_hours)
        if begin <= here < end:
            return end.astimezone(at.tzinfo)
    return at


def _fate(rates: Rates, channel: Channel, message: Message) -> tuple[str | None, timedelta]:
    """Return why a message will fail (None = it will not) and how long after it was let out that is known."""
    if _is_unreported(rates, message):
        return None, NEVER
    seed, key, last = rates.seed, message.key, message.to[-4:]
    drawn_s = 1 + draw(seed, "delay", key) % DELIVERY_S_MAX
    delay = timedelta(seconds=drawn_s if rates.message_delay_s is None else rates.message_delay_s)
    if last == "0003":
        delay = timedelta(seconds=LATE_REPORT_S)
    if message.template.endswith("-MISMATCH") and channel == "alimtalk":
        return "template_mismatch", delay
    if last == "0002" or hits(rates.undelivered_percent, seed, "number", message.to):
        return "unreachable", delay
    if channel == "alimtalk" and (last == "0001" or hits(rates.alimtalk_failure_percent, seed, "alimtalk", key)):
        return ALIMTALK_CODES[draw(seed, "code", key) % len(ALIMTALK_CODES)], delay
    return None, delay


def _is_unreported(rates: Rates, message: Message) -> bool:
    return hits(rates.unreported_percent, rates.seed, "unreported", message.to)


def _delivery(row: DictRow, now: datetime) -> Delivery:
    due_at: datetime = row["due_at"]
    return (
        Delivery("accepted", None, row["accepted_at"])
        if now < due_at
        else Delivery(row["outcome"], row["code"], due_at)
    )
