"""The view `payment_links`: every link with what it asks for; what was paid is read from the view `obligations`.

Where a link stands follows from both and from the clock, in one expression (SPEC R-130, R-131).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.payment_link import LinkNotFound, PaymentLink
from aggregates.dates import rfc3339
from ledger.commands.collecting.payment_links import link_json
from projections import obligations
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View

USES_SHOWN_MAX = 100
"""So many uses of one link are shown, the newest of them."""


@dataclass(slots=True)
class LinkRow:
    """One link.

    Attributes:
        position: of the fact that issued it. issued_at: when. changed: position of the last fact about it.
        to_token, words: vault tokens. ended, superseded_by: None = not ended, not replaced.
        settled_uses, uses_in_flight: of the first of the links that replaced each other; its own where it is that.
        others as of `PaymentLink.Issued`.
    """

    link_id: str
    position: int
    issued_at: datetime
    changed: int
    account_id: str
    root_id: str
    replaces: str | None
    obligation_id: str | None
    amount_minor: int | None
    minimum_minor: int
    maximum_minor: int | None
    parts: bool
    max_uses: int
    currency: str
    expires_on: date
    time_zone: str
    expires_at: datetime
    to_token: str | None
    words: str | None
    channels: list[str]
    reference: str | None
    ended: str | None = None
    superseded_by: str | None = None
    settled_uses: int = 0
    uses_in_flight: int = 0


LINKS = Table(
    "view_payment_links",
    LinkRow,
    key={"link_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        link_id text NOT NULL,
        position bigint NOT NULL,
        issued_at timestamptz NOT NULL,
        changed bigint NOT NULL,
        account_id text NOT NULL,
        root_id text NOT NULL,
        replaces text,
        obligation_id text,
        amount_minor bigint,
        minimum_minor bigint NOT NULL,
        maximum_minor bigint,
        parts boolean NOT NULL,
        max_uses bigint NOT NULL,
        currency text NOT NULL,
        expires_on date NOT NULL,
        time_zone text NOT NULL,
        expires_at timestamptz NOT NULL,
        to_token text,
        words text,
        channels jsonb NOT NULL,
        reference text,
        ended text,
        superseded_by text,
        settled_uses bigint NOT NULL,
        uses_in_flight bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (link_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (expires_at) WHERE ended IS NULL",
    ),
    json=frozenset({"channels"}),
)

_SHOWN = """
    SELECT l.*, r.settled_uses AS used, r.uses_in_flight AS using,
        coalesce(o.version, 0) AS turn, o.paid_minor, o.due_minor, o.attempt_minor, o.refunded_minor, o.reversed_minor,
        CASE
            WHEN l.ended = 'superseded' THEN 'expired'
            WHEN o.due_minor IS NULL AND o.paid_minor > 0 OR o.paid_minor >= o.due_minor THEN 'paid'
            WHEN l.obligation_id IS NULL AND r.settled_uses >= l.max_uses THEN 'paid'
            WHEN o.attempt_id IS NOT NULL THEN 'payment_pending'
            WHEN l.obligation_id IS NULL AND r.settled_uses + r.uses_in_flight >= l.max_uses THEN 'payment_pending'
            WHEN l.ended = 'deactivated' THEN 'deactivated'
            WHEN l.ended IS NOT NULL OR l.expires_at <= %s THEN 'expired'
            ELSE 'active'
        END AS status
    FROM view_payment_links l
    JOIN view_payment_links r ON r.link_id = l.root_id
    LEFT JOIN view_obligations o ON o.obligation_id = l.obligation_id
"""
"""Links as `PaymentLink.status` sees them at an instant."""


class PaymentLinks(View):
    """Every payment link."""

    NAME = "payment_links"
    TABLES = (LINKS,)
    TAKES = frozenset(
        {
            PaymentLink.Issued, PaymentLink.UseStarted, PaymentLink.UseEnded, PaymentLink.UseSettled,
            PaymentLink.UseReversed, PaymentLink.Expired, PaymentLink.Deactivated, PaymentLink.Superseded,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, PaymentLink.Issued):
            yield LINKS, (fact.link_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, PaymentLink.Issued):
            rows.put(LINKS, _issued(fact, position))
            return
        row = rows.get(LINKS, (fact.link_id,))
        row.changed = position
        match fact:
            case PaymentLink.UseStarted() | PaymentLink.UseEnded():
                row.uses_in_flight = fact.uses_in_flight
            case PaymentLink.UseSettled():
                row.settled_uses, row.uses_in_flight = fact.settled_uses, fact.uses_in_flight
            case PaymentLink.UseReversed():
                row.settled_uses = fact.settled_uses
            case PaymentLink.Expired():
                row.ended = "expired"
            case PaymentLink.Deactivated():
                row.ended = "deactivated"
            case PaymentLink.Superseded():
                row.ended, row.superseded_by = "superseded", fact.by


def _issued(fact: Any, position: int) -> LinkRow:
    return LinkRow(
        link_id=fact.link_id,
        position=position,
        issued_at=fact.recorded_at,
        changed=position,
        account_id=fact.account_id,
        root_id=fact.root_id,
        replaces=fact.replaces,
        obligation_id=fact.obligation_id,
        amount_minor=fact.amount_minor,
        minimum_minor=fact.minimum_minor,
        maximum_minor=fact.maximum_minor,
        parts=fact.parts,
        max_uses=fact.max_uses,
        currency=fact.currency,
        expires_on=fact.expires_on,
        time_zone=fact.time_zone,
        expires_at=fact.expires_at,
        to_token=fact.to,
        words=fact.words,
        channels=list(fact.channels),
        reference=fact.reference,
    )


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a link in the shape of the HTTP face, with the tokens of `to` and `words` for whoever may open them."""
    shape = link_json(
        row["link_id"],
        account_id=row["account_id"],
        status=row["status"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        minimum_minor=row["minimum_minor"],
        maximum_minor=row["maximum_minor"],
        parts=row["parts"],
        max_uses=row["max_uses"],
        expires_on=row["expires_on"],
        time_zone=row["time_zone"],
        expires_at=rfc3339(row["expires_at"]),
        obligation_id=row["obligation_id"],
        replaces=row["replaces"],
        channels=row["channels"],
        reference=row["reference"],
    )
    is_single = row["obligation_id"] is not None
    due = row["due_minor"]
    return shape | {
        "superseded_by": row["superseded_by"],
        "settled_uses": int(row["status"] == "paid") if is_single else row["used"],
        "pending_uses": int(row["attempt_minor"] is not None) if is_single else row["using"],
        "paid": row["paid_minor"] if is_single else None,
        "outstanding": max(0, due - row["paid_minor"]) if is_single and due is not None else None,
        "issued_at": rfc3339(row["issued_at"]),
        "position": row["position"],
        "to": row["to_token"],
        "words": row["words"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    at: datetime,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's links as of an instant, newest first, each as `body`.

    Raises:
        Malformed: not a cursor of this list.
    """
    asked = {"list": "payment_links", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    query = f"""
        SELECT * FROM ({_SHOWN} WHERE l.account_id = %s AND l.position < %s) AS shown
        WHERE %s::text IS NULL OR status = %s ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [at, account_id, where.after, status, status, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def find(conn: AsyncConnection[Any], link_id: str, at: datetime) -> dict[str, Any]:
    """Return a link's row as of an instant, with `status`. Raises: LinkNotFound."""
    found = await fetch(conn, f"{_SHOWN} WHERE l.link_id = %s", [at, link_id])
    if not found:
        raise LinkNotFound("there is no payment link with this id")
    return found[0]


async def uses(conn: AsyncConnection[Any], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a link's payments paid, newest first, in the shape of the HTTP face: a due item for each use."""
    if row["obligation_id"] is not None:
        condition, named = "obligation_id", row["obligation_id"]
    else:
        condition, named = "source_id", row["root_id"]
    query = f"SELECT * FROM view_obligations WHERE {condition} = %s ORDER BY position DESC LIMIT %s"
    return [
        {
            "obligation_id": each["obligation_id"],
            "status": obligations.money_status(each),
            "paid": each["paid_minor"],
            "pending": each["attempt_minor"] or 0,
            "refunded": each["refunded_minor"],
            "reversed": each["reversed_minor"],
            "paid_on": None if each["paid_on"] is None else each["paid_on"].isoformat(),
            "closed": each["closed"],
        }
        for each in await fetch(conn, query, [named, USES_SHOWN_MAX])
    ]


async def due_links(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return links whose last day is over and that nobody is paying by, the longest first (SPEC R-131, R-132).

    `changed` and `turn` tell a link apart from what it was before somebody paid by it, or failed to.
    """
    query = f"""
        SELECT link_id, changed, turn FROM ({_SHOWN} WHERE l.ended IS NULL AND l.expires_at <= %s) AS shown
        WHERE status <> 'payment_pending' ORDER BY expires_at, link_id LIMIT %s
    """
    return await fetch(conn, query, [at, at, limit])
