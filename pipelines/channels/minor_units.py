"""Amounts that a platform counts in the smallest unit of their currency. Here: ISO 4217's decimals. Not here: which field holds one."""

from collections.abc import Mapping

import polars as pl

DECIMALS = (
    dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    )
    | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)  # the others have two
WHOLE = r"^-?\d{1,17}$"


def major(raw: pl.Expr, currency: pl.Expr, decimals: Mapping[str, int] = DECIMALS) -> pl.Expr:
    """Whole smallest units (text) as the amount (text): 1999 of EUR is 19.99, of JPY 1999, of KWD 1.999; -5 of EUR is -0.05.

    `currency` is the ISO 4217 code in either case. What is no whole number is marked, so that it is refused and named: 1.5
    of EUR must not be read as 1.50.
    """
    places = currency.str.to_uppercase().replace_strict(list(decimals), list(decimals.values()), default=2, return_dtype=pl.Int64)
    sign = pl.when(raw.str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    digits = raw.str.strip_prefix("-").str.zfill(places + 1)
    before, after = digits.str.head(digits.str.len_chars() - places), digits.str.tail(places)
    amount = pl.when(places > 0).then(pl.concat_str(sign, before, pl.lit("."), after)).otherwise(pl.concat_str(sign, before))
    return pl.when(raw.str.contains(WHOLE)).then(amount).otherwise(pl.format("{} (smallest units)", raw))
