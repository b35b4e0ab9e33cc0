"""Forecasts for anyone's series. Here: the order of the steps, what is kept between runs. Not here: any one step's mathematics.

A selection trains the boosted model without the last periods, learns from them how far to trust it and how wide to be, and trains
it again on everything. A refresh takes what an earlier selection kept and only forecasts.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast import blend as blending
from models.forecast import boosting
from models.forecast.ahead import read_ahead
from models.forecast.attributes import Kind, as_before, strangers
from models.forecast.boosting import QUANTILES, Boosted, Rows
from models.forecast.explain import Parts, joined, parts_of
from models.forecast.features import Features
from models.forecast.panel import Panel, read_panel
from models.forecast.paths import correlation
from models.forecast.problem import Note, Problem
from models.forecast.slips import without_slips

Array = NDArray[np.float64]
Report = Callable[[int, int], None]
LEVELS = np.array(QUANTILES)
COLUMNS = ("mean", *(f"q{q}" for q in QUANTILES))
INNER_HORIZONS = 3  # of known periods that the blend is learnt from
TOGETHER = 0.3  # correlation of periods where none could be learnt
CHUNK = 200_000  # rows forecast at a time
TRAININGS = 2 * boosting.MODELS
OWN = "own"


@dataclass(frozen=True)
class Selection:
    """What a nightly refresh needs of a weekly selection; together: correlation of periods, for totals (paths.py); attributes: names of what `kinds`
    are of; planned: what it was told of periods to come (ahead.PLANNED)."""

    freq: str
    horizon: int
    boosted: Boosted | None
    blend: blending.Blend
    kinds: tuple[Kind, ...] = ()
    together: float = TOGETHER
    attributes: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As text, to be kept in a file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Selection":
        """What `to_json` wrote."""
        kept = json.loads(text)
        boosted = kept["boosted"] and Boosted(tuple(kept["boosted"]["means"]), tuple(kept["boosted"]["quantiles"]))
        blend: dict[str, Any] = {
            name: tuple(tuple(v) if isinstance(v, list) else v for v in values) for name, values in kept["blend"].items()
        }
        kinds = tuple((name, tuple(values)) for name, values in kept["kinds"])
        names, planned = (tuple(kept.get(name, ())) for name in ("attributes", "planned"))
        return Selection(kept["freq"], kept["horizon"], boosted, blending.Blend(**blend), kinds, kept["together"], names, planned)


@dataclass(frozen=True)
class Made:
    """table: unique_id, ds, mean, q0.05 … q0.99, model; selection: to be kept for a refresh; notes: what was said on the way.

    parts: of each row's mean, where they were asked for; blank rows of series that never sold.
    """

    table: pl.DataFrame
    selection: Selection
    notes: tuple[Note, ...]
    parts: Parts | None = None


def forecast_series(
    history: pl.DataFrame, freq: str, horizon: int, *, statics: pl.DataFrame | None = None, planned: pl.DataFrame | None = None,
    until: date | None = None, selection: Selection | None = None, report: Report = lambda done, total: None, seed: int = 0,
    explained: bool = False,
) -> Made:  # fmt: skip
    """Forecasts the `horizon` periods after each series' last row; with a `selection` only refreshes.

    See read_panel for the columns of `history` and `statics`, read_ahead for those of `planned`; rows after `until` are left out.
    `explained` asks for parts.
    """
    _check_horizon(horizon)
    if selection and (selection.freq, selection.horizon) != (freq, horizon):
        raise Problem(f"The kept selection is for {selection.horizon} periods of {selection.freq}, not {horizon} of {freq}.")
    statics = as_before(statics, selection.attributes) if selection else statics
    panel = read_panel(history, freq, statics, until, selection.kinds if selection else None)
    notes = [*panel.notes, *strangers(panel.ids, statics, "attributes")]
    panel = without_slips(panel, notes)
    features = Features(panel, horizon, read_ahead(panel, horizon, planned, notes, selection.planned if selection else ()))
    chosen = selection or select(features, horizon, notes, report, seed)
    table = _table(panel, features, chosen, notes)
    return Made(table, chosen, tuple(notes), _parts(features, chosen, table["model"]) if explained else None)


def backtest_series(
    history: pl.DataFrame, freq: str, horizon: int, *, windows: int = 3, statics: pl.DataFrame | None = None, until: date | None = None,
    report: Report = lambda done, total: None, seed: int = 0, as_planned: bool = False,
) -> tuple[pl.DataFrame, tuple[Note, ...]]:  # fmt: skip
    """Forecasts as they would have been made 1, 2 … `windows` horizons before each series' end, each with a selection of its own.

    as_planned: the history's prices and promotions of the judged periods were known before, as `planned` of `forecast_series` makes them.
    Columns: cutoff, those of a forecast, and y, what came (null where unknown). Newest cutoff first.
    """
    _check_horizon(horizon)
    panel = read_panel(history, freq, statics, until)
    notes, parts = list(panel.notes), []
    ahead = read_ahead(panel, horizon, None, notes, as_planned=as_planned)
    for window in range(windows):
        said = list[Note]()
        past = without_slips(panel.until(horizon * (window + 1)), said)
        features = Features(past, horizon, ahead)
        chosen = select(features, horizon, said, _part_of(report, window, windows), seed)
        i, t, h = boosting.every_row(past.last, np.ones(len(panel.ids), dtype=np.int64), horizon)
        came = panel.y[i, np.minimum(t + h, panel.y.shape[1] - 1)]
        cutoffs = panel.dates.gather(t).cast(pl.Date if panel.freq.every[-1] in "dwoqy" else pl.Datetime("us")).alias("cutoff")
        table = _table(past, features, chosen, said).with_columns(cutoffs, y=pl.Series(came).fill_nan(None))
        parts.append(table.filter(pl.Series(past.last[i] >= past.first[i])))
        notes += [Note(f"Window {window + 1}: {note.sentence}", note.is_refusal) for note in said if not parts[-1].is_empty()]
    made, empty = pl.concat(parts), sum(part.is_empty() for part in parts)
    if empty and not made.is_empty():
        notes.append(Note(f"Of {windows} windows {empty} lie before every series' first demand."))
    if made.is_empty():
        raise Problem(f"No series is long enough for a backtest {horizon} periods before its end.")
    return made.select("cutoff", *[c for c in made.columns if c != "cutoff"]), tuple(notes)


def select(
    features: Features, horizon: int, notes: list[Note], report: Report = lambda done, total: None, seed: int = 0
) -> Selection:
    """Trains and blends; a boosted model that fails, or has too little to learn from, is left out with a note."""
    panel, rng = features.panel, np.random.default_rng(seed)
    kinds, names = (tuple(getattr(attribute, name) for attribute in panel.attributes) for name in ("kind", "name"))
    neither = Selection(
        panel.freq.name, horizon, None, blending.plain(LEVELS, 0.0), kinds, attributes=names, planned=features.told
    )
    inner = INNER_HORIZONS * horizon
    before, after = (boosting.training_rows(features, horizon, back, rng) for back in (inner, 0))
    if len(after[0]) < boosting.MIN_ROWS:
        notes.append(Note("There is too little history to learn from all series together: each is forecast from its own."))
        return neither
    step = _steps(report, TRAININGS)
    try:
        blend, together = blending.plain(LEVELS, 0.5), TOGETHER
        if len(before[0]) >= boosting.MIN_ROWS:
            trial = boosting.fit(features, before, seed, step)
            blend, together = _learn(features, trial, horizon, inner, rng)
        boosted = boosting.fit(features, after, seed, step)
    except Exception as problem:  # noqa: BLE001  (whatever one model fails of, the run goes on)
        notes.append(Note(f"The boosted model failed ({problem}); each series is forecast from its own history."))
        return neither
    return replace(neither, boosted=boosted, blend=blend, together=together)


def _learn(
    features: Features, trial: Boosted, horizon: int, inner: int, rng: np.random.Generator
) -> tuple[blending.Blend, float]:
    """The blend that was best for the last `inner` periods, which `trial` has not seen, and how far periods went together in them."""
    panel = features.panel
    start = np.maximum(panel.last - inner, panel.first)
    rows = boosting.known_rows(features, boosting.every_row(start, np.maximum(panel.last - start, 0), horizon), 0, rng)
    i, t, h = rows
    means, quantiles, kind = _both(features, trial, rows)
    actual, is_whole = panel.y[i, t + h], panel.is_whole[i]
    blend = blending.learn(blending.Trial(actual, features.scale(*rows), kind, is_whole, means, quantiles), LEVELS)
    blended = blend.quantiles(*quantiles, kind, is_whole, LEVELS)
    return blend, correlation(actual, blended, LEVELS, i * panel.y.shape[1] + t)


def _both(features: Features, boosted: Boosted, rows: Rows) -> tuple[tuple[Array, Array], tuple[Array, Array], NDArray[np.int64]]:
    """Means and quantiles by the boosted model and by the series' own, and the class of each row."""
    i, t, h = rows
    mean, quantiles = boosted.predict(features, rows)
    own = features.own.mean(i, t, h)
    kind = blending.kind_of(features.past.zero_share(i, t, 4 * features.panel.freq.level))
    return (mean, own), (quantiles, features.own.quantiles(i, t, own, LEVELS)), kind


def _part_of(report: Report, part: int, parts: int) -> Report:
    return lambda done, total: report(part * total + done, parts * total)


def _steps(report: Report, total: int) -> Callable[[], None]:
    done = iter(range(1, total + 1))
    return lambda: report(next(done, total), total)


def _check_horizon(horizon: int) -> None:
    if horizon < 1:
        raise Problem(f"--horizon {horizon} is no number of periods; it has to be 1 or more.")


def _predict(features: Features, chosen: Selection, rows: Rows) -> tuple[Array, Array]:
    """Blended mean (rows,) and quantiles (rows, levels)."""
    i, t, h = rows
    is_whole = features.panel.is_whole[i]
    if chosen.boosted is None:
        own = features.own.mean(i, t, h)
        return own, blending.whole(features.own.quantiles(i, t, own, LEVELS), is_whole)
    means, quantiles, kind = _both(features, chosen.boosted, rows)
    told = features.is_told(i, t, h)
    return chosen.blend.mean(*means, kind, told), chosen.blend.quantiles(*quantiles, kind, is_whole, LEVELS)


def _parts(features: Features, chosen: Selection, model: pl.Series) -> Parts:
    """Parts of the mean of every row of the forecast's table, by the models that made it."""
    last, boosted = features.panel.last, None if (model == OWN).any() else chosen.boosted
    i, t, h = boosting.every_row(last, np.ones(len(last), dtype=np.int64), chosen.horizon)
    chunks = [tuple(a[start : start + CHUNK] for a in (i, t, h)) for start in range(0, len(i), CHUNK)]
    return joined([parts_of(features, rows, boosted, chosen.blend) for rows in chunks])  # type: ignore[arg-type]


def _table(panel: Panel, features: Features, chosen: Selection, notes: list[Note]) -> pl.DataFrame:
    n, horizon = len(panel.ids), chosen.horizon
    i, t, h = boosting.every_row(panel.last, np.ones(n, dtype=np.int64), horizon)
    parts = []
    for start in range(0, len(i), CHUNK):
        rows: Any = tuple(a[start : start + CHUNK] for a in (i, t, h))
        try:
            parts.append(_predict(features, chosen, rows))
        except Exception as problem:
            if chosen.boosted is None:
                raise
            notes.append(Note(f"The boosted model failed ({problem}); each series is forecast from its own history."))
            chosen = Selection(chosen.freq, horizon, None, chosen.blend)
            parts.append(_predict(features, chosen, rows))
    mean, quantiles = (np.concatenate(part) for part in zip(*parts, strict=True))
    sold = np.repeat(panel.first < panel.y.shape[1], horizon)
    mean, quantiles = np.where(sold, mean, 0.0), np.where(sold[:, None], quantiles, 0.0)
    name = OWN if chosen.boosted is None else "boosted and own"
    frame = pl.DataFrame({"unique_id": panel.ids.gather(i), "ds": panel.ahead(horizon), "mean": mean})
    frame = frame.with_columns(pl.Series(f"q{q}", quantiles[:, k]) for k, q in enumerate(QUANTILES))
    return frame.with_columns(model=pl.Series(np.where(sold, name, "never sold")))
