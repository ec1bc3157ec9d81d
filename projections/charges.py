"""The view `charges`: money paid in, what is left of each portion of it (lots), and deposits that could not be booked.

A lot is made by a charge, a received transfer, an adjustment, an import row or a credited deposit, and lives on in what
spends, refunds and returns take from it and put back (SPEC R-070, R-076).
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
from aggregates.account.cancellations import ChargeCancelFailed, ChargeCancelled, ChargeCancelStarted
from aggregates.account.charges import Charged
from aggregates.account.deposits import DepositAwaited
from aggregates.account.lots import LotPart, lot_version
from aggregates.dates import business_date, rfc3339
from aggregates.errors import NotFound
from aggregates.fact import Fact
from ledger.commands.charges import charge_json
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


@dataclass(slots=True)
class LotRow:
    """One portion of a prepaid balance, open or used up.

    Attributes:
        rank: sorts an account's lots as spending takes them: date, version of the fact that made them, method.
        amount_minor: the most it ever held. remaining_minor: what is left; 0 = used up.
        frozen: a cancellation of its charge waits for its result (SPEC R-068).
    """

    stream: UUID
    charge_id: str
    charged_on: date
    method: str
    rank: str
    amount_minor: int
    remaining_minor: int
    frozen: bool


@dataclass(slots=True)
class ParkedRow:
    """A deposit that matched no open virtual account (SPEC R-062).

    Attributes:
        status: parked, credited or returned.
    """

    deposit_id: str
    stream: UUID
    position: int
    charge_id: str
    amount_minor: int
    expected_minor: int
    currency: str
    why: str
    status: str


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

LOTS = Table(
    "view_charges_lots",
    LotRow,
    key={"stream": "uuid", "charge_id": "text", "charged_on": "date", "method": "text"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        charge_id text NOT NULL,
        charged_on date NOT NULL,
        method text NOT NULL,
        rank text COLLATE "C" NOT NULL,
        amount_minor bigint NOT NULL,
        remaining_minor bigint NOT NULL CHECK (remaining_minor >= 0),
        frozen boolean NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream, charge_id, charged_on, method)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_open ON {table} (stream, rank) WHERE remaining_minor > 0",),
)

PARKED = Table(
    "view_charges_parked",
    ParkedRow,
    key={"deposit_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        deposit_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        charge_id text NOT NULL,
        amount_minor bigint NOT NULL,
        expected_minor bigint NOT NULL,
        currency text NOT NULL,
        why text NOT NULL,
        status text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (deposit_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",),
)

TAKEN, GIVEN = -1, 1


def lot_changes(fact: Fact) -> list[tuple[LotPart, int]]:
    """Return (lot and amount, TAKEN or GIVEN) for each lot that a fact takes from, makes or puts back into."""
    match fact:
        case Account.Spent() | Account.RefundRequested() | Account.TransferSent():
            return [(part, TAKEN) for part in fact.lots]
        case Account.SpendReturned() | Account.RefundRejected() | Account.RefundCancelled():
            return [(part, GIVEN) for part in fact.returned_lots]
        case Account.TransferReceived():
            return [(part, GIVEN) for part in fact.lots]
        case Account.AdjustmentApproved() | Account.Imported():
            return [(part, GIVEN if fact.amount_minor > 0 else TAKEN) for part in fact.lots]
        case Account.Charged():
            return _made(fact.charge_id, fact.charged_on, fact.method, fact.remaining_minor)
        case Account.Deposited():
            return _made(fact.charge_id, fact.charged_on, "virtual_account", fact.remaining_minor)
        case Account.ParkedDepositCredited():
            return _made(fact.deposit_id, fact.charged_on, "virtual_account", fact.remaining_minor)
        case Account.ChargeCancelled():
            return [(LotPart(fact.charge_id, fact.charged_on, fact.method, fact.amount_minor), TAKEN)]
        case Account.ChargedBack() if fact.from_lot_minor:
            return [(LotPart(fact.charge_id, fact.charged_on, fact.method, fact.from_lot_minor), TAKEN)]
    return []


def _made(charge_id: str, charged_on: date, method: str, amount_minor: int) -> list[tuple[LotPart, int]]:
    return [(LotPart(charge_id, charged_on, method, amount_minor), GIVEN)] if amount_minor else []


class Charges(View):
    """Charges, lots and parked deposits."""

    NAME = "charges"
    TABLES = (CHARGES, LOTS, PARKED)
    TAKES = frozenset(
        {
            Account.AdjustmentApproved, Account.ChargeCancelFailed, Account.ChargeCancelStarted,
            Account.ChargeCancelled, Account.Charged, Account.ChargedBack, Account.DepositAwaited,
            Account.DepositExpired, Account.DepositParked, Account.Deposited, Account.DifferenceRefunded,
            Account.HoldExpired, Account.Imported, Account.ParkedDepositCredited, Account.ParkedDepositReturned,
            Account.RefundCancelled, Account.RefundRejected, Account.RefundRequested, Account.SpendReturned,
            Account.Spent, Account.TransferReceived, Account.TransferSent,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        stream = fact.originator_id
        for part, _ in lot_changes(fact):
            yield LOTS, (stream, part.charge_id, part.charged_on, part.method)
        match fact:
            case Account.ChargeCancelStarted() | Account.ChargeCancelFailed():
                yield CHARGES, (fact.charge_id,)
                yield LOTS, (stream, fact.charge_id, fact.charged_on, fact.method)
            case Account.ChargeCancelled() | Account.ChargedBack() | Account.Deposited() | Account.DepositExpired():
                yield CHARGES, (fact.charge_id,)
            case Account.ParkedDepositCredited() | Account.ParkedDepositReturned():
                yield PARKED, (fact.deposit_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        for part, sign in lot_changes(fact):
            _move(fact.originator_id, part, sign, rows)
        if isinstance(fact, PARKING):
            _park(fact, position, rows)
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
                _freeze(fact, frozen=True, rows=rows)
            case Account.ChargeCancelFailed():
                charge = rows.get(CHARGES, (fact.charge_id,))
                charge.status, charge.fee_minor, charge.payout_minor = "paid", None, None
                _freeze(fact, frozen=False, rows=rows)
            case Account.ChargeCancelled():
                _set_cancel(fact, "cancelled", rows)
                _freeze(fact, frozen=False, rows=rows)
            case Account.ChargedBack():
                rows.get(CHARGES, (fact.charge_id,)).charged_back_minor += fact.amount_minor


PARKING = (Account.DepositParked, Account.ParkedDepositCredited, Account.ParkedDepositReturned)


def _park(fact: Any, position: int, rows: Rows) -> None:
    """Note that a deposit was parked, or what became of it."""
    match fact:
        case Account.DepositParked():
            parked = ParkedRow(
                fact.deposit_id, fact.originator_id, position, fact.charge_id, fact.amount_minor, fact.expected_minor,
                fact.currency, fact.why, "parked",
            )  # fmt: skip
            rows.put(PARKED, parked)
        case Account.ParkedDepositCredited():
            rows.get(PARKED, (fact.deposit_id,)).status = "credited"
        case Account.ParkedDepositReturned():
            rows.get(PARKED, (fact.deposit_id,)).status = "returned"


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


def _freeze(
    fact: ChargeCancelStarted | ChargeCancelFailed | ChargeCancelled,
    *,
    frozen: bool,
    rows: Rows,
) -> None:
    rows.get(LOTS, (fact.originator_id, fact.charge_id, fact.charged_on, fact.method)).frozen = frozen


def _move(stream: UUID, part: LotPart, sign: int, rows: Rows) -> None:
    """Take an amount out of a lot or put it in; a lot that was not there is made."""
    key = (stream, part.charge_id, part.charged_on, part.method)
    lot = rows.find(LOTS, key) if sign == GIVEN else rows.get(LOTS, key)
    if lot is None:
        rank = f"{part.charged_on.isoformat()}/{lot_version(part.charge_id):019d}/{part.method}"
        lot = LotRow(stream, part.charge_id, part.charged_on, part.method, rank, 0, 0, frozen=False)
        rows.put(LOTS, lot)
    lot.remaining_minor += sign * part.amount_minor
    lot.amount_minor = max(lot.amount_minor, lot.remaining_minor)
    if lot.remaining_minor < 0:
        raise ValueError(f"lot {part.charge_id} of {part.charged_on} would hold {lot.remaining_minor}")


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


async def lots(
    conn: AsyncConnection[Any], account_id: str, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of an account's open lots, in the order in which spending takes them.

    Raises:
        Malformed: cursor or limit.

    Source: SPEC R-070.
    """
    asked = {"list": "lots", "account_id": account_id}
    where = place(asked, cursor, limit, start="")
    query = """
        SELECT * FROM view_charges_lots
        WHERE stream = %s AND rank > %s AND remaining_minor > 0 ORDER BY rank LIMIT %s
    """
    found = await fetch(conn, query, [ids.stream_id(account_id), where.after, where.limit + 1])
    items = [
        {
            "charge_id": row["charge_id"],
            "charged_on": row["charged_on"].isoformat(),
            "method": row["method"],
            "amount": row["amount_minor"],
            "remaining": row["remaining_minor"],
            "frozen": row["frozen"],
        }
        for row in found
    ]
    return paged(asked, where, items, [row["rank"] for row in found])


async def parked(
    conn: AsyncConnection[Any],
    *,
    account_id: str | None = None,
    status: str | None = "parked",
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of deposits that could not be booked, newest first; all accounts without `account_id`.

    Raises:
        Malformed: cursor or limit.

    Source: SPEC R-062.
    """
    asked = {"list": "parked", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    stream = None if account_id is None else ids.stream_id(account_id)
    query = """
        SELECT * FROM view_charges_parked
        WHERE (%s::uuid IS NULL OR stream = %s) AND (%s::text IS NULL OR status = %s) AND position < %s
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [stream, stream, status, status, where.after, where.limit + 1])
    items = [
        {
            "id": row["deposit_id"],
            "account_id": ids.parse(row["deposit_id"], "dep").account_id,
            "charge_id": row["charge_id"],
            "amount": row["amount_minor"],
            "expected": row["expected_minor"],
            "currency": row["currency"],
            "why": row["why"],
            "status": row["status"],
            "position": row["position"],
        }
        for row in found
    ]
    return paged(asked, where, items, [row["position"] for row in found])


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
        {"account_id": ids.parse(row["charge_id"], "chg").account_id, **row}
        for row in await fetch(conn, query, [business_date(at), limit])
    ]
