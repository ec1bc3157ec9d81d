"""The bodies and queries of requests about orders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.bodies import example
from api.catalogue_bodies import PRODUCT, Cart, Kind, OwnId
from api.fields import Body, Day, Instant, MemberId, PageQuery, PublicIdText, Query, Reason
from api.recipients import RecipientsBody, TextsBody

OrderIdText = Annotated[str, StringConstraints(pattern=r"^ord_[0-9a-z]{18,27}$")]
RecipientNumber = Annotated[int, Field(ge=0, le=9_999, description="Number of a recipient in the order, from 0.")]
CouponNumber = Annotated[int, Field(ge=0, le=499_999, description="Number of a coupon in the order, from 0.")]
LineNumber = Annotated[int, Field(ge=0, le=19, description="Index of an item of the order.")]
_LINES = [{"product_id": PRODUCT, "validity_days": 30, "quantity": 1}]


class OrderBody(Body):
    """Coupons to be ordered. A key that is bound to an account need not name it."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        name="Autumn gifts",
        kind="general",
        lines=_LINES,
        dispatch_title="ThankYou",
        recipients={"rows": [{"phone": "01000000001", "name": "Haneul"}]},
        consent=True,
        texts={"message": "#{이름} 님, 늘 감사합니다."},
    )

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    name: Annotated[
        str | None,
        Field(
            max_length=200, description="1 to 50 characters, not shown to recipients; named by the time if not given."
        ),
    ] = None
    kind: Kind
    lines: Cart
    designated: Annotated[
        LineNumber | None, Field(description="Line for those who do not choose; the dearest when not given.")
    ] = None
    dispatch_title: Annotated[
        str, Field(max_length=200, description="1 to 16 digits, Korean or English letters; shown to recipients.")
    ]
    scheduled_at: Annotated[Instant | None, Field(description="A whole minute, up to 30 days ahead; else at once.")] = (
        None
    )
    recipients: RecipientsBody
    allow_duplicates: Annotated[bool, Field(description="The same number may stand among the recipients twice.")] = (
        False
    )
    consent: Annotated[bool, Field(description="The orderer agrees to the terms of the purchase.")]
    sender_profile_id: OwnId | None = None
    template_id: OwnId | None = None
    theme_id: OwnId | None = None
    texts: Annotated[TextsBody | None, Field(description="Texts typed by hand; kept apart from the ledger.")] = None


class OrderPreviewBody(Body):
    """A cart and how many would get it."""

    model_config = example(account_id="acc_01k7q4m2x9w3t8r5z6", kind="general", lines=_LINES, recipients=3)

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    kind: Kind
    lines: Cart
    recipients: Annotated[int, Field(ge=1, le=10_000)]


class OrdersQuery(PageQuery):
    """Which orders; a key that is bound to an account need not say whose."""

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    status: Literal["scheduled", "sending", "dispatched", "cancelled"] | None = None
    kind: Kind | None = None
    number: Annotated[str, StringConstraints(pattern=r"^CB[0-9]{8}C[0-9]{4,18}$")] | None = None
    from_date: Annotated[Day | None, Field(description="First date of ordering, in Seoul.")] = None
    to_date: Annotated[Day | None, Field(description="Last date of ordering, in Seoul.")] = None


class OrdersDownloadQuery(Query):
    """Which orders, and the form of the download."""

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    status: Literal["scheduled", "sending", "dispatched", "cancelled"] | None = None
    kind: Kind | None = None
    from_date: Annotated[Day | None, Field(description="First date of ordering, in Seoul.")] = None
    to_date: Annotated[Day | None, Field(description="Last date of ordering, in Seoul.")] = None
    form: Literal["csv", "xlsx"] = "csv"


class OrderRecipientsQuery(PageQuery):
    """Which recipients of an order."""

    dispatch: Literal["progress", "success", "failed", "error"] | None = None


class DownloadQuery(Query):
    """The form of a download."""

    form: Literal["csv", "xlsx"] = "csv"


class ResendBody(Body):
    """Who is to get the message again."""

    model_config = example(recipients=[0, 7])

    recipients: Annotated[list[RecipientNumber], Field(min_length=1, max_length=10_000)]


class ChoiceBody(Body):
    """The item that a recipient has picked elsewhere."""

    model_config = example(recipient=0, line=1)

    recipient: RecipientNumber
    line: LineNumber


class VoidBody(Body):
    """Issued coupons to take out of use."""

    model_config = example(coupons=[0], reason="Sent to the wrong person")

    coupons: Annotated[list[CouponNumber], Field(min_length=1, max_length=500)]
    reason: Reason


class VoidsQuery(PageQuery):
    """Which requests to void coupons."""

    status: Literal["requested", "approved", "rejected", "settled"] | None = None


class StatementCheckBody(Body):
    """Orders to be stated: those named, or, when none is, all that can be."""

    model_config = example(account_id="acc_01k7q4m2x9w3t8r5z6", order_ids=["ord_01k7q4m2x9w3t8r5z67"])

    account_id: PublicIdText | None = None
    order_ids: Annotated[list[OrderIdText], Field(min_length=1, max_length=1_000)] | None = None
