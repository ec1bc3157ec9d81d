"""Shapes of bills, of auto-pay, and of how customers pay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, DATE, TIME, Shape, example
from api.shapes.obligations import OBLIGATION_ID, PAYMENT_ID, ObligationPayment

BILL_ID = "bil_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
CUSTOMER_ID = "cus_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"

BillStatus = Literal["draft", "sent", "viewed", "overdue", "paid", "part_refunded", "refunded", "cancelled"]
AutoPayState = Annotated[
    Literal["none", "announced", "started", "missed"],
    Field(description="announced = charged on pay_on unless the payer turns it off; missed = to be paid by hand"),
]

_PLAN: dict[str, Any] = {
    "state": "announced", "code": None, "announce_by": "2026-02-26", "announced_at": TIME, "amount": 55_000,
    "pay_on": DATE,
}  # fmt: skip
_BILL: dict[str, Any] = {
    "id": BILL_ID, "account_id": ACCOUNT_ID, "customer_id": CUSTOMER_ID, "obligation_id": OBLIGATION_ID,
    "reference": "LESSON-2026-03-0007", "amount": 55_000, "currency": "KRW", "due_on": DATE, "status": "sent",
    "sent_at": TIME, "forwarded": False,
}  # fmt: skip
_LISTED: dict[str, Any] = {
    **_BILL, "customer": {"name": "H**", "phone": "***-***-0007", "details": "***"}, "outstanding": 55_000, "paid": 0,
    "confirmed": 0, "pending": 0, "refunded": 0, "reversed": 0, "paid_on": None, "created_at": TIME, "viewed_at": None,
    "auto_pay": {"on": True, **_PLAN}, "position": 42,
}  # fmt: skip


class AutoPayPlan(Shape):
    """How far the automatic payment of one bill is."""

    model_config = example(**_PLAN)

    state: AutoPayState
    code: Annotated[str | None, Field(description="why it is missed")]
    announce_by: Annotated[str, Field(description="last KST day to announce it: two business days before")]
    announced_at: str | None
    amount: Annotated[int | None, Field(description="as announced")]
    pay_on: str | None


class ListedAutoPayPlan(AutoPayPlan):
    """How far it is, and whether the customer's bills are paid automatically at all."""

    model_config = example(on=True, **_PLAN)

    on: bool


class BillPlain(Shape):
    """What a bill says."""

    id: str
    account_id: str
    customer_id: Annotated[str, Field(description="the same for all bills of the account to one number")]
    obligation_id: Annotated[str | None, Field(description="what is paid; null before the bill is sent")]
    reference: str | None
    amount: int
    currency: str
    due_on: Annotated[str, Field(description="last KST day to pay, and payment date of auto-pay")]
    status: BillStatus
    sent_at: str | None
    forwarded: Annotated[bool, Field(description="whether somebody else is asked to pay now")]


class Bill(BillPlain):
    """A bill that is not paid."""

    model_config = example(**_BILL, auto_pay=_PLAN)

    auto_pay: AutoPayPlan


class BilledPerson(Shape):
    """Who is asked, masked unless the key belongs to the account."""

    model_config = example(name="H**", phone="***-***-0007", details="***")

    name: str
    phone: str
    details: Annotated[str, Field(description="what the bill is for, as its biller wrote it")]


class ListedBill(BillPlain):
    """A bill with what has been paid of it: only what has settled, or was confirmed by its biller, counts."""

    model_config = example(**_LISTED)

    customer: BilledPerson
    outstanding: int | None
    paid: int
    confirmed: Annotated[int, Field(description="what of it the biller has confirmed as paid elsewhere")]
    pending: Annotated[int, Field(description="started, and without a result")]
    refunded: int
    reversed: Annotated[int, Field(description="what was ever taken back after it had settled")]
    paid_on: str | None
    created_at: str
    viewed_at: str | None
    auto_pay: ListedAutoPayPlan
    position: int


_PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID, "via": "bill", "amount": 55_000, "status": "settled", "method": "debit_card", "counted": 55_000,
    "credit": 0, "paid_on": DATE, "reversed": 0, "refunded": 0, "refund_pending": 0, "refund_code": None, "code": None,
    "started_at": TIME, "position": 42, "by": "payer",
}  # fmt: skip


class BillPaymentTold(ObligationPayment):
    """A payment of a bill, with who pays and how."""

    model_config = example(**_PAYMENT)

    by: Annotated[str | None, Field(description="payer, forwardee or auto_pay; null where the caller did not say")]


class NamedPerson(Shape):
    """Somebody by name and number, masked unless the key belongs to the account; who was asked instead, always."""

    model_config = example(name="B**", phone="***-***-0008")

    name: str
    phone: str


class BillTelling(Shape):
    """What somebody was told of a bill."""

    model_config = example(
        id="tel_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9", kind="bill.sent", recipient="person", requested_at=TIME,
        status="told", settled_at=TIME, channel="alimtalk", code=None,
    )  # fmt: skip

    id: str
    kind: str
    recipient: Literal["person", "account"]
    requested_at: str
    status: Literal["requested", "told", "not_told"]
    settled_at: str | None
    channel: str | None
    code: str | None


class BillDetail(ListedBill):
    """A bill with its payments, and with what was told of it."""

    model_config = example(
        **_LISTED,
        forwarded_to=None,
        link="/p/x7m2k9q4w8t3r5z6x2m4q8w1t5r9z3b7",
        payments=[_PAYMENT],
        tellings=[],
    )

    forwarded_to: NamedPerson | None
    link: Annotated[str | None, Field(description="to the payer's page; null for a draft, and for who only reads")]
    payments: list[BillPaymentTold]
    tellings: list[BillTelling]


class BillViewed(Shape):
    """A bill was opened."""

    model_config = example(id=BILL_ID, viewed_at=TIME)

    id: str
    viewed_at: str


class BillForward(Shape):
    """Whether somebody else is asked to pay."""

    model_config = example(id=BILL_ID, forwarded=False)

    id: str
    forwarded: bool


class BillPayment(Shape):
    """A payment of a bill that was started; the bill tells what becomes of it."""

    model_config = example(
        id=PAYMENT_ID, bill_id=BILL_ID, obligation_id=OBLIGATION_ID, amount=55_000, currency="KRW",
        method="debit_card", by="payer", status="pending",
    )  # fmt: skip

    id: str
    bill_id: str
    obligation_id: str
    amount: int
    currency: str
    method: Literal["card", "debit_card", "transfer"]
    by: Literal["payer", "forwardee"]
    status: Literal["pending"]


class AutoPay(Shape):
    """The switch of a customer."""

    model_config = example(customer_id=CUSTOMER_ID, on=True, billing_key_id="bky_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9")

    customer_id: str
    on: bool
    billing_key_id: Annotated[str | None, Field(description="the card that is charged; null when it is off")]


class Rate(Shape):
    """A part of a whole; null percent where there is nothing to divide by."""

    model_config = example(numerator=11, denominator=12, percent=91)

    numerator: int
    denominator: int
    percent: Annotated[int | None, Field(description="rounded down")]


class CustomerAutoPay(Shape):
    """Whether a customer's bills are paid automatically."""

    model_config = example(on=True, since=TIME, reason=None)

    on: bool
    since: str | None
    reason: Annotated[Literal["payer", "card"] | None, Field(description="why it was turned off")]


class Customer(Shape):
    """How a customer pays."""

    model_config = example(
        id=CUSTOMER_ID,
        account_id=ACCOUNT_ID,
        customer={"name": "H**", "phone": "***-***-0007"},
        bills=13,
        paid=12,
        overdue=0,
        auto_paid=5,
        outstanding=55_000,
        currency="KRW",
        on_time={"numerator": 11, "denominator": 12, "percent": 91},
        median_delay_days=0,
        auto_pay={"on": True, "since": TIME, "reason": None},
        position=42,
    )

    id: str
    account_id: str
    customer: NamedPerson
    bills: Annotated[int, Field(description="sent and not cancelled")]
    paid: int
    overdue: int
    auto_paid: Annotated[int, Field(description="what of the paid ones was paid automatically")]
    outstanding: Annotated[int, Field(description="of all that is not paid")]
    currency: str | None
    on_time: Annotated[Rate, Field(description="paid by the last day, of all that is paid or overdue")]
    median_delay_days: Annotated[
        int | None, Field(description="days after the last day, 0 when on time; over what is paid; the lower of two")
    ]
    auto_pay: CustomerAutoPay
    position: int
