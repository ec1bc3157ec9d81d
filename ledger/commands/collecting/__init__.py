"""Collections: what asks for money and takes it, one module a flow; importing them all registers their answers."""

from __future__ import annotations

from ledger.commands.collecting import (
    auto_pay,
    bill_money,
    bills,
    building_charges,
    buildings,
    debit_batches,
    debit_money,
    debit_plans,
    debits,
    mandates,
    onboarding,
    payment_links,
    payment_requests,
    payout_links,
    payout_money,
    public_links,
    request_amendments,
    request_money,
    tellings,
    withdrawals,
)

__all__ = [
    "auto_pay",
    "bill_money",
    "bills",
    "building_charges",
    "buildings",
    "debit_batches",
    "debit_money",
    "debit_plans",
    "debits",
    "mandates",
    "onboarding",
    "payment_links",
    "payment_requests",
    "payout_links",
    "payout_money",
    "public_links",
    "request_amendments",
    "request_money",
    "tellings",
    "withdrawals",
]
