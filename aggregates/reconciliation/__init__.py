"""Reconciliation: what providers and banks say of our money, line by line, beside what the ledger says."""

from aggregates.reconciliation.counterpart import Counterpart
from aggregates.reconciliation.files import SourceFile
from aggregates.reconciliation.remittance import Remittance
from aggregates.reconciliation.tally import Tally

__all__ = ["Counterpart", "Remittance", "SourceFile", "Tally"]
