"""Lots, as readers see them: portions of a prepaid balance, what was taken of each and put back (SPEC R-070, R-076).

A lot is made by a charge, a received transfer, an adjustment, an import row or a credited deposit. Its rows are a part
of the view `charges`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.account.cancellations import ChargeCancelFailed, ChargeCancelled, ChargeCancelStarted
from aggregates.account.lots import LotPart, lot_version
from aggregates.fact import Fact
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table


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
        case Account.BankDepositCredited():
            return _made(fact.deposit_id, fact.charged_on, "transfer", fact.remaining_minor)
        case Account.ChargeCancelled():
            return [(LotPart(fact.charge_id, fact.charged_on, fact.method, fact.amount_minor), TAKEN)]
        case Account.ChargedBack() if fact.from_lot_minor:
            return [(LotPart(fact.charge_id, fact.charged_on, fact.method, fact.from_lot_minor), TAKEN)]
    return []


def _made(charge_id: str, charged_on: date, method: str, amount_minor: int) -> list[tuple[LotPart, int]]:
    return [(LotPart(charge_id, charged_on, method, amount_minor), GIVEN)] if amount_minor else []


def lot_key(stream: UUID, part: LotPart | ChargeCancelStarted | ChargeCancelFailed | ChargeCancelled) -> Key:
    """Return the key of the lot that a part, or a cancellation, speaks about."""
    return (stream, part.charge_id, part.charged_on, part.method)


def move(stream: UUID, part: LotPart, sign: int, rows: Rows) -> None:
    """Take an amount out of a lot or put it in; a lot that was not there is made."""
    key = lot_key(stream, part)
    lot = rows.find(LOTS, key) if sign == GIVEN else rows.get(LOTS, key)
    if lot is None:
        rank = f"{part.charged_on.isoformat()}/{lot_version(part.charge_id):019d}/{part.method}"
        lot = LotRow(stream, part.charge_id, part.charged_on, part.method, rank, 0, 0, frozen=False)
        rows.put(LOTS, lot)
    lot.remaining_minor += sign * part.amount_minor
    lot.amount_minor = max(lot.amount_minor, lot.remaining_minor)
    if lot.remaining_minor < 0:
        raise ValueError(f"lot {part.charge_id} of {part.charged_on} would hold {lot.remaining_minor}")


def freeze(fact: ChargeCancelStarted | ChargeCancelFailed | ChargeCancelled, *, frozen: bool, rows: Rows) -> None:
    """Set the lot of a cancellation aside, or give it back (SPEC R-068)."""
    rows.get(LOTS, lot_key(fact.originator_id, fact)).frozen = frozen


async def page(
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
