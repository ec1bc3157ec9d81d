"""The daily proof: what the ledger says of a day's money, what the providers say, and what the bank has of it.

Every difference is listed: what only one of them knows, what is known for another day, what was promised and has not
come. A day is proven when nothing is left to explain.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date
from typing import Any

from psycopg import AsyncConnection

from ledger.sheets.writer import plain
from projections.paging import fetch
from projections.reconciliation_queries import item_json, line_json, remittance_json

LISTED_MAX = 1_000
"""Differences of one kind that are listed; their number and sum are always given."""

_ITEM_SUMS = """
    SELECT side, currency, method, count(*) AS count, sum(amount_minor)::bigint AS amount,
           count(*) FILTER (WHERE line_id IS NULL) AS open_count,
           coalesce(sum(amount_minor) FILTER (WHERE line_id IS NULL), 0)::bigint AS open_amount
    FROM view_recon_items WHERE day = %s GROUP BY side, currency, method
"""

_LINE_SUMS = """
    SELECT l.side, l.currency, l.method, count(*) AS count, sum(l.amount_minor)::bigint AS amount,
           count(*) FILTER (WHERE l.status = 'open') AS open_count,
           coalesce(sum(l.amount_minor) FILTER (WHERE l.status = 'open'), 0)::bigint AS open_amount,
           coalesce(sum(l.amount_minor) FILTER (WHERE r.line_id IS NOT NULL), 0)::bigint AS at_bank,
           coalesce(sum(l.fee_minor) FILTER (WHERE r.line_id IS NOT NULL), 0)::bigint AS fee_at_bank
    FROM view_recon_lines l
    LEFT JOIN view_recon_remittances r ON l.side = 'provider' AND r.remittance_id = l.remittance_id
    WHERE l.day = %s GROUP BY l.side, l.currency, l.method
"""

_OTHER_DAY = """
    SELECT l.*, i.day AS item_day, i.item_id, i.amount_minor AS item_amount
    FROM view_recon_items i JOIN view_recon_lines l ON l.line_id = i.line_id
    WHERE i.day <> l.day AND (i.day = %s OR l.day = %s)
    ORDER BY l.place, i.item_id LIMIT %s
"""

_BOOKED = """
    SELECT currency, sum(amount_minor)::bigint AS amount FROM view_journal
    WHERE account = 'asset.bank' AND business_date = %s GROUP BY currency
"""

_STATUS = """
    SELECT status, currency, count(*) AS count, sum(amount_minor)::bigint AS amount
    FROM view_recon_lines WHERE side = 'bank' AND day = %s GROUP BY status, currency
"""


async def proof(conn: AsyncConnection[Any], day: date) -> dict[str, Any]:
    """Return the proof of a KST day.

    Returns:
        {day, proven, providers: [...], bank: [...], only_in_ledger, only_outside, other_day, parked, remittances}: for
        each method and currency what ledger and provider say, their difference and what the bank has of it; for the
        bank the same by currency; and the differences one by one.

    Source: SPEC R-062.
    """
    items = await fetch(conn, _ITEM_SUMS, [day])
    lines = await fetch(conn, _LINE_SUMS, [day])
    statuses = await fetch(conn, _STATUS, [day])
    booked = {row["currency"]: row["amount"] for row in await fetch(conn, _BOOKED, [day])}
    providers = _providers(items, lines)
    bank = _bank(items, lines, statuses, booked)
    only_in_ledger = await fetch(
        conn,
        "SELECT * FROM view_recon_items WHERE day = %s AND line_id IS NULL ORDER BY position, item_id LIMIT %s",
        [day, LISTED_MAX],
    )
    unsettled = await fetch(
        conn,
        "SELECT * FROM view_recon_lines WHERE day = %s AND status IN ('open', 'parked') ORDER BY place LIMIT %s",
        [day, LISTED_MAX],
    )
    other_day = await fetch(conn, _OTHER_DAY, [day, day, LISTED_MAX])
    remittances = await fetch(
        conn,
        """
        SELECT * FROM view_recon_remittances WHERE remittance_id IN (
            SELECT remittance_id FROM view_recon_lines WHERE day = %s AND remittance_id IS NOT NULL
        ) ORDER BY position, remittance_id LIMIT %s
        """,
        [day, LISTED_MAX],
    )
    return {
        "day": day.isoformat(),
        "proven": all(row["proven"] for row in (*providers, *bank)),
        "providers": providers,
        "bank": bank,
        "only_in_ledger": [item_json(row) for row in only_in_ledger],
        "only_outside": [line_json(row) for row in unsettled],
        "other_day": [_other_day_json(row) for row in other_day],
        "remittances": [remittance_json(row) for row in remittances],
    }


def _providers(items: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what ledger and providers say, by currency and method, and what the bank has of it."""
    rows = _by_key(items, lines, "provider")
    return [
        {
            "method": method,
            "currency": currency,
            "ledger": _figures(item),
            "provider": _figures(line),
            "difference": line["amount"] - item["amount"],
            "at_bank": {
                "gross": line["at_bank"],
                "fee": line["fee_at_bank"],
                "in_transit": line["amount"] - line["at_bank"],
            },
            "unexplained": {"ledger": _open(item), "provider": _open(line)},
            "proven": not item["open_count"] and not line["open_count"],
        }
        for (currency, method), (item, line) in sorted(rows.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    ]


def _bank(
    items: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    statuses: list[dict[str, Any]],
    booked: dict[str, int],
) -> list[dict[str, Any]]:
    """Return what ledger and bank say, by currency; parked money is in both, and not explained.

    `booked` is what the books' account of the bank moved by on that day, lines that were booked themselves included.
    """
    kept: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for row in statuses:
        kept[row["currency"]][row["status"]] = {"count": row["count"], "amount": row["amount"]}
    none = {"count": 0, "amount": 0}
    return [
        {
            "currency": currency,
            "ledger": _figures(item),
            "bank": _figures(line),
            "booked": booked.get(currency, 0),
            "difference": line["amount"] - booked.get(currency, 0),
            "explained": kept[currency].get("matched", none),
            "credited": kept[currency].get("credited", none),
            "returned": kept[currency].get("returned", none),
            "parked": kept[currency].get("parked", none),
            "unexplained": {"ledger": _open(item), "bank": _open(line)},
            "proven": not item["open_count"] and not line["open_count"] and "parked" not in kept[currency],
        }
        for (currency, _), (item, line) in sorted(
            _by_key(items, lines, "bank").items(), key=lambda each: each[0][0]
        )
    ]  # fmt: skip


_Sums = dict[tuple[str, str | None], tuple[dict[str, Any], dict[str, Any]]]


def _by_key(items: list[dict[str, Any]], lines: list[dict[str, Any]], side: str) -> _Sums:
    """Return the sums of items and lines of one side by currency and method; where one says nothing, zeros."""
    nothing = dict.fromkeys(("count", "amount", "open_count", "open_amount", "at_bank", "fee_at_bank"), 0)
    found: _Sums = {}
    for at, rows in enumerate((items, lines)):
        for row in rows:
            if row["side"] == side:
                key = (row["currency"], row["method"])
                both = list(found.get(key, (nothing, nothing)))
                both[at] = row
                found[key] = (both[0], both[1])
    return found


def _figures(row: dict[str, Any]) -> dict[str, int]:
    return {"count": row["count"], "amount": row["amount"]}


def _open(row: dict[str, Any]) -> dict[str, int]:
    return {"count": row["open_count"], "amount": row["open_amount"]}


def _other_day_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "line_id": row["line_id"],
        "line_day": row["day"].isoformat(),
        "item_id": row["item_id"],
        "item_day": row["item_day"].isoformat(),
        "side": row["side"],
        "method": row["method"],
        "currency": row["currency"],
        "amount": row["item_amount"],
    }


COLUMNS = ("day", "kind", "side", "method", "currency", "count", "amount", "id", "other_id", "reference", "other_day")


def to_csv(made: dict[str, Any]) -> bytes:
    """Return a proof as a table: sums first, then each difference; amounts are numbers, texts are no formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    day = made["day"]
    for row in made["providers"]:
        for side in ("ledger", "provider"):
            figures, method = row[side], row["method"] or ""
            writer.writerow(
                [day, f"sum_{side}", "provider", method, row["currency"], *figures.values(), "", "", "", ""]
            )
        for kind, amount in (("difference", row["difference"]), *row["at_bank"].items()):
            writer.writerow([day, kind, "provider", row["method"] or "", row["currency"], "", amount, "", "", "", ""])
    for row in made["bank"]:
        for kind, amount in (("booked", row["booked"]), ("difference", row["difference"])):
            writer.writerow([day, kind, "bank", "", row["currency"], "", amount, "", "", "", ""])
        for kind in ("ledger", "bank", "explained", "credited", "returned", "parked"):
            writer.writerow([day, f"sum_{kind}", "bank", "", row["currency"], *row[kind].values(), "", "", "", ""])
    for row in made["only_in_ledger"]:
        writer.writerow(_difference(day, "only_in_ledger", row, "; ".join(row["references"])))
    for row in made["only_outside"]:
        kind = "parked" if row["status"] == "parked" else "only_outside"
        writer.writerow(_difference(day, kind, row, row["reference"] or ""))
    for row in made["other_day"]:
        other = row["item_day"] if row["line_day"] == day else row["line_day"]
        writer.writerow(
            [
                day, "other_day", row["side"], row["method"] or "", row["currency"], 1, row["amount"], row["line_id"],
                row["item_id"], "", other,
            ]
        )  # fmt: skip
    for row in made["remittances"]:
        if row["received"] is None or row["difference"]:
            writer.writerow(
                [
                    day, "remittance_expected" if row["received"] is None else "remittance_differs", "bank", "",
                    row["currency"], row["lines"], row["net"], row["id"], row["line_id"] or "",
                    plain(row["reference"]), "",
                ]
            )  # fmt: skip
    return out.getvalue().encode()


def _difference(day: str, kind: str, row: dict[str, Any], reference: str) -> list[Any]:
    return [
        day, kind, row["side"], row["method"] or "", row["currency"], 1, row["amount"], row["id"], "", plain(reference),
        "",
    ]  # fmt: skip
