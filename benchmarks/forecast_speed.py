"""How long forecasts take beside AutoETS alone on the same series: `python -m benchmarks forecast_speed`."""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.apart import apart
from benchmarks.forecast_cases import m5_monthly

JOBS = 2
PEER_SERIES = {"monthly": 1_000, "daily": 300}  # AutoETS takes as long for each series, so that few tell of all
DAILY_SERIES, DAYS = 10_000, 730
ENDS = {"monthly": ("MS", 3, 12), "daily": ("D", 28, 7)}


def measure() -> Iterator[str]:
    """Seconds and peak memory of a full selection and of a refresh, and AutoETS' seconds in the same run."""
    with tempfile.TemporaryDirectory() as folder:
        for name, history in (("monthly", m5_monthly().rows), ("daily", daily())):
            place = Path(folder) / name
            place.mkdir()
            history.write_parquet(place / "history.parquet")
            yield from _measured(name, place, history["unique_id"].n_unique())


def _measured(name: str, place: Path, series: int) -> Iterator[str]:
    few = PEER_SERIES[name]
    theirs = apart(_autoets, place)[0] - apart(_import_alone, place)[0]
    whole = theirs * series / few
    select_seconds, memory = apart(_forecast, place)
    refresh_seconds, refresh_memory = apart(_forecast, place)
    freq, horizon, _ = ENDS[name]
    yield f"{series:,} {name} series, {horizon} of {freq} ahead, quantiles and selection: {select_seconds:.0f} s, peak memory {memory:.2f} GiB (promised 6)"
    yield f"  peer: AutoETS alone, {JOBS} jobs, {whole:.0f} s ({theirs:.0f} s for {few:,} of them); ratio {select_seconds / whole:.2f} (promised 3)"
    yield f"  refresh with what was chosen: {refresh_seconds:.0f} s, {refresh_memory:.2f} GiB; {select_seconds / refresh_seconds:.1f} times faster (promised 4)"


def daily() -> pl.DataFrame:
    """Two years of days of 10,000 simulated products: levels from a twentieth to a hundred a day, a week's and a year's shape."""
    rng = np.random.default_rng(0)
    level = np.exp(rng.uniform(np.log(0.05), np.log(100), DAILY_SERIES))[:, None]
    days = np.arange(DAYS)
    shape = (1 + 0.3 * np.sin(2 * np.pi * days / 7)) * (1 + 0.3 * np.sin(2 * np.pi * days / 365))
    units = rng.poisson(level * shape * rng.gamma(4, 0.25, (DAILY_SERIES, DAYS)))
    dates = [date(2024, 1, 1) + timedelta(days=int(d)) for d in days]
    ids = np.repeat(np.arange(DAILY_SERIES), DAYS)
    return pl.DataFrame({"unique_id": ids, "ds": pl.Series(dates * DAILY_SERIES), "y": units.ravel()})


def _forecast(place: Path) -> None:
    from models.forecast.engine import Selection, forecast_series

    freq, horizon, _ = ENDS[place.name]
    kept = place / "selection.json"
    selection = Selection.from_json(kept.read_text()) if kept.exists() else None
    made = forecast_series(pl.read_parquet(place / "history.parquet"), freq, horizon, selection=selection)
    assert made.table["mean"].is_finite().all() and not made.notes, made.notes
    kept.write_text(made.selection.to_json())


def _autoets(place: Path) -> None:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, HistoricAverage

    freq, horizon, season = ENDS[place.name]
    history = pl.read_parquet(place / "history.parquet")
    few = history["unique_id"].unique().sort().sample(PEER_SERIES[place.name], seed=1)
    frame = history.filter(pl.col("unique_id").is_in(few.implode())).with_columns(pl.col("ds").cast(pl.Datetime("ns")))
    runner = StatsForecast(models=[AutoETS(season_length=season)], freq=freq, n_jobs=JOBS, fallback_model=HistoricAverage())
    runner.forecast(df=frame.to_pandas(), h=horizon)


def _import_alone(_: Path) -> None:
    import statsforecast.models  # noqa: F401
