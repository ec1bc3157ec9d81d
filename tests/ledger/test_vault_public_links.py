"""A link opens the page of one thing; where a person stands behind it, four digits are asked for (SPEC R-126)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import psycopg
import pytest

from ledger.database import Database, connect
from ledger.vault import RETAINED_UNTIL_ERASED, Checked, LinkNotFound, PublicLink, SubjectNotFound, Vault
from tests.ledger.test_vault import KEK, LEDGER_ID, run

BILL, OTHER = "bil_01k7q4m2x9w3t8r5z67", "bil_01k7q4m2x9w3t8r5z68"
PAYER, BY_MAIL = "pay_payer", "pay_by_mail"


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    made = Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)
    for token, phone in ((PAYER, "01000004711"), (BY_MAIL, "")):
        fields = {"name": "Haneul Test", "phone": phone, "email": "haneul@town.example"}
        run(made.put(token, fields, legal_basis="a test", retain_until=RETAINED_UNTIL_ERASED))
    return made


@pytest.fixture
def superuser(vault_database: Database) -> Iterator[psycopg.Connection]:
    with connect(vault_database.vault_migrate) as connection:
        yield connection


def test_a_link_has_160_bits_and_leads_to_its_thing_and_its_person(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, PAYER))

    assert len(link) == 32
    assert run(vault.public_links.open(link)) == PublicLink(BILL, PAYER, asks=True, wrong=0, locked=False)
    assert run(vault.public_links.make(BILL, PAYER)) == link
    assert run(vault.public_links.make(OTHER, PAYER)) != link
    assert run(vault.public_links.current([(OTHER, PAYER), (BILL, PAYER)]))[1] == link


def test_a_link_without_a_person_asks_for_nothing(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, None))

    assert run(vault.public_links.open(link)) == PublicLink(BILL, None, asks=False, wrong=0, locked=False)
    assert run(vault.public_links.check(link, "")).ok
    assert run(vault.public_links.make(BILL, None)) == link


def test_a_link_to_somebody_without_a_phone_asks_for_nothing(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, BY_MAIL))

    assert not run(vault.public_links.open(link)).asks
    assert run(vault.public_links.check(link, "0000")).ok


def test_a_link_to_nobody_is_not_made(vault: Vault) -> None:
    with pytest.raises(SubjectNotFound):
        run(vault.public_links.make(BILL, "pay_nobody"))


def test_five_wrong_tries_lock_a_link_also_for_the_right_digits(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, PAYER))

    assert run(vault.public_links.check(link, "4711")) == Checked(ok=True, tries_left=5, locked=False)
    wrong = [run(vault.public_links.check(link, digits)) for digits in ("4712", "", "0815", "47110")]
    assert [each.tries_left for each in wrong] == [4, 3, 2, 1]
    assert run(vault.public_links.check(link, "4711")).ok
    assert run(vault.public_links.check(link, "0000")) == Checked(ok=False, tries_left=0, locked=True)
    assert run(vault.public_links.check(link, "4711")) == Checked(ok=False, tries_left=0, locked=True)


def test_tries_at_the_same_time_are_all_counted(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, PAYER))

    async def storm() -> list[Checked]:
        return await asyncio.gather(*(vault.public_links.check(link, "0000") for _ in range(8)))

    assert sorted(each.tries_left for each in run(storm())) == [0, 0, 0, 0, 1, 2, 3, 4]


def test_a_link_that_two_make_at_the_same_time_is_one(
    vault: Vault, superuser: psycopg.Connection, vault_database: Database
) -> None:
    link = run(vault.public_links.make(BILL, PAYER))
    row = superuser.execute(
        "DELETE FROM ledger.public_link RETURNING mark, thing_id, subject, generation, asks"
    ).fetchone()
    fields = "(mark, thing_id, subject, generation, asks) VALUES (%s, %s, %s, %s, %s)"
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted"

    with ThreadPoolExecutor(1) as aside, connect(vault_database.vault_migrate) as watching:
        with superuser.transaction():
            # The other one has made it, and has not committed when this one looks.
            superuser.execute(f"INSERT INTO ledger.public_link {fields}".encode(), row)
            made = aside.submit(lambda: run(vault.public_links.make(BILL, PAYER)))
            while not made.done() and not watching.execute(waits).fetchone():
                sleep(0.01)

        assert made.result(5) == link


def test_only_a_locked_link_is_renewed_and_the_old_one_is_no_more(vault: Vault) -> None:
    first = run(vault.public_links.renew(BILL, PAYER))
    assert run(vault.public_links.renew(BILL, PAYER)) == first
    for _ in range(5):
        run(vault.public_links.check(first, "0000"))

    second = run(vault.public_links.renew(BILL, PAYER))

    assert second != first
    assert run(vault.public_links.check(second, "4711")).ok
    assert run(vault.public_links.current([(BILL, PAYER)])) == [second]
    with pytest.raises(LinkNotFound):
        run(vault.public_links.open(first))


def test_a_later_generation_replaces_an_earlier_one_for_good(vault: Vault) -> None:
    first = run(vault.public_links.make(BILL, None, generation=1))
    second = run(vault.public_links.make(BILL, None, generation=2))

    run(vault.public_links.make(BILL, None, generation=1))

    assert run(vault.public_links.open(second)).generation == 2
    with pytest.raises(LinkNotFound):
        run(vault.public_links.open(first))


def test_a_renewed_link_is_of_the_generation_asked_for_at_least(vault: Vault) -> None:
    second = run(vault.public_links.make(BILL, None, generation=2))

    assert run(vault.public_links.renew(BILL, None, generation=1)) == second
    assert run(vault.public_links.renew(BILL, None, generation=3)) == run(
        vault.public_links.make(BILL, None, generation=3)
    )


def test_a_link_goes_with_its_person(vault: Vault) -> None:
    link = run(vault.public_links.make(BILL, PAYER))

    run(vault.erase(PAYER))

    with pytest.raises(LinkNotFound):
        run(vault.public_links.open(link))


def test_the_database_holds_no_link(vault: Vault, superuser: psycopg.Connection) -> None:
    links = [run(vault.public_links.make(BILL, PAYER)), run(vault.public_links.make(BILL, None))]

    rows = superuser.execute("SELECT * FROM ledger.public_link").fetchall()

    assert len(rows) == 2
    assert not any(link in str(value) for link in links for row in rows for value in row)
