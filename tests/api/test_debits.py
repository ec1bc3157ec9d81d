"""Direct debits over HTTP: whose they are, what is shown of them, and files that come back by hand."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates.collecting.debit_batch import batch_id_of
from ledger.commands.collecting.debit_batches import CloseBatch, FillDebits, RecordBatchSent
from ledger.debits import ResultLine, Results, write_results
from tests.aggregates.scenario import kst
from tests.api.counter import Counter
from tests.api.test_answers import Visitor
from tests.api.visits_debits import ACCOUNT, CODE, PDF, SETTLEMENT, approved, mandate_of
from tests.ledger.desk import SetClock

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("feeding")]


async def test_direct_debits_belong_to_one_account_and_tell_nobody_whose_account_it_is(
    counter: Counter, clock: SetClock
) -> None:
    call = Visitor(counter)
    clock.at = kst("2026-09-07 10:00")
    account = (await call("open_account", {"name": "Mill Road Academy", "mode": "prepaid"}))["id"]
    early = await counter.post("/v1/mandates", {"account_id": account, "payer": {"name": "H", "phone": "01000000001"}})
    assert early.status_code == 404  # It has not begun to apply.
    await approved(call, {"account_id": account})
    mandate_id = await mandate_of(call, clock, account)

    # The same key again is the same bytes; another account's master sees nothing of it.
    body = {"account_id": account, "mandate_id": mandate_id, "amount": 30_000, "collect_on": "2026-09-15"}
    first = await counter.post("/v1/debits", body, idempotency_key="debit-0001")
    again = await counter.post("/v1/debits", body, idempotency_key="debit-0001")
    other = await counter.post("/v1/debits", {**body, "amount": 20_000}, idempotency_key="debit-0001")
    assert (first.status_code, again.content, other.status_code) == (201, first.content, 422)
    stranger = await counter.key("master", account_id=await counter.account())
    own = await counter.key("master", account_id=account)
    debit_id = first.json()["id"]
    for path in (f"/v1/mandates/{mandate_id}", f"/v1/debits/{debit_id}", f"/v1/debits/onboarding/{account}"):
        assert (await counter.get(path, key=stranger)).status_code == 404, path
        assert (await counter.get(path, key=own)).status_code == 200, path
    for path, sent in ((f"/v1/debits/{debit_id}/cancel", {}), ("/v1/debits", body)):
        assert (await counter.post(path, sent, key=stranger)).status_code == 404, path
    auditor = (await counter.get(f"/v1/mandates/{mandate_id}", role="auditor")).json()
    assert (auditor["link"], auditor["payer"]) == (None, {"name": "***", "phone": "***-***-0001"})

    # A refusal of many names the one, and none is scheduled.
    item = {"mandate_id": mandate_id, "amount": 30_000, "collect_on": "2026-09-15"}
    many = await counter.post("/v1/debits/bulk", {"account_id": account, "items": [item, {**item, "amount": 30_001}]})
    assert (many.status_code, many.json()["code"], many.json()["item"]) == (422, "mandate_limit_exceeded", 1)
    for changed, code in (
        ({"collect_on": "2026-09-08"}, "debit_day_passed"),
        ({"retry_days": [7, 3]}, "retry_days_invalid"),
    ):
        refused = await counter.post("/v1/debits", {**body, **changed})
        assert (refused.status_code, refused.json()["code"]) == (422, code)

    # Results that came by hand: a bad line by its number, the same file once, another one never.
    batch = batch_id_of(account, "debits", date(2026, 9, 15))
    clock.at = kst("2026-09-14 16:00")
    for command in (FillDebits(batch, (debit_id,)), CloseBatch(batch), RecordBatchSent(batch, "0" * 64)):
        await call.do(command)
    number = mandate_id.removeprefix(f"mdt_{account[4:]}")
    failed = write_results(Results(CODE, date(2026, 9, 15), (ResultLine(1, number, 0, "0021"),)))
    collected = write_results(Results(CODE, date(2026, 9, 15), (), 1, 30_000))
    wrong = write_results(Results(CODE, date(2026, 9, 15), ()))
    path, answers = f"/v1/debit-batches/{batch}/results", []
    for content in (failed.replace(b"N0021", b"X0021"), wrong, failed, failed, collected):
        sent_back = await counter.send("POST", path, content=content, role="operator")
        answers.append((sent_back.status_code, sent_back.json().get("code"), sent_back.json().get("line")))
    assert answers == [
        (422, "debit_file_refused", 2),
        (422, "debit_results_do_not_fit", None),
        (200, None, None),
        (409, "debit_results_known", None),
        (409, "debit_results_taken", None),
    ]
    picture = await counter.send("POST", f"/v1/mandates/{mandate_id}/form", content=PDF, key=own)
    assert (picture.status_code, picture.json()["code"]) == (409, "mandate_step_not_allowed")
    text = await counter.send(
        "POST", f"/v1/debits/onboarding/{account}/documents?kind=bankbook", content=b"words", key=own
    )
    assert (text.status_code, text.json()["code"]) == (422, "attachment_type_not_taken")

    # No fact holds an account, a name, a number or a birth date.
    facts = (await counter.get("/v1/events?limit=200")).text
    for secret in (ACCOUNT["account_number"], SETTLEMENT["account_number"], "01000000001", "Haneul", "900815"):
        assert secret not in facts
