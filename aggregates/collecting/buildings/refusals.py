"""What buildings refuse, one class for each reason (SPEC 11.3)."""

from __future__ import annotations

from aggregates.errors import Conflict, NotFound, Rejected


class BuildingNotFound(NotFound):
    """No building has this id."""

    code = "building_not_found"


class UnitNotFound(NotFound):
    """The building has no such unit."""

    code = "unit_not_found"


class CostTypeNotFound(NotFound):
    """The building has no cost type of this code."""

    code = "cost_type_not_found"


class UnitNumberTaken(Rejected):
    """The building has a unit of this number, or the number is given twice."""

    code = "unit_number_taken"


class CostTypeTaken(Conflict):
    """The building has a cost type of this code."""

    code = "cost_type_taken"


class CostTypeInvalid(Rejected):
    """The parts of a cost type do not go together."""

    code = "cost_type_invalid"


class PolicyInvalid(Rejected):
    """The parts of what a building does about late payers do not go together."""

    code = "building_policy_invalid"


class NothingChanged(Conflict):
    """It is already as the request says; nothing was recorded."""

    code = "building_unchanged"


class MonthAlreadyRun(Conflict):
    """The month was run; costs that are missing belong to the next one."""

    code = "month_already_run"


class MonthPassed(Conflict):
    """A later month was run already; months are run in their order."""

    code = "month_passed"


class MonthNotRun(Conflict):
    """The month was not run."""

    code = "month_not_run"


class NothingToCharge(Rejected):
    """The run would charge nothing."""

    code = "nothing_to_charge"


class CostAmountInvalid(Rejected):
    """A cost of the run has no amount, or one that it must not have."""

    code = "cost_amount_invalid"


class DueDateInvalid(Rejected):
    """The day on which a month is due lies before it, or more than a year after it."""

    code = "building_due_date_invalid"


class MonthAhead(Rejected):
    """The month lies too far ahead; the months before it could not be run any more."""

    code = "month_too_far_ahead"


class CostTooOld(Conflict):
    """What a month cost can be corrected for two years."""

    code = "cost_too_old"


class BasisEmpty(Rejected):
    """No unit has a share in the basis of a cost, so that nobody could be charged with it."""

    code = "basis_empty"


class ReadingsMissing(Rejected):
    """Units have no reading, or no share, for the month."""

    code = "readings_missing"


class ReadingInvalid(Rejected):
    """A meter cannot run backwards, and a cost that is not read takes no readings."""

    code = "reading_invalid"


class ReadingCharged(Conflict):
    """What was charged stands on this reading: it is corrected, not taken again."""

    code = "reading_charged"


class ReadingOpen(Conflict):
    """Nothing charged stands on this reading: it is taken again, not corrected."""

    code = "reading_not_charged"


class UnitAlreadyCharged(Conflict):
    """The unit was charged for the month."""

    code = "unit_already_charged"


class PeriodOverlaps(Rejected):
    """Somebody of the same role is there later than this; periods follow each other."""

    code = "period_overlaps"


class NobodyThere(Conflict):
    """Nobody of this role is there at present."""

    code = "nobody_there"


class NotLate(Conflict):
    """Nothing of the month is unpaid after its days of grace, or the fee was charged."""

    code = "nothing_late"


class ReminderNotDue(Conflict):
    """Nothing is overdue, nobody is known to be reminded, or the last reminder is too recent (SPEC R-142)."""

    code = "reminder_not_due"
