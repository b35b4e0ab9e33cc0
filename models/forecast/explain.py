"""What a forecast is made of, in units. Here: the parts of the engine's mean, which add up to it. Not here: forecasting, what people change.

Parts of demand h periods after the origin, each a difference between what the models say with and without something:

    recent + trend + season + others + holidays + promotion + correction = mean

Example: 10 a week lately, 12 by now, a season of 1.5 after a usual one make 10 + 2 + 6 = 18; all series together say 20 and are believed by half,
no holiday comes, no promotion runs, and no bias was found: others 1, mean 19.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.forecast.blend import Blend, kind_of
from models.forecast.boosting import Boosted, Rows
from models.forecast.features import Features
from models.forecast.panel import Panel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
PARTS = ("recent", "trend", "season", "others", "holidays", "promotion", "correction")


@dataclass(frozen=True)
class Parts:
    """units: (rows, len(PARTS)); own, boosted: (rows,) what each model alone says (boosted not a number without one); share: (rows,) of boosted."""

    units: Array
    own: Array
    boosted: Array
    share: Array


def parts_of(features: Features, rows: Rows, boosted: Boosted | None, blend: Blend) -> Parts:
    """Parts of the mean of rows (series, origin, step).

    recent: mean of the last known periods of a level (13 weeks). trend: how far the smoothed level is above it now, in the same season.
    season: what the place in the year adds. others: how far the model of all series differs from the series' own, as far as it is believed.
    holidays: the part of that which goes with public holidays in the period, the next, or a year ago. promotion: the part that goes with price and
    promotion, now and planned, differing from the series' usual ones. correction: of bias found in
    periods held back.
    """
    i, t, h = rows
    own, level = features.own, features.panel.freq.level
    recent = np.nan_to_num(features.past.mean(i, t, level))
    fitted = np.mean([own.smoothing.mean(i, t, -np.minimum(k, t)) for k in range(level)], axis=0)
    alone = own.mean(i, t, h)
    unexplained = [recent, fitted - recent, alone - fitted]
    if boosted is None:
        nothing = np.zeros(len(i))
        return Parts(np.stack([*unexplained, *[nothing] * 4], axis=1), alone, np.full(len(i), np.nan), nothing)
    kind = kind_of(features.past.zero_share(i, t, 4 * level))
    share, factor = blend.share(kind, features.is_told(i, t, h)), np.array(blend.factor)[kind]
    table, names = features.rows(*rows)
    scale = features.scale(*rows)
    plain = _as_usual(table, names, features.panel, i)
    said, plainly, quietly = (boosted.mean(told, scale) for told in (table, plain, _without_holidays(plain, names)))
    blended = share * said + (1 - share) * alone
    units = [
        *unexplained,
        share * (quietly - alone),
        share * (plainly - quietly),
        share * (said - plainly),
        (factor - 1) * blended,
    ]
    return Parts(np.stack(units, axis=1), alone, said, share)


def _as_usual(table: NDArray[np.float32], names: list[str], panel: Panel, i: Ints) -> NDArray[np.float32]:
    """Features as if no promotion ran and each price was the series' usual one, its median so far."""
    usual = table.copy()
    promotions = [names.index(f"promotion{part}") for part in ("", "_change", "_ahead")]
    usual[:, promotions] = np.where(np.isfinite(usual[:, promotions]), 0.0, np.nan)
    if panel.price is not None:
        known = np.isfinite(panel.price).any(axis=1)
        price = np.full(len(panel.price), np.nan)
        price[known] = np.nanmedian(panel.price[known], axis=1)
        for name, value in (("price", price[i]), ("price_change", 0.0), ("price_ahead", price[i])):
            at = names.index(name)
            usual[:, at] = np.where(np.isfinite(usual[:, at]), value, np.nan)
    return usual


def _without_holidays(table: NDArray[np.float32], names: list[str]) -> NDArray[np.float32]:
    """Features as if no period had a public holiday."""
    quiet = table.copy()
    holidays = [at for at, name in enumerate(names) if name.startswith("holidays")]
    quiet[:, holidays] = np.where(np.isfinite(quiet[:, holidays]), 0.0, np.nan)
    return quiet


def joined(parts: list[Parts]) -> Parts:
    """Parts of rows one after the other."""
    values: Any = [np.concatenate([getattr(part, name) for part in parts]) for name in ("units", "own", "boosted", "share")]
    return Parts(*values)
