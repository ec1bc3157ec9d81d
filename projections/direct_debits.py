"""The view `direct_debits`: who may collect, by which mandates, what is collected, and in which files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aggregates.collecting.debit import Debit
from aggregates.collecting.debit_batch import DebitBatch
from aggregates.collecting.debit_plan import DebitPlan
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.onboarding import Onboarding
from aggregates.ids import account_of
from ledger.commands.collecting.mandates import STATUS_AFTER as MANDATE_STATUS
from ledger.commands.collecting.onboarding import STATUS_AFTER as ONBOARDING_STATUS
from projections.debit_rows import (
    BATCHES,
    DEBITS,
    FAILURES,
    LINES,
    MANDATES,
    ONBOARDINGS,
    PLANS,
    BatchRow,
    DebitRow,
    FailureRow,
    LineRow,
    MandateRow,
    OnboardingRow,
    PlanRow,
)
from projections.rows import Key, Rows, Table
from projections.view import View

ENDED = (Mandate.Failed, Mandate.Cancelled, Mandate.Superseded)
OF_MANDATES = frozenset({*MANDATE_STATUS, Mandate.EndSubmitted, Mandate.EndWithdrawn, Mandate.EvidenceDated})
OF_ONBOARDING = frozenset({*ONBOARDING_STATUS, Onboarding.DocumentFiled})
OF_DEBITS = frozenset(
    {
        Debit.Scheduled, Debit.Submitted, Debit.Withdrawn, Debit.Collected, Debit.PartlyCollected, Debit.Failed,
        Debit.Cancelled, Debit.Reversed,
    }
)  # fmt: skip
OF_PLANS = frozenset({DebitPlan.Made, DebitPlan.Run, DebitPlan.Ended})
OF_BATCHES = frozenset(
    {
        DebitBatch.Opened, DebitBatch.Filled, DebitBatch.Closed, DebitBatch.Sent, DebitBatch.Missed,
        DebitBatch.Answered, DebitBatch.FailuresListed, DebitBatch.ResultsRecorded, DebitBatch.Settled,
    }
)  # fmt: skip


class DirectDebits(View):
    """Onboardings, mandates, debits, plans and batches."""

    NAME = "direct_debits"
    TABLES = (ONBOARDINGS, MANDATES, DEBITS, PLANS, BATCHES, FAILURES, LINES)
    TAKES = OF_MANDATES | OF_ONBOARDING | OF_DEBITS | OF_PLANS | OF_BATCHES

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        kind = type(fact)
        if kind in OF_DEBITS:
            if kind is not Debit.Scheduled:
                yield DEBITS, (fact.debit_id,)
        elif kind in OF_MANDATES:
            if kind is not Mandate.ConsentRequested:
                yield MANDATES, (fact.mandate_id,)
        elif kind in OF_BATCHES:
            if kind not in (DebitBatch.Opened, DebitBatch.FailuresListed):
                yield BATCHES, (fact.batch_id,)
        elif kind in OF_PLANS:
            if kind is not DebitPlan.Made:
                yield PLANS, (fact.plan_id,)
        else:
            yield ONBOARDINGS, (fact.account_id,)

    def adds(self, fact: Any) -> int:
        """Return about how many rows a fact adds."""
        return len(fact.failures) if isinstance(fact, DebitBatch.FailuresListed) else 1

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        kind = type(fact)
        if kind in OF_DEBITS:
            _of_debit(fact, position, rows)
        elif kind in OF_MANDATES:
            _of_mandate(fact, position, rows)
        elif kind in OF_BATCHES:
            _of_batch(fact, position, rows)
        elif kind in OF_PLANS:
            _of_plan(fact, position, rows)
        else:
            _of_onboarding(fact, position, rows)


def _of_onboarding(fact: Any, position: int, rows: Rows) -> None:
    if isinstance(fact, Onboarding.Drafted):
        row = OnboardingRow(
            fact.account_id, position, fact.occurred_at, "draft", fact.settlement, fact.statement_text, {}
        )
        rows.put(ONBOARDINGS, row)
        return
    row = rows.get(ONBOARDINGS, (fact.account_id,))
    row.updated_at = fact.occurred_at
    match fact:
        case Onboarding.DocumentFiled():
            row.documents = {**row.documents, fact.kind: {"document": fact.document, "sha256": fact.sha256}}
            return
        case Onboarding.SuretySubmitted():
            row.surety = {
                "kind": fact.kind,
                "amount": fact.amount_minor,
                "currency": fact.currency,
                "reference": fact.reference,
            }
        case Onboarding.Approved():
            row.institution_code = fact.institution_code
        case Onboarding.Rejected():
            row.reason = fact.reason
    row.status = ONBOARDING_STATUS[type(fact)]


def _of_mandate(fact: Any, position: int, rows: Rows) -> None:
    if isinstance(fact, Mandate.ConsentRequested):
        rows.put(MANDATES, _mandate(fact, position))
        return
    row = rows.get(MANDATES, (fact.mandate_id,))
    row.status = MANDATE_STATUS.get(type(fact), row.status)
    match fact:
        case Mandate.FormFiled():
            row.evidence, row.evidence_hash = fact.evidence, fact.evidence_hash
        case Mandate.AccountEntered():
            row.step, row.entry, row.code = "verifying", fact.entry, None
            row.bank, row.bank_account, row.shown = fact.bank, fact.bank_account, fact.shown
        case Mandate.AccountRefused():
            row.step, row.code = "entry", fact.code
        case Mandate.AccountVerified():
            row.step, row.match = "consent", fact.match
        case Mandate.ConsentLapsed():
            row.step, row.code = "entry", "consent_expired"
        case Mandate.Consented():
            row.step, row.code = "", None
            row.evidence, row.evidence_hash, row.consented_on = fact.evidence, fact.evidence_hash, fact.consented_on
        case Mandate.Suspended():
            row.reason = fact.reason
        case Mandate.EvidenceDated():
            row.kept_until = fact.until
        case _ if isinstance(fact, ENDED):
            _ended(fact, row)
        case _:
            _at_bank(fact, row)


def _at_bank(fact: Any, row: MandateRow) -> None:
    match fact:
        case Mandate.Submitted():
            row.batch_id, row.serial = fact.batch_id, fact.serial
        case Mandate.Withdrawn():
            row.batch_id, row.serial = None, None
        case Mandate.Activated():
            row.at_bank = True
        case Mandate.EndSubmitted():
            row.end_batch_id, row.end_serial, row.at_bank = fact.batch_id, fact.serial, False
        case Mandate.EndWithdrawn():
            row.end_batch_id, row.end_serial, row.at_bank = None, None, True


def _ended(fact: Any, row: MandateRow) -> None:
    row.step, row.ended_on = "", fact.ended_on
    match fact:
        case Mandate.Failed():
            row.code = fact.code
        case Mandate.Cancelled():
            row.ended_by, row.reason = fact.by, fact.reason
            row.at_bank = row.at_bank and fact.by != "bank"
        case Mandate.Superseded():
            row.ended_by, row.replaced_by = "superseded", fact.by_mandate_id


def _mandate(fact: Any, position: int) -> MandateRow:
    return MandateRow(
        fact.mandate_id, fact.account_id, position, fact.occurred_at, "consent_requested", "entry", fact.payer,
        fact.channel, fact.consent_text, fact.fixed_minor, fact.max_debit_minor, fact.max_month_minor, fact.partial,
        fact.currency, fact.replaces, fact.until,
    )  # fmt: skip


def _of_debit(fact: Any, position: int, rows: Rows) -> None:
    if isinstance(fact, Debit.Scheduled):
        row = DebitRow(
            fact.debit_id, account_of(fact.debit_id), position, fact.occurred_at, fact.mandate_id, fact.obligation_id,
            fact.amount_minor, fact.currency, fact.collect_on, fact.month, fact.same_day, list(fact.retry_days),
            "scheduled", fact.collect_on,
        )  # fmt: skip
        rows.put(DEBITS, row)
        return
    row = rows.get(DEBITS, (fact.debit_id,))
    match fact:
        case Debit.Collected():
            row.status, row.code = "collected", None
            row.tries += 1
            row.collected_minor += fact.amount_minor
            row.collected_at = fact.occurred_at
        case Debit.Submitted():
            row.status, row.next_on = "submitted", None
            row.batch_id, row.serial, row.asked_minor = fact.batch_id, fact.serial, fact.amount_minor
            row.mandate_id = fact.mandate_id
            rows.add(LINES, LineRow(fact.batch_id, fact.serial, fact.debit_id))
        case Debit.Failed():
            row.status, row.code, row.next_on = "failed", fact.code, fact.retry_on
            row.tries += 1
        case Debit.PartlyCollected():
            row.status, row.code, row.next_on = "partially_collected", "partly_insufficient_funds", fact.retry_on
            row.tries += 1
            row.collected_minor += fact.amount_minor
            row.collected_at = fact.occurred_at
        case Debit.Withdrawn():
            row.status, row.next_on = "failed" if row.tries else "scheduled", fact.next_on
            row.batch_id, row.serial = None, None
        case Debit.Cancelled():
            row.status, row.code, row.next_on = "cancelled", fact.reason, None
        case Debit.Reversed():
            row.status = row.status if row.status == "submitted" else "reversed"
            row.code, row.next_on = fact.code, None
            row.collected_minor -= fact.amount_minor
            row.reversed_minor += fact.amount_minor
    if row.collected_minor and row.status in ("failed", "cancelled"):
        row.status = "partially_collected"


def _of_plan(fact: Any, position: int, rows: Rows) -> None:
    match fact:
        case DebitPlan.Made():
            row = PlanRow(
                fact.plan_id, fact.account_id, position, fact.occurred_at, fact.mandate_id, fact.amount_minor,
                fact.currency, fact.day, fact.first_month, fact.last_month, list(fact.retry_days), "active",
                fact.first_month, fact.first_on,
            )  # fmt: skip
            rows.put(PLANS, row)
        case DebitPlan.Run():
            row = rows.get(PLANS, (fact.plan_id,))
            row.next_month, row.next_on, row.mandate_id = fact.next_month, fact.next_on, fact.mandate_id
            row.last_code = fact.code
            if fact.debit_id is not None:
                row.debits += 1
                row.last_debit_id = fact.debit_id
            if fact.next_month is None:
                row.status = "ended"
        case DebitPlan.Ended():
            row = rows.get(PLANS, (fact.plan_id,))
            row.status, row.next_month, row.next_on = "ended", None, None


def _of_batch(fact: Any, position: int, rows: Rows) -> None:
    match fact:
        case DebitBatch.Opened():
            row = BatchRow(
                fact.batch_id, fact.account_id, position, fact.occurred_at, fact.kind, fact.day,
                fact.institution_code, fact.cut_off_at, fact.results_at, fact.currency, "open",
            )  # fmt: skip
            rows.put(BATCHES, row)
            return
        case DebitBatch.FailuresListed():
            for failure in fact.failures:
                rows.add(FAILURES, FailureRow(fact.batch_id, failure.serial, failure.code, failure.amount_minor))
            return
    row = rows.get(BATCHES, (fact.batch_id,))
    match fact:
        case DebitBatch.Filled():
            row.parts, row.lines, row.total_minor = fact.part, fact.lines, fact.total_minor
        case DebitBatch.Closed():
            row.status = "closed"
        case DebitBatch.Sent():
            row.status, row.sha256 = "sent", fact.sha256
        case DebitBatch.Missed():
            row.status, row.code = "missed", fact.code
        case DebitBatch.Answered():
            row.status, row.results_sha256, row.failures = "answered", fact.sha256, fact.failures
        case DebitBatch.ResultsRecorded():
            row.settled, row.collected_minor = fact.settled, fact.collected_minor
            row.done += fact.done
            row.partly += fact.partly
            row.failed += fact.failed
        case DebitBatch.Settled():
            row.status = "settled"
