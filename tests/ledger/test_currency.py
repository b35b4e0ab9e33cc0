"""Dated exchange rates. Not here: amounts converted with them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import currency_converter
import pytest

from pipelines.channels.currencies import converter
from pipelines.errors import InputError
from pipelines.ledger.currency import DAYS_A_FIXING_HOLDS, dense_rates


@pytest.fixture
def fixings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The ECB's file of two days, a Thursday and a Friday: 1 EUR = 1.25 USD = 0.80 GBP."""
    file = tmp_path_factory.mktemp("ecb") / "rates.csv"
    file.write_text("Date,USD,GBP,\n2026-01-09,1.25,0.80,\n2026-01-08,1.00,0.80,\n")
    real = currency_converter.CurrencyConverter
    monkeypatch.setattr(currency_converter, "CurrencyConverter", lambda **options: real(str(file), **options))
    converter.cache_clear()
    yield
    converter.cache_clear()


def rates(code: str, reporting: str, first: date, last: date) -> list[tuple[Decimal, bool]]:
    frame = dense_rates([code], reporting, first, last).filter(currency_code=code)
    assert frame["rate_date"].to_list() == [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return frame.select("reporting_rate", "is_rate_provisional").rows()


@pytest.mark.usefixtures("fixings")
def test_worked_example_weekend_and_provisional() -> None:
    """One USD is 0.80 / 1.25 = 0.64 GBP; Saturday takes Friday's; after five days without a fixing a rate is provisional."""
    friday = date(2026, 1, 9)
    found = rates("USD", "GBP", friday - timedelta(days=1), friday + timedelta(days=DAYS_A_FIXING_HOLDS + 1))
    assert found == [(Decimal("0.8"), False), *[(Decimal("0.64"), False)] * (DAYS_A_FIXING_HOLDS + 1), (Decimal("0.64"), True)]


@pytest.mark.usefixtures("fixings")
def test_before_the_first_fixing_a_rate_is_provisional() -> None:
    assert rates("USD", "EUR", date(2026, 1, 7), date(2026, 1, 8)) == [(Decimal(1), True), (Decimal(1), False)]


def test_the_reporting_currency_is_worth_itself() -> None:
    assert rates("EUR", "EUR", date(2026, 1, 3), date(2026, 1, 4)) == [(Decimal(1), False)] * 2


def test_an_unknown_currency() -> None:
    with pytest.raises(InputError) as unknown:
        dense_rates(["XTS"], "EUR", date(2024, 1, 5), date(2024, 1, 5))
    assert str(unknown.value) == "No exchange rates are known for XTS; check the currency in the mapping."
