"""From stock, terms and forecasts to decisions: levels, orders, transfers, allocations, offers. Not here: their mathematics (models), saving."""

from pipelines.decisions.aims import with_costs
from pipelines.decisions.inputs import Inputs, described, recent_prices
from pipelines.decisions.run import decide
from pipelines.decisions.schedule import open_lines
from pipelines.decisions.suggestions import to_suggestions
from pipelines.decisions.terms import with_terms

__all__ = ["Inputs", "decide", "described", "open_lines", "recent_prices", "to_suggestions", "with_costs", "with_terms"]
