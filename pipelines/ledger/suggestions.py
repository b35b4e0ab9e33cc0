"""Which SKU an unmapped listing may be. Here: likeness of codes and names, with a confidence. Not here: applying it (crosswalk.py)."""

import difflib

import polars as pl

from pipelines.contracts import table

MOST_LISTINGS, MOST_PER_LISTING, LEAST = 500, 3, 0.5
SAME_CODE, CONTAINED_CODE, NAME = 0.95, 0.75, 0.85


def suggest_skus(unmapped: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """`listing_suggestions` for the unmapped listings that sold most: at most three SKUs each, of a confidence of a half or more.

    0.95: the codes are the same but for case, blanks and signs. 0.75: one code stands in the other. Else 0.85 times the likeness
    of the names (difflib's ratio, 0 to 1).
    """
    known = [(sku, _plain(sku), (name or "").lower()) for sku, name in products.select("sku", "description").iter_rows()]
    rows = []
    for row in unmapped.sort("net_amount", descending=True).head(MOST_LISTINGS).iter_rows(named=True):
        code, name = _plain(row["listing"]), (row["description"] or "").lower()
        scored = sorted(((*_likeness(code, name, plain, told), sku) for sku, plain, told in known), key=lambda s: (-s[0], s[2]))
        rows += [
            (row["channel"], row["listing"], sku, score, why) for score, why, sku in scored[:MOST_PER_LISTING] if score >= LEAST
        ]
    schema = {"channel": pl.String, "listing": pl.String, "sku": pl.String, "confidence": pl.Float64, "reason": pl.String}
    return table("listing_suggestions").conform(pl.DataFrame(rows, schema=schema, orient="row"))


def _plain(code: str) -> str:
    return "".join(c for c in code.upper() if c.isalnum())


def _likeness(code: str, name: str, sku: str, told: str) -> tuple[float, str]:
    if code and code == sku:
        return SAME_CODE, "the same code but for case and signs"
    if min(len(code), len(sku)) >= 4 and (code in sku or sku in code):
        return CONTAINED_CODE, "one code stands in the other"
    matcher = difflib.SequenceMatcher(None, name, told)
    if not name or not told or matcher.real_quick_ratio() * NAME < LEAST or matcher.quick_ratio() * NAME < LEAST:
        return 0.0, "nothing alike"
    return matcher.ratio() * NAME, "the names are alike"
