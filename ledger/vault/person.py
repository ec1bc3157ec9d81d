"""A person as the vault keeps it, and how much of it is shown to those who may not see it. No I/O."""

from __future__ import annotations

from typing import NamedTuple

import orjson

MASK = "***"
SHOWN_DIGITS = 4
MASKED_LENGTH_MIN = 8
"""Shorter numbers are masked whole: of a number of six digits, four would be too many to show."""


class Person(NamedTuple):
    """One recipient or contact; "" = not told.

    Attributes:
        phone: digits alone. name, company, title, department: as bounded by `ledger.recipients`.
        anniversary: "YYYY-MM-DD" in the calendar named beside it, which need not be a date of the other one.
        calendar: solar or lunar.
    """

    phone: str
    name: str = ""
    company: str = ""
    title: str = ""
    department: str = ""
    anniversary: str = ""
    calendar: str = "solar"


HIDDEN = Person(MASK, MASK, MASK, MASK, MASK, MASK, "solar")
"""What is shown of somebody who has been erased."""


def packed(person: Person) -> bytes:
    """Return a person as the bytes that are sealed: what is not told takes no room."""
    fields = {name: value for name, value in person._asdict().items() if value}
    return orjson.dumps(fields)


def unpacked(value: bytes) -> Person:
    """Return the person that `packed` made these bytes of."""
    return Person(**orjson.loads(value))


def mask(number: str) -> str:
    """Return a number with all but its last four characters hidden: ***-***-6789. A short one is hidden whole."""
    plain = "".join(character for character in number if character.isalnum())
    return f"{MASK}-{MASK}-{plain[-SHOWN_DIGITS:]}" if len(plain) >= MASKED_LENGTH_MIN else MASK


def masked(person: Person) -> Person:
    """Return a person with the last digits of its number and the first letter of its name, and nothing else."""
    return Person(
        mask(person.phone),
        person.name and f"{person.name[0]}**",
        person.company and MASK,
        person.title and MASK,
        person.department and MASK,
        person.anniversary and MASK,
        person.calendar,
    )
