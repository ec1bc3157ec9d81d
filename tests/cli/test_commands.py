"""Every command against the data folder of a running service: help, one JSON object, exit status, what it does."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from api.cli.app import app
from ledger.database import Database, open_database
from ledger.settings import Settings
from projections.tracking import VIEWS
from tests.cli.conftest import Service, ledger, plain_environment, wait_for
from tests.ledger.bank_file import PROFILE, bank_file
from tests.ledger.reconcile.files import bank_file as source_file
from tests.ledger.reconcile.files import bank_row

COMMANDS = [
    "serve",
    "work",
    "import",
    "export",
    "reconcile",
    "replay",
    "verify",
    "rebuild",
    "keys create",
    "keys list",
    "keys revoke",
    "demo",
]


@pytest.fixture
def database(service: Service) -> Iterator[Database]:
    with open_database(Settings(data_dir=service.data_dir)) as opened:
        yield opened


def entry_point(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**plain_environment(), **environment}, timeout=240
    )


@pytest.mark.parametrize("command", [*COMMANDS, "status", "migrate", "backup", "restore", "archive"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"])

    assert shown.exit_code == 0
    assert "Example:" in shown.output
    assert f"ledger {command}" in " ".join(shown.output.split())
    assert "--data-dir" in shown.output
    assert ("--json" in shown.output) == (command not in {"serve", "work", "archive"})


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["import"],
        ["import", "/no/such/file", "--profile", str(PROFILE)],
        ["rebuild", "no_such_view"],
        ["keys", "create", "--role", "emperor"],
        ["serve", "--workers", "2"],
        ["serve", "--port", "70000"],
    ],
)
def test_wrong_usage_is_exit_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_a_setting_that_cannot_be_is_named_and_not_echoed() -> None:
    done = entry_point("status", "--json", LEDGER_BOOTSTRAP_KEY="too-short-to-be-true")

    assert done.returncode == 2
    assert "LEDGER_BOOTSTRAP_KEY" in done.stderr
    assert "too-short-to-be-true" not in done.stdout + done.stderr
    assert orjson.loads(done.stdout)["error"] == "malformed"


def test_a_database_that_does_not_answer_is_exit_status_1_and_no_password() -> None:
    address = "postgresql://ledger_app:hunter2hunter2@127.0.0.1:1/ledger"

    done = entry_point("verify", "--json", LEDGER_DATABASE_URL=address)

    assert done.returncode == 1
    assert orjson.loads(done.stdout)["error"] == "database"
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_set_is_prepaid_and_postpaid_over_several_days_and_twice_adds_nothing(service: Service) -> None:
    again = ledger(service.data_dir, "demo")
    tea = again["accounts"]["Harbour Tea House"]
    rows = service.get(f"/v1/accounts/{tea}/transactions", "demo.key").json()["items"]
    accounts = [service.get(f"/v1/accounts/{known}", "demo.key").json() for known in again["accounts"].values()]

    assert {account["mode"] for account in accounts} == {"prepaid", "postpaid"}
    assert len(accounts) >= 5
    assert len({row["business_date"] for row in rows}) >= 3
    assert (again["new"], again["steps"], again["views_reached"]) == (0, 45, True)
    assert again["refused"] == ["member_limit_exceeded", "limit_exceeded", "same_person"]
    assert stat.S_IMODE((service.data_dir / "demo.key").stat().st_mode) == 0o600


def test_a_banks_file_is_taken_and_matched_once_and_one_with_a_bad_row_not_at_all(
    service: Service, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(source_file(bank_row("2026-03-02", "B1", 30_000), bank_row("2026-03-02", "B2", -500)))
    bad.write_bytes(source_file(bank_row("2026-03-02", "B3", 7), "2026.03.02,B4,seven,,,"))

    first = ledger(service.data_dir, "reconcile", str(good), "--profile", "example-bank")
    again = ledger(service.data_dir, "reconcile", str(good), "--profile", "example-bank")
    refused = ledger(service.data_dir, "reconcile", str(bad), "--profile", "example-bank", status=1)
    unknown = ledger(service.data_dir, "reconcile", str(good), "--profile", "nobody", status=1)

    assert (first["new"], first["known_file"]) == (2, False)
    assert (again["id"], again["known_file"], again["lines_parked"]) == (first["id"], True, 0)
    assert (refused["code"], refused["rows"]) == (
        "file_refused", ["3: column '입금액': amount must be a plain decimal number"],
    )  # fmt: skip
    assert unknown["error"] == "source_not_found"


def test_an_import_ends_when_readers_see_it_and_everything_agrees(service: Service, tmp_path: Path) -> None:
    made = bank_file(rows=1_500, accounts=40)
    file = made.write(tmp_path / "bank.asc")

    before = ledger(service.data_dir, "replay")
    first = ledger(service.data_dir, "import", str(file), "--profile", str(PROFILE))
    again = ledger(service.data_dir, "import", str(file), "--profile", str(PROFILE))
    replayed = ledger(service.data_dir, "replay", "--check")
    verified = ledger(service.data_dir, "verify")
    rebuilt = ledger(service.data_dir, "rebuild", "--check")

    assert (first["imported"], first["accounts_opened"], first["rejected"], first["views_reached"]) == (
        1_500,
        40,
        0,
        True,
    )
    assert (again["known"], again["facts_added"], again["position"]) == (1_500, 0, first["position"])
    assert (replayed["ok"], replayed["differences"]) == (True, 0)
    imported = replayed["totals"]["CZK"]["balance"] - before["totals"].get("CZK", {"balance": 0})["balance"]
    assert imported == sum(made.balances.values()) * 100
    assert set(replayed["views_compared_at"]) == {"accounts", "journal"}
    assert (verified["ok"], verified["facts"]) == (True, replayed["facts"])
    assert rebuilt["ok"]
    assert [row["view"] for row in rebuilt["views"]] == list(VIEWS)


def test_the_books_are_exported_with_a_manifest_and_the_same_position_gives_the_same_file(
    service: Service, tmp_path: Path
) -> None:
    books, again, table = tmp_path / "books.beancount", tmp_path / "again.beancount", tmp_path / "march.csv"

    made = ledger(service.data_dir, "export", "--format", "beancount", "--output", str(books))
    at = ["--position", str(made["position"])]
    ledger(service.data_dir, "export", "--format", "beancount", "--output", str(again), *at)
    ledger(service.data_dir, "export", "--what", "transactions", "--bom", "--output", str(table), *at)

    assert made["rows"] > 20
    manifest = orjson.loads(Path(made["manifest"]).read_bytes())
    assert manifest["sha256"] == hashlib.sha256(books.read_bytes()).hexdigest() == made["sha256"]
    assert manifest["bytes"] == books.stat().st_size
    assert again.read_bytes() == books.read_bytes()
    assert table.read_bytes().startswith(b'\xef\xbb\xbf"position"')
    checked = subprocess.run([Path(sys.executable).with_name("bean-check"), books], capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "options",
    [
        ["--format", "pdf"],
        ["--what", "people"],
        ["--what", "facts", "--format", "beancount"],
        ["--from", "yesterday"],
        ["--as-of", "noon"],
        ["--bom", "--encoding", "cp949"],
    ],
)
def test_an_export_that_cannot_be_is_wrong_usage_and_leaves_no_file(
    service: Service, tmp_path: Path, options: list[str]
) -> None:
    output = tmp_path / "out"

    refused = ledger(service.data_dir, "export", "--output", str(output), *options, status=2)

    assert refused["error"] == "malformed"
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_made_by_the_service_in_the_background(service: Service) -> None:
    key = ledger(service.data_dir, "keys", "create", "--role", "accountant")["key"]
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "export-by-the-service"}
    body = {"what": "journal", "format": "csv"}

    asked = httpx.post(f"{service.url}/v1/exports", json=body, headers=headers, timeout=60)
    assert asked.status_code == 202, asked.text
    path = f"{service.url}/v1/exports/{asked.json()['id']}"
    wait_for(lambda: bool(httpx.get(path, headers=headers, timeout=60).json()["state"] == "done"))
    made = httpx.get(path, headers=headers, timeout=60).json()
    file = httpx.get(f"{path}/file", headers=headers, timeout=60)

    assert hashlib.sha256(file.content).hexdigest() == made["manifest"]["sha256"]
    assert file.text.count("\r\n") == made["manifest"]["rows"] + 1


def test_rejected_rows_go_to_a_file_and_the_exit_status_is_1(service: Service, tmp_path: Path) -> None:
    file = bank_file(rows=5, accounts=2, seed=9).write(tmp_path / "bad.asc")
    with file.open("a") as lines:
        lines.write('9000;100;930199;"PRIJEM";"";5.00;0;"";;\n9001;100;930105;"PRIJEM";"";5,00;0;"";;\n')
    profile = tmp_path / "bad.toml"
    profile.write_text(PROFILE.read_text().replace('"pkdd99"', '"bad"'))

    done = ledger(service.data_dir, "import", str(file), "--profile", str(profile), status=1)
    rejected = [orjson.loads(line) for line in Path(f"{file}.rejected.ndjson").read_bytes().splitlines()]

    assert (done["imported"], done["rejected"], done["rejected_file"]) == (5, 2, f"{file}.rejected.ndjson")
    assert [(row["line"], row["text"].split(";")[0]) for row in rejected] == [(7, "9000"), (8, "9001")]
    assert all(row["code"] and row["reason"] for row in rejected)


def test_a_file_that_does_not_fit_its_profile_is_wrong_usage(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a;b\n1;2\n")

    done = ledger(service.data_dir, "import", str(file), "--profile", str(PROFILE), status=2)

    assert done["error"] == "file_malformed"


def test_a_view_that_was_altered_is_found_by_replay_and_by_rebuild_and_healed(
    service: Service, database: Database
) -> None:
    with psycopg.connect(database.project, autocommit=True) as connection:
        connection.execute("UPDATE ledger.view_accounts SET balance_minor = balance_minor + 1 WHERE mode = 'prepaid'")

    replayed = ledger(service.data_dir, "replay", "--check", status=1)
    checked = ledger(service.data_dir, "rebuild", "accounts", "--check", status=1)
    healed = ledger(service.data_dir, "rebuild", "accounts")
    again = ledger(service.data_dir, "replay", "--check")

    assert {finding["code"] for finding in replayed["findings"]} == {"accounts_view_differs"}
    assert checked["differences"] > 0
    assert [row["view"] for row in healed["views"]] == ["accounts"]
    assert again["ok"]


def test_keys_are_made_listed_and_revoked_and_work_at_once(service: Service) -> None:
    made = ledger(service.data_dir, "keys", "create", "--role", "auditor", "--owner", "person:mina", "--days", "30")
    listed = ledger(service.data_dir, "keys", "list")["items"]
    works = service.get("/v1/accounts", Authorization=f"Bearer {made['key']}").status_code
    revoked = ledger(service.data_dir, "keys", "revoke", made["id"])
    deadline = time.monotonic() + 6
    while service.get("/v1/accounts", Authorization=f"Bearer {made['key']}").status_code != 401:
        assert time.monotonic() < deadline, "a revoked key works no longer than five seconds"
        time.sleep(0.2)

    assert works == 200
    assert made["id"] in [key["id"] for key in listed]
    assert all("key" not in key for key in listed)
    assert revoked["revoked_at"] is not None
    assert ledger(service.data_dir, "keys", "revoke", "key_000000000000", status=1)["error"] == "not_found"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--role", "sub"], "binding_not_allowed"),
        (["--role", "auditor", "--scope", "spends:write"], "scope_not_allowed"),
    ],
)
def test_a_key_that_may_not_be_is_refused(service: Service, options: list[str], code: str) -> None:
    assert ledger(service.data_dir, "keys", "create", *options, status=1)["error"] == code


def test_status_says_where_the_ledger_and_its_views_are(service: Service) -> None:
    said = ledger(service.data_dir, "status")

    assert (said["ok"], said["server"], said["migrations_current"]) == (True, "embedded", True)
    assert said["position"] == said["views_position"] >= 49
    assert [row["view"] for row in said["views"]] == list(VIEWS)


def test_migrate_twice_changes_nothing(service: Service) -> None:
    assert ledger(service.data_dir, "migrate")["changed"] is False


def test_answers_for_people_are_lines_and_tables(service: Service) -> None:
    shown = CliRunner().invoke(app, ["status", "--data-dir", str(service.data_dir)])

    assert shown.exit_code == 0
    assert "position" in shown.output
    assert "refund_requests" in shown.output
