"""Rows of people: what is taken, what comes back, and why."""

from __future__ import annotations

import pytest

from ledger.recipients import (
    CELEBRATED,
    CONTACTS,
    RECIPIENTS,
    ColumnsMissing,
    NoRows,
    TooManyPeople,
    check_count,
    read_day,
    read_mobile,
    read_person,
    read_phone,
    take_rows,
    take_sheet,
)
from ledger.vault import Person

PHONE = "01000000001"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("01000000001", PHONE),
        ("010-0000-0001", PHONE),
        (" 010 0000 0001 ", PHONE),
        ("010.0000.0001", PHONE),
        ("+82 10-0000-0001", PHONE),
        ("+82 010-0000-0001", PHONE),
        ("1000000001", PHONE),
        ("０１０００００００01", PHONE),
        ("0110000001", "0110000001"),
        ("01900000001", "01900000001"),
        ("0100000001", ""),
        ("010000000012", ""),
        ("0200000001", ""),
        ("01200000001", ""),
        ("phone", ""),
        ("", ""),
        ("٠١٠٠٠٠٠٠٠٠١", ""),
        ("01000000001;", ""),
    ],
)
def test_a_number_is_a_mobile_number_without_hyphens(text: str, digits: str) -> None:
    assert read_phone(text) == digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("010-0000-0001", "01000000001"),
        ("+82 10 0000 0001", "01000000001"),
        ("+98 912 000 0001", "09120000001"),
        ("0098-912-000-0001", "09120000001"),
        ("09120000001", "09120000001"),
        ("9120000001", ""),
        ("+98 21 0000 0001", ""),
        ("+1 912 000 0001", ""),
    ],
)
def test_who_is_asked_for_money_has_a_mobile_number_of_korea_or_iran(text: str, digits: str) -> None:
    assert read_mobile(text) == digits


@pytest.mark.parametrize(("field", "most"), [("name", 10), ("company", 20), ("department", 20), ("title", 10)])
def test_a_text_has_its_length_at_most(field: str, most: int) -> None:
    fits = {"phone": PHONE, "name": "가", field: "가" * most}
    too_long = {"phone": PHONE, "name": "가", field: "가" * (most + 1)}

    assert read_person(fits, CONTACTS)[1] == []
    assert read_person(too_long, CONTACTS)[1] == [f"{field} may have {most} characters"]


def test_letters_that_are_put_together_count_once() -> None:
    decomposed = "각" * 10

    person, reasons = read_person({"phone": PHONE, "name": decomposed}, RECIPIENTS)

    assert (person.name, reasons) == ("각" * 10, [])


@pytest.mark.parametrize(
    ("text", "calendar", "day"),
    [
        ("1990/08/15", "solar", "1990-08-15"),
        ("1990-08-15", "solar", "1990-08-15"),
        ("1990.08.15", "solar", "1990-08-15"),
        ("19900815", "solar", "1990-08-15"),
        ("1992/02/29", "solar", "1992-02-29"),
        ("1990/02/29", "solar", ""),
        ("1990/02/30", "lunar", "1990-02-30"),
        ("1990/02/31", "lunar", ""),
        ("1990/13/01", "lunar", ""),
        ("1990/8/15", "solar", ""),
        ("1899/12/31", "solar", ""),
        ("birthday", "solar", ""),
    ],
)
def test_a_date_is_one_of_its_calendar(text: str, calendar: str, day: str) -> None:
    assert read_day(text, calendar) == day


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({}, ["phone is required"]),
        ({"phone": "12"}, ["phone must be a mobile number: 010 and 8 digits, or 011, 016 to 019 and 7 or 8"]),
        ({"phone": PHONE, "name": "a\u202eb"}, ["name may not hold control characters"]),
        ({"phone": PHONE, "calendar": "moon"}, ["calendar must be solar or lunar"]),
        ({"phone": PHONE, "anniversary": "x"}, ["anniversary must be a date such as 1990/08/15"]),
        ({"name": "x" * 11}, ["phone is required", "name may have 10 characters"]),
    ],
)
def test_a_bad_row_comes_back_with_all_its_reasons(fields: dict[str, str], reasons: list[str]) -> None:
    taken = take_rows([(7, fields)], RECIPIENTS)

    assert taken.good == []
    assert [(each.row, list(each.reasons)) for each in taken.bad] == [(7, reasons)]


def test_good_rows_are_kept_and_numbers_that_come_again_are_counted() -> None:
    rows = [{"phone": PHONE}, {"phone": "010-0000-0001"}, {"phone": "x"}, {"phone": "01000000002", "name": "=1+1"}]

    taken = take_rows(enumerate(rows, 1), RECIPIENTS)

    assert taken.good == [Person(PHONE), Person(PHONE), Person("01000000002", "=1+1")]
    assert [each.row for each in taken.bad] == [3]
    assert taken.duplicates == 1


def test_a_contact_needs_a_name_and_a_celebrated_person_a_date_b2_v2() -> None:
    assert read_person({"phone": PHONE}, CONTACTS)[1] == ["name is required"]
    assert read_person({"phone": PHONE}, CELEBRATED)[1] == ["anniversary is required"]
    assert read_person({"phone": PHONE, "anniversary": "1990/08/15", "calendar": "음력"}, CELEBRATED) == (
        Person(PHONE, anniversary="1990-08-15", calendar="lunar"),
        [],
    )


@pytest.mark.parametrize(
    "header",
    [
        ["name", "phone", "company"],
        ["Name *", "Phone number", "COMPANY"],
        ["이름", "휴대폰 번호(필수)", "회사명"],
    ],
)
def test_the_first_row_names_the_columns(header: list[str]) -> None:
    taken = take_sheet([(1, header), (2, ["Nari", PHONE, "Blue Kite"]), (4, ["Haneul"])], RECIPIENTS)

    assert taken.good == [Person(PHONE, "Nari", "Blue Kite")]
    assert [each.row for each in taken.bad] == [4]


def test_a_file_without_a_header_has_its_columns_in_order() -> None:
    assert take_sheet([(1, [PHONE, "Nari"])], RECIPIENTS).good == [Person(PHONE, "Nari")]
    assert take_sheet([(1, ["Nari", PHONE])], CONTACTS).good == [Person(PHONE, "Nari")]


def test_a_file_without_the_needed_columns_is_refused() -> None:
    for rows in ([(1, ["name", "company"]), (2, ["Nari", "x"])], [(1, ["x", "y"])]):
        with pytest.raises(ColumnsMissing):
            take_sheet(rows, RECIPIENTS)
    for rows in ([], [(1, ["phone"])]):
        with pytest.raises(NoRows):
            take_sheet(rows, RECIPIENTS)


def test_a_request_names_one_to_ten_thousand_people() -> None:
    check_count(1)
    check_count(10_000)

    with pytest.raises(NoRows):
        check_count(0)
    with pytest.raises(TooManyPeople):
        check_count(10_001)
