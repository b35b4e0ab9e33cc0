"""Peers of the forecasting benchmark, run as their authors would and kept on disk. Here: their forecasts. Not here: scores."""

import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.forecast_cases import Case, seen

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
COLUMNS = ("mean", *(f"q{q}" for q in QUANTILES))
WIDTHS = [50, 80, 90, 95, 98]
SAMPLE, SECONDS_PER_SAMPLE = 1000, 60.0
WINDOWS = 2
LONGEST_SEASON = 24  # of AutoETS
OUTPUT = Path(__file__).parent / "output" / "forecasts"
NATIVE = ("Naive", "SeasonalNaive", "HistoricAverage", "WindowAverage", "AutoETS", "AutoTheta", "DynamicOptimizedTheta", "AutoCES",
          "AutoARIMA", "CrostonClassic", "CrostonSBA", "CrostonOptimized", "TSB", "IMAPA", "ADIDA")  # fmt: skip
GLOBAL = "LightGBM"  # learns from all series together, and takes its time whatever their number
CONFORMAL = ("AutoETS", "WindowAverage", "CrostonSBA", "TSB", "IMAPA")


def peers_of(case: Case) -> list[str]:
    """Every peer that runs on a case. Weekly AutoTheta runs with a season of 52, too; the others can't have one, or take hours."""
    weekly = ["AutoTheta season"] if case.season > LONGEST_SEASON else []
    return [*NATIVE, *weekly, *(f"{name} conformal" for name in CONFORMAL), GLOBAL]


def sample_of(ids: pl.Series) -> pl.Series:
    """The same random 1,000 series for every slow peer."""
    return ids.sort().sample(min(SAMPLE, len(ids)), seed=1).sort()


def peer_forecast(peer: str, case: Case, cutoff: date, folder: Path = OUTPUT, *, is_sampled: bool = False) -> pl.DataFrame:
    """unique_id, step, mean and quantiles of one peer at one origin: every series, or the sample where that alone took a minute, or where that is
    asked for.
    """
    file = (folder / "sample" if is_sampled else folder) / f"{case.name}-{cutoff}-{peer.replace(' ', '_')}.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        known = case.known(cutoff)
        few = sample_of(known["unique_id"].unique())
        _run(peer, case, known.filter(pl.col("unique_id").is_in(few.head(5).implode())))
        started = time.perf_counter()
        made = _run(peer, case, known.filter(pl.col("unique_id").is_in(few.implode())))
        seconds = (time.perf_counter() - started) * SAMPLE / len(few)
        is_whole = peer == GLOBAL or (seconds <= SECONDS_PER_SAMPLE and not is_sampled)
        if is_whole and known["unique_id"].n_unique() > len(few):
            started = time.perf_counter()
            made = _run(peer, case, known)
            seconds = (time.perf_counter() - started) * SAMPLE / known["unique_id"].n_unique()
        made.with_columns(seconds_per_1000=seconds).write_parquet(file)
    return pl.read_parquet(file)


def _run(peer: str, case: Case, known: pl.DataFrame) -> pl.DataFrame:
    """Unknown weeks are filled by interpolation, since peers can't leave them out; too short series get their mean."""
    whole = known.with_columns(y=pl.Series(seen(known)).fill_nan(None))
    whole = whole.with_columns(pl.col("y").interpolate().forward_fill().backward_fill().over("unique_id"))
    whole = whole.select("unique_id", pl.col("ds").cast(pl.Datetime("ns")), "y").drop_nulls()
    is_long = pl.len().over("unique_id") > (WINDOWS + 1) * case.horizon + 2
    long, short = whole.filter(is_long), whole.filter(~is_long)
    parts = [_tidy(_lightgbm(case, long) if peer == GLOBAL else _statsforecast(peer, case, long))] if long.height else []
    if short.height:
        parts.append(_tidy(_statsforecast("HistoricAverage", case, short)))
    return pl.concat(parts)


def _statsforecast(peer: str, case: Case, whole: pl.DataFrame) -> pl.DataFrame:
    import statsforecast.models as sf
    from statsforecast import StatsForecast
    from statsforecast.utils import ConformalIntervals

    name, _, way = peer.partition(" ")
    season = case.season if case.season <= LONGEST_SEASON or way == "season" or name == "SeasonalNaive" else 1
    special: dict[str, Callable[[], object]] = {
        "WindowAverage": lambda: sf.WindowAverage(window_size=12),
        "TSB": lambda: sf.TSB(alpha_d=0.1, alpha_p=0.1),
    }
    needs_season = {"SeasonalNaive", "AutoETS", "AutoTheta", "DynamicOptimizedTheta", "AutoCES", "AutoARIMA"}
    plain = (lambda: getattr(sf, name)(season_length=season)) if name in needs_season else getattr(sf, name)
    runner = StatsForecast(models=[special.get(name, plain)()], freq=case.freq, n_jobs=1, fallback_model=sf.HistoricAverage())
    can_tell = name in needs_season | {"Naive", "HistoricAverage"}
    windows = ConformalIntervals(h=case.horizon, n_windows=WINDOWS) if way == "conformal" else None
    levels = WIDTHS if can_tell or windows else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = runner.forecast(df=whole.to_pandas(), h=case.horizon, level=levels, prediction_intervals=windows)
    return pl.from_pandas(made.reset_index(drop="unique_id" in made.columns))


def _lightgbm(case: Case, whole: pl.DataFrame) -> pl.DataFrame:
    import lightgbm
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import LocalStandardScaler
    from mlforecast.utils import PredictionIntervals

    lags = [*range(1, 7), 12] if case.season <= 12 else [*range(1, 9), 13, 26, 52]
    dates = ["month"] if case.season <= 12 else ["month", "week"]
    model = MLForecast(
        models={"LightGBM": lightgbm.LGBMRegressor(n_estimators=200, num_leaves=31, learning_rate=0.05, verbosity=-1, n_jobs=1)},
        freq=case.freq, lags=lags, lag_transforms={1: [RollingMean(4, min_samples=1), RollingMean(12, min_samples=1)]},
        date_features=dates, target_transforms=[LocalStandardScaler()],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(
            whole.to_pandas(), static_features=[], dropna=False, max_horizon=None,
            prediction_intervals=PredictionIntervals(n_windows=WINDOWS, h=case.horizon),
        )  # fmt: skip
        return pl.from_pandas(model.predict(case.horizon, level=WIDTHS))


def _tidy(made: pl.DataFrame) -> pl.DataFrame:
    """One peer's columns under common names; without intervals every quantile is the point forecast. Nothing is below 0."""
    name = next(c for c in made.columns if c not in {"unique_id", "ds", "index"} and "-lo-" not in c and "-hi-" not in c)
    ends = (
        {0.5: name}
        | {(1 - w / 100) / 2: f"{name}-lo-{w}" for w in WIDTHS}
        | {(1 + w / 100) / 2: f"{name}-hi-{w}" for w in WIDTHS}
    )
    source = {round(q, 4): column if column in made.columns else name for q, column in ends.items()}
    named = made.select(
        pl.col("unique_id").cast(pl.String), "ds", mean=name, **{f"q{q}": pl.col(source[q]) for q in QUANTILES}
    ).sort("unique_id", "ds")
    fallback = pl.col("mean").fill_nan(None).fill_null(0.0)
    filled = named.with_columns(pl.col(c).cast(pl.Float64).fill_nan(None).fill_null(fallback).clip(0.0) for c in COLUMNS)
    return filled.select("unique_id", pl.int_range(pl.len()).over("unique_id").alias("step"), *COLUMNS)


def average(parts: list[pl.DataFrame], how: str = "mean") -> pl.DataFrame:
    """Mean or median of several peers, column by column, over the series that all of them have."""
    stacked = pl.concat(parts).group_by("unique_id", "step").agg(
        pl.len().alias("_parts"), *(getattr(pl.col(c), how)() for c in COLUMNS)
    )  # fmt: skip
    return stacked.filter(pl.col("_parts") == len(parts)).drop("_parts").sort("unique_id", "step")
