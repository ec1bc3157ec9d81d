"""Documents in the vault: a number for each request, what it made kept once, destroyed one by one when time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from aggregates.dates import start_of_day
from ledger.database import Database, connect
from ledger.recall import KeyReused
from ledger.vault import Reading, Vault
from ledger.vault.documents import CONTENT, FILE, DocumentDestroyed, NumbersTaken, Reserved
from tests.ledger.test_vault import KEK, LEDGER_ID, run

READING = Reading("key_a", "download a document", "req_1")
AT = datetime(2024, 10, 1, 3, 0, tzinfo=UTC)
FIELDS = {CONTENT: "거래명세서".encode(), FILE + "pdf": b"%PDF", FILE + "csv": b"a,b"}
KEPT_UNTIL = date(2029, 10, 1)


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)


@pytest.fixture
def superuser(vault_database: Database) -> Iterator[psycopg.Connection]:
    with connect(vault_database.vault_migrate) as connection:
        yield connection


def numbers(*names: str) -> list[tuple[str, datetime]]:
    return [(name, AT + timedelta(milliseconds=place)) for place, name in enumerate(names)]


def reserved(vault: Vault, key: str, *names: str) -> Reserved:
    made = run(vault.documents.reserve("key_a", key, mark="m", numbers=numbers(*names)))
    assert made is not None
    return made


def keep(vault: Vault, token: str, until: date = KEPT_UNTIL) -> bytes:
    return run(vault.documents.keep(token, FIELDS, issue=b"{}", retain_until=until))


def test_two_requests_of_one_moment_have_two_numbers(vault: Vault) -> None:
    first = reserved(vault, "doc-0001", "MCOM_1", "MCOM_2", "MCOM_3")
    second = reserved(vault, "doc-0002", "MCOM_1", "MCOM_2", "MCOM_3")

    assert (first.number, first.issued_at) == ("MCOM_1", AT)
    assert (second.number, second.issued_at) == ("MCOM_2", AT + timedelta(milliseconds=1))
    with pytest.raises(NumbersTaken):
        reserved(vault, "doc-0003", "MCOM_1", "MCOM_2")


def test_the_same_request_again_has_its_number_and_what_it_made_before(vault: Vault) -> None:
    first = reserved(vault, "doc-0001", "MCOM_1")
    kept = keep(vault, first.token)
    again = reserved(vault, "doc-0001", "MCOM_9")
    other = run(vault.documents.keep(first.token, {CONTENT: b"x"}, issue=b"other", retain_until=KEPT_UNTIL))

    assert (first.issue, kept, other) == (None, b"{}", b"{}")
    assert again == first._replace(issue=b"{}")
    assert run(vault.documents.reserve("key_a", "doc-0001", mark="m")) == again
    assert run(vault.documents.read(first.token, CONTENT, READING)) == FIELDS[CONTENT]
    assert run(vault.documents.reserve("key_a", "doc-0009", mark="m")) is None
    with pytest.raises(KeyReused):
        run(vault.documents.reserve("key_a", "doc-0001", mark="other"))


def test_a_document_is_sealed_and_every_read_is_on_record(vault: Vault, superuser: psycopg.Connection) -> None:
    token = reserved(vault, "doc-0001", "MCOM_1").token
    keep(vault, token)

    assert run(vault.documents.read(token, FILE + "pdf", READING)) == b"%PDF"
    assert run(vault.documents.read(token, CONTENT, READING)) == FIELDS[CONTENT]
    (stored,) = superuser.execute("SELECT string_agg(ciphertext, '') FROM ledger.item").fetchone() or (b"",)
    (reads,) = superuser.execute("SELECT count(*) FROM ledger.reading").fetchone() or (0,)
    assert FIELDS[CONTENT] not in stored
    assert reads == 2


def test_a_document_is_destroyed_five_years_after_its_issue_and_its_number_is_not_given_again(vault: Vault) -> None:
    token = reserved(vault, "doc-0001", "MCOM_1").token
    later = reserved(vault, "doc-0002", "MCOM_2").token
    keep(vault, token)
    keep(vault, later, KEPT_UNTIL + timedelta(days=1))
    for each in (token, later):
        run(vault.documents.settle(each, issued=True))

    assert run(vault.purge(date(2029, 10, 1))) == 0
    assert start_of_day(date(2029, 10, 2)) == datetime(2029, 10, 1, 15, tzinfo=UTC)
    assert run(vault.purge(date(2029, 10, 2))) == 1
    with pytest.raises(DocumentDestroyed):
        run(vault.documents.read(token, CONTENT, READING))
    assert run(vault.documents.read(later, CONTENT, READING)) == FIELDS[CONTENT]
    assert reserved(vault, "doc-0001", "MCOM_9").issue == b"{}"
    with pytest.raises(NumbersTaken):
        reserved(vault, "doc-0003", "MCOM_1")


def test_of_a_request_that_came_to_nothing_nothing_stays(vault: Vault) -> None:
    token = reserved(vault, "doc-0001", "MCOM_1").token
    keep(vault, token)
    issued = reserved(vault, "doc-0002", "MCOM_2").token
    keep(vault, issued)
    run(vault.documents.settle(issued, issued=True))

    assert run(vault.documents.unsettled(timedelta())) == [token]
    run(vault.documents.settle(token, issued=False, min_age=timedelta(minutes=10)))
    assert run(vault.documents.unsettled(timedelta())) == [token]
    run(vault.documents.settle(token, issued=False))
    run(vault.documents.settle(issued, issued=False))

    assert run(vault.documents.unsettled(timedelta())) == []
    assert run(vault.documents.read(issued, CONTENT, READING)) == FIELDS[CONTENT]
    assert reserved(vault, "doc-0003", "MCOM_1").number == "MCOM_1"
