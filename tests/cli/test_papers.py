"""Documents of a running service outlive it: killed, rebuilt and started again, it gives the same bytes."""

from __future__ import annotations

import signal
from hashlib import sha256
from pathlib import Path

import httpx

from tests.cli.conftest import Service, ledger

WANTED = {"kind": "account_statement", "from": "2020-01-01", "to": "2099-12-31", "language": "ko"}


def test_a_document_has_the_same_bytes_after_more_writes_a_kill_a_rebuild_and_a_restart(cli_folder: Path) -> None:
    data_dir = cli_folder / "papers"
    account_id = next(iter(ledger(data_dir, "demo")["accounts"].values()))
    reader = {"Authorization": f"Bearer {ledger(data_dir, 'keys', 'create', '--role', 'accountant')['key']}"}
    writer = {"Authorization": f"Bearer {(data_dir / 'demo.key').read_text().strip()}", "Idempotency-Key": "one-more-1"}

    first = Service(data_dir, "--port", "0").wait_until_ready()
    issued = httpx.post(
        f"{first.url}/v1/documents",
        headers=reader | {"Idempotency-Key": "statement-1"},
        json=WANTED | {"account_id": account_id},
        timeout=240,
    )
    assert issued.status_code == 201, issued.text
    digests = {file["format"]: file["sha256"] for file in issued.json()["files"]}
    paths = {form: f"/v1/documents/{issued.json()['id']}/files/{form}" for form in digests}
    before = {form: httpx.get(first.url + path, headers=reader, timeout=60).content for form, path in paths.items()}
    more = httpx.post(f"{first.url}/v1/accounts/{account_id}/spends", headers=writer, json={"amount": 100}, timeout=60)
    first.end(signal.SIGKILL)
    ledger(data_dir, "rebuild")
    second = Service(data_dir, "--port", "0").wait_until_ready()
    after = {form: httpx.get(second.url + path, headers=reader, timeout=60).content for form, path in paths.items()}
    verified = httpx.get(
        f"{second.url}/v1/documents/{issued.json()['id']}/verify",
        headers=reader,
        params={"sha256": digests["pdf"]},
        timeout=240,
    ).json()
    second.end()

    assert more.status_code == 201
    assert {"pdf", "xlsx", "csv", "json"} <= set(paths)
    assert before == after
    assert {form: sha256(body).hexdigest() for form, body in after.items()} == digests
    assert (verified["authentic"], verified["reproduced"]) == (True, True)
