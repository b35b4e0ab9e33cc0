"""One supplier's order, from a frame of candidates to its lines. Here: the call that decisions use. Not here: how quantities are chosen (exact)."""

from typing import NamedTuple

import polars as pl

from models.joint.exact import optimised
from models.joint.problem import Candidates, Limits, binding, impossible


class JointOrder(NamedTuple):
    """Lines of the order (rows of the candidates; none where waiting is better), containers, and how good it is known to be.

    value_amount: what the order earns beyond ordering nothing, after its fixed costs; no order can earn more than bound_amount;
    gap_rate: (bound − value) ÷ bound; binding: names of the limits that it stands at; impossible: the limit that no order can keep, see
    problem.impossible; empty where one can.
    """

    lines: pl.DataFrame
    containers: int
    value_amount: float
    bound_amount: float
    gap_rate: float
    is_proven: bool
    binding: list[str]
    impossible: str = ""


def joint_order(candidates: pl.DataFrame, limits: Limits, seconds: float = 10.0) -> JointOrder:
    """The best quantity of every SKU of a supplier together.

    candidates: sku, value_amount, amount; volume (m³) and weight (kg) where containers limit, units where a minimum does; one row per SKU
    and quantity; other columns are kept. seconds: the most that the solver may take. Example: a supplier's minimum of 100 and SKUs that
    alone would order for 60: the SKUs that gain most from more, or lose least, fill the rest; where filling costs more than the order
    brings, no line.
    """
    problem = Candidates.of(candidates)
    choice, is_proven = optimised(problem, limits, seconds=seconds)
    rows = problem.row[range(len(choice.chosen)), choice.chosen]
    return JointOrder(
        candidates[sorted(int(row) for row in rows if row >= 0)], choice.containers, choice.value, choice.bound, choice.gap_rate,
        is_proven, binding(problem, choice, limits), impossible(problem, limits),
    )  # fmt: skip
