"""What an anniversary rule refuses, one class for each reason (SPEC 4)."""

from __future__ import annotations

from aggregates.errors import Conflict, NotFound, Rejected, Unavailable


class RuleNotFound(NotFound):
    """No anniversary rule has this id."""

    code = "anniversary_rule_not_found"


class RuleEnded(Conflict):
    """The rule has ended, or its end date is over."""

    code = "anniversary_rule_ended"


class RuleNotActive(Conflict):
    """The rule is paused or suspended."""

    code = "anniversary_rule_not_active"


class RuleActive(Conflict):
    """The rule is on already."""

    code = "anniversary_rule_active"


class RuleTermsUnchanged(Conflict):
    """All items of the rule are on sale at the prices it was made for: nothing suspends it."""

    code = "anniversary_terms_unchanged"


class RuleUnchanged(Conflict):
    """The rule is already as the request says; nothing was recorded."""

    code = "anniversary_rule_unchanged"


class RuleNotOver(Conflict):
    """The end date of the rule is not over."""

    code = "anniversary_rule_not_over"


class OccurrenceDone(Conflict):
    """The occurrence was ordered or skipped before."""

    code = "anniversary_occurrence_done"


class OccurrenceNotDue(Conflict):
    """No order is made for this day now: it is too early, too late, or the rule was not on at 02:00."""

    code = "anniversary_not_due"


class EndDatePast(Rejected):
    """The end date of a rule lies before today."""

    code = "end_date_past"


class AnniversaryInvalid(Rejected):
    """An anniversary is a month and a day of its calendar."""

    code = "anniversary_invalid"


class ListBehind(Unavailable):
    """The list that was read is not the one that stood at 02:00; it is read again."""

    code = "anniversary_list_behind"
