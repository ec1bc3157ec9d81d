"""Shapes of orders."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, SPEND_ID, TIME, Shape, example
from api.shapes.catalogue import LINE, PRODUCT_ID, PricedLine

ORDER_ID = "ord_01k7q4m2x9w3t8r5z67"
NUMBER = "CB20260302C0388"
Kind = Literal["general", "choice"]
OrderState = Literal["scheduled", "sending", "dispatched", "cancelled"]
CouponStateName = Literal[
    "pending",
    "awaiting_choice",
    "chosen",
    "requested",
    "issued",
    "issue_failed",
    "void_requested",
    "voiding",
    "voided",
    "used",
    "expired",
]
_COUNTS = {"total": 3, "success": 3, "progress": 0, "failure": 0, "error": 0}
_MONEY = {"amount": 29700, "confirmed_amount": 29700, "held": 0, "returned": 0}
_LISTED: dict[str, Any] = {
    "id": ORDER_ID,
    "number": NUMBER,
    "account_id": ACCOUNT_ID,
    "member_id": None,
    "ordered_by": "key_5k2example",
    "name": "Autumn gifts",
    "kind": "general",
    "status": "dispatched",
    "ordered_at": TIME,
    "scheduled_at": None,
    "dispatch_at": TIME,
    "currency": "KRW",
    "amount": 29700,
    "confirmed_amount": None,
    "recipients": 3,
    "coupons": 3,
    "counts": _COUNTS,
    "position": 4711,
}


class OrderCounts(Shape):
    """Recipients by dispatch state: total = success + progress + failure + error."""

    total: int
    success: int
    progress: int
    failure: int
    error: int


class OrderedLine(Shape):
    """An item of an order with the prices it was ordered at."""

    product_id: str
    sku: str
    name: str
    brand: str
    list_price: int
    sale_price: int
    validity_days: int
    quantity: int
    cash_convertible: bool


class Order(Shape):
    """An order as it was placed; amount = confirmed_amount + held + returned."""

    model_config = example(
        id=ORDER_ID,
        number=NUMBER,
        account_id=ACCOUNT_ID,
        member_id=None,
        spend_id=SPEND_ID,
        name="Autumn gifts",
        kind="general",
        status="sending",
        lines=[
            {
                "product_id": PRODUCT_ID,
                "sku": "HARBOUR-LATTE",
                "name": "Cafe latte",
                "brand": "Harbour Cafe",
                "list_price": 10000,
                "sale_price": 9900,
                "validity_days": 30,
                "quantity": 1,
                "cash_convertible": False,
            }
        ],
        designated=None,
        dispatch_title="ThankYou",
        ordered_at=TIME,
        ordered_on="2026-03-02",
        scheduled_at=None,
        recipients=3,
        coupons=3,
        currency="KRW",
        list_amount=30000,
        discount=300,
        amount=29700,
        confirmed_amount=0,
        held=29700,
        returned=0,
        counts={"total": 3, "success": 0, "progress": 3, "failure": 0, "error": 0},
        source="order",
    )

    id: str
    number: str
    account_id: str
    member_id: str | None
    spend_id: str
    name: str
    kind: Kind
    status: OrderState
    lines: list[OrderedLine]
    designated: int | None
    dispatch_title: str
    ordered_at: str
    ordered_on: str
    scheduled_at: str | None
    recipients: int
    coupons: int
    currency: str
    list_amount: int
    discount: int
    amount: int
    confirmed_amount: int
    held: int
    returned: int
    counts: OrderCounts
    source: str


class OrderPreview(Shape):
    """What an order would cost now, and whether money and limits allow it; nothing is kept."""

    model_config = example(
        account_id=ACCOUNT_ID,
        member_id=None,
        kind="general",
        lines=[LINE],
        recipients=3,
        coupons=3,
        currency="KRW",
        list_amount=30000,
        discount=300,
        amount=29700,
        unit_amount=9900,
        cash_amount=0,
        orderable=True,
        code=None,
        detail=None,
    )

    account_id: str
    member_id: str | None
    kind: Kind
    lines: list[PricedLine]
    recipients: int
    coupons: int
    currency: str
    list_amount: int
    discount: int
    amount: int
    unit_amount: int
    cash_amount: Annotated[int, Field(description="part that counts against the limit of cash-convertible goods")]
    orderable: bool
    code: Annotated[str | None, Field(description="why it cannot be ordered now, as the order would be refused")]
    detail: str | None


class ListedOrder(Shape):
    """An order in a list. The confirmed amount is the price of coupons issued and not voided."""

    model_config = example(**_LISTED)

    id: str
    number: str
    account_id: str
    member_id: str | None
    ordered_by: Annotated[str, Field(description="the key or rule that placed it")]
    name: str
    kind: Kind
    status: OrderState
    ordered_at: str
    scheduled_at: str | None
    dispatch_at: Annotated[str | None, Field(description="when it was, or will be, sent")]
    currency: str
    amount: int
    confirmed_amount: Annotated[int | None, Field(description="in lists null for general orders; they show a dash")]
    recipients: int
    coupons: int
    counts: OrderCounts
    position: int


class OrderStep(Shape):
    """A state that an order goes through, and when it came to it; null = not."""

    status: OrderState
    at: str | None


class CouponStates(Shape):
    """How many coupons are in which state; open ones are pending, or await a choice."""

    open: int
    chosen: int
    requested: int
    issued: int
    issue_failed: int
    void_requested: int
    voiding: int
    voided: int
    used: int
    expired: int


class OrderDetail(ListedOrder):
    """An order as a whole; amount = confirmed_amount + held + returned."""

    model_config = example(
        **{
            **_LISTED,
            "confirmed_amount": 29700,
            "list_amount": 30000,
            "discount": 300,
            "unit_amount": 9900,
            "held": 0,
            "returned": 0,
            "lines": [LINE],
            "designated": None,
            "dispatch_title": "ThankYou",
            "steps": [
                {"status": "scheduled", "at": None},
                {"status": "sending", "at": TIME},
                {"status": "dispatched", "at": TIME},
                {"status": "cancelled", "at": None},
            ],
            "coupon_states": {
                "open": 0,
                "chosen": 0,
                "requested": 0,
                "issued": 3,
                "issue_failed": 0,
                "void_requested": 0,
                "voiding": 0,
                "voided": 0,
                "used": 0,
                "expired": 0,
            },
            "spend_id": SPEND_ID,
            "source": "order",
            "sender_profile_id": None,
            "template_id": None,
            "theme_id": None,
            "voids": 0,
            "cancellable": False,
            "statement_eligible": True,
        }
    )

    list_amount: int
    discount: int
    unit_amount: int
    held: int
    returned: int
    lines: list[PricedLine]
    designated: int | None
    dispatch_title: str
    steps: list[OrderStep]
    coupon_states: CouponStates
    spend_id: str
    source: str
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    voids: int
    cancellable: bool
    statement_eligible: Annotated[bool, Field(description="sending or dispatched")]


class OrderCancelled(Shape):
    """A cancelled order; all of its money is back."""

    model_config = example(
        id=ORDER_ID,
        account_id=ACCOUNT_ID,
        status="cancelled",
        reason=None,
        amount=29700,
        confirmed_amount=0,
        held=0,
        returned=29700,
    )

    id: str
    account_id: str
    status: OrderState
    reason: str | None
    amount: int
    confirmed_amount: int
    held: int
    returned: int


class OrderCoupon(Shape):
    """A coupon; its number is masked for everybody but the recipient."""

    coupon: int
    line: Annotated[int | None, Field(description="item; null while nothing is chosen")]
    name: str | None
    state: CouponStateName
    number: str | None
    valid_until: str | None


class OrderRecipient(Shape):
    """A recipient of an order with its coupons. People are in clear for the orderer's own keys, else masked."""

    model_config = example(
        recipient=0,
        phone="***-***-0001",
        name="H*****",
        company="",
        title="",
        dispatch="success",
        channel="alimtalk",
        resends=0,
        resends_max=3,
        chosen=None,
        chosen_by=None,
        choose_until=None,
        given_up=None,
        coupons=[
            {
                "coupon": 0,
                "line": 0,
                "name": "Cafe latte",
                "state": "issued",
                "number": "***-***-1234",
                "valid_until": "2026-04-01",
            }
        ],
    )

    recipient: int
    phone: str
    name: str
    company: str
    title: str
    dispatch: Literal["progress", "success", "failed", "error"]
    channel: Literal["alimtalk", "mms"] | None
    resends: int
    resends_max: int
    chosen: int | None
    chosen_by: Literal["recipient", "service"] | None
    choose_until: Annotated[str | None, Field(description="last day on which the recipient may choose")]
    given_up: str | None
    coupons: list[OrderCoupon]


class MessageBatch(Shape):
    """Messages that are being sent."""

    batch: int
    recipients: int


class MessagesRequested(Shape):
    """Messages that are being sent again."""

    model_config = example(id=ORDER_ID, purpose="resend", batches=[{"batch": 2, "recipients": 2}])

    id: str
    purpose: str
    batches: list[MessageBatch]


class ItemChosen(Shape):
    """A selection; `difference` goes back when the item is issued."""

    model_config = example(id=ORDER_ID, recipient=0, line=1, difference=19800)

    id: str
    recipient: int
    line: int
    difference: int


class VoidRequested(Shape):
    """A request to void coupons; an operator decides."""

    model_config = example(id=ORDER_ID, void=1, status="requested", coupons=[0], reason="Sent to the wrong person")

    id: str
    void: int
    status: str
    coupons: list[int]
    reason: str


class VoidDecided(Shape):
    """An operator's decision; after an approval the issuer has the last word."""

    model_config = example(id=ORDER_ID, void=1, status="approved", coupons=[0])

    id: str
    void: int
    status: str
    coupons: list[int]


class ListedVoid(Shape):
    """A request to void coupons and what became of it."""

    model_config = example(
        order_id=ORDER_ID,
        number=NUMBER,
        account_id=ACCOUNT_ID,
        void=1,
        status="settled",
        coupons=[0],
        voided=1,
        refused=0,
        waiting=0,
        code=None,
        reason="Sent to the wrong person",
        decision_reason=None,
        requested_at=TIME,
        requested_by="key_5k2example",
        decided_at=TIME,
        decided_by="key_9p7example",
        position=4712,
    )

    order_id: str
    number: str
    account_id: str
    void: int
    status: Literal["requested", "approved", "rejected", "settled"]
    coupons: list[int]
    voided: int
    refused: int
    waiting: int
    code: str | None
    reason: str
    decision_reason: str | None
    requested_at: str
    requested_by: str
    decided_at: str | None
    decided_by: str | None
    position: int


class StatedOrder(Shape):
    """An order that cannot be stated, and why."""

    id: str
    number: str
    status: str


class StatementCheck(Shape):
    """Whether these orders can be stated together, and the confirmed amount of those that can."""

    model_config = example(
        eligible=False, orders=2, amount=39600, refused=[{"id": ORDER_ID, "number": NUMBER, "status": "scheduled"}]
    )

    eligible: bool
    orders: int
    amount: int
    refused: list[StatedOrder]


class Tallies(Shape):
    """Orders by state."""

    scheduled: int
    sending: int
    dispatched: int
    cancelled: int


class LimitShown(Shape):
    """A monthly limit: of a postpaid account, or of the sub-member who asks."""

    limit: int | Literal["unlimited"] | None
    used: int | None
    remaining: int | None


class MainPage(Shape):
    """What the first page shows."""

    model_config = example(
        account_id=ACCOUNT_ID,
        member_id=None,
        mode="prepaid",
        currency="KRW",
        month="2026-03",
        available=393048,
        limit={"limit": None, "used": None, "remaining": None},
        orders={"scheduled": 1, "sending": 0, "dispatched": 12, "cancelled": 0},
        anniversary_rules=2,
        recent_orders=[_LISTED],
    )

    account_id: str
    member_id: str | None
    mode: Literal["prepaid", "postpaid"]
    currency: str
    month: str
    available: Annotated[int | None, Field(description="what can be spent now; not shown to a sub-member")] = None
    limit: LimitShown
    orders: Tallies
    anniversary_rules: Annotated[int, Field(description="rules of one's own that are on")]
    recent_orders: list[ListedOrder]
