"""Recipients by the thousand: sealed one by one, kept once for each request, forgotten when their time is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from ledger.database import Database, connect
from ledger.kek import SealBroken
from ledger.recall import KeyReused
from ledger.vault import HIDDEN, Person, Reading, SubjectHeld, SubjectNotFound, Vault
from ledger.vault.people import years_after
from tests.ledger.test_vault import KEK, LEDGER_ID, run

READING = Reading("job:dispatch", "send messages", "req_1")
NOW = timedelta()
PEOPLE = [
    Person("01000000001", "Haneul", "Blue Kite Trading", "Clerk"),
    Person("01000000002", "Nari", anniversary="1990-08-15", calendar="lunar"),
    Person("01000000003"),
]


def many(count: int) -> list[Person]:
    return [Person(f"010{number:08d}", f"Nr{number}", "Blue Kite Trading", "Clerk") for number in range(count)]


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)


@pytest.fixture
def superuser(vault_database: Database) -> Iterator[psycopg.Connection]:
    with connect(vault_database.vault_migrate) as connection:
        yield connection


def count(superuser: psycopg.Connection, table: str) -> int:
    (found,) = superuser.execute(f"SELECT count(*) FROM ledger.{table}".encode()).fetchone() or (0,)
    return int(found)


def test_people_are_got_as_they_were_put(vault: Vault) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))

    found = run(vault.people.get(party.tokens, READING))

    assert [found[token] for token in party.tokens] == PEOPLE
    assert all(token.startswith("rcp_") for token in party.tokens)
    assert not party.duplicates


def test_ten_thousand_people_are_put_and_got_in_two_seconds_of_processor_time(
    vault: Vault, superuser: psycopg.Connection
) -> None:
    people = many(10_000)

    began = time.process_time()
    party = run(vault.people.put("key_a", "order-0001", people, mark="m"))
    put_s = time.process_time() - began
    found = run(vault.people.get(party.tokens, READING))
    got_s = time.process_time() - began - put_s

    assert max(put_s, got_s) < 2
    assert [found[token] for token in party.tokens] == people
    assert count(superuser, "subject") == count(superuser, "item") == count(superuser, "phone") == 10_000
    wrapped = superuser.execute("SELECT count(DISTINCT dek_wrapped), count(DISTINCT nonce) FROM ledger.subject")
    assert wrapped.fetchone() == (10_000, 10_000)


def test_the_same_request_again_has_the_same_tokens_and_keeps_nothing_twice(
    vault: Vault, superuser: psycopg.Connection
) -> None:
    first = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    rows = superuser.execute("SELECT * FROM ledger.item ORDER BY token").fetchall()

    again = run(vault.people.put("key_a", "order-0001", [], mark="m"))

    assert again == first
    assert superuser.execute("SELECT * FROM ledger.item ORDER BY token").fetchall() == rows


def test_the_same_key_with_another_request_is_refused(vault: Vault) -> None:
    run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))

    with pytest.raises(KeyReused):
        run(vault.people.put("key_a", "order-0001", PEOPLE, mark="n"))


def test_tokens_of_two_requests_share_nothing(vault: Vault) -> None:
    first = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    second = run(vault.people.put("key_a", "order-0002", PEOPLE, mark="m"))
    third = run(vault.people.put("key_b", "order-0001", PEOPLE, mark="m"))

    assert len({*first.tokens, *second.tokens, *third.tokens}) == 9


def test_a_number_that_comes_twice_is_told(vault: Vault) -> None:
    party = run(vault.people.put("key_a", "order-0001", [*PEOPLE, PEOPLE[0]], mark="m"))

    assert party.duplicates
    assert len(set(party.tokens)) == 4


def test_of_a_refused_request_nothing_stays_and_it_may_come_again(vault: Vault, superuser: psycopg.Connection) -> None:
    first = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))

    run(vault.people.settle("key_a", "order-0001", placed=False))

    assert [count(superuser, table) for table in ("subject", "item", "phone", "party")] == [0, 0, 0, 0]
    assert run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m")) == first


def test_people_of_an_accepted_request_stay_whatever_is_said_later(vault: Vault) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    run(vault.people.settle("key_a", "order-0001", placed=True))

    run(vault.people.settle("key_a", "order-0001", placed=False))

    assert len(run(vault.people.get(party.tokens, READING))) == 3


def test_a_party_that_nobody_settled_is_found_and_settled(vault: Vault) -> None:
    first = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    second = run(vault.people.put("key_a", "order-0002", PEOPLE, mark="m"))
    run(vault.people.put("key_a", "order-0003", PEOPLE, mark="m"))
    run(vault.people.settle("key_a", "order-0003", placed=True))

    opened = run(vault.people.unsettled(NOW))
    run(vault.people.settle_open(opened[0], placed=True, min_age=NOW))
    run(vault.people.settle_open(opened[1], placed=False, min_age=NOW))

    assert [party.first_token for party in opened] == [first.tokens[0], second.tokens[0]]
    assert run(vault.people.unsettled(NOW)) == []
    assert len(run(vault.people.get([*first.tokens, *second.tokens], READING))) == 3


def test_a_party_that_somebody_has_just_asked_for_again_is_left_alone(
    vault: Vault, superuser: psycopg.Connection
) -> None:
    run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    superuser.execute("UPDATE ledger.party SET asked_at = now() - interval '1 hour'")
    (opened,) = run(vault.people.unsettled(timedelta(minutes=30)))

    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    run(vault.people.settle_open(opened, placed=False, min_age=timedelta(minutes=30)))

    assert run(vault.people.unsettled(timedelta(minutes=30))) == []
    assert len(run(vault.people.get(party.tokens, READING))) == 3


def test_people_are_copied_for_another_request_and_erased_ones_stay_away(vault: Vault) -> None:
    rule = run(vault.people.put("key_a", "rule-0001", PEOPLE, mark="m"))
    run(vault.people.erase(rule.tokens[1:2]))

    copied = run(vault.people.copy(rule.tokens, "job:anniversaries", "ann:1:2026", reading=READING))
    again = run(vault.people.copy(rule.tokens[:1], "job:anniversaries", "ann:1:2026", reading=READING))

    assert again.tokens == copied.tokens
    assert not {*rule.tokens} & {*copied.tokens}
    assert [*run(vault.people.get(copied.tokens, READING)).values()] in ([PEOPLE[0], PEOPLE[2]], [PEOPLE[2], PEOPLE[0]])


def test_masked_people_show_four_digits_and_one_letter(vault: Vault) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    run(vault.people.erase(party.tokens[2:]))

    shown = run(vault.people.masked(party.tokens))

    assert shown[party.tokens[0]] == Person("***-***-0001", "H**", "***", "***")
    assert shown[party.tokens[1]] == Person("***-***-0002", "N**", anniversary="***", calendar="lunar")
    assert shown[party.tokens[2]] == HIDDEN


def test_people_are_found_by_their_number_without_it_being_stored(vault: Vault, superuser: psycopg.Connection) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))

    assert run(vault.people.by_phone("01000000002")) == (party.tokens[1],)
    assert run(vault.people.by_phone("01000000009")) == ()
    for table in ("subject", "item", "phone", "party", "reading"):
        for row in superuser.execute(f"SELECT * FROM ledger.{table}".encode()).fetchall():
            for value in row:
                stored = value if isinstance(value, bytes) else str(value).encode()
                assert not any(each in stored for person in PEOPLE[:2] for each in (person.phone.encode(), b"Haneul"))


def test_a_swap_between_people_does_not_open(vault: Vault, superuser: psycopg.Connection) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE[:2], mark="m"))

    superuser.execute(
        "UPDATE ledger.item a SET (ciphertext, nonce) = (SELECT ciphertext, nonce FROM ledger.item b"
        " WHERE b.token <> a.token)"
    )

    with pytest.raises(SealBroken):
        run(vault.people.get(party.tokens, READING))


def test_every_read_in_clear_is_on_record_and_the_record_cannot_be_changed(
    vault: Vault, superuser: psycopg.Connection, vault_database: Database
) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))

    run(vault.people.get(party.tokens, READING))
    run(vault.coupons.get(party.tokens, Reading("recipient:ord_1", "show to verified recipient")))

    rows = superuser.execute("SELECT principal, purpose, request_id, subjects FROM ledger.reading ORDER BY number")
    assert rows.fetchall() == [
        ("job:dispatch", "send messages", "req_1", 3),
        ("recipient:ord_1", "show to verified recipient", "", 3),
    ]
    with connect(vault_database.vault) as own:
        for attack in ("UPDATE ledger.reading SET subjects = 0", "DELETE FROM ledger.reading"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(attack.encode())


def test_recipients_are_erased_five_years_after_their_coupons_are_final_r_003(vault: Vault) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m"))
    run(vault.coupons.put([(party.tokens[0], 0, "9000-1111-2222")]))

    assert run(vault.purge(date(9998, 12, 31))) == 0
    run(vault.people.final(party.tokens[:2], date(2024, 10, 1)))

    assert run(vault.purge(date(2029, 10, 1))) == 0
    assert run(vault.purge(date(2029, 10, 2))) == 2
    assert list(run(vault.people.get(party.tokens, READING))) == [party.tokens[2]]
    assert run(vault.coupons.get(party.tokens, READING)) == {}


def test_a_legal_hold_outlasts_the_years(vault: Vault, superuser: psycopg.Connection) -> None:
    party = run(vault.people.put("key_a", "order-0001", PEOPLE[:1], mark="m"))
    run(vault.people.final(party.tokens, date(2024, 10, 1)))
    superuser.execute("UPDATE ledger.item SET hold = true")

    assert run(vault.purge(date(2040, 1, 1))) == 0
    with pytest.raises(SubjectHeld):
        run(vault.people.erase(party.tokens))


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2024, 10, 1), date(2029, 10, 1)),
        (date(2024, 2, 29), date(2029, 2, 28)),
        (date(2023, 2, 28), date(2028, 2, 28)),
        (date(2024, 12, 31), date(2029, 12, 31)),
    ],
)
def test_five_years_end_with_the_same_day(day: date, last: date) -> None:
    assert years_after(day, 5) == last


def test_coupon_numbers_are_kept_once_and_shown_masked(vault: Vault) -> None:
    one, two, _ = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m")).tokens
    numbers = [(one, 0, "9000-1111-2222"), (one, 1, "9000-3333-4444"), (two, 0, "9000-5555-6666")]

    run(vault.coupons.put(numbers))
    run(vault.coupons.put(numbers[:2]))

    assert run(vault.coupons.get([one, two], READING)) == {
        one: {0: "9000-1111-2222", 1: "9000-3333-4444"},
        two: {0: "9000-5555-6666"},
    }
    assert run(vault.coupons.masked([one])) == {one: {0: "***-***-2222", 1: "***-***-4444"}}
    assert run(vault.people.get([one], READING))[one] == PEOPLE[0]


def test_another_number_in_a_coupons_place_is_refused_and_none_is_kept(vault: Vault) -> None:
    one, two, _ = run(vault.people.put("key_a", "order-0001", PEOPLE, mark="m")).tokens
    run(vault.coupons.put([(one, 0, "9000-1111-2222")]))

    with pytest.raises(KeyReused):
        run(vault.coupons.put([(two, 0, "9000-5555-6666"), (one, 0, "9000-9999-9999")]))
    with pytest.raises(SubjectNotFound):
        run(vault.coupons.put([(two, 0, "9000-5555-6666"), ("rcp_gone", 0, "9000-9999-9999")]))

    assert run(vault.coupons.get([one, two], READING)) == {one: {0: "9000-1111-2222"}}


def test_five_hundred_coupons_are_kept_at_once(vault: Vault) -> None:
    tokens = run(vault.people.put("key_a", "order-0001", many(500), mark="m")).tokens

    run(vault.coupons.put([(token, 0, f"9000-{index:08d}") for index, token in enumerate(tokens)]))

    assert run(vault.coupons.get(tokens, READING))[tokens[499]] == {0: "9000-00000499"}
