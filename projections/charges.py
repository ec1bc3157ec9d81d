"""The view `charges`: money paid in, what is left of each portion of it (lots), and deposits that could not be booked.

Lots and parked deposits have files of their own; they are fed here, because one fact often touches charge and lot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.account.cancellations import ChargeCancelled, ChargeCancelStarted
from aggregates.account.charges import Charged
from aggregates.account.deposits import DepositAwaited
from aggregates.dates import business_date, rfc3339
from aggregates.errors import NotFound
from ledger.commands.charges import charge_json
from projections import parked_deposits
from projections.lots import LOTS, freeze, lot_changes, lot_key, move
from projections.lots import page as lots_of_account
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class ChargeRow:
    """One charge.

    Attributes:
        status: awaiting_deposit, paid, cancel_pending, cancelled or expired.
        charged_on: KST date of the payment; None while a deposit is awaited.
        expires_on: last KST day of a virtual account; None for other methods.
        fee_minor, payout_minor: of its cancellation; None without one.
        charged_back_minor: what was taken back by others (SPEC R-064).
    """

    charge_id: str
    stream: UUID
    position: int
    occurred_at: datetime
    amount_minor: int
    currency: str
    method: str
    reference: str | None
    status: str
    charged_on: date | None
    expires_on: date | None
    fee_minor: int | None = None
    payout_minor: int | None = None
    charged_back_minor: int = 0


CHARGES = Table(
    "view_charges",
    ChargeRow,
    key={"charge_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        charge_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        method text NOT NULL,
        reference text,
        status text NOT NULL,
        charged_on date,
        expires_on date,
        fee_minor bigint,
        payout_minor bigint,
        charged_back_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (charge_id)
    ) WITH (fillfactor = 90)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (stream, position)",
        "CREATE INDEX IF NOT EXISTS {table}_due ON {table} (expires_on, position) WHERE status = 'awaiting_deposit'",
    ),
)


class Charges(View):
    """Charges, lots and parked deposits."""

    NAME = "charges"
    VERSION = 2
    TABLES = (CHARGES, LOTS, parked_deposits.PARKED)
    TAKES = frozenset(
        {
            Account.AdjustmentApproved, Account.BankDepositCredited, Account.ChargeCancelFailed,
            Account.ChargeCancelStarted, Account.ChargeCancelled, Account.Charged, Account.ChargedBack,
            Account.DepositAwaited, Account.DepositExpired, Account.DepositParked, Account.Deposited,
            Account.DifferenceRefunded,
            Account.HoldExpired, Account.Imported, Account.ParkedDepositCredited, Account.ParkedDepositReturned,
            Account.RefundCancelled, Account.RefundRejected, Account.RefundRequested, Account.SpendReturned,
            Account.Spent, Account.TransferReceived, Account.TransferSent,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        stream = fact.originator_id
        for part, _ in lot_changes(fact):
            yield LOTS, lot_key(stream, part)
        match fact:
            case Account.ChargeCancelStarted() | Account.ChargeCancelFailed():
                yield CHARGES, (fact.charge_id,)
                yield LOTS, lot_key(stream, fact)
            case Account.ChargeCancelled() | Account.ChargedBack() | Account.Deposited() | Account.DepositExpired():
                yield CHARGES, (fact.charge_id,)
            case Account.ParkedDepositCredited() | Account.ParkedDepositReturned():
                yield parked_deposits.PARKED, (fact.deposit_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        for part, sign in lot_changes(fact):
            move(fact.originator_id, part, sign, rows)
        if isinstance(fact, parked_deposits.PARKING):
            parked_deposits.park(fact, position, rows)
            return
        match fact:
            case Account.Charged():
                rows.put(CHARGES, _charge(fact, position, fact.method, "paid", fact.charged_on, None))
            case Account.DepositAwaited():
                rows.put(CHARGES, _charge(fact, position, "virtual_account", "awaiting_deposit", None, fact.expires_on))
            case Account.Deposited():
                charge = rows.get(CHARGES, (fact.charge_id,))
                charge.status, charge.charged_on = "paid", fact.charged_on
            case Account.DepositExpired():
                rows.get(CHARGES, (fact.charge_id,)).status = "expired"
            case Account.ChargeCancelStarted():
                _set_cancel(fact, "cancel_pending", rows)
                freeze(fact, frozen=True, rows=rows)
            case Account.ChargeCancelFailed():
                charge = rows.get(CHARGES, (fact.charge_id,))
                charge.status, charge.fee_minor, charge.payout_minor = "paid", None, None
                freeze(fact, frozen=False, rows=rows)
            case Account.ChargeCancelled():
                _set_cancel(fact, "cancelled", rows)
                freeze(fact, frozen=False, rows=rows)
            case Account.ChargedBack():
                rows.get(CHARGES, (fact.charge_id,)).charged_back_minor += fact.amount_minor


def _charge(
    fact: Charged | DepositAwaited,
    position: int,
    method: str,
    status: str,
    charged_on: date | None,
    expires_on: date | None,
) -> ChargeRow:
    return ChargeRow(
        fact.charge_id, fact.originator_id, position, fact.occurred_at, fact.amount_minor, fact.currency, method,
        fact.reference, status, charged_on, expires_on,
    )  # fmt: skip


def _set_cancel(fact: ChargeCancelStarted | ChargeCancelled, status: str, rows: Rows) -> None:
    charge = rows.get(CHARGES, (fact.charge_id,))
    charge.status, charge.fee_minor, charge.payout_minor = status, fact.fee_minor, fact.payout_minor


SELECT_CHARGES = """
    SELECT c.*, coalesce(l.remaining_minor, 0) AS remaining_minor
    FROM view_charges c LEFT JOIN view_charges_lots l
        ON l.stream = c.stream AND l.charge_id = c.charge_id AND l.charged_on = c.charged_on AND l.method = c.method
"""


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a charge in the shape of the HTTP face."""
    shape = charge_json(
        row["charge_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        method=row["method"],
        status=row["status"],
        charged_on=row["charged_on"].isoformat() if row["charged_on"] else None,
        remaining_minor=row["remaining_minor"],
    )
    return {
        **shape,
        "reference": row["reference"],
        "expires_on": row["expires_on"].isoformat() if row["expires_on"] else None,
        "fee": row["fee_minor"],
        "payout": row["payout_minor"],
        "charged_back": row["charged_back_minor"],
        "occurred_at": rfc3339(row["occurred_at"]),
        "position": row["position"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's charges, newest first; with `status`, only those (SPEC C3, R-063).

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "charges", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    query = f"""{SELECT_CHARGES}
        WHERE c.stream = %s AND c.position < %s AND (%s::text IS NULL OR c.status = %s)
        ORDER BY c.position DESC LIMIT %s
    """
    found = await fetch(conn, query, [ids.stream_id(account_id), where.after, status, status, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], charge_id: str) -> dict[str, Any]:
    """Return one charge. Raises: NotFound."""
    found = await fetch(conn, f"{SELECT_CHARGES} WHERE c.charge_id = %s", [charge_id])
    if not found:
        raise NotFound("there is no charge with this id")
    return body(found[0])


lots = lots_of_account
"""A page of an account's open lots: see `projections.lots.page`."""

parked = parked_deposits.page
"""A page of parked deposits: see `projections.parked_deposits.page`."""


async def due_deposits(conn: AsyncConnection[Any], *, at: datetime, limit: int = 100) -> list[dict[str, Any]]:
    """Return virtual accounts whose last day is over at instant `at`, longest ago first.

    Each is {account_id, charge_id, expires_on}.

    Source: SPEC R-002, R-062.
    """
    query = """
        SELECT charge_id, expires_on FROM view_charges
        WHERE status = 'awaiting_deposit' AND expires_on < %s ORDER BY expires_on, position LIMIT %s
    """
    return [
        {"account_id": ids.account_of(row["charge_id"]), **row}
        for row in await fetch(conn, query, [business_date(at), limit])
    ]
