"""The double entry behind each fact: which ledger accounts it debits and credits, by one pure function for each kind.

A posting is signed: debit > 0, credit < 0; the postings of a fact sum to 0 in its currency. Ledger accounts are those
of `CHART`; whose money it is says the stream of the fact. Facts that move no money are named in `MOVES_NOTHING`, so
that a new kind of fact is in neither list and a test says so.
"""

from aggregates.postings.chart import CHART
from aggregates.postings.entry import Posting
from aggregates.postings.rules import RULES, Unbalanced, check_balanced, entry_of, postings_of
from aggregates.postings.unmoved import MOVES_NOTHING

__all__ = ["CHART", "MOVES_NOTHING", "RULES", "Posting", "Unbalanced", "check_balanced", "entry_of", "postings_of"]
