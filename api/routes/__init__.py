"""The operations of the HTTP face, one file per noun; importing this package declares all of them."""

from api.routes import (
    accounts,
    adjustments,
    batches,
    books,
    chargebacks,
    charges,
    facts,
    keys,
    limits,
    parked_deposits,
    payouts,
    refund_requests,
    service,
    spends,
    transfers,
)

__all__ = [
    "accounts",
    "adjustments",
    "batches",
    "books",
    "chargebacks",
    "charges",
    "facts",
    "keys",
    "limits",
    "parked_deposits",
    "payouts",
    "refund_requests",
    "service",
    "spends",
    "transfers",
]
