"""The double entry of each kind of fact: every table row of SPEC 14 that this ledger records, with its own numbers."""

from __future__ import annotations

from typing import Any

import pytest

import aggregates.account
import aggregates.batch
import aggregates.charge
import aggregates.numbers
import aggregates.order
import aggregates.refund
import aggregates.spend  # noqa: F401  (importing a noun registers its facts)
from aggregates.account.parts import MonthPart
from aggregates.fact import FACTS
from aggregates.postings import CHART, MOVES_NOTHING, RULES, Unbalanced, check_balanced, postings_of
from aggregates.reconciliation.parts import RemittancePart
from tests.aggregates.samples import sample

CARD = "asset.gateway_receivable.card"
VIRTUAL_ACCOUNT = "asset.gateway_receivable.virtual_account"
PREPAID, HOLD, PAYABLE = "liability.prepaid", "liability.prepaid_hold", "liability.refund_payable"
COUPONS, FEE = "liability.coupon_payable", "revenue.refund_fee"
PAYOUT_HOLD = "liability.payout_hold"
UNBILLED, TRADE = "asset.unbilled_receivable", "asset.trade_receivable"

ROWS: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "a charge of 12,222 by card": (
        "account.charged",
        {"amount_minor": 12_222, "method": "card"},
        {CARD: 12_222, PREPAID: -12_222},
    ),
    "a choice order of 59,400 is held": (
        "account.spent",
        {"mode": "prepaid", "amount_minor": 59_400, "held_minor": 59_400, "captured_minor": 0},
        {PREPAID: 59_400, HOLD: -59_400},
    ),
    "a recipient picks 9,900 of at most 29,700: captured": (
        "account.spend_captured",
        {"mode": "prepaid", "amount_minor": 9_900},
        {HOLD: 9_900, COUPONS: -9_900},
    ),
    "a recipient picks 9,900 of at most 29,700: the difference": (
        "account.difference_refunded",
        {"mode": "prepaid", "amount_minor": 19_800, "from_held_minor": 19_800, "from_captured_minor": 0},
        {HOLD: 19_800, PREPAID: -19_800},
    ),
    "a refund request of 100,000": (
        "account.refund_requested",
        {"amount_minor": 100_000},
        {PREPAID: 100_000, PAYABLE: -100_000},
    ),
    "a refund completed with a payout of 95,000": (
        "account.refund_completed",
        {"amount_minor": 100_000, "payout_minor": 95_000, "fee_minor": 5_000},
        {PAYABLE: 100_000, "asset.bank": -95_000, FEE: -5_000},
    ),
    "a refund rejected": ("account.refund_rejected", {"amount_minor": 100_000}, {PAYABLE: 100_000, PREPAID: -100_000}),
    "a refund cancelled": (
        "account.refund_cancelled",
        {"amount_minor": 100_000},
        {PAYABLE: 100_000, PREPAID: -100_000},
    ),
    "a payout that came back": (
        "account.refund_payout_returned",
        {"amount_minor": 100_000, "payout_minor": 95_000, "fee_minor": 5_000},
        {"asset.bank": 95_000, FEE: 5_000, PAYABLE: -100_000},
    ),
    "a charge of 300,000 cancelled on day 20": (
        "account.charge_cancelled",
        {"amount_minor": 300_000, "payout_minor": 270_000, "fee_minor": 30_000, "method": "card"},
        {PREPAID: 300_000, CARD: -270_000, FEE: -30_000},
    ),
    "a charge cancelled within 7 days": (
        "account.charge_cancelled",
        {"amount_minor": 300_000, "payout_minor": 300_000, "fee_minor": 0, "method": "card"},
        {PREPAID: 300_000, CARD: -300_000},
    ),
    "a general order of 3,913 captured at once": (
        "account.spent",
        {"mode": "prepaid", "amount_minor": 3_913, "held_minor": 0, "captured_minor": 3_913},
        {PREPAID: 3_913, COUPONS: -3_913},
    ),
    "a scheduled order of 7,826 cancelled": (
        "account.spend_returned",
        {"mode": "prepaid", "amount_minor": 7_826, "from_held_minor": 7_826, "from_captured_minor": 0},
        {HOLD: 7_826, PREPAID: -7_826},
    ),
    "an issued coupon of 3,913 voided": (
        "account.spend_returned",
        {"mode": "prepaid", "amount_minor": 3_913, "from_held_minor": 0, "from_captured_minor": 3_913},
        {COUPONS: 3_913, PREPAID: -3_913},
    ),
    "a hold of 600 expired": (
        "account.hold_expired",
        {"mode": "prepaid", "amount_minor": 600, "from_held_minor": 600, "from_captured_minor": 0},
        {HOLD: 600, PREPAID: -600},
    ),
    "a chargeback of 10,000 with 6,000 left in the lot": (
        "account.charged_back",
        {"amount_minor": 10_000, "from_lot_minor": 6_000, "shortfall_minor": 4_000, "method": "card"},
        {PREPAID: 6_000, "asset.member_receivable": 4_000, CARD: -10_000},
    ),
    "its 4,000 settled": (
        "account.receivable_settled",
        {"amount_minor": 4_000},
        {"asset.bank": 4_000, "asset.member_receivable": -4_000},
    ),
    "a virtual-account deposit of 50,000": (
        "account.deposited",
        {"amount_minor": 50_000},
        {VIRTUAL_ACCOUNT: 50_000, PREPAID: -50_000},
    ),
    "a deposit of 49,000 that matched nothing": (
        "account.deposit_parked",
        {"amount_minor": 49_000},
        {VIRTUAL_ACCOUNT: 49_000, "clearing.unmatched_deposit": -49_000},
    ),
    "that deposit credited": (
        "account.parked_deposit_credited",
        {"amount_minor": 49_000},
        {"clearing.unmatched_deposit": 49_000, PREPAID: -49_000},
    ),
    "that deposit returned": (
        "account.parked_deposit_returned",
        {"amount_minor": 49_000},
        {"clearing.unmatched_deposit": 49_000, VIRTUAL_ACCOUNT: -49_000},
    ),
    "an imported credit of 700": ("account.imported", {"amount_minor": 700}, {"equity.imported": 700, PREPAID: -700}),
    "an imported debit of 300": ("account.imported", {"amount_minor": -300}, {PREPAID: 300, "equity.imported": -300}),
    "a spend of 500 with a balance of 200": (
        "account.spent",
        {"mode": "prepaid", "amount_minor": 500, "held_minor": 500, "captured_minor": 0, "overdrawn_minor": 300},
        {PREPAID: 500, HOLD: -500},
    ),
    "a settlement payment of 59,100": (
        "account.settlement_paid",
        {"amount_minor": 59_100},
        {"asset.bank": 59_100, TRADE: -59_100},
    ),
    "a postpaid purchase of 9,900 captured at once": (
        "account.spent",
        {"mode": "postpaid", "amount_minor": 9_900, "held_minor": 0, "captured_minor": 9_900},
        {UNBILLED: 9_900, COUPONS: -9_900},
    ),
    "a postpaid hold of 59,400 uses a limit and moves nothing": (
        "account.spent",
        {"mode": "postpaid", "amount_minor": 59_400, "held_minor": 59_400, "captured_minor": 0},
        {},
    ),
    "a postpaid issue of 9,900": (
        "account.spend_captured",
        {"mode": "postpaid", "amount_minor": 9_900},
        {UNBILLED: 9_900, COUPONS: -9_900},
    ),
    "a postpaid difference of 19,800 only releases the limit": (
        "account.difference_refunded",
        {"mode": "postpaid", "amount_minor": 19_800, "from_held_minor": 19_800, "from_captured_minor": 0},
        {},
    ),
    "a postpaid coupon of 9,900 voided": (
        "account.spend_returned",
        {"mode": "postpaid", "amount_minor": 9_900, "from_held_minor": 0, "from_captured_minor": 9_900},
        {COUPONS: 9_900, UNBILLED: -9_900},
    ),
    "a postpaid coupon of 9,900 voided after its invoice": (
        "account.spend_returned",
        {
            "mode": "postpaid",
            "amount_minor": 9_900,
            "from_held_minor": 0,
            "from_captured_minor": 9_900,
            "from_months": (MonthPart("2024-09", 9_900, 1),),
        },
        {COUPONS: 9_900, TRADE: -9_900},
    ),
    "an invoice of 69,000 on the 1st": (
        "account.invoice_issued",
        {"settlement_minor": 69_000, "applied_minor": 9_900, "billed_minor": 59_100},
        {TRADE: 69_000, UNBILLED: -69_000},
    ),
    "a billed amount lowered by 1,000": (
        "account.invoice_adjusted",
        {"amount_minor": -1_000},
        {"equity.adjustment": 1_000, TRADE: -1_000},
    ),
    "a credit of 5,068 paid out": (
        "account.credit_paid_out",
        {"amount_minor": 5_068},
        {TRADE: 5_068, "asset.bank": -5_068},
    ),
    "a transfer of 6,000 leaves": (
        "account.transfer_sent",
        {"amount_minor": 6_000},
        {PREPAID: 6_000, "clearing.transfer": -6_000},
    ),
    "a transfer of 6,000 arrives": (
        "account.transfer_received",
        {"amount_minor": 6_000},
        {"clearing.transfer": 6_000, PREPAID: -6_000},
    ),
    "a correction of +700": (
        "account.adjustment_approved",
        {"amount_minor": 700},
        {"equity.adjustment": 700, PREPAID: -700},
    ),
    "a correction of -700": (
        "account.adjustment_approved",
        {"amount_minor": -700},
        {PREPAID: 700, "equity.adjustment": -700},
    ),
    "30,000 came in at the bank and nothing explains it": (
        "tally.line_parked",
        {"amount_minor": 30_000},
        {"asset.bank": 30_000, "clearing.unmatched_deposit": -30_000},
    ),
    "it is explained after all": (
        "tally.line_released",
        {"amount_minor": 30_000},
        {"clearing.unmatched_deposit": 30_000, "asset.bank": -30_000},
    ),
    "or sent back": (
        "tally.parked_returned",
        {"amount_minor": 30_000},
        {"clearing.unmatched_deposit": 30_000, "asset.bank": -30_000},
    ),
    "or put on an account": (
        "account.bank_deposit_credited",
        {"amount_minor": 30_000},
        {"clearing.unmatched_deposit": 30_000, PREPAID: -30_000},
    ),
    "a provider sends 42,222 of cards less 1,222": (
        "remittance.received",
        {"net_minor": 41_000, "parts": (RemittancePart("card", 42_222, 1_222),)},
        {"asset.bank": 41_000, "expense.provider_fee": 1_222, "asset.gateway_receivable.card": -42_222},
    ),
    "it was not that after all": (
        "remittance.reopened",
        {"net_minor": 41_000, "parts": (RemittancePart("card", 42_222, 1_222),)},
        {"asset.bank": -41_000, "expense.provider_fee": -1_222, "asset.gateway_receivable.card": 42_222},
    ),
    "collected by link, bill, debit, request or unit 50,000": (
        "account.collected",
        {"amount_minor": 50_000, "method": "card"},
        {"asset.gateway_receivable.card": 50_000, "liability.collections": -50_000},
    ),
    "credit of 700 counts for the next charge: what is due is collected": (
        "account.collected",
        {"amount_minor": 700, "method": "payer_credit"},
        {"clearing.transfer": 700, "liability.collections": -700},
    ),
    "credit of 700 counts for the next charge: the credit is gone": (
        "account.payer_credit_applied",
        {"amount_minor": 700},
        {"liability.payer_credit": 700, "clearing.transfer": -700},
    ),
    "over-payment 500 [R-102]": (
        "account.payer_credited",
        {"amount_minor": 500, "method": "transfer"},
        {"asset.gateway_receivable.transfer": 500, "liability.payer_credit": -500},
    ),
    "collected money is taken back by the card company": (
        "account.collection_reversed",
        {"amount_minor": 50_000, "method": "card"},
        {"liability.collections": 50_000, "asset.gateway_receivable.card": -50_000},
    ),
    "the payee gives 20,000 back": (
        "account.collection_refunded",
        {"amount_minor": 20_000, "method": "card"},
        {"liability.collections": 20_000, "asset.gateway_receivable.card": -20_000},
    ),
    "an over-payment is taken back": (
        "account.payer_credit_reversed",
        {"amount_minor": 500, "method": "card"},
        {"liability.payer_credit": 500, "asset.gateway_receivable.card": -500},
    ),
    "an over-payment goes back": (
        "account.payer_credit_refunded",
        {"amount_minor": 500, "method": "transfer"},
        {"liability.payer_credit": 500, "asset.gateway_receivable.transfer": -500},
    ),
    "30,000 of collected money shall go to the payee's bank account": (
        "account.withdrawal_requested",
        {"amount_minor": 30_000},
        {"liability.collections": 30_000, "liability.withdrawal_payable": -30_000},
    ),
    "the bank does not take it": (
        "account.withdrawal_ended",
        {"amount_minor": 30_000},
        {"liability.withdrawal_payable": 30_000, "liability.collections": -30_000},
    ),
    "the bank has paid it": (
        "account.withdrawal_paid",
        {"amount_minor": 30_000},
        {"liability.withdrawal_payable": 30_000, "asset.bank": -30_000},
    ),
    "the bank sends it back": (
        "account.withdrawal_returned",
        {"amount_minor": 30_000},
        {"asset.bank": 30_000, "liability.collections": -30_000},
    ),
    "500 direct debits of a batch bring 9,500,000": (
        "account.debits_collected",
        {"amount_minor": 9_500_000},
        {"asset.gateway_receivable.direct_debit": 9_500_000, "liability.collections": -9_500_000},
    ),
    "a pay-out link funded with 30,000": (
        "account.payout_funded",
        {"amount_minor": 30_000, "method": "card"},
        {CARD: 30_000, PAYOUT_HOLD: -30_000},
    ),
    "a pay-out link of 30,000 paid": (
        "account.payout_paid",
        {"amount_minor": 30_000},
        {PAYOUT_HOLD: 30_000, "asset.bank": -30_000},
    ),
    "a pay-out of 30,000 that came back": (
        "account.payout_returned",
        {"amount_minor": 30_000},
        {"asset.bank": 30_000, PAYOUT_HOLD: -30_000},
    ),
    "a pay-out of 30,000 that could not be paid goes back to its creator": (
        "account.payout_refunded",
        {"amount_minor": 30_000, "method": "card"},
        {PAYOUT_HOLD: 30_000, CARD: -30_000},
    ),
    "the card payment of a pay-out of 30,000 is taken back while 10,000 of it are held": (
        "account.payout_funding_reversed",
        {"amount_minor": 30_000, "from_hold_minor": 10_000, "shortfall_minor": 20_000, "method": "card"},
        {PAYOUT_HOLD: 10_000, "asset.member_receivable": 20_000, CARD: -30_000},
    ),
    "held money pays the 20,000 that a reversal left owing": (
        "account.payout_hold_applied",
        {"amount_minor": 20_000},
        {PAYOUT_HOLD: 20_000, "asset.member_receivable": -20_000},
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_fact_posts_the_double_entry_of_the_table(row: str) -> None:
    topic, fields, expected = ROWS[row]
    fact = sample(FACTS[topic], **fields)

    posted = postings_of(fact)

    assert {posting.account: posting.amount_minor for posting in posted} == expected
    assert all(posting.currency == "KRW" for posting in posted)
    assert sum(posting.amount_minor for posting in posted) == 0
    check_balanced(fact)


def test_every_kind_of_fact_moves_money_by_a_rule_or_is_named_as_moving_nothing() -> None:
    with_rule = {kind.TOPIC for kind in RULES}

    assert with_rule | MOVES_NOTHING == set(FACTS)
    assert with_rule & MOVES_NOTHING == set()
    assert with_rule == {topic for topic, _, _ in ROWS.values()}


def test_every_posting_is_made_to_an_account_of_the_chart() -> None:
    used = {account for _, _, expected in ROWS.values() for account in expected}

    assert used <= set(CHART)
    assert {name.partition(".")[0] for name in CHART} == {
        "asset", "liability", "revenue", "expense", "equity", "clearing",
    }  # fmt: skip


def test_a_fact_that_does_not_balance_is_a_mistake_that_never_reaches_the_store() -> None:
    wrong = sample(FACTS["account.refund_completed"], amount_minor=100, payout_minor=90, fee_minor=9)

    with pytest.raises(Unbalanced, match="refund_completed"):
        check_balanced(wrong)


def test_a_fact_without_a_rule_posts_nothing() -> None:
    opened = sample(FACTS["account.opened"])

    assert postings_of(opened) == ()
