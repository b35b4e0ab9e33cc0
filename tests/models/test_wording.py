"""Numbers in sentences: no bare .0, and nouns that agree."""

import polars as pl

from models.wording import are, counted, short


def test_numbers_read_as_a_person_writes_them() -> None:
    said = pl.DataFrame({"n": [0.0, 1.0, 14.0, 2.346, 0.996, None]}).select(
        short=short(pl.col("n")), counted=counted(pl.col("n"), "day", 1), are=are(pl.col("n"), "unit")
    )
    assert said["short"].to_list() == ["0", "1", "14", "2.35", "1", None]
    assert said["counted"].to_list() == ["0 days", "1 day", "14 days", "2.3 days", "1 day", None]
    assert said["are"].to_list() == ["0 units are", "1 unit is", "14 units are", "2.35 units are", "1 unit is", None]
