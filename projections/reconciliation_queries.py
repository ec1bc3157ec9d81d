"""What readers ask of the view `reconciliation`: files, lines, items of the ledger, remittances, parked money."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.reconciliation.rules import REFERENCE_DAYS, OpenItem, OpenLine, Suggestion, suggestions
from aggregates.reconciliation.tally import LineNotFound
from projections.paging import Page, fetch, paged, place

LAST = "9" * 20
"""Where the first page of lines begins: their places are texts."""

CANDIDATES_MAX = 1_000
"""Things that are looked at for the suggestions of one line."""


async def files(conn: AsyncConnection[Any], *, source: str | None, cursor: str | None, limit: int | None) -> Page:
    """Return a page of files, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "source_files", "source": source}
    where = place(asked, cursor, limit)
    query = """
        SELECT position, document FROM view_recon_files
        WHERE position < %s AND (%s::text IS NULL OR source = %s) ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [where.after, source, source, where.limit + 1])
    items = [row["document"] | {"position": row["position"]} for row in found]
    return paged(asked, where, items, [row["position"] for row in found])


async def file(conn: AsyncConnection[Any], file_id: str) -> dict[str, Any]:
    """Return a file that the ledger knows; the view must have seen it."""
    (found,) = await fetch(conn, "SELECT document FROM view_recon_files WHERE file_id = %s", [file_id])
    document: dict[str, Any] = found["document"]
    return document


async def lines(
    conn: AsyncConnection[Any],
    *,
    status: str | None = None,
    side: str | None = None,
    source: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of lines, the last taken first; `from_date` and `to_date` are KST days, both included.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {
        "list": "lines",
        "status": status,
        "side": side,
        "source": source,
        "from": from_date.isoformat() if from_date else None,
        "to": to_date.isoformat() if to_date else None,
    }
    where = place(asked, cursor, limit, start=LAST)
    conditions, parameters = ["place < %s"], [where.after]
    for condition, value in (
        ("status = %s", status),
        ("side = %s", side),
        ("source = %s", source),
        ("day >= %s", from_date),
        ("day <= %s", to_date),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    query = f"SELECT * FROM view_recon_lines WHERE {' AND '.join(conditions)} ORDER BY place DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [line_json(row) for row in found], [row["place"] for row in found])


async def line(conn: AsyncConnection[Any], line_id: str) -> dict[str, Any]:
    """Return a line's row. Raises: LineNotFound; NotFound: no line can have this id."""
    ids.parse(line_id, "lin")
    found = await fetch(conn, "SELECT * FROM view_recon_lines WHERE line_id = %s", [line_id])
    if not found:
        raise LineNotFound("there is no line with this id")
    return found[0]


async def suggested(conn: AsyncConnection[Any], line_id: str) -> list[dict[str, Any]]:
    """Return what a line may stand for, the likeliest first; nothing for one that is settled.

    Raises:
        LineNotFound.

    Source: SPEC R-062, R-088.
    """
    row = await line(conn, line_id)
    if row["status"] not in ("open", "parked"):
        return []
    rows = {each["id"]: each for each in await candidates(conn, row)}
    made = suggestions(open_line(row), [open_item(each) for each in rows.values()])
    return [_suggestion_json(each, rows[each.item_id]) for each in made]


async def candidates(conn: AsyncConnection[Any], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is not matched and has a line's amount or number, within a month of its day."""
    query = """
        WITH wanted (side, currency, amount, reference, first, last) AS (
            VALUES (%s::text, %s::text, %s::bigint, %s::text, %s::date, %s::date)
        )
        SELECT item_id AS id, account_id, topic, day, i.currency, amount_minor, method, refs
        FROM wanted w JOIN view_recon_items i ON i.line_id IS NULL AND i.side = w.side AND i.currency = w.currency
          AND (i.amount_minor = w.amount OR i.refs ? w.reference) AND i.day BETWEEN w.first AND w.last
        UNION ALL
        SELECT remittance_id, NULL, 'remittance', last_day, r.currency, net_minor, NULL,
               jsonb_build_array(r.reference, remittance_id)
        FROM wanted w JOIN view_recon_remittances r ON r.line_id IS NULL AND w.side = 'bank'
          AND r.currency = w.currency AND (r.net_minor = w.amount OR r.reference = w.reference)
          AND r.last_day BETWEEN w.first AND w.last
        LIMIT %s
    """
    days = timedelta(days=REFERENCE_DAYS)
    return await fetch(
        conn,
        query,
        [
            row["side"], row["currency"], row["amount_minor"], row["reference"] or "", row["day"] - days,
            row["day"] + days, CANDIDATES_MAX,
        ],
    )  # fmt: skip


async def items(
    conn: AsyncConnection[Any], *, side: str | None, only_open: bool, cursor: str | None, limit: int | None
) -> Page:
    """Return a page of what the ledger itself says, newest first. only_open: what is matched with nothing.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "items", "side": side, "open": only_open}
    where = place(asked, cursor, limit)
    query = """
        SELECT * FROM view_recon_items
        WHERE position < %s AND (%s::text IS NULL OR side = %s) AND (NOT %s OR line_id IS NULL)
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [where.after, side, side, only_open, where.limit + 1])
    return paged(asked, where, [item_json(row) for row in found], [row["position"] for row in found])


async def remittances(conn: AsyncConnection[Any], *, status: str | None, cursor: str | None, limit: int | None) -> Page:
    """Return a page of remittances, newest first. status: expected or received; None = both.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "remittances", "status": status}
    where = place(asked, cursor, limit)
    query = """
        SELECT * FROM view_recon_remittances
        WHERE position < %s AND (%s::text IS NULL OR (line_id IS NULL) = (%s = 'expected'))
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [where.after, status, status, where.limit + 1])
    return paged(asked, where, [remittance_json(row) for row in found], [row["position"] for row in found])


def open_line(row: dict[str, Any]) -> OpenLine:
    """Return a line as the rules take it."""
    return OpenLine(
        row["line_id"], row["day"], row["amount_minor"], row["currency"], row["method"], row["reference"]
    )  # fmt: skip


def open_item(row: dict[str, Any]) -> OpenItem:
    """Return a thing of the ledger, or a remittance, as the rules take it."""
    return OpenItem(
        row["id"], row["day"], row["amount_minor"], row["currency"], row["method"], frozenset(row["refs"])
    )  # fmt: skip


def line_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line in the shape of the HTTP face."""
    return {
        "id": row["line_id"],
        "source": row["source"],
        "side": row["side"],
        "day": row["day"].isoformat(),
        "currency": row["currency"],
        "amount": row["amount_minor"],
        "fee": row["fee_minor"],
        "method": row["method"],
        "reference": row["reference"],
        "remittance_id": row["remittance_id"],
        "status": row["status"],
        "rule": row["rule"],
        "items": row["items"],
        "account_id": row["account_id"],
        "reason": row["reason"],
        "has_notes": row["note"] is not None,
        "file_id": row["file_id"],
        "file_row": row["file_row"],
        "position": row["position"],
    }


def item_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a thing of the ledger in the shape of the HTTP face."""
    return {
        "id": row["item_id"],
        "side": row["side"],
        "account_id": row["account_id"],
        "topic": row["topic"],
        "day": row["day"].isoformat(),
        "currency": row["currency"],
        "amount": row["amount_minor"],
        "method": row["method"],
        "references": row["refs"],
        "line_id": row["line_id"],
        "position": row["position"],
    }


def remittance_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a remittance in the shape of the HTTP face."""
    parts = row["parts"]
    return {
        "id": row["remittance_id"],
        "source": row["source"],
        "reference": row["reference"],
        "currency": row["currency"],
        "last_day": row["last_day"].isoformat(),
        "lines": row["lines"],
        "gross": sum(gross for _, gross, _ in parts),
        "fee": sum(fee for _, _, fee in parts),
        "net": row["net_minor"],
        "received": row["received_minor"],
        "difference": 0 if row["received_minor"] is None else row["received_minor"] - row["net_minor"],
        "status": "expected" if row["line_id"] is None else "received",
        "line_id": row["line_id"],
        "parts": [{"method": method, "gross": gross, "fee": fee} for method, gross, fee in parts],
        "position": row["position"],
    }


def _suggestion_json(each: Suggestion, row: dict[str, Any]) -> dict[str, Any]:
    is_remittance = row["topic"] == "remittance"
    return {
        "item_id": None if is_remittance else each.item_id,
        "remittance_id": each.item_id if is_remittance else None,
        "account_id": row["account_id"],
        "topic": row["topic"],
        "day": row["day"].isoformat(),
        "amount": row["amount_minor"],
        "references": sorted(row["refs"]),
        "why": each.why,
        "difference": each.difference_minor,
        "days": each.days,
    }
