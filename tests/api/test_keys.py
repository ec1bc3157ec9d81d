"""API keys: what a request without a good one gets, how keys are issued, narrowed, replayed and revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from api import auth
from api.app import LedgerApp, take_bootstrap_key
from api.auth import FRESH_S, MISSES_PER_S, Authenticator
from api.keystore import KeyStore
from api.problems import Unauthenticated
from ledger.database import Database, connect
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

OWN_KEY = "an-operators-own-key-0123456789abcdef"


async def status_of(counter: Counter, *authorization: str) -> int:
    """Return the status of a read with these Authorization headers."""
    headers = [("authorization", value) for value in authorization]
    return (await counter.client.get("/v1/keys", headers=headers)).status_code


async def test_a_request_without_a_good_key_is_unauthenticated_and_never_told_why(counter: Counter) -> None:
    good = await counter.key("admin")
    gone = await counter.key("admin", revoked_at=counter.house.keys.now())
    late = await counter.key("admin", expires_at=counter.house.keys.now() - timedelta(seconds=1))
    other_place = await counter.key("admin", environment="live")
    other_secret, _ = auth.make("test", good.split("_")[2])
    unknown, _ = auth.make("test", "zzzzzzzzzzzz")
    bad = {
        "none": [],
        "other scheme": [f"Basic {good}"],
        "empty": ["Bearer "],
        "cut short": [f"Bearer {good[:-1]}"],
        "longer": [f"Bearer {good}0"],
        "wrong secret": [f"Bearer {other_secret}"],
        "unknown id": [f"Bearer {unknown}"],
        "revoked": [f"Bearer {gone}"],
        "expired": [f"Bearer {late}"],
        "other environment": [f"Bearer {other_place}"],
        "nonsense": ["Bearer no-such-key-but-long-enough-to-be-one"],
    }

    statuses = {name: await status_of(counter, *values) for name, values in bad.items()}

    assert statuses == dict.fromkeys(bad, 401)
    assert await status_of(counter, f"Bearer {good}") == 200


async def test_two_authorization_headers_are_malformed(counter: Counter) -> None:
    good = await counter.key("admin")

    assert await status_of(counter, f"Bearer {good}", f"Bearer {good}") == 400


async def test_a_key_is_shown_once_and_its_secret_is_not_stored(counter: Counter, ledger_database: Database) -> None:
    made = (await counter.post("/v1/keys", {"role": "service"}, role="admin")).json()

    with connect(ledger_database.app) as connection:
        row = connection.execute("SELECT k::text FROM ledger.ledger_api_keys k").fetchall()
    listed = (await counter.get("/v1/keys", role="admin")).json()

    assert auth.KEY.fullmatch(made["key"])
    assert made["key"].split("_")[3] not in str(row)
    assert all("key" not in item for item in listed["items"])
    assert await status_of(counter, f"Bearer {made['key']}") == 403


async def test_the_same_request_for_a_key_again_says_null_where_the_key_was(counter: Counter) -> None:
    body = {"role": "service", "scopes": ["accounts:read"]}

    first = await counter.post("/v1/keys", body, role="admin", idempotency_key="key-for-billing")
    again = await counter.post("/v1/keys", body, role="admin", idempotency_key="key-for-billing")
    other = await counter.post("/v1/keys", {"role": "auditor"}, role="admin", idempotency_key="key-for-billing")
    by_other = await counter.post("/v1/keys", body, key=await counter.key("admin"), idempotency_key="key-for-billing")

    assert again.json() == {**first.json(), "key": None}
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert by_other.json()["id"] != first.json()["id"]


async def test_a_key_that_may_not_be_is_refused(counter: Counter) -> None:
    own = await counter.account()
    refused: list[tuple[dict[str, Any], str]] = [
        ({"role": "service", "scopes": ["keys:write"]}, "scope_not_allowed"),
        ({"role": "service", "scopes": ["no:such"]}, "scope_not_allowed"),
        ({"role": "master"}, "binding_not_allowed"),
        ({"role": "sub", "account_id": own}, "binding_not_allowed"),
        ({"role": "service", "account_id": own}, "binding_not_allowed"),
        ({"role": "operator", "member_id": "ann"}, "binding_not_allowed"),
        ({"role": "service", "expires_at": "2020-01-01T00:00:00Z"}, "expiry_out_of_range"),
        ({"role": "service", "expires_at": "2199-01-01T00:00:00Z"}, "expiry_out_of_range"),
    ]

    for body, code in refused:
        response = await counter.post("/v1/keys", body, role="admin")

        assert (response.status_code, response.json()["code"]) == (422, code), body


async def test_a_key_for_an_account_that_is_not_there_is_not_found(counter: Counter) -> None:
    body = {"role": "master", "account_id": "acc_01zzzzzzzzzzzzzzzz"}

    assert (await counter.post("/v1/keys", body, role="admin")).status_code == 404


async def test_fields_that_a_key_does_not_have_are_refused(counter: Counter) -> None:
    for extra in ({"id": "key_x"}, {"key": "x"}, {"environment": "live"}, {"created_by": "x"}):
        response = await counter.post("/v1/keys", {"role": "service", **extra}, role="admin")

        assert response.status_code == 400


async def test_a_revoked_key_stops_working_at_once_and_stays_revoked_as_it_was(counter: Counter) -> None:
    made = (await counter.post("/v1/keys", {"role": "admin"}, role="admin")).json()
    assert await status_of(counter, f"Bearer {made['key']}") == 200

    first = await counter.send("DELETE", f"/v1/keys/{made['id']}", role="admin")
    again = await counter.send("DELETE", f"/v1/keys/{made['id']}", role="admin")
    missing = await counter.send("DELETE", "/v1/keys/key_zzzzzzzzzzzz", role="admin")

    assert first.json()["revoked_at"] is not None
    assert again.json() == first.json()
    assert missing.status_code == 404
    assert await status_of(counter, f"Bearer {made['key']}") == 401


async def test_a_revocation_by_another_process_is_seen_within_five_seconds(app: LedgerApp, counter: Counter) -> None:
    key = await counter.key("admin")
    elapsed = [0.0]
    elsewhere = Authenticator(counter.house.keys, "test", monotonic=lambda: elapsed[0])
    header = f"Bearer {key}".encode()
    await elsewhere.caller(header)
    await counter.house.keys.revoke(auth.present(key).id, "key_other")

    elapsed[0] = 4.99

    assert FRESH_S < 5
    with pytest.raises(Unauthenticated):
        await elsewhere.caller(header)


async def test_guesses_beyond_a_bound_are_refused_without_a_look_up(counter: Counter) -> None:
    looks = []

    class Watched(KeyStore):
        async def find(self, key_id: str) -> None:
            looks.append(key_id)

    guard = Authenticator(Watched(counter.house.views.connect), "test", monotonic=lambda: 1.0)

    for number in range(MISSES_PER_S + 50):
        key, _ = auth.make("test", f"{number:012d}")
        with pytest.raises(Unauthenticated):
            await guard.caller(f"Bearer {key}".encode())

    assert len(looks) == MISSES_PER_S


async def test_many_requests_with_one_fresh_key_cost_one_look_up(counter: Counter) -> None:
    looks = []
    key = await counter.key("admin")

    class Watched(KeyStore):
        async def find(self, key_id: str) -> object:  # type: ignore[override]
            looks.append(key_id)
            return await super().find(key_id)

    guard = Authenticator(Watched(counter.house.views.connect), "test")

    callers = await asyncio.gather(*(guard.caller(f"Bearer {key}".encode()) for _ in range(50)))

    assert len({caller.principal for caller in callers}) == 1
    assert len(looks) == 1


async def test_the_operators_own_first_key_is_taken_once_and_only_as_a_hash(
    counter: Counter, ledger_database: Database
) -> None:
    await take_bootstrap_key(counter.house.keys, OWN_KEY, "test")
    await take_bootstrap_key(counter.house.keys, OWN_KEY + "-another", "test")

    with connect(ledger_database.app) as connection:
        rows = connection.execute("SELECT role, created_by FROM ledger.ledger_api_keys").fetchall()

    assert await status_of(counter, f"Bearer {OWN_KEY}") == 200
    assert await status_of(counter, f"Bearer {OWN_KEY}-another") == 401
    assert rows == [("admin", "bootstrap")]


async def test_the_app_role_can_change_nothing_of_a_key_but_its_revocation(
    counter: Counter, ledger_database: Database
) -> None:
    await counter.key("sub", account_id="acc_x", member_id="ann")

    with connect(ledger_database.app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE ledger.ledger_api_keys SET role = 'admin'")


async def test_keys_are_listed_newest_first_in_pages(counter: Counter) -> None:
    for _ in range(5):
        await counter.post("/v1/keys", {"role": "service"}, role="admin")

    first = (await counter.get("/v1/keys?limit=4", role="admin")).json()
    second = (await counter.get(f"/v1/keys?limit=4&cursor={first['next_cursor']}", role="admin")).json()
    spoiled = await counter.get("/v1/keys?cursor=abcd", role="admin")

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert (len(first["items"]), len(set(ids)), second["next_cursor"]) == (4, 6, None)
    assert spoiled.status_code == 400
