"""forecast_spreads of series of whose errors something is known, and of the others."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipelines import spreads
from pipelines.channels.merchant import Planning

CUTOFF = date(2026, 3, 1)


def test_a_series_of_which_nothing_is_known_strays_as_the_others_do_and_a_new_one_stays_blank() -> None:
    weeks = [CUTOFF - timedelta(weeks=back) for back in range(1, 21)]
    past = pl.concat([
        pl.DataFrame({"sku": sku, "location_id": "L", "cutoff_date": weeks, "horizon": 1, "mean_units": 10.0, "actual_units": [10 - off, 10 + off] * 10})
        for sku, off in (("A", 5), ("B", 7))
    ])  # fmt: skip
    names = pl.DataFrame({"sku": ["A", "B", "C", "N"], "location_id": "L", "demand_class": ["smooth", "smooth", "lumpy", "new"]})
    found = spreads.made(past, {"forecast_means": names.select("sku", "location_id"), "demand_series": names}, Planning(), CUTOFF)
    rates = dict(found.select("sku", "dispersion_rate").rows())
    assert rates["A"] < rates["B"]
    assert rates["C"] == pytest.approx((rates["A"] + rates["B"]) / 2)
    assert rates["N"] is None
