"""Postpaid money: invoices by month, open items, aged receivables, payments, corrections; and the switch of mode.

Invoices are issued by a job on the 1st of the month; nobody issues one by hand (SPEC I3, R-095).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aggregates.account import modes, standing
from aggregates.account.billing import invoices as invoice_rules
from aggregates.account.billing import overdue, payments
from aggregates.account.billing.invoices import InvoiceNotFound
from aggregates.dates import business_date
from aggregates.ids import account_of
from api import shapes
from api.access import filtered, own_account, own_child, unbound
from api.ask import Ask, page_reply
from api.bodies import (
    AdjustInvoiceBody,
    CreditPayoutBody,
    InvoicePaymentBody,
    ReasonBody,
    SettlementBody,
    SwitchModeBody,
)
from api.fields import Day, PageQuery, Query
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.invoices import AdjustInvoice, LiftOverdueBlock, PayInvoices, PayOutCredit, PaySettlement
from ledger.commands.standing import SwitchMode
from projections import invoice_queries, order_queries

OWN_INVOICE = own_child("invoice_id", "inv")
PAYMENT_RULES = (*rules(payments, standing), invoice_rules.InvoiceIsSettled, InvoiceNotFound)

Month = Annotated[str, StringConstraints(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]


class InvoicesQuery(Query):
    """Which months, both included; the last three when not given, at most five years back."""

    from_month: Annotated[Month | None, Field(alias="from")] = None
    to_month: Annotated[Month | None, Field(alias="to")] = None


class OpenItemsQuery(PageQuery):
    """Which invoices; all when not given."""

    status: Literal["unpaid", "overdue", "paid"] | None = None


class AgedQuery(Query):
    """At the end of which day; today when not given."""

    as_of: Day | None = None


@reads(
    "/v1/accounts/{account_id}/invoices",
    scope="invoices:read",
    rule=own_account,
    query=InvoicesQuery,
    answer=shapes.list_of(shapes.Invoice),
)
async def list_invoices(ask: Ask, account_id: str, query: InvoicesQuery) -> Reply:
    """List an account's invoices by month, newest first: the last three months, or up to five years."""
    await ask.house.engine.account(account_id)
    async with ask.see("invoices") as (conn, position):
        page = await invoice_queries.page(
            conn,
            account_id,
            today=business_date(ask.now()),
            from_month=query.from_month,
            to_month=query.to_month,
        )
    return page_reply(page, position)


@reads(
    "/v1/accounts/{account_id}/invoices/{month}",
    scope="invoices:read",
    rule=own_account,
    query=PageQuery,
    answer=shapes.InvoiceDetail,
    raises=(InvoiceNotFound,),
)
async def get_invoice_of_month(ask: Ask, account_id: str, month: str, query: PageQuery) -> Reply:
    """Read an account's invoice of a month (YYYY-MM): a row for each order; cursor and limit are those of the rows."""
    await ask.house.engine.account(account_id)
    async with ask.see("invoices", "orders", "spends") as (conn, position):
        found = await invoice_queries.one(conn, account_id, month, today=business_date(ask.now()))
        page = await invoice_queries.rows(conn, found["id"], cursor=query.cursor, limit=query.limit)
    return of_view({**found, "rows": page._asdict()}, position)


@reads(
    "/v1/invoices",
    scope="invoices:read",
    rule=filtered,
    query=OpenItemsQuery,
    answer=shapes.list_of(shapes.Invoice),
)
async def list_all_invoices(ask: Ask, query: OpenItemsQuery) -> Reply:
    """List invoices of all accounts, newest first: open items, overdue ones, or all. A master's key sees its own."""
    async with ask.see("invoices") as (conn, position):
        page = await invoice_queries.open_items(
            conn,
            today=business_date(ask.now()),
            status=query.status,
            account_id=ask.caller.account_id,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads(
    "/v1/invoices/{invoice_id}",
    scope="invoices:read",
    rule=OWN_INVOICE,
    query=PageQuery,
    answer=shapes.InvoiceDetail,
    raises=(InvoiceNotFound,),
)
async def get_invoice(ask: Ask, invoice_id: str, query: PageQuery) -> Reply:
    """Read one invoice: a row for each order; cursor and limit are those of the rows."""
    async with ask.see("invoices", "orders", "spends") as (conn, position):
        found = await invoice_queries.by_id(conn, invoice_id, today=business_date(ask.now()))
        page = await invoice_queries.rows(conn, invoice_id, cursor=query.cursor, limit=query.limit)
    return of_view({**found, "rows": page._asdict()}, position)


@reads(
    "/v1/receivables/aged",
    scope="receivables:read",
    rule=unbound,
    query=AgedQuery,
    answer=shapes.AgedReceivables,
)
async def get_aged_receivables(ask: Ask, query: AgedQuery) -> Reply:
    """Read what postpaid customers owe on their invoices, by days since these were issued: 0-30, 31-60, 61-90, over."""
    async with ask.see("invoices") as (conn, position):
        made = await invoice_queries.aged(conn, as_of=query.as_of or business_date(ask.now()))
    return of_view(made, position)


@writes(
    "/v1/invoices/{invoice_id}/payments",
    scope="settlements:write",
    rule=OWN_INVOICE,
    body=InvoicePaymentBody,
    answer=shapes.Settlement,
    status=201,
    raises=PAYMENT_RULES,
)
async def pay_invoice(ask: Ask, invoice_id: str, body: InvoicePaymentBody) -> PayInvoices:
    """Record a payment of an invoice, in part or in full; with `parts`, one payment over several of the account's."""
    account_id = account_of(invoice_id)
    await ask.check_currency({"account_id": account_id, "body": body})
    parts = tuple((part.invoice_id, part.amount) for part in body.parts or ()) or ((invoice_id, body.amount),)
    if invoice_id not in dict(parts):
        raise payments.PaymentPartsDiffer("the invoice of the path must be among the parts")
    return PayInvoices(account_id, body.amount, parts, body.reference, body.method)


@writes(
    "/v1/invoices/{invoice_id}/adjust",
    scope="invoices:write",
    rule=OWN_INVOICE,
    body=AdjustInvoiceBody,
    answer=shapes.InvoiceAdjusted,
    raises=rules(invoice_rules, standing),
)
async def adjust_invoice(ask: Ask, invoice_id: str, body: AdjustInvoiceBody) -> AdjustInvoice:
    """Change the billed amount of an open invoice; its settlement amount stays as it is."""
    account_id = account_of(invoice_id)
    await ask.check_currency({"account_id": account_id, "body": body})
    return AdjustInvoice(account_id, invoice_id, body.billed_amount, body.reason)


@writes(
    "/v1/accounts/{account_id}/settlements",
    op="settlement",
    scope="settlements:write",
    rule=own_account,
    body=SettlementBody,
    answer=shapes.Settlement,
    status=201,
    raises=rules(payments, standing),
)
def pay_settlement(ask: Ask, account_id: str, body: SettlementBody) -> PaySettlement:
    """Record a payment that names no invoice: the oldest is paid first, the rest is an advance on the next one."""
    return PaySettlement(account_id, body.amount, body.reference)


@writes(
    "/v1/accounts/{account_id}/credit-payout",
    scope="invoices:write",
    rule=own_account,
    body=CreditPayoutBody,
    answer=shapes.CreditPayout,
    status=201,
    raises=rules(payments, standing),
)
def pay_out_credit(ask: Ask, account_id: str, body: CreditPayoutBody) -> PayOutCredit:
    """Record that carry-over and advance payments were paid back to a postpaid customer who owes nothing."""
    return PayOutCredit(account_id, body.reason, body.reference)


@writes(
    "/v1/accounts/{account_id}/overdue-block/lift",
    scope="invoices:write",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.OverdueBlockLifted,
    raises=rules(overdue, standing),
)
def lift_overdue_block(ask: Ask, account_id: str, body: ReasonBody) -> LiftOverdueBlock:
    """Let a customer buy although invoices are overdue; those that fall due later block again."""
    return LiftOverdueBlock(account_id, body.reason)


@writes(
    "/v1/accounts/{account_id}/mode",
    scope="accounts:manage",
    rule=own_account,
    body=SwitchModeBody,
    answer=shapes.Account,
    raises=rules(modes, standing),
)
async def switch_mode(ask: Ask, account_id: str, body: SwitchModeBody) -> SwitchMode:
    """Make a prepaid account postpaid, or a postpaid one prepaid; nothing may be under way on it."""
    await ask.check_currency({"account_id": account_id, "body": body})
    async with ask.see("orders") as (conn, _):
        orders = await order_queries.tallies(conn, account_id, None)
    return SwitchMode(
        account_id,
        body.mode,
        body.credit_limit,
        None if body.overdraft_limit == "unlimited" else body.overdraft_limit,
        orders["scheduled"] + orders["sending"],
        body.reason,
    )
