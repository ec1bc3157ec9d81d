"""Files of providers and banks are understood as a whole or refused as a whole, each bad row by its number."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.imports.profile import ProfileMalformed
from ledger.reconcile import rows as reading
from ledger.reconcile.profile import BUILT_IN_SOURCES, Source, SourceNotFound, Sources, load_source
from ledger.reconcile.rows import TEXT_CHARS_MAX, FileRefused, ReadRow, read_rows
from tests.ledger.reconcile.files import (
    BANK,
    BANK_HEADER,
    PROVIDER,
    bank_file,
    bank_row,
    provider_file,
    provider_row,
    whole,
)

ROWS = (
    bank_row("2024-10-28", "B1", 59_100, "MCOM-1290000001 정산", "한별상사"),
    bank_row("2024-10-28", "B2", -95_000, "rfd_01k7q4m2x9w3t8r5z64"),
    bank_row("2024-10-29", "B3", 1_234_500, "입금", "이름 모름"),
)


def refused(content: bytes, source: Source = BANK) -> dict[str, Any]:
    with pytest.raises(FileRefused) as refusal:
        read_rows(content, source)
    return {"detail": refusal.value.detail, **refusal.value.figures}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_bank_file_in_utf_8_and_in_cp949_says_the_same(encoding: str) -> None:
    read = read_rows(bank_file(*ROWS, encoding=encoding), BANK)

    assert [(row.row, row.day, row.amount_minor, row.reference) for row in read] == [
        (2, date(2024, 10, 28), 59_100, "MCOM-1290000001"),
        (3, date(2024, 10, 28), -95_000, "rfd_01k7q4m2x9w3t8r5z64"),
        (4, date(2024, 10, 29), 1_234_500, None),
    ]
    assert dict(read[2].notes) == {"적요": "입금", "의뢰인": "이름 모름"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_file_cut_at_any_byte_is_refused_or_is_a_whole_file_of_fewer_rows(encoding: str) -> None:
    content = bank_file(*ROWS, encoding=encoding)
    all_rows = read_rows(content, BANK)

    for at in range(len(content)):
        cut = content[:at]
        try:
            read = read_rows(cut, BANK)
        except FileRefused:
            continue
        assert cut.endswith(b"\r\n")
        assert read == all_rows[: len(read)]


def test_each_row_of_a_provider_says_method_fee_and_remittance() -> None:
    (row,) = read_rows(
        provider_file(provider_row("2024-10-28", "T1", 12_222, "order-1", fee=222, remittance="R1")), PROVIDER
    )

    assert row._replace(identity="", said="") == ReadRow(
        2, date(2024, 10, 28), "", "", 12_222, 222, "card", "order-1", "R1", (("buyer", "Haneul Trading"),)
    )


LONG = "x" * (TEXT_CHARS_MAX + 1)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2024.10.28,B9,1", "the row has 3 columns; the header has 6"),
        ("2024-10-28,B9,1,,,", "column '거래일자' must be a date like %Y.%m.%d"),
        ("2024.02.30,B9,1,,,", "column '거래일자' must be a date like %Y.%m.%d"),
        ("2024.10.28,B9,1.5,,,", "column '입금액': amount has more than 0 decimal digits, which KRW does not have"),
        ('2024.10.28,B9,"1,23",,,', "column '입금액': amount must be a plain decimal number"),
        ("2024.10.28,B9,,,,", "one of the columns '입금액' and '출금액' must be above 0"),
        ("2024.10.28,B9,5,5,,", "one of the columns '입금액' and '출금액' must be above 0"),
        ("2024.10.28,B9,-5,,,", "column '입금액' must not be below 0"),
        ("2024.10.28,B9,1000000000000000,,,", "column '입금액': amount must be a plain decimal number"),
        ("2024.10.28,,5,,,", "column '거래번호' must hold 1 to 100 characters"),
        (f"2024.10.28,{'9' * 101},5,,,", "column '거래번호' must hold 1 to 100 characters"),
        (f"2024.10.28,B9,5,,{LONG},", "column '적요' must not be longer than 200 characters"),
        (f"2024.10.28,B9,5,,,{LONG}", "column '의뢰인' must not be longer than 200 characters"),
        ("2024.10.28,B9,5,,\x07,", "column '적요' must hold no control characters"),
    ],
)
def test_one_row_that_cannot_be_understood_refuses_the_file_and_is_named(row: str, why: str) -> None:
    told = refused(whole(BANK_HEADER, [ROWS[0], row, ROWS[1]]))

    assert (told["count"], told["rows"]) == (1, [f"3: {why}"])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (provider_row("2024-10-28", "T1", 0), "column 'amount' must not be 0"),
        (
            provider_row("2024-10-28", "T1", 5, method="COIN"),
            "column 'method' must have one of the values that the profile lists",
        ),
        (
            provider_row("2024-10-28", "T1", 5, order="두 단어"),
            "column 'order_no' must be at most 64 of letters, digits and _ . : / -, or empty",
        ),
    ],
)
def test_a_row_of_a_provider_that_cannot_be_understood_refuses_the_file(row: str, why: str) -> None:
    assert refused(provider_file(row), PROVIDER)["rows"] == [f"2: {why}"]


def test_what_a_row_says_is_never_repeated_in_a_refusal() -> None:
    told = refused(bank_file("2024.10.28,B9,secret-name,,secret-name,secret-name"))

    assert "secret-name" not in str(told)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "the last line of the file does not end: the file was cut"),
        (b"\n", "the file has not the columns that its profile names"),
        (bank_file(), "the file has no rows"),
        (bank_file(ROWS[0])[:-1], "the last line of the file does not end: the file was cut"),
        (b"a,b\r\n1,2\r\n", "the file has not the columns that its profile names"),
        (BANK_HEADER.encode() + b"\r\n\xff\xff,\xff\r\n", "the file is not in the encoding that its profile names"),
        (whole(f"{BANK_HEADER},적요", []), "the file has columns of the profile more than once"),
        (bank_file('2024.10.28,B9,5,,"open,'), "rows of the file cannot be understood; nothing of it was taken"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, detail: str) -> None:
    assert refused(content)["detail"] == detail


def test_a_file_with_more_rows_or_bytes_than_may_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_MAX", 2)
    assert refused(bank_file(*ROWS))["maximum"] == 2
    assert len(read_rows(bank_file(*ROWS[:2]), BANK)) == 2

    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 100)
    assert refused(bank_file(*ROWS))["bytes_max"] == 100


def test_rows_without_a_number_of_their_own_are_told_apart_by_all_they_say_and_how_often() -> None:
    source = BANK.model_copy(update={"columns": BANK.columns.model_copy(update={"id": None})})
    twice = bank_row("2024-10-28", "", 9_900, "입금", "한별상사")
    first, second, other = read_rows(bank_file(twice, twice, bank_row("2024-10-28", "", 9_900)), source)
    again, *_ = read_rows(bank_file(twice), source)

    assert len({first.identity, second.identity, other.identity}) == 3
    assert again.identity == first.identity


PROFILE = """
name = "house"
side = "bank"
currency = "KRW"
[columns]
date = "d"
amount = "a"
"""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", None),
        ('amount_in = "i"\namount_out = "o"', "columns: must name amount, or amount_in and amount_out"),
        ('fee = "f"', "the profile: method, fee and remittance are a provider's, not a bank's"),
        ('reference = "r"', "the profile: reference_pattern must say what of a bank's column reference is one"),
        (
            '[sign]\ncolumn = "s"\ncredit = ["C"]\ndebit = ["C"]',
            "sign: credit and debit must each list values, and share none",
        ),
        ('wrong = "x"', "columns.wrong: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_a_profile_is_one_sentence_that_names_the_key(tmp_path: Path, more: str, why: str | None) -> None:
    (tmp_path / "house.toml").write_text(PROFILE + more, encoding="utf-8")

    if why is None:
        assert Sources(tmp_path).get("house").side == "bank"
        return
    with pytest.raises(ProfileMalformed) as refusal:
        load_source(tmp_path / "house.toml")
    assert refusal.value.detail == why


def test_sources_are_the_profiles_of_the_folder_and_the_examples_and_nothing_outside_it(tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text(PROFILE, encoding="utf-8")
    sources = Sources(tmp_path)

    assert list(sources.names()) == ["example-bank", "example-provider", "house"]
    assert list(BUILT_IN_SOURCES.names()) == ["example-bank", "example-provider"]
    for name in ("../house", "nobody", "", "/etc/passwd", "HOUSE"):
        with pytest.raises(SourceNotFound):
            sources.get(name)
