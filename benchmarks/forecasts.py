"""Forecasts of three public records against every peer, at origins that nothing was chosen by. `python -m benchmarks forecasts`.

Everyone is scored on the same series: on all of them against the peers that ran on all, and on a fixed random 1,000 against all peers. With
`--sample` statsforecast's models run on these 1,000 alone.
"""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks import forecast_peers as peers
from benchmarks.forecast_cases import Case, cases, seen
from models import accuracy
from models.forecast.engine import COLUMNS, forecast_series

Array = NDArray[np.float64]
OURS = "Fulcast"
RECORDS = ("online_retail_ii", "m5_monthly", "vn2")
LEVELS = np.array(peers.QUANTILES)
METRICS = ("WAPE", "RMSSE", "RMSSE by volume", "pinball", "pinball by volume", "|bias|")
WIDTHS = {"50 %": (2, 4), "80 %": (1, 5), "90 %": (0, 6)}
SMOOTH_ZEROS, SMOOTH_LEVEL = 0.1, 10.0  # continuous-looking: next to no zeros, and numbers large enough not to look like counts
Scores = dict[str, float]


def measure(names: tuple[str, ...] = RECORDS, *, is_sampled: bool = False) -> Iterator[str]:
    """Per record: every metric of ours, the peer that turned out best at it, and the distance; then coverage."""
    for case in cases(names):
        found: dict[tuple[bool, str], list[Scores]] = {}
        for cutoff in case.cutoffs():
            ids = case.known(cutoff)["unique_id"].unique().sort()
            few = peers.sample_of(ids)
            for name, made in everyone(case, cutoff, is_sampled=is_sampled):
                have = made["unique_id"].n_unique()
                if have == len(ids):
                    found.setdefault((True, name), []).append(score(case, cutoff, made))
                found.setdefault((False, name), []).append(
                    score(case, cutoff, made.filter(pl.col("unique_id").is_in(few.implode())))
                )
        yield from _told(case, found)


def sample() -> Iterator[str]:
    """The same where statsforecast's models run on the random 1,000 alone."""
    yield from measure(is_sampled=True)


def everyone(case: Case, cutoff: date, *, is_sampled: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    """Forecasts of ours, of each peer and of the peers' combinations."""
    yield OURS, ours(case, cutoff)
    made = {
        name: peers.peer_forecast(name, case, cutoff, is_sampled=is_sampled).drop("seconds_per_1000")
        for name in peers.peers_of(case)
    }
    few = peers.sample_of(made["Naive"]["unique_id"].unique())
    cut = {name: part.filter(pl.col("unique_id").is_in(few.implode())) for name, part in made.items()}
    yield from made.items()
    native = [name for name in peers.NATIVE if name in made and made[name].height == made["Naive"].height]
    yield "median of statsforecast", peers.average([made[name] for name in native], "median")
    parts = ("AutoETS", "AutoTheta", "LightGBM")
    whole = made if all(made[name].height == made["Naive"].height for name in parts) else cut
    yield "average of ETS, Theta, LightGBM", peers.average([whole[name] for name in parts])


def ours(case: Case, cutoff: date) -> pl.DataFrame:
    """The engine with its default configuration."""
    made = forecast_series(case.known(cutoff), case.freq, case.horizon, statics=case.statics)
    return made.table.select("unique_id", *COLUMNS)


def score(case: Case, cutoff: date, made: pl.DataFrame) -> Scores:
    """Every metric at one origin; a peer's median is the better of its mean and its median."""
    ids = made["unique_id"].unique(maintain_order=True)
    values = made.select(COLUMNS).to_numpy().reshape(len(ids), case.horizon, -1)
    mean, quantiles, actual, history = (
        values[:, :, 0],
        values[:, :, 1:],
        case.actual(cutoff, ids),
        known_history(case, cutoff, ids),
    )
    volume = np.nansum(history[:, -case.season :], axis=1)
    squared = accuracy.rmsse(mean, actual, history)
    loss = accuracy.scaled_pinball(quantiles, actual, LEVELS, history)
    found = {
        "WAPE": accuracy.wape(quantiles[:, :, 3], actual), "WAPE of mean": accuracy.wape(mean, actual), "bias": accuracy.bias(mean, actual),
        "RMSSE": float(np.nanmean(squared)), "RMSSE by volume": _weighted(squared, volume),
        "pinball": float(np.nanmean(loss)), "pinball by volume": _weighted(loss, volume),
    }  # fmt: skip
    recent = history[:, -case.season :]
    smooth = (np.nanmean(recent == 0, axis=1) <= SMOOTH_ZEROS) & (np.nanmean(np.nan_to_num(recent), axis=1) >= SMOOTH_LEVEL)
    for width, (low, high) in WIDTHS.items():
        for kind, rows in (("smooth", smooth), ("other", ~smooth)):
            found[f"{kind} in {width}"] = accuracy.coverage(quantiles[rows, :, low], quantiles[rows, :, high], actual[rows])
    return found


def known_history(case: Case, cutoff: date, ids: pl.Series) -> Array:
    """(series, periods) up to the cutoff; not a number before the first demand and where it was not seen."""
    rows = case.known(cutoff)
    dates = rows["ds"].unique().sort()
    at = rows.join(dates.to_frame().with_row_index("_t"), on="ds", maintain_order="left")
    at = at.join(ids.to_frame("unique_id").with_row_index("_i"), on="unique_id", maintain_order="left")
    grid = np.full((len(ids), len(dates)), np.nan)
    grid[at["_i"].to_numpy(), at["_t"].to_numpy()] = seen(at)
    return grid


def _weighted(values: Array, volume: Array) -> float:
    known = np.isfinite(values)
    return float((values[known] * volume[known]).sum() / volume[known].sum())


def _told(case: Case, found: dict[tuple[bool, str], list[Scores]]) -> Iterator[str]:
    for whole in (True, False):
        mean = {
            name: _mean_scores(scores, is_peer=name != OURS)
            for (is_whole, name), scores in found.items()
            if is_whole == whole and len(scores) == case.origins
        }
        yield f"{case.name}, {case.horizon} of {case.freq} ahead, {case.origins} origins, {'all series' if whole else 'a random 1,000'}, {len(mean) - 1} peers"
        own = mean.pop(OURS)
        for metric in METRICS:
            best = min(mean, key=lambda name: mean[name][metric])
            theirs = mean[best][metric]
            yield f"  {metric:18} {own[metric]:7.4f}   best peer {theirs:7.4f} {best:32} {own[metric] / theirs - 1:+7.1%}"
        yield "  inside " + ", ".join(
            f"{width} {own[f'smooth in {width}']:.1%} (smooth) {own[f'other in {width}']:.1%} (other)" for width in WIDTHS
        )


def _mean_scores(scores: list[Scores], is_peer: bool) -> Scores:
    """Mean over origins; bias first, its size afterwards; a peer's WAPE is the better of its median's and its mean's."""
    mean = {metric: float(np.mean([s[metric] for s in scores])) for metric in scores[0]}
    return mean | {"|bias|": abs(mean["bias"]), "WAPE": min(mean["WAPE"], mean["WAPE of mean"] if is_peer else mean["WAPE"])}
