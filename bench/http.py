"""HTTP: spends and batches of them beside two servers that only echo, in turns; server and load on a core each."""

from __future__ import annotations

from bench.engine import LATENCY
from bench.serving import Answered, Generator, Server, cores, echo, post, service
from bench.trial import Side, Trial, quantiles, say

CONNECTIONS = 64
BATCH_COMMANDS = 100
BATCH_CONNECTIONS = 16
"""Fewer, so that the open commands of all batches stay below what the service lets stand open."""

CHARGE_MINOR = 900_000_000_000_000


def open_accounts(server: Server, count: int) -> list[str]:
    """Open accounts with money on them over HTTP; return their ids."""
    opened = []
    for number in range(count):
        account_id = post(server, "/v1/accounts", {"name": f"Account {number}", "mode": "prepaid"})["id"]
        post(server, f"/v1/accounts/{account_id}/charges", {"amount": CHARGE_MINOR, "method": "transfer"})
        opened.append(account_id)
    return opened


def spend(trial: Trial, generator: Generator, server: Server, accounts: list[str], seconds: float) -> Answered:
    """Spend over 64 connections, each on an account of its own."""
    paths = [f"/v1/accounts/{account_id}/spends" for account_id in accounts]
    answered = generator.send(server, connections=CONNECTIONS, seconds=seconds, paths=paths)
    trial.curve(LATENCY, f"HTTP, {CONNECTIONS} connections", quantiles(answered.latencies_ms))
    return answered


def run(trial: Trial) -> None:
    """Measure the service and both echoes in turns."""
    folder = trial.lab.folder
    seconds = trial.pick(3.0, 0.6)
    generator = Generator(cores()[1])
    trial.sizes["HTTP"] = f"{CONNECTIONS} connections; batches of {BATCH_COMMANDS} over {BATCH_CONNECTIONS}"
    try:
        with (
            echo("bare", folder) as bare,
            echo("stock", folder) as stock,
            service(trial.lab.data_dir, folder) as ledger,
        ):
            say(f"  opening {CONNECTIONS} accounts")
            accounts = open_accounts(ledger, CONNECTIONS)
            path = [f"/v1/accounts/{accounts[0]}/spends"]
            trial.lab.checkpoint()

            def echoed(server: Server) -> float:
                return generator.send(server, connections=CONNECTIONS, seconds=seconds, paths=path).per_s

            def batches() -> float:
                answered = generator.send(
                    ledger,
                    connections=BATCH_CONNECTIONS,
                    seconds=seconds,
                    paths=["/v1/batches"],
                    accounts=accounts,
                    batch=BATCH_COMMANDS,
                )
                return BATCH_COMMANDS * answered.per_s

            trial.take_turns(
                [
                    Side("bare_asgi_echo_per_s", "requests/s", lambda: echoed(bare)),
                    Side("stock_fastapi_echo_per_s", "requests/s", lambda: echoed(stock)),
                    Side(
                        "http_spend_per_s",
                        "commands/s",
                        lambda: spend(trial, generator, ledger, accounts, seconds).per_s,
                    ),
                    Side("batches_commands_per_s", "commands/s", batches),
                ]
            )
    finally:
        generator.close()
