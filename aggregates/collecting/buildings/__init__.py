"""Buildings: their units, what each month costs, who owes it, and what became of it (SPEC 11.3, R-140 to R-144)."""

from __future__ import annotations

from aggregates.collecting.buildings.building import Building
from aggregates.collecting.buildings.month import BuildingMonth, month_stream_id
from aggregates.collecting.buildings.unit import Unit

__all__ = ["Building", "BuildingMonth", "Unit", "month_stream_id"]
