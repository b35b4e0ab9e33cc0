"""What a model is told about a series at an origin. Here: features of (series, origin, step) rows. Not here: the models.

Amounts are divided by the series' level at the origin, so that one model learns from large and small series alike.
"""

import numpy as np
from numpy.typing import NDArray

from models.forecast.ahead import PLANNED, Ahead
from models.forecast.index import Index
from models.forecast.neighbours import Neighbours
from models.forecast.own import Own
from models.forecast.panel import Panel
from models.forecast.past import Past, known_mean
from models.forecast.smoothing import RATES
from models.forecast.yearly import Yearly

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
LAGS = 8
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
PRICE_STEP = 0.02  # relative change from which a price is another one
MIN_YEARS = 3  # of a calendar, before a position in the year can be told from that one year's events


class Features:
    """Rows of features for any (i, t, h): series, origin, steps ahead; of what comes after t only what is known before it comes.

    Whatever a history lacks is not a number in its column, so that a model kept from a shorter one can read them.
    """

    def __init__(self, panel: Panel, horizon: int, ahead: Ahead) -> None:
        self.panel, self.past, self._ahead = panel, Past(panel), ahead
        whole = np.zeros(len(panel.ids), dtype=np.int64)
        self._pooled = Yearly(self.past, whole, horizon)
        sorts = [k for k, attribute in enumerate(panel.attributes) if attribute.kind[0] == "category"]
        codes = [panel.attributes[k].codes for k in sorts]
        texts = [attribute.codes for attribute in panel.attributes if attribute.kind[0] == "text"]
        self._yearly = [Yearly(self.past, c, horizon) for c in codes]
        self._index = Index(self.past, codes, horizon)
        self._neighbours = Neighbours(self.past, [whole, *codes, *texts])
        self.own = Own(self.past, self._index, self._pooled)
        self.categories = [f"attribute{k}" for k in sorts]

    @property
    def told(self) -> tuple[str, ...]:
        """Of what periods to come are known."""
        return tuple(self._ahead.planned)

    def is_told(self, i: Ints, t: Ints, h: Ints) -> NDArray[np.bool_]:
        """(rows,) whether a promotion is planned, or another price than at the origin: what a series' own past knows nothing of."""
        ahead, price = self._ahead, self.panel.price
        promoted = np.nan_to_num(ahead.planned_in("promotion", i, t + h)) > 0
        if price is None:
            return promoted
        change = np.abs(ahead.planned_in("price", i, t + h) / np.where(price[i, t] > 0, price[i, t], np.nan) - 1)
        return np.asarray(promoted | (np.nan_to_num(change) > PRICE_STEP))

    def scale(self, i: Ints, t: Ints, h: Ints) -> Array:
        """Units that a row's target is divided by: the level moved along what a year ago became of all series, and the series' own
        mean, half each."""
        return (self.past.level[i, t] * self._pooled.season(i, t, h) + self.own.mean(i, t, h)) / 2

    def rows(self, i: Ints, t: Ints, h: Ints) -> tuple[NDArray[np.float32], list[str]]:
        """(rows, features) and the features' names."""
        scale = self.scale(i, t, h)
        columns = {
            "step": h.astype(np.float64),
            "log_level": np.log(self.past.level[i, t] + 1e-3),
            "log_scale": np.log(scale + 1e-3),
        }
        columns |= self._recent(i, t) | self._seasonal(i, t, h, _positive(scale)) | self._calendar(t, h) | self._known(i, t)
        columns |= self._neighbours.columns(i, t) | self._planned(i, t, h)
        return np.stack([c.astype(np.float32) for c in columns.values()], axis=1), list(columns)

    def _recent(self, i: Ints, t: Ints) -> dict[str, Array]:
        past, level = self.past, _positive(self.past.level[i, t])
        span = self.panel.freq.level
        lags = past.lags(i, t, max(span, LAGS)) / level[:, None]
        columns = {f"lag{k}": lags[:, k] for k in range(LAGS)}
        ordered = np.sort(lags[:, :span], axis=1)  # unknown ones last
        known = np.isfinite(ordered).sum(axis=1)
        at = np.maximum(known - 1, 0)
        for share in SHARES:
            columns[f"share{share}"] = ordered[np.arange(len(i)), np.rint(share * at).astype(np.int64)]
        for periods in (2, 4, span, 2 * span, 4 * span, 8 * span):
            columns[f"mean{periods}"] = past.mean(i, t, periods) / level
        for periods in (span, 4 * span):
            columns[f"std{periods}"] = past.std(i, t, periods) / level
            columns[f"zeros{periods}"] = past.zero_share(i, t, periods)
        columns |= {f"smooth{rate}": self.own.smoothing.levels[k, i, t] / level for k, rate in enumerate(RATES)}
        columns["known"] = past.known_share(i, t, span)
        columns["idle"] = past.idle(i, t)
        columns["age"] = (t - self.panel.first[i]).astype(np.float64)
        return columns

    def _seasonal(self, i: Ints, t: Ints, h: Ints, scale: Array) -> dict[str, Array]:
        past, freq = self.past, self.panel.freq
        year_ago = t + h - freq.year * -(-h // freq.year)
        then = year_ago - h
        base = np.where(then >= 0, past.level[i, np.maximum(then, 0)], np.nan)
        own = known_mean([past.at(i, year_ago + k) for k in range(-freq.smooth, 1)])
        columns = {"year_ago": own / scale, "year_ago_ratio": own / np.where(base > 0, base, np.nan)}
        columns["holidays_year_ago"] = self._ahead.holidays_in(i, year_ago)
        columns |= {
            "own": self.own.mean(i, t, h) / scale,
            "own_index": self._index.own[i, t + h],
            "index": self._index.pooled[i, t + h],
        }
        if freq.year > freq.season > 1:
            same = [past.at(i, t + h - freq.season * (-(-h // freq.season) + k)) for k in range(8)]
            columns["season_ago"] = same[0] / scale
            columns["season_mean4"] = known_mean(same[:4]) / scale
            columns["season_mean8"] = known_mean(same) / scale
        pooled, _ = self._pooled.ratio(i, t, h)
        columns["pooled_ratio"] = pooled
        columns |= {f"pooled_ratio{k}": yearly.ratio(i, t, h)[0] / pooled for k, yearly in enumerate(self._yearly)}
        return columns

    def _calendar(self, t: Ints, h: Ints) -> dict[str, Array]:
        """Position in the year, unknown while few years are, and in the season where that is shorter."""
        freq, since = self.panel.freq, self.panel.phase + t + h
        is_known = len(self.panel.dates) >= MIN_YEARS * freq.year
        columns = {"of_year": np.where(is_known, since % freq.year, np.nan)}
        if freq.year > freq.season > 1:
            columns["of_season"] = (since % freq.season).astype(np.float64)
        return columns

    def _planned(self, i: Ints, t: Ints, h: Ints) -> dict[str, Array]:
        """Public holidays of the period and the next, for which people buy before, and what is planned."""
        ahead = self._ahead
        columns = {"holidays": ahead.holidays_in(i, t + h), "holidays_next": ahead.holidays_in(i, t + h + 1)}
        return columns | {f"{name}_ahead": ahead.planned_in(name, i, t + h) for name in PLANNED}

    def _known(self, i: Ints, t: Ints) -> dict[str, Array]:
        panel = self.panel
        columns = {f"attribute{k}": a.values[i] for k, a in enumerate(panel.attributes) if a.kind[0] != "text"}
        for name, values in (("price", panel.price), ("promotion", panel.promotion)):
            now, before = (np.nan, np.nan) if values is None else (values[i, t], values[i, np.maximum(t - panel.freq.level, 0)])
            columns[name] = np.broadcast_to(now, len(i))
            columns[f"{name}_change"] = np.broadcast_to(now - before, len(i))
        return columns


def _positive(values: Array) -> Array:
    """Values, those not above 0 unknown: nothing can be divided by what never sold."""
    return np.where(values > 0, values, np.nan)
