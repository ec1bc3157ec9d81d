"""Commands that read make no ledger: an empty one in the wrong folder would pass every check."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import ledger
from tests.cli.test_commands import entry_point


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["replay"],
        ["rebuild", "--check"],
        ["status"],
        ["keys", "list"],
        ["keys", "revoke", "key_000000000000"],
    ],
    ids=" ".join,
)
def test_a_folder_without_a_ledger_is_said_and_left_as_it_is(tmp_path: Path, arguments: list[str]) -> None:
    said = ledger(tmp_path / "mistyped", *arguments, status=1)

    assert said["error"] == "not_found"
    assert "there is no ledger in" in said["detail"]
    assert not (tmp_path / "mistyped").exists()


def test_a_database_that_is_not_reached_is_not_said_to_lack_its_tables() -> None:
    address = "postgresql://ledger_app:hunter2hunter2@127.0.0.1:1/ledger"

    done = entry_point("status", "--json", LEDGER_DATABASE_URL=address)

    assert done.returncode == 1
    assert orjson.loads(done.stdout)["error"] == "database"
