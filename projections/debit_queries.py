"""What is asked of the view `direct_debits`: lists and single things for people, and what is due for the reaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.debit import DebitNotFound
from aggregates.collecting.debit_batch import BatchNotFound
from aggregates.collecting.debit_plan import PlanNotFound
from aggregates.collecting.mandate import MandateNotFound
from aggregates.collecting.onboarding import OnboardingNotFound
from aggregates.dates import business_date, rfc3339
from ledger.commands.collecting.debits import CALENDAR
from projections.paging import Page, fetch, paged, place

Conn = AsyncConnection[Any]

UNDATED = "kept_until IS NULL AND ended_on IS NOT NULL AND NOT at_bank"


def onboarding_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return an application in the shape of the HTTP face; what the documents hold is in the vault."""
    filed = [{"kind": kind, "sha256": filed["sha256"]} for kind, filed in sorted(row["documents"].items())]
    return {
        "account_id": row["account_id"],
        "status": row["status"],
        "statement_text": row["statement_text"],
        "settlement_account": row["settlement"],
        "documents": filed,
        "surety": row["surety"],
        "institution_code": row["institution_code"],
        "reason": row["reason"],
        "updated_at": rfc3339(row["updated_at"]),
    }


async def onboarding(conn: Conn, account_id: str) -> dict[str, Any]:
    """Return the row of an account's application. Raises: OnboardingNotFound."""
    found = await fetch(conn, "SELECT * FROM view_onboardings WHERE account_id = %s", [account_id])
    if not found:
        raise OnboardingNotFound("the account has not begun to apply for direct debits")
    return found[0]


def mandate_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a mandate in the shape of the HTTP face; `payer` is a vault token for who shows it."""
    return {
        "id": row["mandate_id"],
        "account_id": row["account_id"],
        "status": row["status"],
        "step": row["step"] or None,
        "channel": row["channel"],
        "consent_text": row["consent_text"],
        "fixed_amount": row["fixed_minor"],
        "max_per_debit": row["max_debit_minor"],
        "max_per_month": row["max_month_minor"],
        "partial": row["partial"],
        "currency": row["currency"],
        "replaces": row["replaces"],
        "replaced_by": row["replaced_by"],
        "consent_until": row["consent_until"].isoformat(),
        "consented_on": _iso(row["consented_on"]),
        "evidence_hash": row["evidence_hash"],
        "evidence_kept_until": _iso(row["kept_until"]),
        "payer": row["payer"],
        "bank": row["bank"],
        "account_number": None if row["shown"] is None else f"***{row['shown']}",
        "batch_id": row["batch_id"],
        "code": row["code"],
        "reason": row["reason"],
        "ended_by": row["ended_by"],
        "ended_on": _iso(row["ended_on"]),
        "requested_at": rfc3339(row["requested_at"]),
    }


async def mandates(
    conn: Conn,
    account_id: str,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's mandates, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "mandates", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    query = (
        "SELECT * FROM view_mandates WHERE account_id = %s AND position < %s AND (%s::text IS NULL OR status = %s)"
        " ORDER BY position DESC LIMIT %s"
    )
    found = await fetch(conn, query, [account_id, where.after, status, status, where.limit + 1])
    return paged(asked, where, [mandate_body(row) for row in found], [row["position"] for row in found])


async def mandate(conn: Conn, mandate_id: str) -> dict[str, Any]:
    """Return the row of one mandate. Raises: MandateNotFound."""
    found = await fetch(conn, "SELECT * FROM view_mandates WHERE mandate_id = %s", [mandate_id])
    if not found:
        raise MandateNotFound("there is no mandate with this id")
    return found[0]


def debit_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a debit in the shape of the HTTP face; what is still due says its obligation."""
    return {
        "id": row["debit_id"],
        "account_id": row["account_id"],
        "mandate_id": row["mandate_id"],
        "obligation_id": row["obligation_id"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "collect_on": row["collect_on"].isoformat(),
        "same_day": row["same_day"],
        "retry_days": row["retry_days"],
        "status": row["status"],
        "collected": row["collected_minor"],
        "reversed": row["reversed_minor"],
        "tries": row["tries"],
        "next_on": _iso(row["next_on"]),
        "batch_id": row["batch_id"],
        "code": row["code"],
        "collected_at": None if row["collected_at"] is None else rfc3339(row["collected_at"]),
        "scheduled_at": rfc3339(row["scheduled_at"]),
    }


async def debits(
    conn: Conn,
    account_id: str,
    *,
    status: str | None = None,
    mandate_id: str | None = None,
    month: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's debits, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "debits", "account_id": account_id, "status": status, "mandate_id": mandate_id, "month": month}
    where = place(asked, cursor, limit)
    query = (
        "SELECT * FROM view_debits WHERE account_id = %s AND position < %s AND (%s::text IS NULL OR status = %s)"
        " AND (%s::text IS NULL OR mandate_id = %s) AND (%s::text IS NULL OR month = %s)"
        " ORDER BY position DESC LIMIT %s"
    )
    values = [account_id, where.after, status, status, mandate_id, mandate_id, month, month, where.limit + 1]
    found = await fetch(conn, query, values)
    return paged(asked, where, [debit_body(row) for row in found], [row["position"] for row in found])


async def debit(conn: Conn, debit_id: str) -> dict[str, Any]:
    """Return the row of one debit. Raises: DebitNotFound."""
    found = await fetch(conn, "SELECT * FROM view_debits WHERE debit_id = %s", [debit_id])
    if not found:
        raise DebitNotFound("there is no debit with this id")
    return found[0]


async def summary(conn: Conn, account_id: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return, for each month of collection from `first` to `last`, how many debits stand where, and for how much.

    Collected is what was taken and not taken back, of partly collected ones, too; open is what is still to be tried.

    Source: SPEC N6.
    """
    query = """
        SELECT month,
            count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
            coalesce(sum(amount_minor) FILTER (WHERE status = 'scheduled'), 0)::bigint AS scheduled_minor,
            count(*) FILTER (WHERE status = 'submitted') AS submitted,
            coalesce(sum(asked_minor) FILTER (WHERE status = 'submitted'), 0)::bigint AS submitted_minor,
            count(*) FILTER (WHERE status = 'collected') AS collected,
            count(*) FILTER (WHERE status = 'partially_collected') AS partly,
            coalesce(sum(collected_minor), 0)::bigint AS collected_minor,
            count(*) FILTER (WHERE status = 'failed') AS failed,
            coalesce(sum(amount_minor - collected_minor)
                FILTER (WHERE status IN ('failed', 'partially_collected')), 0)::bigint AS failed_minor,
            count(*) FILTER (WHERE next_on IS NOT NULL AND tries > 0) AS retrying,
            count(*) FILTER (WHERE status = 'reversed') AS reversed,
            coalesce(sum(reversed_minor), 0)::bigint AS reversed_minor,
            count(*) FILTER (WHERE status = 'cancelled') AS cancelled
        FROM view_debits WHERE account_id = %s AND month BETWEEN %s AND %s GROUP BY month ORDER BY month
    """
    return [_month(row) for row in await fetch(conn, query, [account_id, first, last])]


def _month(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "month": row["month"],
        "scheduled": {"count": row["scheduled"], "amount": row["scheduled_minor"]},
        "submitted": {"count": row["submitted"], "amount": row["submitted_minor"]},
        "collected": {"count": row["collected"], "amount": row["collected_minor"], "partly": row["partly"]},
        "failed": {"count": row["failed"], "amount": row["failed_minor"], "retrying": row["retrying"]},
        "reversed": {"count": row["reversed"], "amount": row["reversed_minor"]},
        "cancelled": {"count": row["cancelled"]},
    }


def plan_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a plan in the shape of the HTTP face."""
    return {
        "id": row["plan_id"],
        "account_id": row["account_id"],
        "mandate_id": row["mandate_id"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "day": row["day"],
        "first_month": row["first_month"],
        "last_month": row["last_month"],
        "retry_days": row["retry_days"],
        "status": row["status"],
        "next_month": row["next_month"],
        "next_on": _iso(row["next_on"]),
        "debits": row["debits"],
        "last_debit_id": row["last_debit_id"],
        "last_code": row["last_code"],
    }


async def plans(conn: Conn, account_id: str, *, cursor: str | None = None, limit: int | None = None) -> Page:
    """Return a page of an account's plans, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "debit_plans", "account_id": account_id}
    where = place(asked, cursor, limit)
    query = "SELECT * FROM view_debit_plans WHERE account_id = %s AND position < %s ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [account_id, where.after, where.limit + 1])
    return paged(asked, where, [plan_body(row) for row in found], [row["position"] for row in found])


async def plan(conn: Conn, plan_id: str) -> dict[str, Any]:
    """Return the row of one plan. Raises: PlanNotFound."""
    found = await fetch(conn, "SELECT * FROM view_debit_plans WHERE plan_id = %s", [plan_id])
    if not found:
        raise PlanNotFound("there is no plan with this id")
    return found[0]


def batch_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a batch in the shape of the HTTP face."""
    return {
        "id": row["batch_id"],
        "account_id": row["account_id"],
        "kind": row["kind"],
        "day": row["day"].isoformat(),
        "status": row["status"],
        "institution_code": row["institution_code"],
        "cut_off_at": rfc3339(row["cut_off_at"]),
        "results_at": rfc3339(row["results_at"]),
        "lines": row["lines"],
        "amount": row["total_minor"],
        "currency": row["currency"],
        "sha256": row["sha256"],
        "results_sha256": row["results_sha256"],
        "settled": row["settled"],
        "done": row["done"],
        "partly": row["partly"],
        "failed": row["failed"],
        "collected": row["collected_minor"],
        "code": row["code"],
        "opened_at": rfc3339(row["opened_at"]),
    }


async def batches(conn: Conn, account_id: str, *, cursor: str | None = None, limit: int | None = None) -> Page:
    """Return a page of an account's batches, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "debit_batches", "account_id": account_id}
    where = place(asked, cursor, limit)
    query = "SELECT * FROM view_debit_batches WHERE account_id = %s AND position < %s ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [account_id, where.after, where.limit + 1])
    return paged(asked, where, [batch_body(row) for row in found], [row["position"] for row in found])


async def batch(conn: Conn, batch_id: str) -> dict[str, Any]:
    """Return the row of one batch. Raises: BatchNotFound."""
    found = await fetch(conn, "SELECT * FROM view_debit_batches WHERE batch_id = %s", [batch_id])
    if not found:
        raise BatchNotFound("there is no batch with this id")
    return found[0]


# -- what is due ---------------------------------------------------------------------------------------------------


async def asking(conn: Conn, *, limit: int) -> list[dict[str, Any]]:
    """Return mandates of which a bank or a provider of consents has to be asked, oldest first."""
    query = "SELECT * FROM view_mandates WHERE step IN ('verifying', 'consent') ORDER BY position LIMIT %s"
    return await fetch(conn, query, [limit])


async def lapsed(conn: Conn, *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return mandates to which nobody has consented in all the days there were."""
    query = (
        "SELECT mandate_id FROM view_mandates WHERE status = 'consent_requested' AND step = 'entry'"
        " AND consent_until < %s ORDER BY consent_until, mandate_id LIMIT %s"
    )
    return await fetch(conn, query, [business_date(at), limit])


async def undated(conn: Conn, *, limit: int) -> list[dict[str, Any]]:
    """Return ended mandates, known to the bank as such, of which it is not settled until when evidence is kept."""
    return await fetch(conn, f"SELECT * FROM view_mandates WHERE {UNDATED} ORDER BY position LIMIT %s", [limit])


async def due_plans(conn: Conn, *, at: datetime, limit: int, lead_business_days: int) -> list[dict[str, Any]]:
    """Return plans whose next debit has to be made by now."""
    until = CALENDAR.shift(business_date(at), lead_business_days)
    query = (
        "SELECT plan_id, next_month FROM view_debit_plans WHERE status = 'active' AND next_on <= %s"
        " ORDER BY next_on, plan_id LIMIT %s"
    )
    return await fetch(conn, query, [until, limit])


async def accounts_due(conn: Conn, kind: str, day: date, today: date) -> list[str]:
    """Return accounts that have something for a file of a kind and a day."""
    if kind == "mandates":
        query = "SELECT DISTINCT account_id FROM view_mandates WHERE (status = 'consented' AND consented_on < %s)" + (
            " OR (at_bank AND status IN ('cancelled', 'superseded')) ORDER BY account_id"
        )
        return [row["account_id"] for row in await fetch(conn, query, [today])]
    query = "SELECT DISTINCT account_id FROM view_debits WHERE next_on <= %s AND (same_day OR %s) ORDER BY account_id"
    return [row["account_id"] for row in await fetch(conn, query, [day, kind != "same_day"])]


async def due_debits(
    conn: Conn, account_id: str, *, day: date, same_day: bool, after: str, limit: int
) -> list[dict[str, Any]]:
    """Return debits that go into the file of a day, in the order of their ids. same_day: only those of that kind."""
    query = (
        "SELECT debit_id, obligation_id, mandate_id FROM view_debits WHERE account_id = %s AND next_on <= %s"
        " AND (same_day OR NOT %s) AND debit_id > %s ORDER BY debit_id LIMIT %s"
    )
    return await fetch(conn, query, [account_id, day, same_day, after, limit])


async def due_mandates(conn: Conn, account_id: str, *, today: date, after: str, limit: int) -> list[dict[str, Any]]:
    """Return mandates that go into the file of today, new and ended ones, in the order of their ids."""
    query = (
        "SELECT mandate_id FROM view_mandates WHERE account_id = %s AND mandate_id > %s"
        " AND ((status = 'consented' AND consented_on < %s) OR (at_bank AND status IN ('cancelled', 'superseded')))"
        " ORDER BY mandate_id LIMIT %s"
    )
    return await fetch(conn, query, [account_id, after, today, limit])


async def open_batches(conn: Conn, *, limit: int) -> list[dict[str, Any]]:
    """Return batches with which something has to be done, oldest first."""
    query = """
        SELECT b.* FROM view_debit_batches b WHERE status IN ('open', 'closed', 'answered')
            OR (status = 'missed' AND (
                EXISTS (SELECT FROM view_debits d WHERE d.batch_id = b.batch_id AND d.status = 'submitted')
                OR EXISTS (SELECT FROM view_mandates m
                    WHERE m.batch_id = b.batch_id AND m.status = 'submitted_to_bank')
                OR EXISTS (SELECT FROM view_mandates m WHERE m.end_batch_id = b.batch_id)))
        ORDER BY position LIMIT %s
    """
    return await fetch(conn, query, [limit])


async def debit_lines(conn: Conn, batch_id: str, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return lines of a batch of debits with what a file says of them, in order; the accounts are vault tokens."""
    query = """
        SELECT d.serial, d.debit_id, d.obligation_id, d.mandate_id, d.asked_minor, d.status, m.bank, m.bank_account,
            m.partial
        FROM view_debits d JOIN view_mandates m USING (mandate_id)
        WHERE d.batch_id = %s AND d.serial > %s ORDER BY d.serial LIMIT %s
    """
    return await fetch(conn, query, [batch_id, after, limit])


async def mandate_lines(conn: Conn, batch_id: str, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return lines of a batch of mandates with what a file says of them, in order."""
    query = """
        SELECT * FROM (
            SELECT serial, mandate_id, replaces, status, bank, bank_account, 'new' AS change
            FROM view_mandates WHERE batch_id = %s
            UNION ALL
            SELECT end_serial, mandate_id, NULL, status, bank, bank_account, 'ended'
            FROM view_mandates WHERE end_batch_id = %s
        ) AS lines WHERE serial > %s ORDER BY serial LIMIT %s
    """
    return await fetch(conn, query, [batch_id, batch_id, after, limit])


async def failures(conn: Conn, batch_id: str) -> dict[int, tuple[str, int]]:
    """Return the lines that the results of a batch name: serial -> code and what was collected."""
    query = "SELECT serial, code, amount_minor FROM view_debit_failures WHERE batch_id = %s"
    return {row["serial"]: (row["code"], row["amount_minor"]) for row in await fetch(conn, query, [batch_id])}


async def debit_of_line(conn: Conn, batch_id: str, serial: int) -> str | None:
    """Return the debit that a line of a file asked for, whatever it has gone through since; None = no such line."""
    query = "SELECT debit_id FROM view_debit_lines WHERE batch_id = %s AND serial = %s"
    found = await fetch(conn, query, [batch_id, serial])
    return found[0]["debit_id"] if found else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
