"""Dated exchange rates, dense over days. Here: what a currency was worth in the reporting currency. Not here: converting orders."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from pipelines.channels.currencies import converter
from pipelines.contracts import table
from pipelines.contracts.base import RATE_SCALE
from pipelines.errors import InputError

DAYS_A_FIXING_HOLDS = 5  # a long weekend; older than that, a rate is provisional


def dense_rates(currencies: list[str], reporting_currency: str, first: date, last: date) -> pl.DataFrame:
    """`fx_rates` for every day from `first` to `last`, from the ECB's reference rates; a day without a fixing takes the one before.

    A currency is worth (units of reporting currency per euro) ÷ (its own units per euro): with 1 EUR = 1.25 USD = 0.80 GBP,
    one USD is 0.80 / 1.25 = 0.64 GBP. Raises InputError for a currency that the ECB doesn't fix.
    """
    foreign = sorted(set(currencies) - {reporting_currency})
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    per_euro = {currency: _euro_fixings(currency, days) for currency in (*foreign, *([reporting_currency] if foreign else []))}
    rows = [(reporting_currency, day, Decimal(1), False) for day in days]
    for currency in foreign:
        for day, (own, own_is_old), (base, base_is_old) in zip(
            days, per_euro[currency], per_euro[reporting_currency], strict=True
        ):
            rows.append((currency, day, (base / own).quantize(Decimal(1).scaleb(-RATE_SCALE)), own_is_old or base_is_old))
    return table("fx_rates").conform(
        pl.DataFrame(rows, schema=list(table("fx_rates").columns), orient="row", infer_schema_length=None)
    )


def _euro_fixings(currency: str, days: list[date]) -> list[tuple[Decimal, bool]]:
    """Per day, the currency's units per euro and whether that fixing is too old (or, before the first one, too new) to be final."""
    if currency == "EUR":
        return [(Decimal(1), False)] * len(days)
    rates_of = converter()
    if currency not in rates_of.currencies:
        raise InputError(f"No exchange rates are known for {currency}; check the currency in the mapping.")
    last_fixing = rates_of.bounds[currency].last_date
    first_fixing = rates_of.bounds[currency].first_date
    rates = [Decimal(rates_of.convert(1, "EUR", currency, date=max(day, first_fixing))) for day in days]
    return [
        (rate, not first_fixing <= day <= last_fixing + timedelta(days=DAYS_A_FIXING_HOLDS))
        for rate, day in zip(rates, days, strict=True)
    ]
