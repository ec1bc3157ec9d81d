"""The sandbox: providers that play the world outside, for tests and demos, and refuse to exist where money is real.

Their state lies in a database of its own and survives our processes, so it can be asked what it was asked. What they
answer follows from a seed, the key and magic values alone; what takes time takes it on the ledger's clock.
"""

from __future__ import annotations

from ledger.clock import Clock
from ledger.database import Database
from ledger.ports import Ports
from ledger.ports.sandbox.channels import SandboxChannels
from ledger.ports.sandbox.consent import SandboxConsents
from ledger.ports.sandbox.coupons import SandboxIssuer
from ledger.ports.sandbox.direct_debit import SandboxDebits
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.messages import SandboxMessages
from ledger.ports.sandbox.otp import SandboxOtp
from ledger.ports.sandbox.payouts import SandboxBank
from ledger.ports.sandbox.registry import SandboxRegistry
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings

__all__ = ["SandboxOff", "SandboxState", "sandbox_ports", "sandbox_state"]


class SandboxOff(RuntimeError):
    """The sandbox's providers were asked for where the sandbox is off."""


def sandbox_state(settings: Settings, database: Database, clock: Clock) -> SandboxState:
    """Return the state of the sandbox's providers.

    Raises:
        SandboxOff: the settings do not allow a sandbox.
    """
    if not settings.sandbox_on or database.sandbox is None:
        raise SandboxOff("the sandbox is off; LEDGER_SANDBOX=1 turns it on, where no money is real")
    return SandboxState(database.sandbox, database.schema, clock)


def sandbox_ports(state: SandboxState) -> Ports:
    """Return the sandbox's providers over one state."""
    return Ports(
        coupons=SandboxIssuer(state),
        messages=SandboxMessages(state),
        channels=SandboxChannels(state),
        gateway=SandboxGateway(state),
        payouts=SandboxBank(state),
        otp=SandboxOtp(state),
        registry=SandboxRegistry(),
        debits=SandboxDebits(state),
        consents=SandboxConsents(state),
    )
