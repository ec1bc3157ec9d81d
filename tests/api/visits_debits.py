"""Calls of the operations of direct debits: from the application to money that was taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

from aggregates.collecting.debit_batch import batch_id_of
from aggregates.collecting.onboarding import DOCUMENTS
from ledger.commands.collecting.debit_batches import (
    CloseBatch,
    FillDebits,
    FillMandates,
    RecordBatchSent,
    RecordDebitResults,
    RecordMandateResults,
    Result,
)
from ledger.commands.collecting.mandates import RecordConsent, VerifyBankAccount
from ledger.debits import Results, write_mandate_results, write_results
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock

PDF = b"%PDF-1.7 a document"
CODE = "9912345678"
SETTLEMENT = {
    "bank": "004", "account_number": "110220330440", "holder": "Blue Kite", "business_number": "1234567891",
    "statement_text": "BLUE KITE",
}  # fmt: skip
ACCOUNT = {
    "bank": "088", "account_number": "110220330551", "holder": "Haneul", "identity": "900815",
    "consent_text": "debit-consent/1",
}  # fmt: skip


async def debits(call: Any, clock: SetClock) -> None:
    """Apply, be approved, take mandates, collect by them, and read what there is."""
    clock.at = kst("2026-09-07 10:00")
    account = (await call("open_account", {"name": "Mill Road Academy", "mode": "prepaid"}))["id"]
    query, own = f"?account_id={account}", {"account_id": account}
    await approved(call, own)
    mandate = await mandate_of(call, clock, account)
    paper = await _paper(call, account)
    assert {each["id"] for each in (await call("list_mandates", query=query))["items"]} == {mandate, paper}

    item = {"mandate_id": mandate, "amount": 30_000, "collect_on": "2026-09-15"}
    debit = await call("schedule_debit", {"account_id": account, **item})
    assert (debit["status"], debit["collect_on"], debit["retry_days"]) == ("scheduled", "2026-09-15", [3, 7, 14])
    many = await call("schedule_debits", {"account_id": account, "items": [item, item]})
    assert (many["count"], many["amount"]) == (2, 60_000)
    spare = many["items"][0]["id"]
    assert (await call("cancel_debit", {"reason": "switched_to_bill"}, debit_id=spare))["status"] == "cancelled"
    written = {
        "account_id": account,
        "customer": {"name": "Haneul", "phone": "010-0000-0007"},
        "amount": (await call("get_debit", debit_id=spare))["amount"],
        "due_on": "2026-12-30",
    }
    bill = await call("create_bill", written)
    sent = await call("send_bill_for_debit", {"debit_id": spare}, bill_id=bill["id"])
    assert (sent["status"], sent["amount"]) == ("sent", written["amount"])
    await _batch(call, clock, account, debit["id"])

    assert (await call("get_debit", debit_id=debit["id"]))["status"] == "collected"
    assert len((await call("list_debits", query=f"{query}&month=2026-09"))["items"]) == 3
    figures = await call("get_debit_summary", query=f"{query}&first_month=2026-09&last_month=2026-09")
    (month,) = figures["months"]
    assert (month["collected"]["amount"], month["scheduled"]["amount"]) == (30_000, 30_000)
    assert month["cancelled"] == {"count": 1}

    plan = await call(
        "make_debit_plan",
        {"account_id": account, "mandate_id": mandate, "amount": 10_000, "day": 25, "first_month": "2026-10"},
    )
    assert (await call("get_debit_plan", plan_id=plan["id"]))["next_on"] == "2026-10-26"
    assert (await call("list_debit_plans", query=query))["items"][0]["id"] == plan["id"]
    assert (await call("end_debit_plan", plan_id=plan["id"]))["status"] == "ended"
    assert (await call("suspend_mandate", {"reason": "asked for"}, mandate_id=mandate))["status"] == "suspended"
    assert (await call("resume_mandate", mandate_id=mandate))["status"] == "active"
    ended = await call("cancel_mandate", {"by": "payer", "reason": "moved"}, mandate_id=mandate)
    assert ended["status"] == "cancelled"


async def approved(call: Any, own: dict[str, str]) -> None:
    """Apply, be rejected, apply again and be approved."""
    await call("draft_onboarding", SETTLEMENT, **own)
    for kind in (*DOCUMENTS, "contract"):
        await call("file_onboarding_document", query=f"?kind={kind}", content=PDF, **own)
    assert (await call("apply_for_debits", **own))["status"] == "applied"
    assert (await call("sign_debit_contract", **own))["status"] == "contract_signed"
    surety = {"kind": "deposit", "amount": 1_000_000, "reference": "D-1"}
    assert (await call("submit_surety", surety, **own))["status"] == "surety_submitted"
    await call("start_debit_test", **own)
    assert (await call("reject_onboarding", {"reason": "The test failed"}, **own))["status"] == "rejected"
    await call("draft_onboarding", SETTLEMENT, **own)
    for kind in (*DOCUMENTS, "contract"):
        await call("file_onboarding_document", query=f"?kind={kind}", content=PDF, **own)
    for step in ("apply_for_debits", "sign_debit_contract"):
        await call(step, **own)
    await call("submit_surety", surety, **own)
    await call("start_debit_test", **own)
    assert (await call("approve_onboarding", {"institution_code": CODE}, **own))["status"] == "approved"
    shown = await call("get_onboarding", **own)
    assert (shown["institution_code"], shown["settlement_account"][-4:], len(shown["documents"])) == (CODE, "0440", 5)


async def mandate_of(call: Any, clock: SetClock, account: str) -> str:
    """Take a mandate from Monday 7 September to Wednesday the 9th; return its id."""
    payer = {"name": "Haneul", "phone": "010-0000-0001"}
    asked = await call("request_mandate", {"account_id": account, "payer": payer, "fixed_amount": 30_000})
    own = {"mandate_id": asked["id"]}
    await call("enter_bank_account", ACCOUNT, **own)
    await call.do(VerifyBankAccount(asked["id"], 1, "full"))
    papers = call.counter.house.vault.debit_papers
    evidence = await papers.put_evidence(f"{asked['id']}:consent:1", b"signed")
    await call.do(RecordConsent(asked["id"], 1, evidence.token, evidence.sha256))
    clock.at = kst("2026-09-08 11:00")
    batch = batch_id_of(account, "mandates", date(2026, 9, 7))
    await call.do(FillMandates(batch, (asked["id"],)))
    await call.do(CloseBatch(batch))
    await call.do(RecordBatchSent(batch, "0" * 64))
    clock.at = kst("2026-09-09 14:00")
    answer = write_mandate_results(Results(CODE, date(2026, 9, 7), ()))
    assert (await call("take_debit_results", batch_id=batch, content=answer))["status"] == "answered"
    await call.do(RecordMandateResults(batch, (Result(asked["id"]),)))
    shown = await call("get_mandate", **own)
    assert (shown["status"], shown["account_number"], shown["payer"]["phone"]) == ("active", "***0551", "***-***-0001")
    assert shown["link"] is None or shown["link"].startswith("/p/")
    assert await call("get_consent_evidence", **own) == "signed"
    return str(asked["id"])


async def _paper(call: Any, account: str) -> str:
    payer = {"name": "Byeol", "phone": "010-0000-0002"}
    body = {"account_id": account, "payer": payer, "channel": "paper", "send": False}
    asked = await call("request_mandate", body)
    step = await call("file_consent_form", mandate_id=asked["id"], content=PDF)
    assert step["status"] == "consent_requested"
    return str(asked["id"])


async def _batch(call: Any, clock: SetClock, account: str, debit_id: str) -> None:
    clock.at = kst("2026-09-14 16:00")
    batch = batch_id_of(account, "debits", date(2026, 9, 15))
    await call.do(FillDebits(batch, (debit_id,)))
    await call.do(CloseBatch(batch))
    file = await call("get_debit_file", batch_id=batch)
    assert [line[:1] for line in file.splitlines()] == ["H", "R", "T"]
    await call.do(RecordBatchSent(batch, "0" * 64))
    clock.at = kst("2026-09-16 03:00")
    answer = write_results(Results(CODE, date(2026, 9, 15), (), whole=1, whole_minor=30_000))
    assert (await call("take_debit_results", batch_id=batch, content=answer))["status"] == "answered"
    await call.do(RecordDebitResults(batch, (Result(debit_id),)))
    shown = await call("get_debit_batch", batch_id=batch)
    assert (shown["status"], shown["collected"], shown["done"]) == ("settled", 30_000, 1)
    listed = await call("list_debit_batches", query=f"?account_id={account}")
    assert [each["kind"] for each in listed["items"]] == ["debits", "mandates"]
