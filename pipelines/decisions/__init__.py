"""From stock, terms and forecasts to decisions: levels, orders, transfers, allocations, offers. Not here: their mathematics (models), saving."""

from pipelines.decisions.aims import with_costs
from pipelines.decisions.inputs import Inputs, described, recent_prices
from pipelines.decisions.run import decide, widths
from pipelines.decisions.schedule import before_moves, of_moved, open_lines
from pipelines.decisions.suggestions import to_suggestions
from pipelines.decisions.terms import with_terms
from pipelines.decisions.widths import is_due as widths_are_due

__all__ = [
    "Inputs",
    "before_moves",
    "decide",
    "described",
    "of_moved",
    "open_lines",
    "recent_prices",
    "to_suggestions",
    "widths",
    "widths_are_due",
    "with_costs",
    "with_terms",
]
