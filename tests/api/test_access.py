"""Who may do what: every role on every operation, and every bound key on its own, a foreign and a missing account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access import ROLES, SCOPES, unbound
from api.operation import OPERATIONS, PUBLIC, Operation, Undeclared, operation
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

RIGHTS: dict[str, set[str]] = {
    line.split()[0]: set(line.split()[1:])
    for line in (Path(__file__).parent / "rights.txt").read_text().splitlines()
    if line and not line.startswith("#")
}
MISSING = "acc_01zzzzzzzzzzzzzzzz"
NOT_FOR_AUDITORS = {
    "get_upload_failures": "rows as they were typed, in clear, for whoever sent the file",
    "get_upload_sample": "goes with uploading",
    "get_sandbox_clock": "a tool of tests and demos, no record of anything",
    "list_sandbox_asked": "a tool of tests and demos",
    "list_sandbox_callbacks": "a tool of tests and demos",
    "download_document": "names whom it is for, in clear; an auditor has its digests verified",
    "download_attachment": "is what two sides have sent each other, in clear; its digest stands in the request",
    "get_payment_request_evidence": "names both sides, in clear; its facts are those of the events",
    "get_payment_link_qr": "is the link itself, and opens the payer's page",
    "get_consent_evidence": "names the payer, in clear; its digest stands in the mandate",
    "get_debit_file": "holds the payers' bank accounts, for the bank; its digest stands in the batch",
}
"""What an auditor, who reads everything masked, does not read, and why."""

NO_MATTER_OF_MONEY = {
    "list_keys", "list_folders", "list_groups", "list_contacts", "get_contact", "list_sender_profiles",
    "get_sender_profile", "list_anniversary_rules", "get_anniversary_rule", "list_anniversary_recipients",
    "get_notice_contact", "list_notices",
}  # fmt: skip
"""What an accountant does not read beyond that: keys, people, senders, rules that have ordered nothing yet."""

FILES = {"download_document", "download_attachment", "get_payment_request_evidence"}
"""What accountants may download, though it names people: their work is on paper, too."""

BY_ACCOUNT = [each for each in OPERATIONS if "account_id" in each.params]


def test_every_operation_has_a_row_of_rights_and_every_row_an_operation() -> None:
    assert set(RIGHTS) == {each.name for each in OPERATIONS}


def test_auditors_read_everything_and_accountants_all_money() -> None:
    reads = {each.name for each in OPERATIONS if each.method == "GET"}

    assert {name for name in reads if not RIGHTS[name] & {"auditor", "anyone"}} == set(NOT_FOR_AUDITORS)
    assert {name for name in reads if not RIGHTS[name] & {"accountant", "anyone"}} == (
        set(NOT_FOR_AUDITORS) - FILES | NO_MATTER_OF_MONEY
    )


def test_auditors_change_nothing() -> None:
    questions = {each.name for each in OPERATIONS if each.method == "GET" or not each.keyed}

    made_of_what_they_read = {"ask_for_export"}
    assert {name for name, roles in RIGHTS.items() if "auditor" in roles} <= questions | made_of_what_they_read


def test_every_scope_is_declared_and_used() -> None:
    used = {each.scope for each in OPERATIONS} - {PUBLIC}

    assert used == set(SCOPES)
    assert set().union(*ROLES.values()) == set(SCOPES)


@pytest.mark.parametrize("declared", [{"scope": None, "rule": unbound}, {"scope": "seal:read", "rule": None}])
def test_an_operation_that_does_not_say_who_may_use_it_keeps_the_service_from_starting(
    declared: dict[str, Any],
) -> None:
    with pytest.raises(Undeclared):
        operation("GET", "/v1/undeclared", **declared)(_nothing)


def test_an_operation_with_an_unknown_scope_keeps_the_service_from_starting() -> None:
    with pytest.raises(Undeclared):
        operation("GET", "/v1/undeclared", scope="no:such", rule=unbound)(_nothing)


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_may_do_what_its_row_says_and_nothing_else(counter: Counter, role: str) -> None:
    account_id = await counter.account(50_000)
    key = await key_of(counter, role, account_id)

    wrong = {}
    for each in OPERATIONS:
        response = await ask(counter, each, account_id, key)
        allowed = bool(RIGHTS[each.name] & {role, "anyone"})
        refused = response.status_code == 403
        if response.status_code in (401, 429, 500) or refused == allowed:
            wrong[each.name] = (response.status_code, response.text)
        if refused:
            assert response.json()["code"] == "not_allowed"
            assert response.json()["scope"] == each.scope

    assert wrong == {}


@pytest.mark.parametrize("role", ["master", "sub"])
async def test_a_foreign_account_is_answered_as_a_missing_one(counter: Counter, role: str) -> None:
    own, foreign = await counter.account(50_000), await counter.account(50_000)
    key = await key_of(counter, role, own)

    for each in BY_ACCOUNT:
        if role not in RIGHTS[each.name]:
            continue
        to_foreign = await ask(counter, each, foreign, key)
        to_missing = await ask(counter, each, MISSING, key)

        assert to_foreign.status_code == to_missing.status_code == 404, each.name
        assert bare(to_foreign) == bare(to_missing), each.name


async def test_a_foreign_refund_request_is_answered_as_a_missing_one(counter: Counter, feeding: None) -> None:
    own, foreign = await counter.account(50_000), await counter.account(50_000)
    key = await key_of(counter, "master", own)
    request = {"amount": 2_000, "bank": "Example Bank", "account_number": "000-111-222", "holder": "A", "reason": "r"}
    asked = await counter.post(f"/v1/accounts/{foreign}/refund-requests", request)
    foreign_id, missing_id = asked.json()["id"], asked.json()["id"][:-1] + "z"
    at = asked.headers["ledger-position"]

    for path, method in (("", "GET"), ("/cancel", "POST")):
        answers = [
            await counter.send(method, f"/v1/refund-requests/{each}{path}", None, key=key, min_position=at)
            for each in (foreign_id, missing_id, "rfd_nonsense")
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert bare(answers[0]) == bare(answers[1]) == bare(answers[2])


async def test_a_master_sees_its_own_account_alone_in_the_list_of_accounts(counter: Counter) -> None:
    own, _ = await counter.account(), await counter.account()
    key = await key_of(counter, "master", own)

    listed = await counter.get("/v1/accounts", key=key)
    by_other_name = await counter.get("/v1/accounts?name=Somebody", key=key)

    assert [item["id"] for item in listed.json()["items"]] == [own]
    assert by_other_name.json()["items"] == []


async def test_a_sub_spends_as_itself_alone_and_sees_its_own_spends_and_limit(counter: Counter, feeding: None) -> None:
    account_id = await counter.account(50_000)
    for member_id in ("ann", "ben"):
        path = f"/v1/accounts/{account_id}/members/{member_id}/limit"
        granted = await counter.send("PUT", path, {"monthly_limit": 10_000}, role="operator")
        assert granted.status_code == 200, granted.text
    ann = await counter.key("sub", account_id=account_id, member_id="ann")
    path = f"/v1/accounts/{account_id}/spends"

    own = await counter.post(path, {"amount": 700}, key=ann)
    as_other = await counter.post(path, {"amount": 700, "member_id": "ben"}, key=ann)
    by_ben = await counter.post(path, {"amount": 900, "member_id": "ben"})
    at = by_ben.headers["ledger-position"]
    listed = await counter.get(path, key=ann, min_position=at)
    others = await counter.get(f"{path}/{by_ben.json()['id']}", key=ann, min_position=at)
    limits = await counter.get(f"/v1/accounts/{account_id}/limits", key=ann)

    assert (own.status_code, own.json()["member_id"]) == (201, "ann")
    assert "balance" not in own.json()
    assert as_other.status_code == 404
    assert [item["id"] for item in listed.json()["items"]] == [own.json()["id"]]
    assert others.status_code == 404
    assert [(each["member_id"], each["used"]) for each in limits.json()["members"]] == [("ann", 700)]
    assert limits.json()["limit"] is None


async def test_scopes_of_a_key_narrow_its_role(counter: Counter) -> None:
    account_id = await counter.account()
    key = await counter.key("service", scopes=["accounts:read"])

    read = await counter.get(f"/v1/accounts/{account_id}", key=key)
    charged = await counter.post(f"/v1/accounts/{account_id}/charges", {"amount": 1_500, "method": "card"}, key=key)

    assert read.status_code == 200
    assert (charged.status_code, charged.json()["scope"]) == (403, "charges:write")


async def test_an_item_of_a_batch_needs_the_scope_of_its_own_operation(counter: Counter) -> None:
    account_id = await counter.account()
    items = [{"op": "freeze_account", "key": "freeze-it-1", "account_id": account_id, "reason": "r"}]

    one = await counter.post("/v1/batches", {"mode": "continue", "items": items})
    whole = await counter.post("/v1/batches", {"mode": "atomic", "items": items})

    assert one.json()["items"][0]["status"] == 403
    assert (whole.status_code, whole.json()["item"]) == (403, 0)


async def test_an_adjustment_needs_two_persons_also_where_one_person_has_two_keys(counter: Counter) -> None:
    account_id = await counter.account(50_000)
    first = await counter.key("operator", owner="person-1")
    again = await counter.key("operator", owner="person-1")
    other = await counter.key("operator", owner="person-2")
    body = {"amount": -700, "reason": "Charged twice"}
    made = await counter.post(f"/v1/accounts/{account_id}/adjustments", body, key=first)
    path = f"/v1/adjustments/{made.json()['id']}/approve"

    by_maker = await counter.post(path, key=first)
    by_same_person = await counter.post(path, key=again)
    by_other = await counter.post(path, key=other)

    assert [by_maker.json()["code"], by_same_person.json()["code"]] == ["same_person", "same_person"]
    assert (by_other.status_code, by_other.json()["balance"]) == (200, 49_300)


async def test_metrics_are_for_loopback_or_a_key(counter: Counter) -> None:
    anonymous = await counter.client.get("/metrics")
    transport = httpx.ASGITransport(app=counter.app, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger.test") as local:
        from_loopback = await local.get("/metrics")

    assert anonymous.status_code == 401
    assert from_loopback.status_code == 200
    assert b"ledger_engine_committed_facts" in from_loopback.content


async def ask(counter: Counter, each: Operation, account_id: str, key: str) -> httpx.Response:
    """Send an operation its example, with ids of this account."""
    stem = account_id[4:]
    ids: Mapping[str, str] = {
        "account_id": account_id,
        "charge_id": f"chg_{stem}2",
        "spend_id": f"spd_{stem}3",
        "refund_id": f"rfd_{stem}4",
        "deposit_id": f"dep_{stem}5",
        "adjustment_id": f"adj_{stem}6",
        "invoice_id": f"inv_{stem}6",
        "month": "2026-02",
        "member_id": "ann",
        "key_id": "key_000000000000",
        "folder_id": "fld_" + "a" * 32,
        "group_id": "grp_" + "a" * 32,
        "contact_id": "con_" + "a" * 32,
        "upload_id": "upl_" + "a" * 32,
        "export_id": "exp_" + "a" * 32,
        "profile_id": f"snp_{stem}1",
        "kind": "recipients",
        "product_id": "prd_01zzzzzzzzzzzzzzzz",
        "quote_id": f"qte_{stem}7",
        "rule_id": f"ann_{stem}8",
        "payment_id": f"pay_{stem}7",
        "billing_key_id": f"bky_{stem}7",
        "order_id": f"ord_{stem}8",
        "void": "1",
        "provider": "gateway",
        "scenario": "rates",
        "document_id": "doc_01zzzzzzzzzzzzzzzz",
        "format": "pdf",
        "line_id": f"lin_{stem}1",
        "link_id": f"lnk_{stem}7",
        "payout_link_id": f"pol_{stem}7",
        "obligation_id": f"obl_{stem}7",
        "withdrawal_id": f"wdr_{stem}7",
        "bill_id": f"bil_{stem}7",
        "customer_id": f"cus_{stem}7",
        "mandate_id": f"mdt_{stem}7",
        "debit_id": f"dbt_{stem}7",
        "plan_id": f"dpl_{stem}7",
        "batch_id": f"dbb_{stem}7",
        "building_id": f"bld_{stem}7",
        "unit_id": f"unt_{stem}7",
        "code": "cleaning",
        "source": "example-bank",
        "request_id": f"prq_{stem}7",
        "number": "1",
        "attachment_id": "att_" + "a" * 32,
    }
    query = {"preview_refund": "?amount=2000", "get_statement": "?from=2026-01-01&to=2026-12-31"}.get(each.name, "")
    body: Any = None
    if each.body is not None:
        config = each.body.model_config["json_schema_extra"]
        assert isinstance(config, dict)
        body = config["example"]
    return await counter.send(each.method, each.path.format(**ids) + query, body, key=key)


def bare(response: httpx.Response) -> dict[str, Any]:
    """Return a refusal without its request id."""
    return {name: value for name, value in response.json().items() if name != "request_id"}


async def key_of(counter: Counter, role: str, account_id: str) -> str:
    """Return a key of a role, bound where the role is bound."""
    if role == "master":
        return await counter.key(role, account_id=account_id)
    if role == "sub":
        return await counter.key(role, account_id=account_id, member_id="ann")
    return await counter.key(role)


async def _nothing(_ask: Any) -> Any:
    """Do nothing."""


@pytest.mark.usefixtures("feeding")
async def test_metrics_say_how_far_each_view_is(counter: Counter) -> None:
    account_id = await counter.account(1_000)
    seen = await counter.get(f"/v1/accounts/{account_id}/transactions", min_position="2")

    figures = (await counter.get("/metrics")).text

    assert seen.status_code == 200
    assert f'ledger_view_position{{view="transactions"}} {float(seen.headers["ledger-position"])}' in figures
    assert 'ledger_view_lag_facts{view="transactions"} 0.0' in figures
