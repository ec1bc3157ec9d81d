"""The view `payments`: what the ledger started at the gateway, and what it settled as.

The second table says which payment a charge came from, and what of it the gateway still has to be asked.
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
from aggregates.billing_key import BillingKey, BillingKeyNotFound
from aggregates.dates import business_date, rfc3339
from aggregates.errors import NotFound
from aggregates.payment import Payment
from ledger.commands.billing_keys import STATUS_AFTER, billing_key_json
from ledger.commands.collecting.giving_up import GIVING_UP
from ledger.commands.payments import payment_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class PaymentRow:
    """One payment.

    Attributes:
        account: stream of the account.
        status: pending, waiting_for_deposit, giving_up (by its payer; the gateway has to close it), paid or failed.
        expires_on: last KST day of a virtual account; None for other methods.
        destination: vault token of the virtual account's number; None without one.
        code: why it failed; None when it has not.
        obligation_id: what it pays for; None = it is a charge.
    """

    payment_id: str
    account: UUID
    account_id: str
    position: int
    occurred_at: datetime
    amount_minor: int
    currency: str
    method: str
    reference: str | None
    status: str
    expires_on: date | None
    charge_id: str | None = None
    destination: str | None = None
    code: str | None = None
    billing_key_id: str | None = None
    obligation_id: str | None = None


@dataclass(slots=True)
class BillingKeyRow:
    """One registered card.

    Attributes:
        account: stream of the account.
        status: requested, active, refused, removed or deleted.
        one_time, secret: vault tokens, of the gateway's one-time token and of the key; secret is None before.
        card: what people may see of it. code: why it was refused.
        customer_id: the customer of the account's bills whose it is; None = the account's own.
    """

    billing_key_id: str
    account: UUID
    account_id: str
    position: int
    occurred_at: datetime
    label: str | None
    status: str
    one_time: str
    secret: str | None = None
    card: str | None = None
    code: str | None = None
    customer_id: str | None = None


@dataclass(slots=True)
class PaymentChargeRow:
    """The charge of a payment.

    Attributes:
        expired: whether its virtual account's window has closed without a deposit.
        cancel_position: of the cancellation that the gateway has to be asked; None when none is open.
        cancel_minor: what of it goes back to the customer.
    """

    charge_id: str
    payment_id: str
    expired: bool = False
    cancel_position: int | None = None
    cancel_minor: int | None = None


PAYMENTS = Table(
    "view_payments",
    PaymentRow,
    key={"payment_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        payment_id text NOT NULL,
        account uuid NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        method text NOT NULL,
        reference text,
        status text NOT NULL,
        expires_on date,
        charge_id text,
        destination text,
        code text,
        billing_key_id text,
        obligation_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (payment_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (position) WHERE status = 'pending'",
        """
        CREATE INDEX IF NOT EXISTS {table}_waiting ON {table} (expires_on)
        WHERE status = 'waiting_for_deposit' AND obligation_id IS NOT NULL
        """,
        "CREATE INDEX IF NOT EXISTS {table}_giving_up ON {table} (position) WHERE status = 'giving_up'",
    ),
)

BILLING_KEYS = Table(
    "view_billing_keys",
    BillingKeyRow,
    key={"billing_key_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        billing_key_id text NOT NULL,
        account uuid NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        label text,
        status text NOT NULL,
        one_time text NOT NULL,
        secret text,
        card text,
        code text,
        customer_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (billing_key_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (position) WHERE status IN ('requested', 'removed')",
    ),
)

PAYMENT_CHARGES = Table(
    "view_payment_charges",
    PaymentChargeRow,
    key={"charge_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        charge_id text NOT NULL,
        payment_id text NOT NULL,
        expired boolean NOT NULL,
        cancel_position bigint,
        cancel_minor bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (charge_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_open ON {table} (cancel_position) WHERE cancel_position IS NOT NULL",),
)


class Payments(View):
    """Payments and registered cards, and what is open at the gateway."""

    NAME = "payments"
    VERSION = 5
    TABLES = (PAYMENTS, PAYMENT_CHARGES, BILLING_KEYS)
    TAKES = frozenset(
        {
            *STATUS_AFTER,
            Account.ChargeCancelFailed, Account.ChargeCancelStarted, Account.ChargeCancelled, Account.DepositExpired,
            Payment.AccountIssued, Payment.Failed, Payment.GiveUpAsked, Payment.Settled, Payment.Started,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if type(fact) in STATUS_AFTER:
            if not isinstance(fact, BillingKey.Requested):
                yield BILLING_KEYS, (fact.billing_key_id,)
            return
        if isinstance(fact, Payment.AccountIssued | Payment.Failed | Payment.GiveUpAsked | Payment.Settled):
            yield PAYMENTS, (fact.payment_id,)
        if not isinstance(fact, Payment.Started | Payment.Failed | Payment.GiveUpAsked) and fact.charge_id is not None:
            yield PAYMENT_CHARGES, (fact.charge_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case Payment.Started():
                rows.put(PAYMENTS, _started(fact, position))
            case Payment.AccountIssued():
                row = rows.get(PAYMENTS, (fact.payment_id,))
                row.status, row.charge_id, row.destination = "waiting_for_deposit", fact.charge_id, fact.destination
                row.expires_on = fact.expires_on
                if fact.charge_id is not None:
                    rows.put(PAYMENT_CHARGES, PaymentChargeRow(fact.charge_id, fact.payment_id))
            case Payment.Settled():
                row = rows.get(PAYMENTS, (fact.payment_id,))
                row.status, row.charge_id, row.code = "paid", fact.charge_id, None
                if fact.charge_id is not None and rows.find(PAYMENT_CHARGES, (fact.charge_id,)) is None:
                    rows.put(PAYMENT_CHARGES, PaymentChargeRow(fact.charge_id, fact.payment_id))
            case Payment.GiveUpAsked():
                rows.get(PAYMENTS, (fact.payment_id,)).status = GIVING_UP
            case Payment.Failed():
                row = rows.get(PAYMENTS, (fact.payment_id,))
                row.status, row.code = "failed", fact.code
            case BillingKey.Requested():
                row = BillingKeyRow(
                    fact.billing_key_id, ids.stream_id(fact.account_id), fact.account_id, position, fact.occurred_at,
                    fact.label, "requested", fact.one_time, customer_id=fact.customer_id,
                )  # fmt: skip
                rows.put(BILLING_KEYS, row)
            case _ if type(fact) in STATUS_AFTER:
                _of_billing_key(fact, rows)
            case _:
                _of_charge(fact, position, rows)


def _of_billing_key(fact: Any, rows: Rows) -> None:
    key = rows.get(BILLING_KEYS, (fact.billing_key_id,))
    key.status = STATUS_AFTER[type(fact)]
    match fact:
        case BillingKey.Registered():
            key.secret, key.card = fact.secret, fact.card
        case BillingKey.Refused():
            key.code = fact.code


def _started(fact: Any, position: int) -> PaymentRow:
    return PaymentRow(
        fact.payment_id, ids.stream_id(fact.account_id), fact.account_id, position, fact.occurred_at,
        fact.amount_minor, fact.currency, fact.method, fact.reference, "pending", fact.expires_on,
        billing_key_id=fact.billing_key_id, obligation_id=fact.obligation_id,
    )  # fmt: skip


def _of_charge(fact: Any, position: int, rows: Rows) -> None:
    """Follow what happens to the charge of a payment; other charges are none of this view's."""
    charge = rows.find(PAYMENT_CHARGES, (fact.charge_id,))
    if charge is None:
        return
    match fact:
        case Account.DepositExpired():
            charge.expired = True
        case Account.ChargeCancelStarted():
            charge.cancel_position, charge.cancel_minor = position, fact.payout_minor
        case Account.ChargeCancelFailed() | Account.ChargeCancelled():
            charge.cancel_position, charge.cancel_minor = None, None


SELECT = """
    SELECT p.*, CASE WHEN p.status = 'waiting_for_deposit' AND c.expired THEN 'expired' ELSE p.status END AS shown
    FROM view_payments p LEFT JOIN view_payment_charges c ON c.charge_id = p.charge_id
"""


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a payment in the shape of the HTTP face."""
    shape = payment_json(
        row["payment_id"],
        account_id=row["account_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        method=row["method"],
        reference=row["reference"],
        status=row["shown"],
        charge_id=row["charge_id"],
        expires_on=row["expires_on"].isoformat() if row["expires_on"] else None,
        code=row["code"],
    )
    shape["billing_key_id"] = row["billing_key_id"]
    shape["obligation_id"] = row["obligation_id"]
    return {**shape, "occurred_at": rfc3339(row["occurred_at"]), "position": row["position"]}


async def page(
    conn: AsyncConnection[Any], account_id: str, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of an account's payments, newest first.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "payments", "account_id": account_id}
    where = place(asked, cursor, limit)
    query = f"{SELECT} WHERE p.account = %s AND p.position < %s ORDER BY p.position DESC LIMIT %s"
    found = await fetch(conn, query, [ids.stream_id(account_id), where.after, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], payment_id: str) -> tuple[dict[str, Any], str | None]:
    """Return one payment, and the vault token of its virtual account while that takes money. Raises: NotFound."""
    found = await fetch(conn, f"{SELECT} WHERE p.payment_id = %s", [payment_id])
    if not found:
        raise NotFound("there is no payment with this id")
    waiting = found[0]["shown"] == "waiting_for_deposit"
    return body(found[0]), found[0]["destination"] if waiting else None


async def pending(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return payments that the gateway has to be asked about, oldest first."""
    query = "SELECT * FROM view_payments WHERE status = 'pending' ORDER BY position LIMIT %s"
    return await fetch(conn, query, [limit])


async def given_up(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return payments whose virtual account the gateway has to close, oldest first."""
    query = "SELECT * FROM view_payments WHERE status = 'giving_up' ORDER BY position LIMIT %s"
    return await fetch(conn, query, [limit])


async def find(conn: AsyncConnection[Any], payment_id: str) -> dict[str, Any] | None:
    """Return the row of a payment; None = the view has none."""
    found = await fetch(conn, "SELECT * FROM view_payments WHERE payment_id = %s", [payment_id])
    return found[0] if found else None


async def due_collections(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return payments of obligations whose virtual account takes no money any more, the oldest day first."""
    query = """
        SELECT payment_id FROM view_payments
        WHERE status = 'waiting_for_deposit' AND obligation_id IS NOT NULL AND expires_on < %s
        ORDER BY expires_on, payment_id LIMIT %s
    """
    return await fetch(conn, query, [business_date(at), limit])


async def open_cancels(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return cancellations of payments' charges that the gateway has to be asked about, oldest first."""
    query = """
        SELECT c.*, p.account_id FROM view_payment_charges c JOIN view_payments p USING (payment_id)
        WHERE c.cancel_position IS NOT NULL ORDER BY c.cancel_position LIMIT %s
    """
    return await fetch(conn, query, [limit])


def billing_key_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a registered card in the shape of the HTTP face; the key itself is in the vault."""
    shape = billing_key_json(
        row["billing_key_id"],
        account_id=row["account_id"],
        label=row["label"],
        status=row["status"],
        card=row["card"],
        code=row["code"],
    )
    return {**shape, "occurred_at": rfc3339(row["occurred_at"]), "position": row["position"]}


async def billing_keys(
    conn: AsyncConnection[Any], account_id: str, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of an account's own registered cards, newest first; those of its customers are none of them.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "billing_keys", "account_id": account_id}
    where = place(asked, cursor, limit)
    query = (
        "SELECT * FROM view_billing_keys WHERE account = %s AND customer_id IS NULL AND position < %s"
        " ORDER BY position DESC LIMIT %s"
    )
    found = await fetch(conn, query, [ids.stream_id(account_id), where.after, where.limit + 1])
    return paged(asked, where, [billing_key_body(row) for row in found], [row["position"] for row in found])


async def billing_key(conn: AsyncConnection[Any], billing_key_id: str) -> dict[str, Any]:
    """Return the row of one registered card. Raises: BillingKeyNotFound."""
    found = await fetch(conn, "SELECT * FROM view_billing_keys WHERE billing_key_id = %s", [billing_key_id])
    if not found:
        raise BillingKeyNotFound("there is no billing key with this id")
    return found[0]


async def open_billing_keys(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return cards that the gateway has to be told to keep or to forget, oldest first."""
    query = "SELECT * FROM view_billing_keys WHERE status IN ('requested', 'removed') ORDER BY position LIMIT %s"
    return await fetch(conn, query, [limit])
