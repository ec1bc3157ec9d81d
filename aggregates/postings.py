"""The double entry behind each fact: which ledger accounts it debits and credits, by one pure function for each kind.

A posting is signed: debit > 0, credit < 0; the postings of a fact sum to 0 in its currency. Ledger accounts are those
of `CHART`; whose money it is says the stream of the fact. Facts that move no money are named in `MOVES_NOTHING`, so
that a new kind of fact is in neither list and a test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from aggregates.account.bank_deposits import BankDepositCredited
from aggregates.account.billing.invoices import InvoiceAdjusted, InvoiceIssued
from aggregates.account.billing.months import carried
from aggregates.account.billing.payments import CreditPaidOut, SettlementPaid
from aggregates.account.cancellations import ChargeCancelled
from aggregates.account.chargebacks import ChargedBack, ReceivableSettled
from aggregates.account.charges import Charged
from aggregates.account.collections import (
    DIRECT_DEBIT,
    PAYER_CREDIT,
    Collected,
    CollectionRefunded,
    CollectionReversed,
    DebitsCollected,
    PayerCreditApplied,
    PayerCredited,
    PayerCreditRefunded,
    PayerCreditReversed,
)
from aggregates.account.deposits import Deposited, DepositParked, ParkedDepositCredited, ParkedDepositReturned
from aggregates.account.payout_funds import (
    PayoutFunded,
    PayoutFundingReversed,
    PayoutHoldApplied,
    PayoutPaid,
    PayoutRefunded,
    PayoutReturned,
)
from aggregates.account.payouts import RefundPayoutReturned
from aggregates.account.refunds import RefundCancelled, RefundCompleted, RefundRejected, RefundRequested
from aggregates.account.spends import DifferenceRefunded, HoldExpired, SpendCaptured, SpendReturned, Spent
from aggregates.account.transfers import AdjustmentApproved, Imported, TransferReceived, TransferSent
from aggregates.account.withdrawals import WithdrawalEnded, WithdrawalPaid, WithdrawalRequested, WithdrawalReturned
from aggregates.fact import Fact
from aggregates.reconciliation.facts import LineParked, LineReleased, ParkedReturned
from aggregates.reconciliation.remittance import RemittanceReceived, RemittanceReopened

F = TypeVar("F", bound=Fact)

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

MOVES_NOTHING = frozenset(
    {
        "account.opened",
        "account.frozen",
        "account.unfrozen",
        "account.closed",
        "account.collection_refund_ended",
        "account.collection_refund_started",
        "account.credit_limit_set",
        "account.member_limit_set",
        "account.cash_limit_set",
        "account.mode_switched",
        "account.overdue_block_lifted",
        "account.adjustment_requested",
        "account.adjustment_rejected",
        "account.charge_cancel_started",
        "account.charge_cancel_failed",
        "account.deposit_awaited",
        "account.deposit_expired",
        "account.refund_reviewed",
        "account.void_awaited",
        "account.void_concluded",
        "account.refund_payout_started",
        "account.refund_payout_unknown",
        "account.refund_payout_failed",
        "account.refund_destination_changed",
        "anniversary.changed",
        "anniversary.created",
        "anniversary.ended",
        "anniversary.ordered",
        "anniversary.paused",
        "anniversary.recipients_listed",
        "anniversary.recipients_replaced",
        "anniversary.resumed",
        "anniversary.skipped",
        "anniversary.suspended",
        "batch.received",
        "bill.auto_pay_announced",
        "bill.auto_pay_missed",
        "bill.cancelled",
        "bill.changed",
        "bill.created",
        "bill.forward_revoked",
        "bill.forwarded",
        "bill.payment_started",
        "bill.reminded",
        "bill.sent",
        "bill.viewed",
        "bill_customer.auto_pay_off",
        "bill_customer.auto_pay_on",
        "billing_key.deleted",
        "billing_key.refused",
        "billing_key.registered",
        "billing_key.removed",
        "billing_key.requested",
        "books.period_closed",
        "debit.cancelled",
        "debit.collected",
        "debit.failed",
        "debit.partially_collected",
        "debit.reversed",
        "debit.scheduled",
        "debit.submitted",
        "debit.withdrawn",
        "debit_batch.answered",
        "debit_batch.closed",
        "debit_batch.failures_listed",
        "debit_batch.filled",
        "debit_batch.missed",
        "debit_batch.opened",
        "debit_batch.results_recorded",
        "debit_batch.sent",
        "debit_batch.settled",
        "debit_plan.ended",
        "debit_plan.made",
        "debit_plan.run",
        "feed.change_taken",
        "mandate.account_entered",
        "mandate.account_refused",
        "mandate.account_verified",
        "mandate.activated",
        "mandate.cancelled",
        "mandate.consent_lapsed",
        "mandate.consent_requested",
        "mandate.consented",
        "mandate.end_submitted",
        "mandate.end_withdrawn",
        "mandate.evidence_dated",
        "mandate.failed",
        "mandate.form_filed",
        "mandate.month_used",
        "mandate.replacement_asked",
        "mandate.resumed",
        "mandate.submitted",
        "mandate.superseded",
        "mandate.suspended",
        "mandate.withdrawn",
        "notice.requested",
        "notice.settled",
        "numbers.drawn",
        "obligation.opened",
        "obligation.changed",
        "obligation.attempt_started",
        "obligation.attempt_ended",
        "obligation.settled",
        "obligation.confirmed",
        "obligation.reversed",
        "obligation.refund_started",
        "obligation.refunded",
        "obligation.refund_failed",
        "obligation.closed",
        "obligation.reopened",
        "onboarding.applied",
        "onboarding.approved",
        "onboarding.contract_signed",
        "onboarding.document_filed",
        "onboarding.drafted",
        "onboarding.rejected",
        "onboarding.surety_submitted",
        "onboarding.test_started",
        "order.cancelled",
        "order.coupons_ended",
        "order.dispatch_started",
        "order.dispatched",
        "order.issue_requested",
        "order.issue_settled",
        "order.item_chosen",
        "order.items_auto_chosen",
        "order.messages_requested",
        "order.messages_settled",
        "order.placed",
        "order.recipients_added",
        "order.recipients_given_up",
        "order.void_approved",
        "order.void_rejected",
        "order.void_requested",
        "order.void_settled",
        "payout_link.issued",
        "payout_link.details_submitted",
        "payout_link.holder_checked",
        "payout_link.approved",
        "payout_link.funding_started",
        "payout_link.funding_failed",
        "payout_link.funded",
        "payout_link.paying_started",
        "payout_link.paid_out",
        "payout_link.payout_failed",
        "payout_link.payout_returned",
        "payout_link.refund_started",
        "payout_link.refund_failed",
        "payout_link.refunded",
        "payout_link.funding_reversed",
        "payout_link.hold_applied",
        "payout_link.expired",
        "payout_link.cancelled",
        "payout_link.rejected",
        "product.changed",
        "product.discontinued",
        "product.listed",
        "product.relisted",
        "document.issued",
        "payment_link.issued",
        "payment_link.use_started",
        "payment_link.use_ended",
        "payment_link.use_settled",
        "payment_link.use_reversed",
        "payment_link.expired",
        "payment_link.deactivated",
        "payment_link.superseded",
        "payment_link.passed_on",
        "payment_request.sent",
        "payment_request.revised",
        "payment_request.bound",
        "payment_request.accepted",
        "payment_request.rejected",
        "payment_request.withdrawn",
        "payment_request.expired",
        "payment_request.amendment_proposed",
        "payment_request.amended",
        "payment_request.amendment_rejected",
        "payment_request.amendment_withdrawn",
        "payment_request.paid",
        "payment_request.reopened",
        "payment_request.fell_overdue",
        "public_link.asked_anew",
        "quote.issued",
        "payment.account_issued",
        "payment.failed",
        "payment.settled",
        "payment.started",
        "charge.deposited",
        "charge.cancelled",
        "charge.charged_back",
        "counterpart.freed",
        "counterpart.taken",
        "refund.completed",
        "refund.payout_returned",
        "remittance.lines_added",
        "spend.settled",
        "building.opened",
        "building.policy_changed",
        "building.units_added",
        "building.unit_changed",
        "building.cost_type_set",
        "building.month_read",
        "building.month_to_adjust",
        "building.month_run",
        "building_month.read",
        "building_month.reading_corrected",
        "building_month.cost_split",
        "building_month.cost_corrected",
        "building_month.cost_adjusted",
        "building_month.run",
        "unit.person_entered",
        "unit.person_left",
        "unit.charged",
        "unit.paid",
        "unit.payment_undone",
        "unit.late_fee_charged",
        "unit.reminded",
        "telling.requested",
        "telling.settled",
        "spend.returned",
        "sender_profile.refused",
        "sender_profile.registered",
        "sender_profile.removed",
        "sender_profile.reordered",
        "sender_profile.requested",
        "sender_profile.state_changed",
        "sender_profile.token_given",
        "sender_profile.token_refused",
        "sender_profile.token_requested",
        "sender_profile.token_sent",
        "source_file.taken",
        "withdrawal.requested",
        "withdrawal.approved",
        "withdrawal.rejected",
        "withdrawal.paid",
        "withdrawal.failed",
        "withdrawal.returned",
        "tally.line_matched",
        "tally.line_unmatched",
        "tally.lines_taken",
        "tally.parked_credited",
    }
)
"""Topics of facts that move no money; those beside the account's repeat what a fact of the account has moved."""


class Posting(NamedTuple):
    """One line of a double entry.

    Attributes:
        account: ledger account of `CHART`.
        amount_minor: signed, never 0: > 0 is a debit, < 0 a credit.
        currency: ISO 4217.
    """

    account: str
    amount_minor: int
    currency: str


Postings = tuple[Posting, ...]

Entry = tuple[str, tuple[tuple[str, int], ...]]
"""A double entry as its rule states it: the currency, and (ledger account, signed amount; may be 0) for each line."""

NO_ENTRY: Entry = ("", ())


class Unbalanced(RuntimeError):
    """A programmer's mistake: a fact's postings do not sum to 0. It must never reach the store."""


RULES: dict[type[Fact], Callable[[Any], Entry]] = {}
"""Kind of fact -> its double entry."""


def postings_of(fact: Fact) -> Postings:
    """Return the double entry of a fact; () when it moves no money. Source: SPEC 14."""
    currency, lines = entry_of(fact)
    return tuple([Posting(account, amount_minor, currency) for account, amount_minor in lines if amount_minor])


def entry_of(fact: Fact) -> Entry:
    """Return what `postings_of` does, for sums over many facts: lines of 0 are still among them."""
    rule = RULES.get(type(fact))
    return NO_ENTRY if rule is None else rule(fact)


def check_balanced(fact: Fact) -> None:
    """Assert that a fact's postings sum to 0 in its currency, before each commit. Raises: Unbalanced."""
    currency, lines = entry_of(fact)
    sum_minor = 0
    for _, amount_minor in lines:
        sum_minor += amount_minor
    if sum_minor:
        text = f"do not balance: {sum_minor} {currency}"
        raise Unbalanced(f"postings of {fact.TOPIC} version {fact.originator_version} {text}")


def _posts(*kinds: type[F]) -> Callable[[Callable[[F], Entry]], Callable[[F], Entry]]:
    def decorate(rule: Callable[[F], Entry]) -> Callable[[F], Entry]:
        for kind in kinds:
            RULES[kind] = rule
        return rule

    return decorate


def _entry(currency: str, *lines: tuple[str, int]) -> Entry:
    return currency, lines


def _gateway(method: str) -> str:
    return f"{GATEWAY_RECEIVABLE}.{method}"


def _payer(method: str) -> str:
    """Return where collected money comes from or goes to; between credit and what counts it passes over."""
    return TRANSFER if method == PAYER_CREDIT else _gateway(method)


@_posts(Charged)
def _charged(fact: Charged) -> Entry:
    return _entry(fact.currency, (_gateway(fact.method), fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(Deposited)
def _deposited(fact: Deposited) -> Entry:
    return _entry(fact.currency, (_gateway("virtual_account"), fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(DepositParked)
def _deposit_parked(fact: DepositParked) -> Entry:
    amount = fact.amount_minor
    return _entry(fact.currency, (_gateway("virtual_account"), amount), (UNMATCHED_DEPOSIT, -amount))


@_posts(ParkedDepositCredited)
def _parked_deposit_credited(fact: ParkedDepositCredited) -> Entry:
    return _entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(ParkedDepositReturned)
def _parked_deposit_returned(fact: ParkedDepositReturned) -> Entry:
    amount = fact.amount_minor
    return _entry(fact.currency, (UNMATCHED_DEPOSIT, amount), (_gateway("virtual_account"), -amount))


@_posts(ChargeCancelled)
def _charge_cancelled(fact: ChargeCancelled) -> Entry:
    return _entry(
        fact.currency,
        (PREPAID, fact.amount_minor),
        (_gateway(fact.method), -fact.payout_minor),
        (REFUND_FEE, -fact.fee_minor),
    )


@_posts(ChargedBack)
def _charged_back(fact: ChargedBack) -> Entry:
    return _entry(
        fact.currency,
        (PREPAID, fact.from_lot_minor),
        (MEMBER_RECEIVABLE, fact.shortfall_minor),
        (_gateway(fact.method), -fact.amount_minor),
    )


@_posts(ReceivableSettled)
def _receivable_settled(fact: ReceivableSettled) -> Entry:
    return _entry(fact.currency, (BANK, fact.amount_minor), (MEMBER_RECEIVABLE, -fact.amount_minor))


@_posts(Spent)
def _spent(fact: Spent) -> Entry:
    if fact.mode == "postpaid":
        return _entry(fact.currency, (UNBILLED_RECEIVABLE, fact.captured_minor), (COUPON_PAYABLE, -fact.captured_minor))
    return _entry(
        fact.currency,
        (PREPAID, fact.amount_minor),
        (PREPAID_HOLD, -fact.held_minor),
        (COUPON_PAYABLE, -fact.captured_minor),
    )


@_posts(SpendCaptured)
def _spend_captured(fact: SpendCaptured) -> Entry:
    taken_from = UNBILLED_RECEIVABLE if fact.mode == "postpaid" else PREPAID_HOLD
    return _entry(fact.currency, (taken_from, fact.amount_minor), (COUPON_PAYABLE, -fact.amount_minor))


@_posts(SpendReturned, DifferenceRefunded, HoldExpired)
def _spend_returned(fact: SpendReturned) -> Entry:
    if fact.mode == "postpaid":
        amount = fact.from_captured_minor
        carry_over = carried(fact.from_months, fact.recorded_at)
        return _entry(
            fact.currency,
            (COUPON_PAYABLE, amount),
            (UNBILLED_RECEIVABLE, carry_over - amount),
            (TRADE_RECEIVABLE, -carry_over),
        )
    return _entry(
        fact.currency,
        (PREPAID_HOLD, fact.from_held_minor),
        (COUPON_PAYABLE, fact.from_captured_minor),
        (PREPAID, -fact.amount_minor),
    )


@_posts(RefundRequested)
def _refund_requested(fact: RefundRequested) -> Entry:
    return _entry(fact.currency, (PREPAID, fact.amount_minor), (REFUND_PAYABLE, -fact.amount_minor))


@_posts(RefundCompleted)
def _refund_completed(fact: RefundCompleted) -> Entry:
    return _entry(
        fact.currency,
        (REFUND_PAYABLE, fact.amount_minor),
        (BANK, -fact.payout_minor),
        (REFUND_FEE, -fact.fee_minor),
    )


@_posts(RefundRejected)
def _refund_rejected(fact: RefundRejected) -> Entry:
    return _entry(fact.currency, (REFUND_PAYABLE, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(RefundCancelled)
def _refund_cancelled(fact: RefundCancelled) -> Entry:
    return _entry(fact.currency, (REFUND_PAYABLE, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(RefundPayoutReturned)
def _refund_payout_returned(fact: RefundPayoutReturned) -> Entry:
    return _entry(
        fact.currency,
        (BANK, fact.payout_minor),
        (REFUND_FEE, fact.fee_minor),
        (REFUND_PAYABLE, -fact.amount_minor),
    )


@_posts(SettlementPaid)
def _settlement_paid(fact: SettlementPaid) -> Entry:
    return _entry(fact.currency, (BANK, fact.amount_minor), (TRADE_RECEIVABLE, -fact.amount_minor))


@_posts(InvoiceIssued)
def _invoice_issued(fact: InvoiceIssued) -> Entry:
    amount = fact.settlement_minor
    return _entry(fact.currency, (TRADE_RECEIVABLE, amount), (UNBILLED_RECEIVABLE, -amount))


@_posts(InvoiceAdjusted)
def _invoice_adjusted(fact: InvoiceAdjusted) -> Entry:
    return _entry(fact.currency, (TRADE_RECEIVABLE, fact.amount_minor), (ADJUSTMENT, -fact.amount_minor))


@_posts(CreditPaidOut)
def _credit_paid_out(fact: CreditPaidOut) -> Entry:
    return _entry(fact.currency, (TRADE_RECEIVABLE, fact.amount_minor), (BANK, -fact.amount_minor))


@_posts(TransferSent)
def _transfer_sent(fact: TransferSent) -> Entry:
    return _entry(fact.currency, (PREPAID, fact.amount_minor), (TRANSFER, -fact.amount_minor))


@_posts(TransferReceived)
def _transfer_received(fact: TransferReceived) -> Entry:
    return _entry(fact.currency, (TRANSFER, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(AdjustmentApproved)
def _adjustment_approved(fact: AdjustmentApproved) -> Entry:
    return _entry(fact.currency, (ADJUSTMENT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(Imported)
def _imported(fact: Imported) -> Entry:
    return _entry(fact.currency, (IMPORTED, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(BankDepositCredited)
def _bank_deposit_credited(fact: BankDepositCredited) -> Entry:
    return _entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@_posts(Collected)
def _collected(fact: Collected) -> Entry:
    return _entry(fact.currency, (_payer(fact.method), fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@_posts(CollectionReversed)
def _collection_reversed(fact: CollectionReversed) -> Entry:
    return _entry(fact.currency, (COLLECTIONS, fact.amount_minor), (_gateway(fact.method), -fact.amount_minor))


@_posts(CollectionRefunded)
def _collection_refunded(fact: CollectionRefunded) -> Entry:
    return _entry(fact.currency, (COLLECTIONS, fact.amount_minor), (_payer(fact.method), -fact.amount_minor))


@_posts(PayerCredited)
def _payer_credited(fact: PayerCredited) -> Entry:
    return _entry(fact.currency, (_payer(fact.method), fact.amount_minor), (PAYERS_CREDIT, -fact.amount_minor))


@_posts(PayerCreditApplied)
def _payer_credit_applied(fact: PayerCreditApplied) -> Entry:
    return _entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (TRANSFER, -fact.amount_minor))


@_posts(PayerCreditReversed)
def _payer_credit_reversed(fact: PayerCreditReversed) -> Entry:
    return _entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (_gateway(fact.method), -fact.amount_minor))


@_posts(PayerCreditRefunded)
def _payer_credit_refunded(fact: PayerCreditRefunded) -> Entry:
    return _entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (_gateway(fact.method), -fact.amount_minor))


@_posts(DebitsCollected)
def _debits_collected(fact: DebitsCollected) -> Entry:
    return _entry(fact.currency, (_gateway(DIRECT_DEBIT), fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@_posts(PayoutFunded)
def _payout_funded(fact: PayoutFunded) -> Entry:
    return _entry(fact.currency, (_gateway(fact.method), fact.amount_minor), (PAYOUT_HOLD, -fact.amount_minor))


@_posts(PayoutPaid)
def _payout_paid(fact: PayoutPaid) -> Entry:
    return _entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (BANK, -fact.amount_minor))


@_posts(PayoutReturned)
def _payout_returned(fact: PayoutReturned) -> Entry:
    return _entry(fact.currency, (BANK, fact.amount_minor), (PAYOUT_HOLD, -fact.amount_minor))


@_posts(PayoutRefunded)
def _payout_refunded(fact: PayoutRefunded) -> Entry:
    return _entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (_gateway(fact.method), -fact.amount_minor))


@_posts(PayoutFundingReversed)
def _payout_funding_reversed(fact: PayoutFundingReversed) -> Entry:
    return _entry(
        fact.currency,
        (PAYOUT_HOLD, fact.from_hold_minor),
        (MEMBER_RECEIVABLE, fact.shortfall_minor),
        (_gateway(fact.method), -fact.amount_minor),
    )


@_posts(PayoutHoldApplied)
def _payout_hold_applied(fact: PayoutHoldApplied) -> Entry:
    return _entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (MEMBER_RECEIVABLE, -fact.amount_minor))


@_posts(WithdrawalRequested)
def _withdrawal_requested(fact: WithdrawalRequested) -> Entry:
    return _entry(fact.currency, (COLLECTIONS, fact.amount_minor), (WITHDRAWAL_PAYABLE, -fact.amount_minor))


@_posts(WithdrawalEnded)
def _withdrawal_ended(fact: WithdrawalEnded) -> Entry:
    return _entry(fact.currency, (WITHDRAWAL_PAYABLE, fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@_posts(WithdrawalPaid)
def _withdrawal_paid(fact: WithdrawalPaid) -> Entry:
    return _entry(fact.currency, (WITHDRAWAL_PAYABLE, fact.amount_minor), (BANK, -fact.amount_minor))


@_posts(WithdrawalReturned)
def _withdrawal_returned(fact: WithdrawalReturned) -> Entry:
    return _entry(fact.currency, (BANK, fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@_posts(LineParked)
def _line_parked(fact: LineParked) -> Entry:
    return _entry(fact.currency, (BANK, fact.amount_minor), (UNMATCHED_DEPOSIT, -fact.amount_minor))


@_posts(LineReleased)
def _line_released(fact: LineReleased) -> Entry:
    return _entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (BANK, -fact.amount_minor))


@_posts(ParkedReturned)
def _parked_returned(fact: ParkedReturned) -> Entry:
    return _entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (BANK, -fact.amount_minor))


@_posts(RemittanceReceived)
def _remittance_received(fact: RemittanceReceived) -> Entry:
    return _entry(fact.currency, *_remitted(fact, 1))


@_posts(RemittanceReopened)
def _remittance_reopened(fact: RemittanceReopened) -> Entry:
    return _entry(fact.currency, *_remitted(fact, -1))


def _remitted(fact: RemittanceReceived | RemittanceReopened, sign: int) -> list[tuple[str, int]]:
    fee_minor = sum(part.fee_minor for part in fact.parts)
    owed = [(_gateway(part.method), -sign * part.gross_minor) for part in fact.parts]
    return [(BANK, sign * fact.net_minor), (PROVIDER_FEE, sign * fee_minor), *owed]
