"""Questions to the view `anniversary_rules`: what people see of a rule, and what time asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.anniversary.parts import CATCH_UP_DAYS, CREATED_AT, ENDED, instant, occurrence_name
from aggregates.anniversary.refusals import RuleNotFound
from aggregates.calendar import anniversaries_on
from aggregates.dates import business_date, rfc3339
from aggregates.order.parts import CHOICE
from aggregates.order.pricing import discount_percent
from projections.paging import Page, fetch, paged, place

NOTICES_MAX = 100
"""How many of its newest notices are shown with a rule."""


class DueOccurrence(NamedTuple):
    """Gifts of one rule for one day that are neither ordered nor skipped.

    Attributes:
        occurrences: what comes on the day. list_number: of the list that counts. tokens: who gets one.
        texts_token: of the texts typed for the rule; None = none.
    """

    rule_id: str
    day: date
    occurrences: tuple[str, ...]
    list_number: int
    tokens: tuple[str, ...]
    texts_token: str | None


async def due(
    conn: AsyncConnection[Any], *, days: Sequence[date], after: tuple[date, str] | None = None, limit: int
) -> list[DueOccurrence]:
    """Return rules with gifts for these days, in the order of days and rules, as they stood at 02:00 of each day.

    Args:
        days: KST dates; 02:00 of each is over.
        after: day and rule of the last one of the page before; None = from the first.

    Source: SPEC V3, V4, R-049, R-051, R-053, R-054, R-055.
    """
    comes = [(on, each, year) for on in days for each, year in anniversaries_on(on).items()]
    query = """
    SELECT c.on_day, r.rule_id, d.list_number, array_agg(DISTINCT c.name) AS names,
        array_agg(d.token ORDER BY d.number) AS tokens, min(r.texts_token) AS texts_token
    FROM unnest(%s::date[], %s::timestamptz[], %s::text[], %s::int[], %s::int[], %s::int[], %s::text[])
        AS c (on_day, made_at, calendar, month, day, year, name)
    JOIN view_anniversary_days d ON d.calendar = c.calendar AND d.month = c.month AND d.day = c.day
    JOIN view_anniversary_rules r ON r.rule_id = d.rule_id
    WHERE (c.on_day, r.rule_id) > (%s::date, %s) AND r.status = 'active' AND r.active_since <= c.made_at
    AND (r.ends_on IS NULL OR r.ends_on >= c.on_day)
    AND d.list_number = (
        SELECT max(l.list_number) FROM view_anniversary_lists l WHERE l.rule_id = r.rule_id AND l.since <= c.made_at
    )
    AND (d.first_year IS NULL OR d.first_year <= c.year)
    AND NOT EXISTS (
        SELECT FROM view_anniversary_occurrences o WHERE o.rule_id = r.rule_id AND o.occurrence = c.name
    )
    GROUP BY c.on_day, r.rule_id, d.list_number ORDER BY c.on_day, r.rule_id LIMIT %s
    """
    parameters = [
        [on for on, _, _ in comes],
        [instant(on, CREATED_AT) for on, _, _ in comes],
        [each.calendar for _, each, _ in comes],
        [each.month for _, each, _ in comes],
        [each.day for _, each, _ in comes],
        [year for _, _, year in comes],
        [occurrence_name(each, year) for _, each, year in comes],
        *(after or (date.min, "")),
        limit,
    ]
    return [
        DueOccurrence(
            row["rule_id"],
            row["on_day"],
            tuple(row["names"]),
            row["list_number"],
            tuple(row["tokens"]),
            row["texts_token"],
        )
        for row in await fetch(conn, query, parameters)
    ]


async def changed(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return rules with an item that is not sold any more or whose price was changed: rule_id, product_id, version.

    Args:
        at: not looked at: what is due does not depend on the time.

    Source: SPEC V6, R-052.
    """
    query = """
    SELECT DISTINCT ON (r.rule_id) r.rule_id, p.product_id, p.version
    FROM view_anniversary_rules r CROSS JOIN jsonb_array_elements(r.lines) AS line
    JOIN view_products p ON p.product_id = line->>'product_id'
    WHERE r.status IN ('active', 'paused') AND (NOT p.on_sale OR NOT EXISTS (
        SELECT FROM jsonb_array_elements(p.prices) AS price
        WHERE price->'validity_days' = line->'validity_days' AND price->'terms_version' <= line->'terms_version'
    ))
    ORDER BY r.rule_id, p.product_id LIMIT %s
    """
    return await fetch(conn, query, [limit])


async def over(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return rules that will never order again because their end date is over: rule_id.

    (A day that was missed is still caught up for a while: they are ended after that.)
    """
    before = business_date(at) - timedelta(days=CATCH_UP_DAYS)
    query = "SELECT rule_id FROM view_anniversary_rules WHERE ends_on < %s AND status <> %s ORDER BY rule_id LIMIT %s"
    return await fetch(conn, query, [before, ENDED, limit])


async def holds_token(conn: AsyncConnection[Any], token: str) -> bool:
    """Say whether a vault token stands on a list of any rule, or is that of its texts."""
    query = """
        SELECT WHERE EXISTS (SELECT FROM view_anniversary_days WHERE token = %s)
        OR EXISTS (SELECT FROM view_anniversary_rules WHERE texts_token = %s)
    """
    return bool(await fetch(conn, query, [token, token]))


def body(row: dict[str, Any], today: date) -> dict[str, Any]:
    """Return a rule in the shape of the HTTP face.

    Args:
        today: KST date: a rule whose end date is over has ended, whether or not that was recorded yet.
    """
    over_now = row["ends_on"] is not None and row["ends_on"] < today
    prices = [line["sale_minor"] * line["quantity"] for line in row["lines"]]
    return {
        "id": row["rule_id"],
        "account_id": row["account_id"],
        "member_id": row["member_id"],
        "name": row["name"],
        "status": ENDED if over_now else row["status"],
        "on": row["status"] == "active" and not over_now,
        "reason": "end_date" if over_now and row["reason"] is None else row["reason"],
        "kind": row["kind"],
        "recipients": row["recipients"],
        "items": len(prices),
        "amount_each": max(prices) if row["kind"] == CHOICE else sum(prices),
        "dispatch_title": row["dispatch_title"],
        "designated": row["designated"],
        "allow_duplicates": row["allow_duplicates"],
        "sender_profile_id": row["sender_profile_id"],
        "template_id": row["template_id"],
        "theme_id": row["theme_id"],
        "ends_on": row["ends_on"].isoformat() if row["ends_on"] is not None else None,
        "lines": [
            {
                "product_id": line["product_id"],
                "brand": line["brand"],
                "name": line["name"],
                "validity_days": line["validity_days"],
                "quantity": line["quantity"],
                "list_price": line["list_minor"],
                "sale_price": line["sale_minor"],
                "discount_percent": discount_percent(line["list_minor"], line["sale_minor"]),
            }
            for line in row["lines"]
        ],
        "created_at": rfc3339(row["created_at"]),
        "position": row["position"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    member_id: str | None,
    *,
    today: date,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of the rules of one owner, newest first: a sub-member's, or, without `member_id`, the master's.

    Raises:
        Malformed: cursor or limit.

    Source: SPEC V7.
    """
    asked = {"list": "anniversary_rules", "account_id": account_id, "member_id": member_id}
    where = place(asked, cursor, limit)
    query = (
        "SELECT * FROM view_anniversary_rules WHERE account_id = %s AND member_id IS NOT DISTINCT FROM %s::text"
        " AND position < %s ORDER BY position DESC LIMIT %s"
    )
    found = await fetch(conn, query, [account_id, member_id, where.after, where.limit + 1])
    return paged(asked, where, [body(row, today) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], rule_id: str, *, today: date) -> dict[str, Any]:
    """Return one rule with its newest notices. Raises: RuleNotFound."""
    found = await fetch(conn, "SELECT * FROM view_anniversary_rules WHERE rule_id = %s", [rule_id])
    if not found:
        raise RuleNotFound("there is no anniversary rule with this id")
    query = "SELECT * FROM view_anniversary_notices WHERE rule_id = %s ORDER BY position DESC LIMIT %s"
    notices = await fetch(conn, query, [rule_id, NOTICES_MAX])
    return body(found[0], today) | {
        "notices": [{"at": rfc3339(row["at"]), "kind": row["kind"], **_detail(row["detail"])} for row in notices]
    }


_DETAILS = ("day", "order_id", "recipients", "cause", "product_id", "code", "reason")


def _detail(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: detail.get(name) for name in _DETAILS}


async def recipients_of(
    conn: AsyncConnection[Any], rule_id: str, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of a rule's present list, in its order: tokens and days, for the vault to show the rest.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "anniversary_recipients", "rule_id": rule_id}
    where = place(asked, cursor, limit, start=0)
    query = (
        "SELECT d.number, d.token, d.calendar, d.month, d.day, d.first_year FROM view_anniversary_days d"
        " JOIN view_anniversary_rules r USING (rule_id, list_number)"
        " WHERE d.rule_id = %s AND d.number >= %s ORDER BY d.number LIMIT %s"
    )
    found = await fetch(conn, query, [rule_id, where.after, where.limit + 1])
    return paged(asked, where, found, [row["number"] + 1 for row in found])


async def tokens_of(conn: AsyncConnection[Any], rule_id: str) -> list[str]:
    """Return the tokens of a rule's present list."""
    query = (
        "SELECT d.token FROM view_anniversary_days d JOIN view_anniversary_rules r USING (rule_id, list_number)"
        " WHERE d.rule_id = %s"
    )
    return [row["token"] for row in await fetch(conn, query, [rule_id])]


async def product_ids(conn: AsyncConnection[Any], rule_id: str) -> list[str]:
    """Return the products of a rule's items; none when there is no such rule."""
    found = await fetch(conn, "SELECT lines FROM view_anniversary_rules WHERE rule_id = %s", [rule_id])
    return [line["product_id"] for row in found for line in row["lines"]]


async def owner(conn: AsyncConnection[Any], rule_id: str) -> tuple[str, str | None]:
    """Return account and sub-member (None = the master) of a rule. Raises: RuleNotFound."""
    query = "SELECT account_id, member_id FROM view_anniversary_rules WHERE rule_id = %s"
    found = await fetch(conn, query, [rule_id])
    if not found:
        raise RuleNotFound("there is no anniversary rule with this id")
    return found[0]["account_id"], found[0]["member_id"]
