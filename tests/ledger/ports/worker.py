"""A caller of the sandbox's providers, to be killed: issues and sends everything, from the beginning each time.

`python -m tests.ledger.ports.worker`, with the address of the sandbox's database on standard input.
"""

from __future__ import annotations

import asyncio
import sys

from ledger.clock import SystemClock
from ledger.ports.messages import Message
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.state import SandboxState

BATCHES, SIZE = 8, 250


async def work(address: str) -> None:
    """Issue and send every batch."""
    async with SandboxState(address, "ledger", SystemClock()) as state:
        ports = sandbox_ports(state)
        for batch in range(BATCHES):
            await ports.coupons.issue("TEA-10", SIZE, f"ord_1:issue:{batch}")
            keys = [f"ord_1:message:{batch}:{n}" for n in range(SIZE)]
            await ports.messages.send(
                "mms", [Message(f"0100000{n:04d}", "coupon", {}, key) for n, key in enumerate(keys)]
            )


if __name__ == "__main__":
    address = sys.stdin.readline().strip()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asyncio.run(work(address))
