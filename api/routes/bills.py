"""Bills: a biller writes and sends them; whoever has checked that it is the payer who asks, acts for the payer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aggregates import ids
from aggregates.account import standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.billing_key import BillingKeyNotActive
from aggregates.collecting import bill, bill_customer, obligation_parts
from aggregates.collecting.debit import DebitAskedElsewhere, DebitNotFound, DebitStep
from aggregates.dates import business_date
from aggregates.errors import LedgerError, Rejected
from api import shapes
from api.access import filtered, hidden, own_child
from api.ask import Ask, page_reply
from api.bill_bodies import (
    AutoPayBody,
    BillBody,
    BillsQuery,
    ChangeBillBody,
    CustomersQuery,
    PayBillBody,
    PersonBody,
    RefundBillBody,
    SendForDebitBody,
)
from api.operation import operation, reads, writes
from api.owners import account_of, reading_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.payments import GatewayNotConfigured
from ledger.commands.collecting import auto_pay as auto_pay_commands
from ledger.commands.collecting import bills as bill_commands
from ledger.commands.collecting.auto_pay import TurnAutoPayOff, TurnAutoPayOn
from ledger.commands.collecting.bills import (
    CancelBill,
    ChangeBill,
    CreateBill,
    ForwardBill,
    PayBill,
    RefundBill,
    RevokeForward,
    SendBill,
    SendBillForDebit,
    ViewBill,
)
from ledger.recipients import read_phone
from ledger.vault import SubjectNotFound
from ledger.vault.payers import Payer
from projections import bill_queries as bills_view
from projections import tellings as tellings_view

OWN_BILL = own_child("bill_id", bill.PREFIX)
VIEWS = ("bills", "obligations")
SEES_LINKS = ("master", "operator", "service")
"""Roles that may hand the link to a payer's page over; the page asks for the last digits of the number."""

RULES: tuple[type[LedgerError], ...] = (*rules(bill, obligation_parts, standing), bill.BillNotFound)


class PayerPhoneInvalid(Rejected):
    """Payers have mobile numbers."""

    code = "payer_phone_invalid"


@operation(
    "POST",
    "/v1/bills",
    scope="collections:write",
    rule=filtered,
    body=BillBody,
    answer=shapes.Bill,
    status=201,
    raises=(*rules(bill, obligation_parts, standing), PayerPhoneInvalid, CurrencyMismatch),
)
async def create_bill(ask: Ask, body: BillBody) -> Reply:
    """Write a bill to somebody by name and phone; nobody hears of it before it is sent."""
    if ask.caller.account_id not in (None, body.account_id):
        raise hidden()
    await ask.house.engine.account(body.account_id)
    await ask.check_currency({"body": body})
    payer = _payer(body.customer, body.details)
    assert ask.key is not None, "a POST has a key"
    payers = ask.house.vault.payers
    person, new = await payers.put(ask.caller.principal, ask.key, payer, body.due_on)
    customer_id = payers.customer_id(body.account_id, payer.phone)
    command = CreateBill(body.account_id, customer_id, person, body.amount, body.due_on, body.reference)
    outcome = await ask.house.engine.submit(command, ask.call(body))
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(person)
    return of_outcome(outcome)


@reads(
    "/v1/bills",
    scope="collections:read",
    rule=filtered,
    query=BillsQuery,
    answer=shapes.list_of(shapes.ListedBill),
)
async def list_bills(ask: Ask, query: BillsQuery) -> Reply:
    """List an account's bills, newest first, in the states that they have today."""
    account_id = await account_of(ask, query)
    wanted = bills_view.BillFilter(query.status, query.customer_id, query.reference, query.due_from, query.due_to)
    async with ask.see(*VIEWS) as (conn, position):
        page = await bills_view.page(
            conn, account_id, wanted, business_date(ask.now()), cursor=query.cursor, limit=query.limit
        )
    await _name(ask, page.items, "list bills")
    return page_reply(page, position)


@reads(
    "/v1/bills/customers",
    scope="collections:read",
    rule=filtered,
    query=CustomersQuery,
    answer=shapes.list_of(shapes.Customer),
)
async def list_bill_customers(ask: Ask, query: CustomersQuery) -> Reply:
    """List an account's customers and how they pay, newest first."""
    account_id = await account_of(ask, query)
    async with ask.see(*VIEWS) as (conn, position):
        page = await bills_view.customers(
            conn, account_id, business_date(ask.now()), cursor=query.cursor, limit=query.limit
        )
    await _name(ask, page.items, "list customers")
    _without_details(page.items)
    return page_reply(page, position)


@reads(
    "/v1/bills/customers/{customer_id}",
    scope="collections:read",
    rule=own_child("customer_id", bill_customer.PREFIX),
    answer=shapes.Customer,
    raises=(bill_customer.CustomerNotFound,),
)
async def get_bill_customer(ask: Ask, customer_id: str) -> Reply:
    """Read how one customer pays: on time how often, how late at the median, and what is open."""
    async with ask.see(*VIEWS) as (conn, position):
        found = await bills_view.customer(conn, customer_id, business_date(ask.now()))
    await _name(ask, [found], "read a customer")
    _without_details([found])
    return of_view(found, position)


@reads(
    "/v1/bills/{bill_id}",
    scope="collections:read",
    rule=OWN_BILL,
    answer=shapes.BillDetail,
    raises=(bill.BillNotFound,),
)
async def get_bill(ask: Ask, bill_id: str) -> Reply:
    """Read a bill: its state today, every payment of it, and what was told of it."""
    async with ask.see(*VIEWS, "tellings") as (conn, position):
        found = await bills_view.one(conn, bill_id, business_date(ask.now()))
        found["tellings"] = await tellings_view.of_thing(conn, bill_id)
    found["link"] = await _link(ask, found)
    forward = found["forwarded_to"]
    if forward is not None:
        shown = (await ask.house.vault.payers.get([forward], None))[forward]
        found["forwarded_to"] = {"name": shown.name, "phone": shown.phone}
    await _name(ask, [found], "read a bill")
    return of_view(found, position)


@writes("/v1/bills/{bill_id}/send", scope="collections:write", rule=OWN_BILL, answer=shapes.Bill, raises=RULES)
def send_bill(ask: Ask, bill_id: str) -> SendBill:
    """Send a draft to its payer by Alimtalk, else by SMS, with the link to its page.

    Where the customer's bills are paid automatically, but less than two business days are left to announce it, this one
    is to be paid by hand, and its payer is told so.
    """
    return SendBill(bill_id)


@writes(
    "/v1/bills/{bill_id}/change",
    scope="collections:write",
    rule=OWN_BILL,
    body=ChangeBillBody,
    answer=shapes.Bill,
    raises=RULES,
)
def change_bill(ask: Ask, bill_id: str, body: ChangeBillBody) -> ChangeBill:
    """Ask for another amount, or by another day.

    What was announced of an automatic payment is void: it is announced anew, or the bill is to be paid by hand.
    """
    return ChangeBill(bill_id, body.amount, body.due_on)


@writes("/v1/bills/{bill_id}/cancel", scope="collections:write", rule=OWN_BILL, answer=shapes.Bill, raises=RULES)
def cancel_bill(ask: Ask, bill_id: str) -> CancelBill:
    """Ask for a bill no more, overdue or not. What has been paid is refunded instead."""
    return CancelBill(bill_id)


@writes(
    "/v1/bills/{bill_id}/refund",
    scope="collections:write",
    rule=OWN_BILL,
    body=RefundBillBody,
    answer=shapes.CollectionRefund,
    status=201,
    raises=(*RULES, *rules(bill_commands), CurrencyMismatch),
)
def refund_bill(ask: Ask, bill_id: str, body: RefundBillBody) -> RefundBill:
    """Give the money of a paid bill back, all of it or a part; it is on its way until the provider has answered."""
    return RefundBill(bill_id, body.amount, body.reason)


@writes(
    "/v1/bills/{bill_id}/send-for-debit",
    scope="collections:write",
    rule=OWN_BILL,
    body=SendForDebitBody,
    answer=shapes.Bill,
    raises=(*RULES, bill_commands.BillForAnotherAmount, DebitNotFound, DebitAskedElsewhere, DebitStep),
)
def send_bill_for_debit(ask: Ask, bill_id: str, body: SendForDebitBody) -> SendBillForDebit:
    """Send a draft for what is left of a direct debit, which is not collected any more: one due item, asked for once.

    The other way, a debit is scheduled for the obligation of a bill (`POST /v1/debits` with `obligation_id`).
    """
    return SendBillForDebit(bill_id, body.debit_id)


@writes("/v1/bills/{bill_id}/view", scope="collections:pay", rule=OWN_BILL, answer=shapes.BillViewed, raises=RULES)
def view_bill(ask: Ask, bill_id: str) -> ViewBill:
    """Record that the payer has opened the bill for the first time."""
    return ViewBill(bill_id)


@writes(
    "/v1/bills/{bill_id}/payments",
    scope="collections:pay",
    rule=OWN_BILL,
    body=PayBillBody,
    answer=shapes.BillPayment,
    status=201,
    raises=(*RULES, GatewayNotConfigured),
)
def pay_bill(ask: Ask, bill_id: str, body: PayBillBody) -> PayBill:
    """Pay a bill, for its payer or for whom the payer has asked, in a way that is chosen each time.

    The bill is paid once the money has settled. While one payment is under way, no other can be started; of two that
    come at once, the second is refused or goes back.
    """
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; confirm what was paid elsewhere")
    return PayBill(bill_id, body.method, forwarded=body.forwarded)


@operation(
    "POST",
    "/v1/bills/{bill_id}/forward",
    scope="collections:pay",
    rule=OWN_BILL,
    body=PersonBody,
    answer=shapes.Bill,
    raises=(*RULES, PayerPhoneInvalid),
)
async def forward_bill(ask: Ask, bill_id: str, body: PersonBody) -> Reply:
    """Ask somebody else to pay, one at a time; the payer stays liable, and nothing is paid automatically meanwhile."""
    named = _payer(body)
    assert ask.key is not None, "a POST has a key"
    payers = ask.house.vault.payers
    to, new = await payers.put(ask.caller.principal, ask.key, named, business_date(ask.now()))
    command = ForwardBill(bill_id, to, payers.customer_id(ids.account_of(bill_id), named.phone))
    outcome = await ask.house.engine.submit(command, ask.call(body))
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(to)
    return of_outcome(outcome)


@writes(
    "/v1/bills/{bill_id}/revoke-forward",
    scope="collections:pay",
    rule=OWN_BILL,
    answer=shapes.BillForward,
    raises=RULES,
)
def revoke_forward(ask: Ask, bill_id: str) -> RevokeForward:
    """Ask nobody else any more; that person's link opens nothing now."""
    return RevokeForward(bill_id)


@writes(
    "/v1/bills/{bill_id}/auto-pay",
    scope="collections:pay",
    rule=OWN_BILL,
    body=AutoPayBody,
    answer=shapes.AutoPay,
    raises=(*RULES, *rules(auto_pay_commands), bill_customer.AutoPayOff, BillingKeyNotActive, GatewayNotConfigured),
)
async def switch_auto_pay(ask: Ask, bill_id: str, body: AutoPayBody) -> TurnAutoPayOn | TurnAutoPayOff:
    """Turn automatic payment of this and further bills to the payer on or off, as the payer wants it.

    On needs a card once. Each bill is announced at least two business days before its payment date, and charged on that
    date; off holds until the charge begins.
    """
    if not body.on:
        return TurnAutoPayOff(bill_id)
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway that could keep a card")
    one_time: str | None = None
    if body.token is not None:
        assert ask.key is not None, "a POST has a key"
        one_time = await ask.house.vault.put_one_time(ask.caller.principal, ask.key, token=body.token)
    return TurnAutoPayOn(bill_id, one_time)


def _payer(body: PersonBody, details: str = "") -> Payer:
    """Return a person with the digits of the number. Raises: PayerPhoneInvalid."""
    phone = read_phone(body.phone)
    if not phone:
        raise PayerPhoneInvalid("phone must be a mobile number", field="phone")
    return Payer(body.name.strip(), phone, details)


async def _name(ask: Ask, items: Iterable[dict[str, Any]], purpose: str) -> None:
    """Put names and numbers into the place of tokens: in clear for the account's own key, else masked."""
    rows = list(items)
    people = await ask.house.vault.payers.get((item["customer"] for item in rows), reading_of(ask, purpose))
    for item in rows:
        item["customer"] = people[item["customer"]]._asdict()


def _without_details(items: Iterable[dict[str, Any]]) -> None:
    """Leave out what the newest bill is for: a customer has many."""
    for item in items:
        del item["customer"]["details"]


async def _link(ask: Ask, found: dict[str, Any]) -> str | None:
    """Return the link to the payer's page; None for a draft, a key that only reads, and who was erased."""
    if found["sent_at"] is None or ask.caller.role not in SEES_LINKS:
        return None
    try:
        (link,) = await ask.house.vault.public_links.current([(found["id"], found["customer"])])
    except SubjectNotFound:
        return None
    return f"/p/{link}"
