"""What people know, as a snapshot saw it, and what it did. Here: columns. Not here: entering it (operations), its effect (models)."""

from typing import Literal, get_args

import dataframely as dy

from pipelines.contracts.base import code, date, instant, key, register, text
from pipelines.contracts.base import number as figure

KnowledgeKind = Literal["promotion", "launch", "supersession", "end", "override", "imported"]
KINDS: tuple[KnowledgeKind, ...] = get_args(KnowledgeKind)
STATES = ("in force", "expired", "withdrawn")


@register("demand", "What people have entered about the future, as it stood when the run began")
class Knowledge(dy.Schema):
    entry_id = key("Entry")
    number = dy.Int64(
        description="Order of entering; of overrides of a day, and of launches, successors or ends of a SKU, the latest rules"
    )
    kind = code("What it tells", KINDS)
    sku = text("Stock keeping unit it is about", nullable=False)
    location_id = text("Location; blank: everywhere")
    other_sku = text("Supersession: the SKU that follows; launch: the SKU that it will sell like")
    start_date = date("First day", nullable=True)
    end_date = date("Last day", nullable=True)
    weekly_units = figure("Demand of a week, instead of the forecast's", "units", min=0)
    change_rate = figure("Change of demand, 0.5 is half as much again", "rate", min=-1)
    discount_rate = figure("Price cut, 0 to 1", "rate", min=0, max=1)
    author = text("Who says so", nullable=False)
    reason = text("Why", nullable=False)
    expires_date = date("Last day on which it is applied")
    entered_at = instant("When it was entered", nullable=False)
    state = code("Whether it is applied", STATES)
    withdrawn_by = text("Who took it back")
    withdrawn_reason = text("Why it was taken back")
    withdrawn_at = instant("When it was taken back")


@register("forecast", "Weeks whose forecast people changed, with the statistical one beside it")
class ForecastAdjustments(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known", primary_key=True)
    horizon = key("Week after the cutoff, 1 is the next seven days", dtype=dy.Int64)
    statistical_mean_units = figure("Expected demand of the week before", "units", nullable=False, min=0)
    mean_units = figure("Expected demand of the week with what people know", "units", nullable=False, min=0)
    entry_ids = text("Entries that changed it", nullable=False)
