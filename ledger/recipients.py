"""Taking people in: rows that somebody typed or sent in a file become people, or come back with the reasons why not.

Pure. A row is a mapping from field to text; what is said about a bad one names the field and its rule, never the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from aggregates.errors import Rejected
from ledger.vault.people import PEOPLE_MAX
from ledger.vault.person import Person
from ledger.vault.uploads import BadRow

LENGTHS = {"name": 10, "company": 20, "department": 20, "title": 10}
"""Characters at most (SPEC 3.1, B2)."""

FIELDS = ("phone", "name", "company", "department", "title", "anniversary", "calendar")

_PHONE = re.compile(r"01[016789][0-9]{7,8}")
_PHONE_DONE = re.compile(r"010[0-9]{8}")
_BARE_PHONE = re.compile(r"1[016789][0-9]{7,8}")
"""A number whose first 0 a spreadsheet took for nothing."""

_IRANIAN = re.compile(r"(?:\+98|0098|0)(9[0-9]{9})", re.ASCII)
_DAY = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})")
_CALENDARS = {
    "": "solar",
    "solar": "solar",
    "lunar": "lunar",
    "양력": "solar",
    "음력": "lunar",
    "양": "solar",
    "음": "lunar",
}
_HEADS = {
    "phone": "phone phonenumber mobile mobilephone 휴대폰 휴대폰번호 휴대전화번호 전화번호 연락처 수신번호",
    "name": "name 이름 성명 성함",
    "company": "company 회사 회사명",
    "department": "department 부서 부서명",
    "title": "title 직책 직급 직함",
    "anniversary": "anniversary birthday 기념일 생일",
    "calendar": "calendar solar/lunar 양력/음력 음력/양력 양음력 음양력",
}
_FIELD_OF_HEAD = {word: field for field, words in _HEADS.items() for word in words.split()}
_LUNAR_DAYS_MAX = 30


class ColumnsMissing(Rejected):
    """The file's first row does not name the columns that are needed."""

    code = "columns_missing"


class NoRows(Rejected):
    """Nobody is named: at least one is needed (SPEC 3.1)."""

    code = "recipients_missing"


class TooManyPeople(Rejected):
    """More people than one request may name (SPEC 3.1)."""

    code = "recipients_too_many"


class BadRows(Rejected):
    """Some of the rows cannot be used; each is named with its field and rule, and nothing was done."""

    code = "recipients_invalid"


class Kind(NamedTuple):
    """What rows are taken for.

    Attributes:
        name: recipients or contacts. needed: fields that every row has. order: of columns in a file without a header,
            and in a sample.
    """

    name: str
    needed: tuple[str, ...]
    order: tuple[str, ...]


RECIPIENTS = Kind("recipients", ("phone",), ("phone", "name", "company", "title", "anniversary", "calendar"))
CONTACTS = Kind(
    "contacts", ("name", "phone"), ("name", "phone", "anniversary", "calendar", "company", "department", "title")
)
CELEBRATED = RECIPIENTS._replace(needed=("phone", "anniversary"))
"""Recipients of an anniversary rule (SPEC V2)."""

KINDS = {kind.name: kind for kind in (RECIPIENTS, CONTACTS)}


class Taken(NamedTuple):
    """What became of rows. good: in order. bad: with reasons. duplicates: good rows whose number came before."""

    good: list[Person]
    bad: list[BadRow]
    duplicates: int


def take_rows(rows: Iterable[tuple[int, Mapping[str, str]]], kind: Kind) -> Taken:
    """Part rows into people and bad rows.

    Args:
        rows: (number, field -> text).

    Source: SPEC 3.1, B2.
    """
    good: list[Person] = []
    bad: list[BadRow] = []
    for number, fields in rows:
        person, reasons = read_person(fields, kind)
        if reasons:
            bad.append(BadRow(number, tuple(fields.get(name, "") for name in kind.order), tuple(reasons)))
        else:
            good.append(person)
    return Taken(good, bad, len(good) - len({person.phone for person in good}))


def take_sheet(rows: Sequence[tuple[int, Sequence[str]]], kind: Kind) -> Taken:
    """Part the rows of a file, whose first row names its columns unless it is a person already.

    Raises:
        NoRows: the file is empty. ColumnsMissing: neither names nor a person stand in its first row.
    """
    if not rows:
        raise NoRows("the file has no rows", minimum=1)
    columns = _columns(rows[0][1])
    if all(name in columns for name in kind.needed):
        rows = rows[1:]
    elif not columns and any(read_phone(cell) for cell in rows[0][1]):
        columns = {name: index for index, name in enumerate(kind.order)}
    else:
        needed = ", ".join(kind.needed)
        raise ColumnsMissing(f"the first row of the file must name its columns: {needed}", allowed=list(kind.order))
    if not rows:
        raise NoRows("the file has no rows below its header", minimum=1)
    return take_rows(((number, _fields(cells, columns)) for number, cells in rows), kind)


def check_count(count: int) -> None:
    """Refuse nobody and too many. Raises: NoRows, TooManyPeople. Source: SPEC 3.1: 1..10,000."""
    if count < 1:
        raise NoRows("name at least one recipient", minimum=1)
    if count > PEOPLE_MAX:
        raise TooManyPeople(f"one request may name {PEOPLE_MAX} people", maximum=PEOPLE_MAX, requested=count)


def read_person(fields: Mapping[str, str], kind: Kind) -> tuple[Person, list[str]]:
    """Return a row as a person, and the reasons why it is none: then the person means nothing."""
    reasons: list[str] = []
    texts: dict[str, str] = {}
    for name in FIELDS:
        text = fields.get(name, "")
        if text:
            text = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
        texts[name] = text
        if not text:
            if name in kind.needed:
                reasons.append(f"{name} is required")
        elif not text.isprintable():
            reasons.append(f"{name} may not hold control characters")
        elif len(text) > LENGTHS.get(name, len(text)):
            reasons.append(f"{name} may have {LENGTHS[name]} characters")
    if texts["phone"] and not any(reason.startswith("phone") for reason in reasons):
        texts["phone"] = read_phone(texts["phone"])
        if not texts["phone"]:
            reasons.append("phone must be a mobile number: 010 and 8 digits, or 011, 016 to 019 and 7 or 8")
    calendar = _CALENDARS.get(texts["calendar"].lower(), "")
    if not calendar:
        reasons.append("calendar must be solar or lunar")
    if texts["anniversary"] and calendar:
        texts["anniversary"] = read_day(texts["anniversary"], calendar)
        if not texts["anniversary"]:
            reasons.append("anniversary must be a date such as 1990/08/15")
    return Person(**texts | {"calendar": calendar}), reasons


def owner_name(account_id: str, member_id: str | None) -> str:
    """Return whose things in the vault these are: the master's of an account, or one member's."""
    return account_id if member_id is None else f"{account_id}/{member_id}"


def read_phone(text: str) -> str:
    """Return a mobile number as digits alone; "" when it is none. Full-width digits and +82 are understood."""
    if _PHONE_DONE.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    digits = re.sub(r"[-. ()\u2010-\u2015]", "", plain)
    if digits.startswith("+82"):
        digits = "0" + digits[3:].removeprefix("0")
    if _BARE_PHONE.fullmatch(digits):
        digits = f"0{digits}"
    if not _PHONE.fullmatch(digits) or (digits.startswith("010") and len(digits) != 11):
        return ""
    return digits


def read_mobile(text: str) -> str:
    """Return a mobile number of Korea or Iran as digits alone, with its first 0; "" when it is none."""
    korean = read_phone(text)
    if korean:
        return korean
    digits = re.sub(r"[-. ()\u2010-\u2015]", "", unicodedata.normalize("NFKC", text))
    match = _IRANIAN.fullmatch(digits)
    return "" if match is None else f"0{match.group(1)}"


def read_day(text: str, calendar: str) -> str:
    """Return a date as YYYY-MM-DD; "" when the calendar has none such. A lunar month has at most 30 days."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        return ""
    year, month, day = (int(part) for part in match.groups())
    if not 1900 <= year < 2200:
        return ""
    if calendar == "lunar":
        return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= _LUNAR_DAYS_MAX else ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def refuse_bad(bad: Sequence[BadRow], shown_max: int = 20) -> None:
    """Refuse rows of which some are bad. Raises: BadRows, naming the first of them."""
    if bad:
        rows = [f"{each.row}: {'; '.join(each.reasons)}" for each in bad[:shown_max]]
        raise BadRows(f"{len(bad)} rows cannot be used; rows says which and why", rows=rows, bad=len(bad))


def _columns(header: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(header):
        word = re.sub(r"\(.*?\)|[*\s_-]", "", unicodedata.normalize("NFKC", cell)).lower()
        if (field := _FIELD_OF_HEAD.get(word)) is not None:
            found.setdefault(field, index)
    return found


def _fields(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    return {name: cells[index] for name, index in columns.items() if index < len(cells)}
