"""The list of all reactions. A new one is a module of this package and a line here."""

from __future__ import annotations

from scheduler.reactions import catalogue, payments, payouts, senders
from scheduler.reactions.bench import Reaction

REACTIONS: tuple[Reaction, ...] = (
    catalogue.REACTION,
    payments.REACTION,
    payouts.REACTION,
    senders.REACTION,
    senders.STATES,
)
"""Every reaction that the process runs."""
