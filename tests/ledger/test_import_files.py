"""Profiles and files: what a mistake in either is answered with, and that one bad line spoils no other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aggregates.errors import Malformed
from ledger.imports.profile import Profile, ProfileMalformed, load_profile
from ledger.imports.reader import LINE_CHARS_MAX, Broken, FileMalformed, Raw, SourceFile
from ledger.imports.rows import Rows
from tests.ledger.bank_file import PROFILE

MINIMAL = """
name = "old-bank"
currency = "EUR"
{more}
[columns]
account = "konto"
reference = "nr"
date = "tag"
amount = "betrag"
{columns}
"""


def profile(tmp_path: Path, more: str = "", columns: str = "") -> Profile:
    file = tmp_path / "profile.toml"
    file.write_text(MINIMAL.format(more=more, columns=columns))
    return load_profile(file)


def read(tmp_path: Path, text: str | bytes, made: Profile) -> list[Raw | Broken]:
    file = tmp_path / "rows"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with SourceFile(file, made) as source:
        return list(source)


def row(**values: str) -> Raw:
    return Raw(2, "", {"konto": "1", "nr": "7", "tag": "2026-01-05", "betrag": "1.00", **values})


def test_the_example_profile_describes_the_bank_transactions_of_pkdd99() -> None:
    made = load_profile(PROFILE)

    assert (made.name, made.currency, made.delimiter, made.accounts.overdraft) == ("pkdd99", "CZK", ";", "unlimited")
    assert made.accounts.overdraft_limit_minor is None


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ('encoding = "klingon"', "encoding"),
        ('zone = "Nowhere/Else"', "zone"),
        ('date_format = "%H:%M"', "date_format"),
        ('format = "xlsx"', "format"),
        ('delimiter = ";;"', "delimiter"),
        ('amount = "float"', "amount"),
        ('colour = "red"', "colour"),
        ('[accounts]\nname = "{who}"', "accounts.name"),
        ("[accounts]\noverdraft = -1", "accounts.overdraft"),
        ("[accounts]\noverdraft = 1.5", "accounts.overdraft"),
        ('[sign]\ncolumn = "art"\ncredit = ["H"]\ndebit = ["H"]', "sign"),
    ],
)
def test_a_mistake_in_a_profile_is_named_by_its_key(tmp_path: Path, more: str, named: str) -> None:
    with pytest.raises(ProfileMalformed) as caught:
        profile(tmp_path, more)

    assert caught.value.detail.startswith(named)


@pytest.mark.parametrize("text", ["name = ", "\x00", 'name = "a"', 'currency = "XXX"'])
def test_a_profile_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(text)

    with pytest.raises(ProfileMalformed):
        load_profile(file)


def test_a_missing_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileMalformed):
        load_profile(tmp_path / "none.toml")


def test_a_file_without_a_column_of_its_profile_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(FileMalformed) as caught:
        read(tmp_path, "konto,nr,tag\n1,2,3\n", profile(tmp_path))

    assert "'betrag'" in caught.value.detail


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMalformed):
        read(tmp_path, "", profile(tmp_path))


def test_a_csv_without_a_header_line_takes_its_names_from_the_profile(tmp_path: Path) -> None:
    made = profile(tmp_path, 'header = ["konto", "nr", "tag", "betrag"]')

    assert read(tmp_path, "1,2,3,4\n", made) == [
        Raw(1, "1,2,3,4", {"konto": "1", "nr": "2", "tag": "3", "betrag": "4"})
    ]


def test_lines_are_numbered_as_an_editor_does_and_empty_ones_are_no_rows(tmp_path: Path) -> None:
    found = read(tmp_path, b"\xef\xbb\xbfkonto,nr,tag,betrag\r\n1,2,3,4\r\n\r\n5,6,7,8", profile(tmp_path))

    assert [(one.line, one.text) for one in found] == [(2, "1,2,3,4"), (4, "5,6,7,8")]


def test_a_quoted_field_may_run_over_lines(tmp_path: Path) -> None:
    found = read(tmp_path, 'konto,nr,tag,betrag\n"1\n1",2,3,4\n5,6,7,8\n', profile(tmp_path))

    assert found[0] == Raw(2, '"1\n1",2,3,4', {"konto": "1\n1", "nr": "2", "tag": "3", "betrag": "4"})
    assert found[1].line == 4


def test_a_quote_that_does_not_close_spoils_its_own_line_only(tmp_path: Path) -> None:
    found = read(tmp_path, 'konto,nr,tag,betrag\n"1,2,3,4\n5,6,7,8\n9,10,11,12\n', profile(tmp_path))

    assert [type(one) for one in found] == [Broken, Raw, Raw]
    assert [one.line for one in found] == [2, 3, 4]


@pytest.mark.parametrize("line", ["1,2,3", "1,2,3,4,5", '1,2,3,"4"5', "1,2,3,4\r5"])
def test_a_line_that_is_no_row_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"konto,nr,tag,betrag\n{line}\n5,6,7,8\n", profile(tmp_path))

    assert isinstance(found[0], Broken)
    assert (found[0].line, found[0].text) == (2, line)
    assert isinstance(found[1], Raw)


@pytest.mark.parametrize("over", [0, 1])
def test_a_line_has_a_bound(tmp_path: Path, over: int) -> None:
    line = "1,2,3," + "4" * (LINE_CHARS_MAX - 6 + over)

    found = read(tmp_path, f"konto,nr,tag,betrag\n{line}\n5,6,7,8\n", profile(tmp_path))

    assert [type(one) for one in found] == [Broken if over else Raw, Raw]
    assert found[1].line == 3


def test_numbers_of_ndjson_stay_the_text_they_are(tmp_path: Path) -> None:
    text = '{"konto": 1, "nr": "7", "tag": "2026-01-05", "betrag": 0.10}\n[1]\nnone\n{"betrag": NaN}\n'

    found = read(tmp_path, text, profile(tmp_path, 'format = "ndjson"'))

    assert found[0] == Raw(1, text.split("\n")[0], {"konto": "1", "nr": "7", "tag": "2026-01-05", "betrag": "0.10"})
    assert [(type(one), one.line) for one in found[1:]] == [(Broken, 2), (Broken, 3), (Broken, 4)]


def test_a_byte_of_another_encoding_spoils_its_own_row_only(tmp_path: Path) -> None:
    made = profile(tmp_path, columns='text = "zweck"')
    found = read(tmp_path, b"konto,nr,tag,betrag,zweck\n1,2,2026-01-05,4,a\xffb\n1,3,2026-01-05,4,ok\n", made)
    rows = Rows(made)

    with pytest.raises(Malformed):
        rows.movement(found[0])  # type: ignore[arg-type]
    assert rows.movement(found[1]).text == "ok"  # type: ignore[arg-type]


def test_a_cp949_file_is_read_as_what_it_is(tmp_path: Path) -> None:
    made = profile(tmp_path, 'encoding = "cp949"', 'text = "zweck"')

    found = read(tmp_path, "konto,nr,tag,betrag,zweck\n1,2,2026-01-05,4,이자\n".encode("cp949"), made)

    assert Rows(made).movement(found[0]).text == "이자"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "written", "amount_minor"),
    [
        ("", "12.34", 1_234),
        ("", "-0.01", -1),
        ("", "+7", 700),
        ("", "1.500", 150),
        ('decimal_mark = ","', "12,34", 1_234),
        ('decimal_mark = ","\ngroup_mark = "."', "1.234.567,89", 123_456_789),
        ('group_mark = ","', "1,234", 123_400),
        ('group_mark = ","', "1234.5", 123_450),
        ('amount = "minor"', "-1234", -1_234),
    ],
)
def test_amounts_are_exact(tmp_path: Path, more: str, written: str, amount_minor: int) -> None:
    made = Rows(profile(tmp_path, more))

    assert made.movement(row(betrag=written)).amount_minor == amount_minor


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ("", "12.345"),
        ("", "1,234.00"),
        ("", "1e3"),
        ("", "١٢"),
        ("", "1_000"),
        ("", "NaN"),
        ("", ""),
        ("", "9" * 16),
        ('decimal_mark = ","', "12.34"),
        ('group_mark = ","', "1,23,4"),
        ('amount = "minor"', "12.0"),
        ('amount = "minor"', ""),
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(tmp_path: Path, more: str, written: str) -> None:
    made = Rows(profile(tmp_path, more))

    with pytest.raises(Malformed):
        made.movement(row(betrag=written))


@pytest.mark.parametrize(("art", "amount_minor"), [("H", 100), ("S", -100), (" S ", -100)])
def test_the_sign_may_come_from_a_column(tmp_path: Path, art: str, amount_minor: int) -> None:
    made = Rows(profile(tmp_path, columns='[sign]\ncolumn = "art"\ncredit = ["H"]\ndebit = ["S"]'))

    assert made.movement(row(art=art)).amount_minor == amount_minor


@pytest.mark.parametrize("values", [{"art": "X"}, {"art": ""}, {"art": "S", "betrag": "-1.00"}])
def test_a_sign_that_the_profile_does_not_list_is_refused(tmp_path: Path, values: dict[str, str]) -> None:
    made = Rows(profile(tmp_path, columns='[sign]\ncolumn = "art"\ncredit = ["H"]\ndebit = ["S"]'))

    with pytest.raises(Malformed):
        made.movement(row(**values))


def test_a_date_alone_is_midnight_in_the_zone_of_the_profile(tmp_path: Path) -> None:
    movement = Rows(profile(tmp_path, 'zone = "Asia/Seoul"')).movement(row(tag="2026-01-05"))

    assert movement.booked_on == date(2026, 1, 5)
    assert movement.occurred_at.isoformat() == "2026-01-04T15:00:00+00:00"


@pytest.mark.parametrize("tag", ["", "2026-02-30", "05.01.2026", "1776-07-04", "0001-01-01"])
def test_what_is_not_a_date_of_the_profile_is_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(Malformed):
        Rows(profile(tmp_path)).movement(row(tag=tag))


@pytest.mark.parametrize("values", [{"konto": " "}, {"nr": ""}, {"nr": "7\x00"}, {"nr": "x" * 201}, {"konto": "a\nb"}])
def test_account_and_reference_must_be_plain_text(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        Rows(profile(tmp_path)).movement(row(**values))


def test_rows_that_the_profile_skips_are_passed_over(tmp_path: Path) -> None:
    made = Rows(profile(tmp_path, columns='[[skip]]\ncolumn = "art"\nvalues = ["SALDO"]'))

    assert made.skips(row(art="SALDO"))
    assert not made.skips(row(art="H"))
