"""The statement of an account: what an accountant files, tied out to the last unit and pinned to a version.

Rows are sorted by (business date, position) and carry the running balance in that order. Pinned to a version, only what
was recorded up to it counts, so issuing the statement again gives the same bytes and digest, whatever came since.
"""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account.modes import ModeSwitched
from aggregates.dates import rfc3339
from aggregates.errors import Malformed, NotFound
from projections.movements import PREPAID, Book
from projections.paging import fetch
from projections.tracking import wait_for

ROWS_MAX = 100_000
"""Most rows of one statement; a longer period is asked for in parts."""


async def statement(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    from_date: date,
    to_date: date,
    version: int | None = None,
    book: Book = PREPAID,
) -> dict[str, Any]:
    """Return an account's statement over business dates, both included.

    It is pinned to `version` of the account, the newest one when None, and begins anew where its mode was switched:
    what was before that is in a statement pinned to an earlier version (SPEC R-098). A postpaid account has no balance:
    its statement opens at 0 and adds up the use of the period. The other books are there in either mode, and go on
    through a switch.

    Args:
        book: which of the account's balances; any but the prepaid one is named in the statement.

    Returns:
        {account_id, name, mode, currency, from, to, version, opening_balance, rows, totals, closing_balance, digest};
        totals: type -> {count, amount}; digest: SHA-256 over the canonical JSON of all the rest.

    Raises:
        Malformed: the dates are the wrong way round, the version is below 1, or the period has too many rows.
        NotFound: there is no such account, or it has no such version yet.
        ViewBehind: the rows up to that version are not there yet.
    """
    if from_date > to_date:
        raise Malformed("from must not be after to", field="from")
    if version is not None and not 1 <= version < 2**63:
        raise Malformed("version must be an integer of 1 or more", field="version")
    stream = ids.stream_id(account_id)
    account = await fetch(
        conn,
        """
        SELECT a.name, a.mode, a.currency, a.version, t.notification_id AS position
        FROM view_accounts a JOIN ledger_tracking t ON t.application_name = 'view_accounts' WHERE a.stream = %s
        """,
        [stream],
    )
    if not account:
        raise NotFound("there is no account with this id")
    newest, reached = account[0].pop("version"), account[0].pop("position")
    if version is None:
        version = newest
    elif version > newest:
        raise NotFound(f"the account has no version {version}; its last one is {newest}", version=newest)
    await wait_for(conn, "transactions", at_least=reached)
    account[0]["mode"], since = await _mode_at(conn, stream, version, account[0]["mode"])
    if book != PREPAID:
        account[0]["book"], since = book, 0
    opening = 0
    if book != PREPAID or account[0]["mode"] == "prepaid":
        before = """
            SELECT coalesce(sum(amount_minor), 0)::bigint AS opening FROM view_transactions
            WHERE stream = %s AND business_date < %s AND version BETWEEN %s AND %s AND book = %s
        """
        opening = (await fetch(conn, before, [stream, from_date, since + 1, version, book]))[0]["opening"]
    within = """
        SELECT * FROM view_transactions
        WHERE stream = %s AND business_date BETWEEN %s AND %s AND version BETWEEN %s AND %s AND book = %s
        ORDER BY business_date, position LIMIT %s
    """
    found = await fetch(conn, within, [stream, from_date, to_date, since + 1, version, book, ROWS_MAX + 1])
    if len(found) > ROWS_MAX:
        raise Malformed(f"a statement has at most {ROWS_MAX} rows; ask for a shorter period", field="from")
    made = _tied_out(found, opening)
    whole = {
        "account_id": account_id,
        **account[0],
        "from": from_date.isoformat(),
        "to": to_date.isoformat(),
        "version": version,
        "opening_balance": opening,
        **made,
    }
    return {**whole, "digest": digest(whole)}


def digest(whole: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, over the canonical JSON (sorted keys, no spaces) of a statement without digest."""
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _mode_at(conn: AsyncConnection[Any], stream: UUID, version: int, now: str) -> tuple[str, int]:
    """Return an account's mode at a version, and the version at which it began; 0 = with the account.

    Args:
        now: its mode at the newest version.
    """
    query = """
        SELECT originator_version AS version, convert_from(state, 'UTF8')::jsonb AS state FROM ledger_events
        WHERE originator_id = %s AND topic = %s ORDER BY originator_version
    """
    mode, since = now, 0
    switches = await fetch(conn, query, [stream, ModeSwitched.TOPIC])
    if switches:
        mode = switches[0]["state"]["previous"]
    for switch in switches:
        if switch["version"] <= version:
            mode, since = switch["state"]["mode"], switch["version"]
    return mode, since


def _tied_out(found: list[dict[str, Any]], opening: int) -> dict[str, Any]:
    """Return rows with their running balance, totals by type, and the closing balance."""
    balance = opening
    rows: list[dict[str, Any]] = []
    totals: dict[str, dict[str, int]] = {}
    for row in found:
        balance += row["amount_minor"]
        total = totals.setdefault(row["type"], {"count": 0, "amount": 0})
        total["count"] += 1
        total["amount"] += row["amount_minor"]
        rows.append(
            {
                "position": row["position"],
                "occurred_at": rfc3339(row["occurred_at"]),
                "business_date": row["business_date"].isoformat(),
                "type": row["type"],
                "amount": row["amount_minor"],
                "balance": balance,
                "reference": row["reference"],
                "detail": row["detail"],
            }
        )
    return {"rows": rows, "totals": dict(sorted(totals.items())), "closing_balance": balance}


COLUMNS = ("position", "occurred_at", "business_date", "type", "amount", "balance", "reference", "detail")
FORMULA_STARTS = tuple("=+-@\t\r\0\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet would take for the start of a formula, also in full width."""


def to_csv(whole: dict[str, Any]) -> bytes:
    """Return a statement as CSV (UTF-8, CRLF, every text quoted): head lines, the rows, totals and closing balance.

    Text that a spreadsheet would run as a formula is led by an apostrophe; amounts are plain numbers in minor units.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for name in ("account_id", "name", "mode", "book", "currency", "from", "to", "version", "digest"):
        if name in whole:
            writer.writerow([name, _safe(whole[name])])
    writer.writerow(["opening_balance", whole["opening_balance"]])
    writer.writerow(COLUMNS)
    for row in whole["rows"]:
        writer.writerow([_safe(row[column]) for column in COLUMNS])
    for kind, total in whole["totals"].items():
        writer.writerow([f"total_{kind}", total["count"], total["amount"]])
    writer.writerow(["closing_balance", whole["closing_balance"]])
    return out.getvalue().encode("utf-8")


def _safe(value: Any) -> Any:
    """Return a cell: numbers as they are, objects as JSON, text that cannot become a formula."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if isinstance(value, dict) else value
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
