"""Which currencies have exchange rates: those that the ECB fixes, or has fixed. Not here: what one was worth (ledger/currency.py)."""

from collections.abc import Iterable
from functools import cache
from typing import Any


@cache
def converter() -> Any:
    """The rates that the library ships, read once: they take half a second."""
    from currency_converter import CurrencyConverter

    return CurrencyConverter(
        decimal=True, fallback_on_wrong_date=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )


def without_rates(currencies: Iterable[str], stated: Iterable[str]) -> set[str]:
    """Those that nothing can be converted from; the ones `stated` in the configuration are the merchant's own and are not asked about."""
    asked = set(currencies) - {*stated, "EUR"}
    return asked - converter().currencies if asked else set()
