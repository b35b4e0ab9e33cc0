"""Where return rates end. Here: how complete the returns of an age are, how unlikely so many are. Not here: what a return is."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Numbers = NDArray[np.float64]


def completion(age: NDArray[np.int64], delay: NDArray[np.int64], units: Numbers, days: int) -> Numbers:
    """Share of all returns that has come back by each age of 0 … `days`, by the chain ladder (Mack, 1993).

    One entry per group of returned units: how old its order is, how many days after ordering it came back, how many units. For each
    delay d, orders at least d days old tell by what factor their returns grew on day d; the share by age a is 1 ÷ the product of
    the factors after a; before the first return of all it is 0. Beyond `days` nothing more is expected.

    Orders of 2 days or more returned 4 by day 1 and 2 on day 2, nothing later: the factor of day 2 is 6 ÷ 4, the share by day 1
    4 ÷ 6.
    """
    factors = np.ones(days + 1)
    for day in range(1, days + 1):
        seen = units[(age >= day) & (delay < day)].sum()
        more = units[(age >= day) & (delay == day)].sum()
        if more > 0:
            factors[day] = (seen + more) / seen if seen > 0 else np.inf
    later = np.cumprod(factors[::-1])[::-1]
    return np.asarray(1 / np.append(later[1:], 1.0))


def excess_p_values(returned: Numbers, mature: Numbers, usual_rate: Numbers) -> Numbers:
    """Chance of at least so many returns among the mature units at the usual rate (binomial, one-sided).

    5 returned of 20 at a usual 10 %: P(X ≥ 5) = 0.043.
    """
    trials = np.maximum(np.round(mature), returned)
    least = np.maximum(np.ceil(returned), 1)
    return np.where(returned > 0, special.betainc(least, np.maximum(trials - least, 0) + 1, np.clip(usual_rate, 0, 1)), 1.0)
