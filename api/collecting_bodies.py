"""Bodies that all that is asked for shares: how it is paid, confirmed and given back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.bodies import AccountNumber, Holder, example
from api.fields import Amount, Body, Currency, Day, Name, PublicIdText, Reference

Code = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$"), Field(description="A stable word of your own.")
]


class CollectionPaymentBody(Body):
    """A payment of what is due."""

    model_config = example(amount=400_000, currency="KRW", method="card", reference="SHOP-20241120-0001")

    amount: Amount
    method: Literal["card", "transfer", "virtual_account"]
    currency: Currency | None = None
    reference: Reference | None = None
    billing_key_id: Annotated[
        PublicIdText | None, Field(description="A registered card that is charged; only with method card.")
    ] = None


class ConfirmationBody(Body):
    """The payee's word that it was paid outside of this ledger."""

    model_config = example(amount=600_000, currency="KRW", paid_on="2024-12-02")

    amount: Amount
    currency: Currency | None = None
    paid_on: Annotated[Day, Field(description="KST date of the payment, not in the future.")]


class CollectionRefundBody(Body):
    """Money that goes back to its payer."""

    model_config = example(
        payment_id="pay_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7", amount=10_000, currency="KRW", reason="overpaid"
    )

    payment_id: PublicIdText
    amount: Amount
    currency: Currency | None = None
    reason: Code


class WithdrawalBody(Body):
    """Collected money to be sent to a bank account of the payee; number and holder go to the vault and nowhere else."""

    model_config = example(
        amount=50_000, currency="KRW", bank="Example Bank", account_number="000-0000-000000", holder="Example Holder"
    )

    amount: Amount
    currency: Currency | None = None
    bank: Name
    account_number: AccountNumber
    holder: Holder
