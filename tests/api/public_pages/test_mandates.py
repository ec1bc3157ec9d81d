"""The page of a mandate: terms with their version, the account entered by the payer, the consent, the bank's word."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from aggregates.collecting.onboarding import CONTRACT, DOCUMENTS
from aggregates.dates import KST
from ledger.commands.collecting.mandates import RequestMandate
from ledger.commands.collecting.onboarding import (
    ApplyForDebits,
    ApproveOnboarding,
    DraftOnboarding,
    FileOnboardingDocument,
    SignDebitContract,
    StartDebitTest,
    SubmitSurety,
)
from ledger.vault import Reading
from projections import debit_queries
from scheduler.reactions import direct_debits, mandates
from tests.api.public_pages.street import NAME, PHONE, Street, Visitor, waits

pytestmark = pytest.mark.anyio

GOOD, NOT_MINE = "110220334711", "110220339998"


async def collector(street: Street) -> str:
    """Return an account that may collect by direct debit."""
    account = await street.payee()
    settlement = await street.house.vault.debit_papers.put_settlement(
        "test", str(uuid4()), bank="004", number="110220330440", holder="Blue Kite", identity="1234567891"
    )
    await street.do(DraftOnboarding(account, settlement, "BLUE KITE"))
    for kind in (*DOCUMENTS, CONTRACT):
        await street.do(FileOnboardingDocument(account, kind, f"odc_{kind}", "0" * 64))
    for step in (
        ApplyForDebits(account),
        SignDebitContract(account),
        SubmitSurety(account, "deposit", 1_000_000, "D-1"),
        StartDebitTest(account),
        ApproveOnboarding(account, "9912345678"),
    ):
        await street.do(step)
    return account


async def asked(street: Street, language: str = "ko", **terms: Any) -> tuple[str, Visitor]:
    """Ask a payer for a mandate; return its id and the payer at the page."""
    payer = await street.house.vault.debit_papers.put_payer("test", str(uuid4()), name=NAME, phone=PHONE, email="")
    named = {"channel": "app", "fixed_minor": 50_000, **terms}
    mandate_id = str((await street.do(RequestMandate(await collector(street), payer, **named)))["id"])
    reader = street.visit(await street.link(mandate_id, payer), language)
    await reader.enter()
    return mandate_id, reader


async def enter(reader: Visitor, number: str = GOOD, **given: str) -> Any:
    fields = {"bank": "004", "number": number, "holder": NAME, "identity": "900815", "agreed": "yes", **given}
    return await reader.send("enter", **fields)


async def work(street: Street, rounds: int = 3) -> None:
    for _ in range(rounds):
        street.feed()
        await mandates.react(street.bench)
        await direct_debits.react(street.bench)
        street.clock.advance(seconds=61)
    street.feed()


async def row_of(street: Street, mandate_id: str) -> dict[str, Any]:
    street.feed()
    async with street.bench.see() as connection:
        return await debit_queries.mandate(connection, mandate_id)


async def test_a_payer_reads_the_terms_enters_the_account_and_consents_n1_n2_n3(street: Street) -> None:
    mandate_id, reader = await asked(street, max_month_minor=100_000)

    shown = await reader.open()
    verifying = await enter(reader)
    street.feed()
    await mandates.react(street.bench)
    street.feed()
    waiting = await reader.open()
    await work(street)
    done = await reader.open()

    for said in ("debit-consent/1", "동의하는", "50,000원", "100,000원", "푸른연 무역"):
        assert said in shown.text or said == "동의하는"
    assert "해지 후 5년" in shown.text
    assert ("계좌를 확인하고 있습니다" in verifying.text, waits(verifying)) == (True, True)
    assert ("동의를 기다리고 있습니다" in waiting.text, waits(waiting)) == (True, True)
    assert ("동의가 완료되었습니다" in done.text, "***4711" in done.text, GOOD in done.html) == (True, True, False)
    row = await row_of(street, mandate_id)
    assert (row["status"], row["consent_text"]) == ("consented", "debit-consent/1")
    kept = await street.house.vault.debit_papers.accounts([row["bank_account"]], Reading("test", "look"))
    assert tuple(kept[row["bank_account"]]) == (GOOD, NAME, "900815")


async def test_an_account_of_somebody_else_can_be_entered_again(street: Street) -> None:
    _, reader = await asked(street, "en")
    await reader.open()
    await enter(reader, NOT_MINE)
    await work(street, 1)

    refused = await reader.open()
    again = await enter(reader)

    assert ("could not confirm the account" in refused.text, NOT_MINE in refused.html) == (True, False)
    assert "bank is being asked" in again.text


async def test_what_is_missing_or_no_number_is_asked_for_again(street: Street) -> None:
    mandate_id, reader = await asked(street, "en")
    await reader.open()

    wrong = [
        await enter(reader, **given)
        for given in (
            {"agreed": ""}, {"bank": "4"}, {"number": "12a4"}, {"holder": " "}, {"identity": "9008151"},
        )
    ]  # fmt: skip
    right = await enter(reader, "۱۱۰-۲۲۰-۳۳۴۷۱۱")

    assert [page.status for page in wrong] == [422] * 5
    assert "tick that you agree" in wrong[0].text
    assert (right.status, (await row_of(street, mandate_id))["shown"]) == (200, "4711")


async def test_a_payer_ends_an_active_mandate_on_the_page(street: Street) -> None:
    mandate_id, reader = await asked(street, "fa")
    await reader.open()
    await enter(reader)
    await work(street)
    for _ in range(6):
        for hour in (11, 15):
            noon = datetime.combine(street.today, time(hour), KST)
            street.clock.at = max(street.clock.at, noon.astimezone(UTC))
            await work(street, 5)
        street.clock.at = datetime.combine(street.today + timedelta(days=1), time(1), KST).astimezone(UTC)
    await reader.enter()

    active = await reader.open()
    ended = await reader.send("cancel")

    assert "برداشت مستقیم فعال است" in active.text
    assert ("برداشت مستقیم پایان یافته است" in ended.text, "<form" in ended.html) == (True, False)
    row = await row_of(street, mandate_id)
    assert (row["status"], row["ended_by"]) == ("cancelled", "payer")


async def test_before_the_digits_nobody_learns_who_collects_r_126(street: Street) -> None:
    _, reader = await asked(street)
    stranger = street.visit(reader.link)

    page = await stranger.open()

    assert not any(secret in page.html for secret in ("푸른연", "50,000", NAME, "debit-consent"))
