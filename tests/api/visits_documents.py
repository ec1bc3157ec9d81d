"""Calls of the operations about documents, each held against its shape."""

from __future__ import annotations

from tests.api.visits import Visitor


async def documents(call: Visitor, account_id: str, charge_id: str) -> None:
    """Issue a receipt, look at it, and have it verified."""
    own = f"?account_id={account_id}"
    made = await call("issue_document", {"kind": "charge_receipt", "charge_id": charge_id})
    assert [each["id"] for each in (await call("list_documents", query=own))["items"]] == [made["id"]]
    assert (await call("get_document", document_id=made["id"]))["digest"] == made["digest"]
    await call("download_document", document_id=made["id"], format="pdf")
    digest = f"?sha256={made['digest']}"
    assert (await call("verify_document", query=digest, document_id=made["number"]))["authentic"]
    other = await call("verify_document_file", content=b"%PDF-1.7", document_id=made["id"])
    assert (other["authentic"], other["current"]) == (False, True)
