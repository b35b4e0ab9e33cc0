"""Small open tables that come with Fulcast. Here: reading them. Not here: the merchant's own."""

import polars as pl

from pipelines.settings import PROJECT


def countries() -> pl.DataFrame:
    """Country centres: country_code (ISO 3166-1 alpha-2), country_name, latitude, longitude in degrees."""
    return pl.read_csv(PROJECT / "data" / "reference" / "countries.csv")
