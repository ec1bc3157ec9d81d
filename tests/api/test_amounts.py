"""No field that is an amount takes anything but an amount: the corpus on every money field of every operation."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import orjson
import pytest

from api.access import ROLES
from api.openapi import _PARAM_HINTS
from tests.api.corpus import FRAGMENTS, MoneyField, bodies, money_fields
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

FIELDS = money_fields()
PARAMS = {
    "charge_id": "chg_019s0mbcqyp9h9hys32",
    "spend_id": "spd_019s0mbcqyp9h9hys33",
    "member_id": "member-7",
    "product_id": "prd_01zzzzzzzzzzzzzzzz",
    "invoice_id": "inv_019s0mbcqyp9h9hys34",
    "scenario": "rates",
}


def test_money_fields_are_found_in_every_body_that_names_an_amount() -> None:
    assert len(FIELDS) >= 18
    assert {"charge_back", "settle_receivable"} <= {field.operation.name for field in FIELDS}
    of_money = {"amount", "credit_limit", "overdraft_limit", "monthly_limit", "cash_amount"}
    of_orders = {"list_price", "list_amount", "sale_amount", "billed_amount"}
    of_collections = {"fixed_amount", "late_fee_amount", "max_per_debit", "max_per_month", "maximum", "minimum"}
    assert of_money | of_orders | of_collections == {field.name for field in FIELDS}


async def test_an_amount_that_is_no_plain_integer_in_range_is_malformed_on_every_field(counter: Counter) -> None:
    account_id = await counter.account()

    wrong, tried = {}, 0
    for field in FIELDS:
        path = field.operation.path.format_map({**_PARAM_HINTS, "account_id": account_id, **PARAMS})
        unfit = bodies(field)
        assert len(unfit) >= 36
        for name, body in unfit.items():
            response = await counter.send(field.operation.method, path, role=role_for(field), content=body)
            tried += 1
            if response.status_code != 400 or response.json()["code"] != "malformed":
                wrong[field.operation.name, field.name, name] = (response.status_code, response.text)

    assert wrong == {}
    assert tried >= 36 * len(FIELDS)
    assert (await counter.house.facts.head()).position == 1, "nothing but the account's opening was recorded"


async def test_an_amount_in_a_batch_is_held_to_the_same(counter: Counter) -> None:
    account_id = await counter.account()

    wrong = {}
    for field in [field for field in FIELDS if field.operation.op]:
        named = {"account_id": account_id, **PARAMS}
        ids = {name: named[name] for name in field.operation.params}
        head = orjson.dumps({"op": field.operation.op, "key": "batch-item-1", **ids})[:-1] + b","
        for name, body in bodies(field).items():
            if not body.startswith(b"{"):
                continue
            batch = b'{"mode":"atomic","items":[' + head + body[1:] + b"]}"
            response = await counter.send("POST", "/v1/batches", role=role_for(field), content=batch)
            if response.status_code != 400:
                wrong[field.operation.op, field.name, name] = (response.status_code, response.text)

    assert wrong == {}


def role_for(field: MoneyField) -> str:
    """Return a role that may do the operation of a field."""
    return "service" if field.operation.scope in ROLES["service"] else "operator"


async def test_the_amount_of_a_preview_is_plain_digits(counter: Counter) -> None:
    account_id = await counter.account(50_000)
    path = f"/v1/accounts/{account_id}/refund-preview?amount="

    wrong = {}
    for name, fragment in FRAGMENTS.items():
        if name in ("deep", "5,000 digits"):
            fragment = fragment[:4_000]
        for text in {fragment, fragment.strip(b'"')}:
            if text in (b"1500", b"0100"):
                continue
            response = await counter.get(path + quote_from_bytes(text))
            if response.status_code not in (400, 414):
                wrong[name] = (response.status_code, response.text)

    assert wrong == {}
    assert (await counter.get(path + "1500")).status_code == 200


@pytest.mark.parametrize(("amount", "status"), [(999, 422), (1_000, 201), (999_999_999_999_999, 201)])
async def test_the_edge_takes_what_the_rules_then_judge(counter: Counter, amount: int, status: int) -> None:
    account_id = await counter.account()

    response = await counter.post(f"/v1/accounts/{account_id}/charges", {"amount": amount, "method": "card"})

    assert response.status_code == status, response.text


async def test_a_refusal_never_repeats_what_was_sent(counter: Counter) -> None:
    account_id = await counter.account()
    canary = "canary-7f3a91"
    attempts = [
        {"amount": canary, "method": "card"},
        {"amount": 1_500, "method": canary},
        {"amount": 1_500, "method": "card", canary: 1},
        {"amount": 1_500, "method": "card", "occurred_at": canary},
        {"amount": 1_500, "method": "card", "currency": canary},
        {"amount": 1_500, "method": "card", "reference": [canary]},
    ]

    for body in attempts:
        response = await counter.post(f"/v1/accounts/{account_id}/charges", body)

        assert response.status_code == 400
        assert canary not in response.text
        assert canary not in str(response.headers)
