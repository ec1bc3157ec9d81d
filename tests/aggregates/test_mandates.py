"""Mandates and onboarding: every step from every state, and what a payer has allowed (SPEC 10.1, 10.2, R-110 ff.)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from aggregates.collecting.mandate import ENTRIES_MAX, Mandate, MandateLimitExceeded, mandate_of, payer_number
from aggregates.collecting.onboarding import CONTRACT, DOCUMENTS, SURETY_DOCUMENT, Onboarding
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.ids import account_id, drawn_child_id, stream_id
from tests.aggregates.scenario import kst

ACCOUNT = account_id(0, b"0123456789")
MANDATE = drawn_child_id("mdt", ACCOUNT, b"a mandate of a payer")
OTHER = drawn_child_id("mdt", ACCOUNT, b"another of the payer")


def at(text: str = "2026-03-03 10:00") -> Stamp:
    return Stamp(kst(text), kst(text), "key_tester", "req_1")


def code(attempt: Callable[[], Any]) -> str | None:
    """Return the code of a refusal; None = it was allowed."""
    try:
        attempt()
    except LedgerError as error:
        return error.code
    return None


# -- mandates ------------------------------------------------------------------------------------------------------


def requested(**terms: Any) -> Mandate:
    mandate = Mandate.blank(stream_id(MANDATE))
    given: dict[str, Any] = {"payer": "mpy_1", "channel": "app", "currency": "KRW", **terms}
    mandate.request(at(), mandate_id=MANDATE, account_id=ACCOUNT, **given)
    return mandate


def entered(mandate: Mandate) -> Mandate:
    mandate.enter_account(at(), bank="004", bank_account="mba_1", shown="0440")
    return mandate


def consented(**terms: Any) -> Mandate:
    mandate = entered(requested(**terms))
    mandate.verify_account(at(), entry=1, match="full")
    mandate.consent(at(), entry=1, evidence="mev_1", evidence_hash="0" * 64)
    return mandate


def submitted(**terms: Any) -> Mandate:
    mandate = consented(**terms)
    mandate.submit(at(), batch_id="dbb_1", serial=1)
    return mandate


def active(**terms: Any) -> Mandate:
    mandate = submitted(**terms)
    mandate.activate(at())
    return mandate


def failed() -> Mandate:
    mandate = submitted()
    mandate.fail(at(), code="no_account")
    return mandate


def suspended() -> Mandate:
    mandate = active()
    mandate.suspend(at(), reason="a dispute")
    return mandate


def cancelled() -> Mandate:
    mandate = active()
    mandate.cancel(at(), by="payer", reason="moved")
    return mandate


def superseded() -> Mandate:
    mandate = active()
    mandate.supersede(at(), by_mandate_id=OTHER)
    return mandate


STATES: dict[str, Callable[[], Mandate]] = {
    "consent_requested": requested,
    "consented": consented,
    "submitted_to_bank": submitted,
    "active": active,
    "failed": failed,
    "suspended": suspended,
    "cancelled": cancelled,
    "superseded": superseded,
}

STEPS: dict[str, Callable[[Mandate], Any]] = {
    "enter": entered,
    "consent": lambda one: one.consent(at(), entry=1, evidence="mev_1", evidence_hash="0" * 64),
    "submit": lambda one: one.submit(at(), batch_id="dbb_2", serial=1),
    "withdraw": lambda one: one.withdraw(at(), batch_id="dbb_1"),
    "activate": lambda one: one.activate(at()),
    "fail": lambda one: one.fail(at(), code="no_account"),
    "suspend": lambda one: one.suspend(at(), reason="a dispute"),
    "resume": lambda one: one.resume(at()),
    "cancel": lambda one: one.cancel(at(), by="biller", reason="ended"),
    "supersede": lambda one: one.supersede(at(), by_mandate_id=OTHER),
    "tell the bank": lambda one: one.submit_end(at(), batch_id="dbb_3", serial=1),
    "date the evidence": lambda one: one.date_evidence(at(), until=date(2031, 3, 3)),
}

ALLOWED = {
    "consent_requested": {"enter", "fail"},
    "consented": {"submit"},
    "submitted_to_bank": {"withdraw", "activate", "fail"},
    "active": {"suspend", "cancel", "supersede"},
    "failed": {"date the evidence"},
    "suspended": {"resume", "cancel", "supersede"},
    "cancelled": {"tell the bank", "date the evidence"},
    "superseded": {"tell the bank", "date the evidence"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_mandate_takes_only_the_steps_of_its_state_r111(state: str, step: str) -> None:
    mandate = STATES[state]()
    assert mandate.status == state

    refusal = code(lambda: STEPS[step](mandate))

    assert refusal == (None if step in ALLOWED[state] else "mandate_step_not_allowed")


def test_an_account_that_is_not_the_payers_can_be_entered_again_five_times_n3() -> None:
    mandate = requested()
    for entry in range(1, ENTRIES_MAX + 1):
        entered(mandate)
        mandate.refuse_account(at(), entry=entry, code="holder_mismatch")

    assert code(lambda: entered(mandate)) == "account_entries_spent"


def test_an_answer_about_an_earlier_account_is_refused() -> None:
    mandate = entered(requested())
    mandate.refuse_account(at(), entry=1, code="holder_mismatch")
    entered(mandate)

    assert code(lambda: mandate.verify_account(at(), entry=1, match="full")) == "mandate_step_not_allowed"


def test_a_mandate_on_paper_needs_its_form_first_and_is_consented_to_with_the_account_n2() -> None:
    mandate = requested(channel="paper")
    early = code(lambda: entered(mandate))
    mandate.file_form(at(), evidence="mev_form", evidence_hash="f" * 64)
    entered(mandate)
    mandate.verify_account(at(), entry=1, match="full")

    assert early == "consent_form_missing"
    assert mandate.status == "consented"
    consent = mandate.collect_events()[-1]
    assert (consent.evidence, consent.evidence_hash) == ("mev_form", "f" * 64)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("on", "refusal"), [("2026-04-02 23:59", None), ("2026-04-03 00:00", "mandate_step_not_allowed")]
)
def test_a_payer_may_take_30_days_to_consent(on: str, refusal: str | None) -> None:
    mandate = requested()

    attempt = code(lambda: mandate.enter_account(at(on), bank="004", bank_account="mba_1", shown="0440"))

    assert attempt == refusal


@pytest.mark.parametrize(
    ("terms", "amount", "limit"),
    [
        ({"fixed_minor": 50_000}, 50_000, None),
        ({"fixed_minor": 50_000}, 50_001, "fixed"),
        ({"max_debit_minor": 50_000}, 50_000, None),
        ({"max_debit_minor": 50_000}, 50_001, "debit"),
        ({"max_month_minor": 80_000}, 30_000, None),
        ({"max_month_minor": 80_000}, 30_001, "month"),
        ({}, 1_000_000_000, None),
    ],
)
def test_a_mandate_bounds_each_debit_and_each_month_r114(terms: dict[str, int], amount: int, limit: str | None) -> None:
    mandate = active(**terms)
    if "max_month_minor" in terms:
        mandate.use_month(at(), amount_minor=50_000, month="2026-03")
    found = None
    try:
        mandate.require_within(amount, "2026-03")
    except MandateLimitExceeded as refusal:
        found = refusal.figures["limit"]

    assert found == limit
    mandate.require_within(min(amount, 50_000), "2026-04")


def test_what_is_not_collected_in_a_month_can_be_collected_in_it_again_r114() -> None:
    mandate = active(max_month_minor=80_000)
    mandate.use_month(at(), amount_minor=80_000, month="2026-03")
    full = code(lambda: mandate.require_within(1, "2026-03"))
    mandate.use_month(at(), amount_minor=-80_000, month="2026-03")

    assert full == "mandate_limit_exceeded"
    mandate.require_within(80_000, "2026-03")


def test_only_one_mandate_at_a_time_is_on_its_way_to_take_anothers_place_r116() -> None:
    mandate = active()
    mandate.ask_replacement(at(), by_mandate_id=OTHER)
    second = code(lambda: mandate.ask_replacement(at(), by_mandate_id="mdt_third"))
    still = mandate.status
    mandate.drop_replacement(at(), by_mandate_id=OTHER)

    assert (second, still) == ("mandate_not_replaceable", "active")
    assert code(lambda: mandate.ask_replacement(at(), by_mandate_id="mdt_third")) is None


def test_the_bank_is_not_told_of_an_end_that_it_has_told_us_of() -> None:
    mandate = active()
    mandate.cancel(at(), by="bank", reason="mandate_cancelled")

    assert code(lambda: mandate.submit_end(at(), batch_id="dbb_3", serial=1)) == "mandate_step_not_allowed"


def test_an_end_whose_file_was_missed_is_told_by_the_next_one() -> None:
    mandate = cancelled()
    mandate.submit_end(at(), batch_id="dbb_3", serial=1)
    twice = code(lambda: mandate.submit_end(at(), batch_id="dbb_4", serial=1))
    other = code(lambda: mandate.withdraw_end(at(), batch_id="dbb_4"))
    mandate.withdraw_end(at(), batch_id="dbb_3")
    mandate.submit_end(at(), batch_id="dbb_4", serial=1)

    assert (twice, other, mandate.at_bank) == ("mandate_step_not_allowed", "mandate_step_not_allowed", False)


def test_a_payers_number_names_the_mandate_and_fits_into_20_characters() -> None:
    number = payer_number(MANDATE)

    assert len(number) <= 20
    assert mandate_of(ACCOUNT, number) == MANDATE


def test_a_copy_of_a_mandate_is_independent() -> None:
    mandate = active()

    twin = mandate.copy()
    twin.suspend(at(), reason="a dispute")

    assert (mandate.status, twin.status) == ("active", "suspended")


# -- onboarding ----------------------------------------------------------------------------------------------------

ORDER = ["draft", "applied", "contract_signed", "surety_submitted", "testing", "approved"]


def application(status: str) -> Onboarding:
    """Return an application that stands in a state."""
    onboarding = Onboarding.blank(stream_id("onb_1"))
    if not status:
        return onboarding
    onboarding.draft(at(), account_id=ACCOUNT, settlement="stl_1", statement_text="BLUE KITE")
    for kind in (*DOCUMENTS, CONTRACT, SURETY_DOCUMENT):
        onboarding.file_document(at(), kind=kind, document=f"odc_{kind}", sha256="0" * 64)
    for step in ("apply", "sign", "surety", "test", "approve" if status != "rejected" else "reject"):
        if onboarding.status == status:
            break
        ONBOARDING_STEPS[step](onboarding)
    assert onboarding.status == status
    return onboarding


ONBOARDING_STEPS: dict[str, Callable[[Onboarding], Any]] = {
    "draft": lambda one: one.draft(at(), account_id=ACCOUNT, settlement="stl_2", statement_text="BLUE KITE"),
    "apply": lambda one: one.apply_for(at()),
    "sign": lambda one: one.sign_contract(at()),
    "surety": lambda one: one.submit_surety(
        at(), kind="guarantee_insurance", amount_minor=1_000_000, currency="KRW", reference="P-1"
    ),
    "test": lambda one: one.start_test(at()),
    "approve": lambda one: one.approve(at(), institution_code="9912345678"),
    "reject": lambda one: one.reject(at(), reason="no"),
}
ONBOARDING_ALLOWED = {
    "": {"draft"},
    "draft": {"draft", "apply"},
    "applied": {"sign"},
    "contract_signed": {"surety"},
    "surety_submitted": {"test"},
    "testing": {"approve", "reject"},
    "approved": set(),
    "rejected": {"draft"},
}


@pytest.mark.parametrize("state", ONBOARDING_ALLOWED)
@pytest.mark.parametrize("step", ONBOARDING_STEPS)
def test_an_application_goes_from_draft_to_approval_step_by_step_r110(state: str, step: str) -> None:
    onboarding = application(state)
    if step == "draft" and state == "draft":
        onboarding.collect_events()

    refusal = code(lambda: ONBOARDING_STEPS[step](onboarding))

    assert refusal == (None if step in ONBOARDING_ALLOWED[state] else "onboarding_step_not_allowed")


def test_an_application_without_its_documents_is_refused_and_names_them() -> None:
    onboarding = Onboarding.blank(stream_id("onb_1"))
    onboarding.draft(at(), account_id=ACCOUNT, settlement="stl_1", statement_text="BLUE KITE")
    onboarding.file_document(at(), kind="bankbook", document="odc_1", sha256="0" * 64)

    with pytest.raises(LedgerError) as refused:
        onboarding.apply_for(at())

    assert refused.value.code == "onboarding_documents_missing"
    assert refused.value.figures["missing"] == ["business_registration", "representative_id", "application_form"]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [("가나다라마바사아", None), ("가나다라마바사아A", "statement_text_invalid"), ("", "statement_text_invalid")],
)
def test_the_text_for_the_passbook_has_16_bytes_of_cp949(text: str, refusal: str | None) -> None:
    onboarding = Onboarding.blank(stream_id("onb_1"))

    attempt = code(lambda: onboarding.draft(at(), account_id=ACCOUNT, settlement="stl_1", statement_text=text))

    assert attempt == refusal


def test_an_institutions_number_has_ten_digits() -> None:
    onboarding = application("testing")

    assert code(lambda: onboarding.approve(at(), institution_code="991234567")) == "institution_code_invalid"
    assert code(onboarding.require_approved) == "debits_not_approved"
