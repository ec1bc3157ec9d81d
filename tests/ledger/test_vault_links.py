"""A link and four digits open one recipient's page; five wrong tries lock it (SPEC R-126)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from ledger.database import Database, connect
from ledger.vault import Checked, LinkNotFound, Person, Vault
from tests.ledger.test_vault import KEK, LEDGER_ID, run

ORDER = "ord_01k7q4m2x9w3t8r5z67"


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)


@pytest.fixture
def superuser(vault_database: Database) -> Iterator[psycopg.Connection]:
    with connect(vault_database.vault_migrate) as connection:
        yield connection


@pytest.fixture
def tokens(vault: Vault) -> tuple[str, ...]:
    return run(vault.people.put("key_a", "order-0001", [Person("01000004711"), Person("01000000815")], mark="m")).tokens


def test_a_link_leads_to_its_recipient(vault: Vault, tokens: tuple[str, ...]) -> None:
    links = run(vault.links.make(ORDER, list(enumerate(tokens))))

    found = run(vault.links.open(links[1]))

    assert (found.order_id, found.recipient, found.token, found.wrong, found.locked) == (ORDER, 1, tokens[1], 0, False)
    assert len(links[0]) * 5 >= 128
    assert run(vault.links.make(ORDER, list(enumerate(tokens)))) == links


def test_an_unknown_link_and_one_of_a_forgotten_person_lead_nowhere(vault: Vault, tokens: tuple[str, ...]) -> None:
    (link,) = run(vault.links.make(ORDER, [(0, tokens[0])]))
    run(vault.people.erase(tokens[:1]))

    for each in (link, "a" * 32):
        with pytest.raises(LinkNotFound):
            run(vault.links.open(each))
        with pytest.raises(LinkNotFound):
            run(vault.links.check(each, "4711"))


def test_the_right_digits_let_in_and_the_fifth_wrong_try_locks_r_126(vault: Vault, tokens: tuple[str, ...]) -> None:
    (link,) = run(vault.links.make(ORDER, [(0, tokens[0])]))

    assert run(vault.links.check(link, "4711")) == Checked(ok=True, tries_left=5, locked=False)
    wrong = [run(vault.links.check(link, digits)) for digits in ("4712", "", "0815", "47110")]
    assert [each.tries_left for each in wrong] == [4, 3, 2, 1]
    assert run(vault.links.check(link, "4711")).ok
    assert run(vault.links.check(link, "0000")) == Checked(ok=False, tries_left=0, locked=True)
    assert run(vault.links.check(link, "4711")) == Checked(ok=False, tries_left=0, locked=True)
    assert run(vault.links.open(link)).locked


def test_a_new_link_replaces_the_locked_one(vault: Vault, tokens: tuple[str, ...]) -> None:
    (first,) = run(vault.links.make(ORDER, [(0, tokens[0])]))
    for _ in range(5):
        run(vault.links.check(first, "0000"))

    (second,) = run(vault.links.make(ORDER, [(0, tokens[0])], generation=1))
    run(vault.links.make(ORDER, [(0, tokens[0])], generation=0))

    assert run(vault.links.check(second, "4711")).ok
    with pytest.raises(LinkNotFound):
        run(vault.links.open(first))


def test_links_are_renewed_only_where_they_are_locked_r_126(vault: Vault, tokens: tuple[str, ...]) -> None:
    recipients = list(enumerate(tokens))
    made = run(vault.links.renew(ORDER, recipients))
    for _ in range(5):
        run(vault.links.check(made[1], "0000"))

    renewed = run(vault.links.renew(ORDER, recipients))

    assert made == run(vault.links.make(ORDER, recipients))
    assert (renewed[0], renewed[1] == made[1]) == (made[0], False)
    assert run(vault.links.renew(ORDER, recipients)) == renewed
    assert run(vault.links.check(renewed[1], "0815")).ok
    assert run(vault.links.renew(ORDER, [])) == []


def test_tries_at_the_same_time_are_all_counted(vault: Vault, tokens: tuple[str, ...]) -> None:
    (link,) = run(vault.links.make(ORDER, [(0, tokens[0])]))

    async def storm() -> list[Checked]:
        return await asyncio.gather(*(vault.links.check(link, "0000") for _ in range(8)))

    told = run(storm())

    assert sorted(each.tries_left for each in told) == [0, 0, 0, 0, 1, 2, 3, 4]


def test_the_database_holds_no_link(vault: Vault, tokens: tuple[str, ...], superuser: psycopg.Connection) -> None:
    links = run(vault.links.make(ORDER, list(enumerate(tokens))))

    for row in superuser.execute("SELECT * FROM ledger.link").fetchall():
        assert not any(link in str(value) for link in links for value in row)
