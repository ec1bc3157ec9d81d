"""Shapes of uploads and of the address book. What is answered to a change holds ids and counts, never a person."""

from __future__ import annotations

from typing import Literal

from api.shapes.base import DATE, Shape, example

UPLOAD_ID = "upl_cqsbaq4u3ff7tpwmkwyzkv4y2c5no3ab"
FOLDER_ID = "fld_h6q2n5kcrqk4tzsmtjv6chfvfmkkpwqd"
GROUP_ID = "grp_5ywhotv2lrsmgh3jqx2svvgsz2dwnxyb"
CONTACT_ID = "con_7bzq4gnt3mfqhv5yfkwsc2xjk6d3wrpe"
FAILURE_FILE = f"/v1/uploads/{UPLOAD_ID}/failures"


class RowFailure(Shape):
    """Why a row cannot be used."""

    row: int
    reasons: list[str]


class Upload(Shape):
    """What was read from a file; `failures` has the first 100 bad rows, the failure file all of them."""

    model_config = example(
        upload_id=UPLOAD_ID,
        kind="recipients",
        good=98,
        bad=1,
        duplicates=0,
        failures=[{"row": 7, "reasons": ["name may have 10 characters"]}],
        failure_file=FAILURE_FILE,
        kept_until=DATE,
    )

    upload_id: str
    kind: Literal["recipients", "contacts"]
    good: int
    bad: int
    duplicates: int
    failures: list[RowFailure]
    failure_file: str | None
    kept_until: str


class Folder(Shape):
    """A folder of the address book; `groups` is how many it has."""

    model_config = example(id=FOLDER_ID, name="Customers", groups=2)

    id: str
    name: str
    groups: int


class FolderRef(Shape):
    """The folder that was made or changed."""

    model_config = example(id=FOLDER_ID)

    id: str


class FolderDeleted(Shape):
    """The folder that is gone, and how many contacts went with it."""

    model_config = example(id=FOLDER_ID, contacts=12)

    id: str
    contacts: int


class Group(Shape):
    """A group of contacts; `contacts` is how many it has."""

    model_config = example(id=GROUP_ID, folder_id=FOLDER_ID, name="Seoul", contacts=12)

    id: str
    folder_id: str
    name: str
    contacts: int


class GroupRef(Shape):
    """The group that was made or changed, and its folder where that was decided."""

    model_config = example(id=GROUP_ID, folder_id=FOLDER_ID)

    id: str
    folder_id: str | None = None


class GroupDeleted(Shape):
    """The group that is gone, and how many contacts went with it."""

    model_config = example(id=GROUP_ID, contacts=12)

    id: str
    contacts: int


class Contact(Shape):
    """A contact; masked for whoever may not see it in clear. `anniversary` is null when not told."""

    model_config = example(
        id=CONTACT_ID,
        group_id=GROUP_ID,
        name="Haneul",
        phone="01000000001",
        anniversary="1990-08-15",
        calendar="solar",
        company="Blue Kite Trading",
        department="",
        title="",
        masked=False,
    )

    id: str
    group_id: str
    name: str
    phone: str
    anniversary: str | None
    calendar: Literal["solar", "lunar"]
    company: str
    department: str
    title: str
    masked: bool


class ContactRef(Shape):
    """The contact that was made or changed, and its group where that was decided."""

    model_config = example(id=CONTACT_ID, group_id=GROUP_ID)

    id: str
    group_id: str | None = None


class ContactsAdded(Shape):
    """What became of many rows: good ones are kept, bad ones come back."""

    model_config = example(
        group_id=GROUP_ID,
        good=98,
        bad=1,
        duplicates=0,
        failures=[{"row": 7, "reasons": ["phone is required"]}],
        failure_file=FAILURE_FILE,
    )

    group_id: str
    good: int
    bad: int
    duplicates: int
    failures: list[RowFailure]
    failure_file: str | None


class ContactsMoved(Shape):
    """How many contacts lie in the group now that did not before."""

    model_config = example(group_id=GROUP_ID, moved=3)

    group_id: str
    moved: int


class ContactsDeleted(Shape):
    """How many contacts are gone."""

    model_config = example(deleted=3)

    deleted: int
