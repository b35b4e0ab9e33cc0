"""Lost sales with a lead time, period by period: the exact optimum, and what simpler rules cost. Here: a Markov chain. Not here: backorders (base_stock).

A period begins with what arrives and an order; then demand comes, and what it finds too little of is lost. An order arrives `lead_periods` later. So
the state is what is on hand, and what was ordered in each of the periods since; it has one axis for each of these.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
SURE = 1e-4  # of the cost per period
MOST_PERIODS = 20_000


@dataclass(frozen=True)
class LostSales:
    """One item: holding_cost per unit left at a period's end, penalty_cost per unit lost, lead_periods ≥ 1, chances of demands 0, 1, 2 … of a period.

    most: units of the largest order thinkable; a level that needs more is none to ask for.
    """

    holding_cost: float
    penalty_cost: float
    lead_periods: int
    chances: Array
    most: int

    @property
    def _on_hand(self) -> Ints:
        return np.arange(2 * self.most + 1)  # more than two of the largest orders is never kept

    def optimal_cost(self) -> float:
        """Per period, of the best order in every state, by value iteration. Zipkin (2008), Operations Research 56(5), Table 3.

        Example there: Poisson demand of 5, holding 1, penalty 4, lead time 4: 4.73.
        """
        return self._cost(None)

    def base_stock_cost(self, level: int) -> float:
        """Per period, of filling the position up to `level` each time. Example: the same item with a lead time of 1, the best level, 12: 4.16."""
        axes = np.ix_(self._on_hand, *[np.arange(self.most + 1)] * (self.lead_periods - 1))
        return self._cost(np.asarray(np.clip(level - sum(axes), 0, self.most)))

    def myopic_cost(self) -> float:
        """Per period, of each order being the best for the one period that begins as it arrives. Example there: 5.06."""
        expected = self._ahead(self._period_costs())
        for _ in range(self.lead_periods - 1):
            expected = self._ahead(expected)
        return self._cost(expected.argmin(axis=-1))

    def _left(self) -> Ints:
        """(on hand, demand) units left."""
        return np.maximum(self._on_hand[:, None] - np.arange(len(self.chances)), 0)

    def _period_costs(self) -> Array:
        """(on hand,) expected cost of a period."""
        lost = np.maximum(np.arange(len(self.chances)) - self._on_hand[:, None], 0)
        return np.asarray((self.holding_cost * self._left() + self.penalty_cost * lost) @ self.chances)

    def _ahead(self, values: Array) -> Array:
        """(state, order) expected values (state,) of the next period: one more axis than they have, for what is ordered now."""
        on_hand = self._on_hand
        moves = np.zeros((len(on_hand),) * 2)
        np.add.at(moves, (on_hand[:, None], self._left()), self.chances)
        arriving = np.minimum(on_hand[:, None] + np.arange(self.most + 1), on_hand[-1])
        return np.tensordot(moves, values[arriving], 1)

    def _cost(self, orders: Ints | None) -> float:
        """Average cost per period of orders (state,), of the best ones where there are none: once a period more costs the same in every state."""
        costs = self._period_costs().reshape(-1, *[1] * (self.lead_periods - 1))
        values = np.zeros((len(self._on_hand), *[self.most + 1] * (self.lead_periods - 1)))
        for _ in range(MOST_PERIODS):
            expected = self._ahead(values)
            chosen = expected.min(-1) if orders is None else np.take_along_axis(expected, orders[..., None], -1)[..., 0]
            more = chosen + costs - values
            if np.ptp(more) < SURE:
                return float(more.max() + more.min()) / 2
            values = values + more - more.flat[0]
        raise ArithmeticError(f"The cost of a period hasn't settled within {MOST_PERIODS} periods.")
