"""Collections: what asks for money and takes it, one module a flow; importing them all registers their answers."""

from __future__ import annotations

from ledger.commands.collecting import tellings

__all__ = ["tellings"]
