"""The chart of accounts: every ledger account that a double entry can be made to, and what it holds."""

from __future__ import annotations

from aggregates.account.collections import DIRECT_DEBIT

BANK = "asset.bank"
GATEWAY_RECEIVABLE = "asset.gateway_receivable"
TRADE_RECEIVABLE = "asset.trade_receivable"
UNBILLED_RECEIVABLE = "asset.unbilled_receivable"
MEMBER_RECEIVABLE = "asset.member_receivable"
PREPAID = "liability.prepaid"
PREPAID_HOLD = "liability.prepaid_hold"
REFUND_PAYABLE = "liability.refund_payable"
COUPON_PAYABLE = "liability.coupon_payable"
COLLECTIONS = "liability.collections"
PAYERS_CREDIT = "liability.payer_credit"
PAYOUT_HOLD = "liability.payout_hold"
WITHDRAWAL_PAYABLE = "liability.withdrawal_payable"
REFUND_FEE = "revenue.refund_fee"
PROVIDER_FEE = "expense.provider_fee"
IMPORTED = "equity.imported"
ADJUSTMENT = "equity.adjustment"
UNMATCHED_DEPOSIT = "clearing.unmatched_deposit"
TRANSFER = "clearing.transfer"

CHART: dict[str, str] = {
    BANK: "money at the bank",
    f"{GATEWAY_RECEIVABLE}.card": "card payments that the gateway owes us",
    f"{GATEWAY_RECEIVABLE}.transfer": "bank transfers that the gateway owes us",
    f"{GATEWAY_RECEIVABLE}.virtual_account": "deposits on virtual accounts that the gateway owes us",
    f"{GATEWAY_RECEIVABLE}.{DIRECT_DEBIT}": "direct debits that the collecting institution owes us",
    TRADE_RECEIVABLE: "what postpaid customers owe on invoices, less what they paid and what is carried over",
    UNBILLED_RECEIVABLE: "what postpaid customers have bought and no invoice has billed",
    MEMBER_RECEIVABLE: "what chargebacks have left owing",
    PREPAID: "prepaid money of customers that is neither held nor under refund; negative = overdrawn",
    PREPAID_HOLD: "prepaid money held by spends that are not captured",
    REFUND_PAYABLE: "prepaid money under refund requests that are not resolved",
    COUPON_PAYABLE: "what captured spends owe to the issuers of what was bought",
    COLLECTIONS: "what was collected for an account by requests, links, bills, debits and buildings",
    PAYERS_CREDIT: "what payers paid beyond what was due: theirs until it counts for something or goes back",
    PAYOUT_HOLD: "what was paid in for pay-out links and has not been paid out",
    WITHDRAWAL_PAYABLE: "collected money on its way to the bank accounts of those it was collected for",
    REFUND_FEE: "fees earned on refunds and late cancellations",
    PROVIDER_FEE: "what payment providers keep of what they send to the bank",
    IMPORTED: "the other side of movements taken over from older systems",
    ADJUSTMENT: "the other side of corrections by operators: of balances, under four eyes, and of billed amounts",
    UNMATCHED_DEPOSIT: "money that came in and that nothing explains; an operator decides",
    TRANSFER: "between the two sides of a transfer, and of credit that begins to count; zero after each commit",
}
"""Ledger account -> what it holds. The first word is its type: asset, liability, revenue, expense, equity or
clearing."""
