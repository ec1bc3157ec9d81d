"""The sandbox's coupon issuer.

Magic stock-keeping units: `-FAIL` fails, `-SLOW` is unknown for 3 s and voids without an answer, `-DISC` is
discontinued, `-USED` is used at once. A call is one row; its coupons follow from seed, key and index, so that the same
call gives the same coupons and costs next to nothing however many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg.rows import DictRow

from aggregates.dates import business_date
from ledger.ports.coupons import (
    QUANTITY_MAX,
    CatalogChange,
    Coupon,
    CouponState,
    Failure,
    IssueResult,
    VoidResult,
)
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.sandbox.state import FEED_MAX, Connection, SandboxState, draw, find, hits, one, rows

SLOW_S = 3
NUMBER_DIGITS = 16


class SandboxIssuer:
    """A `CouponIssuer` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def issue(self, sku: str, qty: int, key: str, validity_days: int = 30) -> IssueResult:
        """As `CouponIssuer.issue`."""
        if not 1 <= qty <= QUANTITY_MAX:
            raise PortRefused(f"qty must be 1 to {QUANTITY_MAX}", maximum=QUANTITY_MAX)
        now = self._state.now()
        async with self._state.connected() as connection:
            rates = await self._state.rates(connection)
            failure = await _failure(connection, sku)
            failed = qty if failure else _failed(rates.seed, key, qty, rates.issue_failure_percent)
            delay_s = SLOW_S if sku.endswith("-SLOW") else rates.issue_delay_s
            call = await one(
                connection,
                "INSERT INTO issue (key, sku, quantity, validity_days, seed, failure, failure_percent, issued,"
                " asked_at, ready_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = issue.asked + 1 RETURNING *",
                key, sku, qty, validity_days, rates.seed, failure, rates.issue_failure_percent, qty - failed,
                now, now + timedelta(seconds=delay_s),
            )  # fmt: skip
        if (call["sku"], call["quantity"], call["validity_days"]) != (sku, qty, validity_days):
            raise PortRefused("the key stands for another request")
        if call["asked"] == 1 and hits(rates.issue_timeout_percent, rates.seed, "timeout", key):
            return IssueResult("unknown")
        return self._result(call)

    async def status(self, key: str) -> IssueResult:
        """As `CouponIssuer.status`."""
        async with self._state.connected() as connection:
            call = await find(connection, "SELECT * FROM issue WHERE key = %s", key)
        return IssueResult("absent") if call is None else self._result(call)

    async def void(self, coupon_ref: str, key: str) -> VoidResult:
        """As `CouponIssuer.void`."""
        async with self._state.connected() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"void {coupon_ref}",))
            states = await self._states(connection, [coupon_ref])
            answer = _void_answer(states.get(coupon_ref))
            asked = await one(
                connection,
                "INSERT INTO void (key, ref, status, code) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = void.asked + 1 RETURNING *",
                key, coupon_ref, answer.status, answer.code,
            )  # fmt: skip
            if asked["ref"] != coupon_ref:
                raise PortRefused("the key stands for another coupon")
            if asked["status"] == "voided":
                await connection.execute(
                    "INSERT INTO coupon (ref, state, at) VALUES (%s, 'voided', %s) ON CONFLICT DO NOTHING",
                    (coupon_ref, self._state.now()),
                )
            slow = await find(
                connection, "SELECT FROM issue WHERE key = %s AND sku LIKE '%%-SLOW'", _place(coupon_ref)[0]
            )
        if slow is not None and asked["asked"] == 1:
            raise PortUnavailable("the provider did not answer; ask void_status", 1)
        return VoidResult(asked["status"], asked["code"])

    async def void_status(self, key: str) -> VoidResult:
        """As `CouponIssuer.void_status`."""
        async with self._state.connected() as connection:
            asked = await find(connection, "SELECT status, code FROM void WHERE key = %s", key)
        return VoidResult("absent") if asked is None else VoidResult(asked["status"], asked["code"])

    async def states(self, refs: Sequence[str]) -> dict[str, CouponState]:
        """As `CouponIssuer.states`."""
        async with self._state.connected() as connection:
            return await self._states(connection, refs)

    async def catalog_changes(self, after: int) -> tuple[CatalogChange, ...]:
        """As `CouponIssuer.catalog_changes`."""
        async with self._state.connected() as connection:
            found = await rows(
                connection,
                "SELECT number, sku, kind, at, list_minor, sale_minor, validity_days FROM catalog"
                " WHERE number > %s ORDER BY number LIMIT %s",
                after, FEED_MAX,
            )  # fmt: skip
        return tuple(CatalogChange(**row) for row in found)

    def _result(self, call: DictRow) -> IssueResult:
        if self._state.now() < call["ready_at"]:
            return IssueResult("unknown")
        quantity, key, seed = call["quantity"], call["key"], call["seed"]
        if call["failure"] is not None:
            return IssueResult("done", (Failure(call["failure"]),) * quantity)
        expires_on = business_date(call["asked_at"]) + timedelta(days=call["validity_days"])
        percent = call["failure_percent"]
        return IssueResult(
            "done",
            tuple(
                Failure("issue_failed")
                if hits(percent, seed, "issue", key, index)
                else Coupon(f"{key}/{index}", number_of(seed, key, index), expires_on)
                for index in range(quantity)
            ),
        )

    async def _states(self, connection: Connection, refs: Sequence[str]) -> dict[str, CouponState]:
        kept = {row["ref"]: row["state"] for row in await rows(
            connection, "SELECT ref, state FROM coupon WHERE ref = ANY(%s)", list(refs)
        )}  # fmt: skip
        keys = list({_place(ref)[0] for ref in refs})
        calls = {row["key"]: row for row in await rows(connection, "SELECT * FROM issue WHERE key = ANY(%s)", keys)}
        today = business_date(self._state.now())
        states: dict[str, CouponState] = {}
        for ref in refs:
            key, index = _place(ref)
            call = calls.get(key)
            if call is None or not _was_issued(call, index):
                continue
            expired = today > business_date(call["asked_at"]) + timedelta(days=call["validity_days"])
            used = call["sku"].endswith("-USED")
            states[ref] = kept.get(ref) or ("used" if used else "expired" if expired else "issued")
        return states


def number_of(seed: str, key: str, index: int) -> str:
    """Return the number of one coupon."""
    return f"{draw(seed, 'number', key, index) % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"


def _failed(seed: str, key: str, quantity: int, percent: int) -> int:
    return sum(hits(percent, seed, "issue", key, index) for index in range(quantity)) if percent else 0


async def _failure(connection: Connection, sku: str) -> str | None:
    """Return why a stock-keeping unit is not issued at all; None = it is."""
    if sku.endswith("-FAIL"):
        return "issue_failed"
    latest = await find(
        connection,
        "SELECT kind FROM catalog WHERE sku = %s AND kind <> 'price' ORDER BY number DESC LIMIT 1",
        sku,
    )
    gone = sku.endswith("-DISC") if latest is None else latest["kind"] == "discontinued"
    return "discontinued" if gone else None


def _place(ref: str) -> tuple[str, int]:
    """Return the call that a coupon came from, and its place in it; a place that nothing has for a ref of others."""
    key, _, index = ref.rpartition("/")
    return key, int(index) if index.isdecimal() and len(index) < 6 else QUANTITY_MAX


def _was_issued(call: DictRow, index: int) -> bool:
    if call["failure"] is not None or index >= call["quantity"]:
        return False
    return not hits(call["failure_percent"], call["seed"], "issue", call["key"], index)


def _void_answer(state: CouponState | None) -> VoidResult:
    if state is None:
        return VoidResult("refused", "coupon_unknown")
    return VoidResult("refused", f"coupon_{state}") if state in ("used", "expired") else VoidResult("voided")
