"""Who is paid, and where to: kept once a request, shown by last digits, refused without a word of it (SPEC R-136)."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates.errors import Rejected
from ledger.database import Database, connect
from ledger.recall import KeyReused
from ledger.vault import Reading, Vault
from ledger.vault.payouts import FORGOTTEN, FORGOTTEN_PAYEE, Destination, Payee, read_destination
from tests.ledger.test_vault import KEK, LEDGER_ID, run

DAY = date(2026, 3, 9)
PAYEE = Payee("Haneul", "01000000007", "haneul@town.example")
ACCOUNT = Destination("Harbour Bank", "110220330440", "Haneul")


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)


def test_the_same_request_keeps_a_payee_once_and_another_one_is_refused(vault: Vault) -> None:
    token, new = run(vault.payouts.put_payee("key_1", "request-1", PAYEE, DAY))
    again = run(vault.payouts.put_payee("key_1", "request-1", PAYEE, DAY))
    with pytest.raises(KeyReused):
        run(vault.payouts.put_payee("key_1", "request-1", PAYEE._replace(name="Byeol"), DAY))

    assert (new, again) == (True, (token, False))
    assert run(vault.payouts.payees([token], Reading("key_1", "a test"))) == {token: PAYEE}
    assert run(vault.payouts.payees([token], None)) == {token: Payee("H**", "***-***-0007", "***@town.example")}


def test_of_an_account_or_a_card_nothing_but_its_last_four_digits_is_shown(vault: Vault) -> None:
    card = read_destination("card", number="4242 4242 4242 4242", holder="Haneul")
    tokens = [run(vault.payouts.put_destination("key_1", str(each), each))[0] for each in (ACCOUNT, card)]

    shown = run(vault.payouts.masked(tokens))

    assert [shown[token] for token in tokens] == [
        Destination("Harbour Bank", "***-***-0440", "H**"),
        Destination("card", "***-***-4242", "H**"),
    ]


def test_who_was_erased_is_shown_as_forgotten(vault: Vault) -> None:
    payee, _ = run(vault.payouts.put_payee("key_1", "request-1", PAYEE, DAY))
    destination, _ = run(vault.payouts.put_destination("key_1", "request-1", ACCOUNT))
    for token in (payee, destination):
        assert run(vault.erase(token))

    assert run(vault.payouts.payees([payee], None)) == {payee: FORGOTTEN_PAYEE}
    assert run(vault.payouts.masked([destination])) == {destination: FORGOTTEN}


def test_a_number_is_kept_for_five_years_after_the_last_day(vault: Vault, vault_database: Database) -> None:
    run(vault.payouts.put_payee("key_1", "request-1", PAYEE, DAY))

    with connect(vault_database.vault_migrate) as superuser:
        query = f"SELECT DISTINCT retain_until FROM {vault_database.schema}.item"
        assert superuser.execute(query.encode()).fetchall() == [(date(2031, 3, 9),)]


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        ("account", {"number": "110-22", "holder": "Haneul", "bank": "Harbour Bank"}, "account_number_invalid"),
        ("account", {"number": "abc110220", "holder": "Haneul", "bank": "Harbour Bank"}, "account_number_invalid"),
        ("account", {"number": "110220330440", "holder": " ", "bank": "Harbour Bank"}, "holder_missing"),
        ("account", {"number": "110220330440", "holder": "Haneul", "bank": ""}, "holder_missing"),
        ("card", {"number": "4242424242424241", "holder": "Haneul"}, "card_number_invalid"),
        ("card", {"number": "4242424242424242", "holder": "H" * 101}, "holder_missing"),
    ],
)
def test_r_136_what_cannot_be_paid_to_is_refused_without_repeating_it(
    kind: str, typed: dict[str, str], code: str
) -> None:
    with pytest.raises(Rejected) as refused:
        read_destination(kind, **typed)

    assert refused.value.code == code
    assert typed["number"] not in refused.value.detail


def test_hyphens_and_full_width_digits_are_left_out() -> None:
    read = read_destination("account", number="１１０-２２０-３３０４４０", holder=" Haneul  Kim ", bank="Harbour Bank")

    assert read == Destination("Harbour Bank", "110220330440", "Haneul Kim")
