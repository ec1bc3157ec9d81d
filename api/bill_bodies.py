"""Bodies and queries of bills."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.bodies import example
from api.collecting_bodies import Code
from api.fields import Amount, Body, Currency, Day, Name, PageQuery, PublicIdText, Reference
from api.owners import OwnerQuery
from api.recipients import Text

BillStatus = Literal["draft", "sent", "viewed", "overdue", "paid", "part_refunded", "refunded", "cancelled"]
BillMethod = Literal["card", "debit_card", "transfer"]


class PersonBody(Body):
    """Somebody by name and mobile number; hyphens are left out."""

    model_config = example(name="Haneul", phone="010-0000-0007")

    name: Annotated[Name, Field(max_length=50)]
    phone: Text


class BillBody(Body):
    """A bill to one customer."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        customer={"name": "Haneul", "phone": "010-0000-0007"},
        amount=55_000,
        currency="KRW",
        due_on="2026-03-31",
        details="Piano lessons, March",
        reference="LESSON-2026-03-0007",
    )

    account_id: PublicIdText
    customer: PersonBody
    amount: Amount
    currency: Currency | None = None
    due_on: Annotated[Day, Field(description="Last KST day to pay; a bill that pays itself is charged on it.")]
    details: Annotated[str, Field(max_length=500, description="What it is for, as its payer reads it.")] = ""
    reference: Reference | None = None


class SendForDebitBody(Body):
    """The debit whose place the bill takes."""

    model_config = example(debit_id="dbt_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7")

    debit_id: PublicIdText


class ChangeBillBody(Body):
    """Other terms; what is left out stays. At least one is needed."""

    model_config = example(amount=60_000, due_on="2026-03-31")

    amount: Amount | None = None
    due_on: Day | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> ChangeBillBody:
        if self.amount is None and self.due_on is None:
            raise PydanticCustomError("nothing", "amount or due_on must be given")
        return self


class PayBillBody(Body):
    """How this bill is paid."""

    model_config = example(method="debit_card")

    method: BillMethod
    forwarded: Annotated[bool, Field(description="Whether whom the payer has asked pays, and not the payer.")] = False


class RefundBillBody(Body):
    """Money that goes back to whom paid."""

    model_config = example(amount=10_000, currency="KRW", reason="lesson_cancelled")

    amount: Annotated[Amount | None, Field(description="Left out: all that is left.")] = None
    currency: Currency | None = None
    reason: Code


class AutoPayBody(Body):
    """The payer's switch."""

    model_config = example(on=True, token="one-time-token-of-the-gateway")  # noqa: S106 (fictitious)

    on: bool
    token: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,255}$")] | None,
        Field(description="One-time token of the gateway's page for a card; left out: the card that is registered."),
    ] = None


class BillsQuery(PageQuery, OwnerQuery):
    """Which bills; a key that is bound to an account need not name it."""

    status: BillStatus | None = None
    customer_id: PublicIdText | None = None
    reference: Reference | None = None
    due_from: Day | None = None
    due_to: Day | None = None


class CustomersQuery(PageQuery, OwnerQuery):
    """Whose customers; a key that is bound to an account need not name it."""
