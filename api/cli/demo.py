"""`ledger demo`: a small, fixed set of companies and movements, through the same door as everything else."""

from __future__ import annotations

import asyncio

from api.cli.console import AsJson, DataDir, answer, table
from api.cli.demo_set import Played, Stage, play
from api.cli.processes import DEMO_FILE
from api.cli.runtime import Opened, opened
from api.cli.writing import views_reach, writing

PERSON = "demo"


def demo(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Fill the ledger with a fixed demo set, prepaid and postpaid, over four business days; twice adds nothing.

    Example: ledger demo --json
    """
    # Imported here: the HTTP face takes a second to load, which no other command needs to wait for.
    from api.bodies import KeyBody
    from api.cli.keyring import issue_once

    with opened(data_dir) as ledger:
        played, seen = asyncio.run(_play(ledger))
        file = ledger.settings.data_folder / DEMO_FILE
        issue_once(ledger, file, KeyBody(role="service", owner=PERSON))
    body = {
        "steps": played.steps,
        "new": played.new,
        "refused": played.refused,
        "position": played.position,
        "views_reached": seen,
        "key_file": str(file),
    }
    accounts = table("Accounts", ["name", "id"], played.accounts.items())
    answer({**body, "accounts": played.accounts}, as_json, accounts)


async def _play(ledger: Opened) -> tuple[Played, bool]:
    async with writing(ledger) as writer:
        stage = Stage(writer.do, writer.call, writer.vault.put_destination, writer.engine.clock.now())
        played = await play(stage)
    return played, await views_reach(ledger, played.position)
