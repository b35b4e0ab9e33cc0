"""When the next order to a supplier goes out, and the one after it. Here: order days, cut-offs, closed days. Not here: lead times, when we ship."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from pipelines.ledger.working_days import DAYS, clock_on, open_days, public_holidays

CALENDAR = ("order_days", "order_cutoff_time", "closed_days")
WEEK, MIDNIGHT = DAYS[:5], time(23, 59)
AHEAD_DAYS = 400
NEXT: dict[str, pl.DataType | type[pl.DataType]] = {
    "supplier_id": pl.String, "given_review_days": pl.Float64, "order_by_at": pl.Datetime("us", "UTC"), "order_by": pl.String,
    "order_wait_days": pl.Float64, "calendar_review_days": pl.Float64,
}  # fmt: skip


def with_calendar(terms: pl.DataFrame, suppliers: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Terms with `order_by_at` (UTC), `order_by` (on the supplier's clock), order_wait_days until then, and the review period that the supplier's
    calendar makes.

    terms: supplier_id, review_period_days. The next order goes out at the next cut-off; the one after it at the first order day that is a stated
    review period later, or simply the next. review_period_days becomes the days from `as_of` until that one: what is ordered now has to last until
    what is ordered then arrives. order_wait_days of them pass before anything is ordered. Suppliers without order days, cut-off or closed days keep
    their terms.

    Example: Mondays until 14:00, now it is Tuesday noon: the order goes out in 6 days, the one after it in 13: 13.08 days.
    """
    kept = suppliers.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in CALENDAR))
    asked = terms.select("supplier_id", given_review_days="review_period_days").unique().sort("supplier_id", "given_review_days")
    wanted = asked.join(kept.select("supplier_id", "country_code", "time_zone", *CALENDAR), on="supplier_id")
    rows = [found for row in wanted.iter_rows(named=True) if (found := _next(row, as_of))]
    following = pl.DataFrame(rows, schema=NEXT, orient="row")
    keys = {"left_on": ["supplier_id", "review_period_days"], "right_on": ["supplier_id", "given_review_days"]}
    known = terms.join(following, how="left", nulls_equal=True, maintain_order="left", **keys)  # type: ignore[arg-type]
    return known.with_columns(review_period_days=pl.coalesce("calendar_review_days", "review_period_days")).drop(
        "calendar_review_days"
    )


def _next(row: dict, as_of: datetime) -> tuple[str, float | None, datetime, str, float, float] | None:  # type: ignore[type-arg]
    """The order that goes out next and the days until the one after it; nothing where a year has no two order days."""
    zone = zone_of(row["time_zone"] or "UTC") or ZoneInfo("UTC")
    first = as_of.astimezone(zone).date()
    last = first + timedelta(days=AHEAD_DAYS)
    closed = days_of(row["closed_days"]) | public_holidays(row["country_code"], None, first, last)
    weekdays = re.findall("[a-z]+", row["order_days"].lower()) if row["order_days"] else WEEK
    clock = time.fromisoformat(row["order_cutoff_time"].zfill(5)) if row["order_cutoff_time"] else MIDNIGHT
    cutoffs = [clock_on(day, clock, zone) for day in open_days(weekdays, closed, first, last)]
    cutoffs = cutoffs[bisect_left(cutoffs, as_of) :]
    given = row["given_review_days"]
    later = bisect_left(cutoffs, cutoffs[0] + timedelta(days=given or 0) - timedelta(hours=12), lo=1) if len(cutoffs) > 1 else 1
    if later >= len(cutoffs):
        return None
    local = cutoffs[0].astimezone(zone)
    told = f"{local:%A} {local.day} {local:%B %H:%M} ({zone.key})"
    wait, following = ((cutoffs[k] - as_of).total_seconds() / 86400 for k in (0, later))
    return row["supplier_id"], given, cutoffs[0], told, wait, following


def days_of(written: str | None) -> set[date]:
    """Days as `closed_days` lists them: 2026-12-24 2027-02-05/2027-02-20; what is no day of the calendar is left out."""
    found: set[date] = set()
    for part in re.split("[ ,;]+", written or ""):
        first, _, last = part.partition("/")
        found |= set(_span(first, last or first))
    return found


def _span(first: str, last: str) -> Iterable[date]:
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return ()
    return (start + timedelta(days=n) for n in range((end - start).days + 1))


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
