"""Calls of the operations of one noun, each held against its shape by the visitor that makes them."""

from __future__ import annotations

from typing import Any, Protocol

from ledger.command import Command
from ledger.commands.sender_profiles import RecordRegistration, RecordTokenSent
from tests.api.sheets import csv_of


class Visitor(Protocol):
    """Calls an operation by name; see `tests.api.test_answers`."""

    async def __call__(
        self,
        name: str,
        body: Any = None,
        *,
        query: str = "",
        key: str | None = None,
        content: bytes | None = None,
        **ids: str,
    ) -> Any:
        """Return the answer."""

    async def do(self, command: Command) -> None:
        """Do what a reaction would do."""


async def people(call: Visitor, account_id: str) -> None:
    """Use uploads and the address book of an account."""
    own = f"?account_id={account_id}"
    folder = (await call("add_folder", {"name": "Partners"}, query=own))["id"]
    await call("rename_folder", {"name": "Friends"}, query=own, folder_id=folder)
    group = (await call("add_group", {"name": "Seoul"}, query=own))["id"]
    await call("rename_group", {"name": "Busan"}, query=own, group_id=group)
    await call("move_group", {"folder_id": folder}, query=own, group_id=group)
    person = {"name": "Haneul", "phone": "010-0000-0001"}
    contact = (await call("add_contact", {**person, "group_id": group}, query=own))["id"]
    await call("change_contact", {**person, "company": "Blue Kite"}, query=own, contact_id=contact)
    assert (await call("get_contact", query=own, contact_id=contact))["phone"] == "***-***-0001"
    assert (await call("look_up_contacts", {"phone": "01000000001"}, query=own))["items"]
    sent = await call("upload_contacts", query=own, content=csv_of([["name", "phone"], ["Nari", "01000000002"]]))
    added = await call("add_contacts", {"upload_id": sent["upload_id"], "group_id": group}, query=own)
    assert (added["good"], added["failure_file"]) == (1, None)
    first = (await call("list_groups", query=own))["items"][0]["id"]
    await call("move_contacts", {"contact_ids": [contact], "group_id": first}, query=own)
    assert len((await call("list_contacts", query=own))["items"]) == 2
    await call("delete_contact", query=own, contact_id=contact)
    again = (await call("add_contact", person, query=own))["id"]
    await call("delete_contacts", {"contact_ids": [again]}, query=own)
    assert (await call("delete_group", query=own, group_id=group))["contacts"] == 1
    await call("delete_folder", query=own, folder_id=folder)
    assert [each["groups"] for each in (await call("list_folders", query=own))["items"]] == [1]
    told = await call("upload_recipients", query=own, content=csv_of([["phone"], ["01000000001"], ["x"]]))
    assert (await call("get_upload_failures", query=own, upload_id=told["upload_id"])).startswith("PK")
    await call("get_upload_sample", kind="contacts")


async def sender_profiles(call: Visitor, account_id: str) -> None:
    """Use the sender profiles of an account."""
    own = f"?account_id={account_id}"
    kite = {"search_id": "@bluekite", "category": ["Food", "Cafe", "Coffee"], "manager_phone": "01000000001"}
    profile = (await call("request_sender_profile", kite, query=own))["id"]
    await call("reorder_sender_profiles", {"profile_ids": [profile]}, query=own)
    await call.do(RecordTokenSent(profile))
    await call("request_sender_token", profile_id=profile)
    await call.do(RecordTokenSent(profile))
    await call("give_sender_token", {"token": "000000"}, profile_id=profile)
    await call.do(RecordRegistration(profile, "chn_1"))
    assert (await call("get_sender_profile", profile_id=profile))["status"] == "normal"
    assert len((await call("list_sender_profiles", query=own))["items"]) == 1
    await call("remove_sender_profile", profile_id=profile)
