"""Published examples of inventory formulas with the figures printed for them. Here: input, printed figures, our call. Not here: comparing them.

Snyder & Shen are "Fundamentals of Supply Chain Theory", 2nd edition, Wiley 2019; their figures are those of the authors' own solutions,
published as tests of `stockpyl`. Silver, Pyke & Peterson is "Inventory Management and Production Planning and Scheduling", 3rd edition,
Wiley 1998 (from the 4th, 2017, Silver, Pyke & Thomas). Nahmias is "Production and Operations Analysis", 4th edition, McGraw-Hill 2001.
Zipkin is "Old and New Methods for Lost-Sales Inventory Systems", Operations Research 56(5), 2008: Poisson demand of 5, holding 1.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from models.textbook import (
    base_stock,
    continuous_review,
    eoq,
    guaranteed_service,
    lost_sales,
    lot_sizing,
    newsvendor,
    periodic_review,
    serial,
)

SNYDER = "Snyder & Shen (2019)"
SILVER = "Silver, Pyke & Peterson (1998)"
FEDERGRUEN = "Zheng & Federgruen (1991), table 1"
SHANG = "Shang & Song (2003), table 1"
NAHMIAS = "Nahmias (2001)"
ZIPKIN = "Zipkin (2008), table 3"


@dataclass(frozen=True)
class Example:
    """One published example: its source, the figures as printed, and how we come to them."""

    source: str
    topic: str
    printed: tuple[str, ...]
    find: Callable[[], Iterable[Any]]

    @property
    def name(self) -> str:
        """Source and topic in one."""
        return f"{self.source}: {self.topic}"

    def found(self) -> tuple[str, ...]:
        """Our figures with as many decimals as were printed."""
        values = [float(value) for value in self.find()]
        return tuple(f"{value + 0.0:.{_decimals(printed)}f}" for value, printed in zip(values, self.printed, strict=True))


def _decimals(printed: str) -> int:
    return len(printed.partition(".")[2])


def _poisson(rate: float, most: int = 400) -> Any:
    return stats.poisson.pmf(np.arange(most), rate)


PEANUTS = [0, 400, 800], [0.75, 0.72, 0.68]
BEAM = [0, 1200, 2400], [1490, 1220, 1100]
OUTLET = newsvendor.explicit_costs(1, 0.3, 0.12)
TABLES = dict(zip(range(9), (0, 0.25, 0.05, 0.10, 0.20, 0.15, 0.10, 0.10, 0.05), strict=True))
EOQS = [
    Example(SNYDER, "example 3.1, EOQ", ("304.0467800", "68.4105255"),
            lambda: (q := eoq.eoq(8, 0.225, 1300), eoq.eoq_cost(q, 8, 0.225, 1300))),
    Example(SNYDER, "example 3.1, cost of ordering 250", ("69.725",), lambda: [eoq.eoq_cost(250, 8, 0.225, 1300)]),
    Example(SNYDER, "problem 3.1, EOQ", ("1728.1098450", "475230.2073732"),
            lambda: (q := eoq.eoq(2250, 275, 182500), eoq.eoq_cost(q, 2250, 275, 182500))),
    Example(SILVER, "chapter 5, EOQ of a 3-ohm resistor", ("400", "38.40"),
            lambda: (q := eoq.eoq(3.20, 0.24 * 0.40, 2400), eoq.eoq_cost(q, 3.20, 0.24 * 0.40, 2400))),
    Example(NAHMIAS, "example 4.1, EOQ of pencils", ("3870",), lambda: [eoq.eoq(12, 0.25 * 0.02, 3120)]),
    Example(SNYDER, "example 3.6, all-units discount", ("800", "978.60"), lambda: eoq.all_units_discount(8, 0.3, 1300, *PEANUTS)),
    Example(SNYDER, "problem 3.12(a), all-units discount", ("2400", "201251093.75"),
            lambda: eoq.all_units_discount(2250, 0.25, 182500, *BEAM)),
    Example(SILVER, "chapter 5, item A, all-units discount", ("100", "5962.29"),
            lambda: eoq.all_units_discount(1.50, 0.24, 416, [0, 100], [14.20, 14.20 * 0.98])),
    Example(SILVER, "chapter 5, item B, discount not taken", ("20", "337.64"),
            lambda: eoq.all_units_discount(1.50, 0.24, 104, [0, 100], [3.10, 3.10 * 0.98])),
    Example(NAHMIAS, "example 4.4, all-units discount on bags", ("500", "198.10"),
            lambda: eoq.all_units_discount(8, 0.2, 600, [0, 500, 1000], [0.30, 0.29, 0.28])),
    Example(SNYDER, "example 3.7, incremental discount", ("304.04678003", "1043.41052551"),
            lambda: eoq.incremental_discount(8, 0.3, 1300, *PEANUTS)),
    Example(SNYDER, "problem 3.12(b), incremental discount", ("28553.06065428", "208678591.67993"),
            lambda: eoq.incremental_discount(2250, 0.25, 182500, *BEAM)),
    Example(SNYDER, "example 3.8, EOQ with backorders", ("310.8125552", "0.0430622", "66.9213636"),
            lambda: eoq.eoq_with_backorders(8, 0.225, 5, 1300)),
    Example(SNYDER, "problem 3.2(b), EOQ with backorders", ("83.2354481", "0.4002999", "1999.1482444"),
            lambda: eoq.eoq_with_backorders(40, 40.05, 60, 2080)),
    Example(SNYDER, "problem 3.22, finite production rate", ("171.2697677", "3.7367949"), lambda: _produced(4, 0.08, 80, 110)),
    Example(SILVER, "page 428, four items that share an order", ("0.0761734", "1", "1", "4", "3", "2067.65"),
            lambda: _joint(40, [15] * 4, [0.24] * 4, [86000, 12500, 1400, 3000])),
    Example("Silver (1976)", "five items that share an order", ("0.2813771", "1", "1", "1", "3", "3", "218.6863203"),
            lambda: _joint(10, [1.87, 5.27, 7.94, 8.19, 8.87], [0.2] * 5, [1736, 656, 558, 170, 142])),
]  # fmt: skip
LOTS = [
    Example(SNYDER, "example 3.9, Wagner–Whitin", ("210", "0", "150", "0", "1380"), lambda: _plan([90, 120, 80, 70], 500, 2)),
    Example(SNYDER, "problem 3.27, Wagner–Whitin", ("150", "180", "0", "200", "424"), lambda: _plan([150, 100, 80, 200], 120, 0.8)),
    Example(SNYDER, "problem 3.29, Wagner–Whitin", ("1310", "0", "1095", "0", "880", "423"),
            lambda: _plan([730, 580, 445, 650, 880], 100, 0.1)),
    Example(SILVER, "chapter 6, Wagner–Whitin", ("501.20",), lambda: _plan(BOXES, 54, 0.40)[-1:]),
    Example(SILVER, "chapter 6, Silver–Meal", ("501.20",), lambda: [lot_sizing.silver_meal(BOXES, 54, 0.40).cost]),
]  # fmt: skip
BOXES = [10, 62, 12, 130, 154, 129, 88, 52, 124, 160, 238, 41]
NEWSVENDORS = [
    Example(SNYDER, "example 4.3, newsvendor", ("56.6039559", "1.9976052"), lambda: newsvendor.normal_level(0.18, 0.70, 50, 8)),
    Example(SNYDER, "example 4.2, explicit costs", ("56.6039559", "33.0023948"), lambda: _profit(OUTLET, 1, 0.3, 50, 8)),
    Example(SNYDER, "example 4.3, cost of 40", ("7.3561316",), lambda: [newsvendor.normal_cost(40, 0.18, 0.70, 50, 8)]),
    Example(SNYDER, "problem 4.1, newsvendor", ("922.7214038", "2718.1967818"), lambda: newsvendor.normal_level(43, 79, 900, 60)),
    Example(SNYDER, "problem 4.7(b), counted demand", ("5", "1225000"), lambda: newsvendor.counted_level(5e5, 1e6, list(TABLES.values()))),
    Example(SNYDER, "problem 4.8(a), Poisson demand", ("19", "786.0884409"), lambda: newsvendor.poisson_level(200, 270, 18)),
    Example(SNYDER, "problem 4.8(b), lognormal demand", ("295.6266448", "29.44254"),
            lambda: newsvendor.level_of(1, 0.1765, stats.lognorm(0.3, 0, math.exp(6)))),
    Example(SNYDER, "example 4.7 without fixed cost", ("8", "3.5701069"), lambda: newsvendor.poisson_level(1, 4, 6)),
    Example(NAHMIAS, "example 5.1, newsstand", ("15",), lambda: newsvendor.normal_level(0.15, 0.50, 11.73, 4.74)[:1]),
    Example(SNYDER, "example 4.4, base stock", ("264.7668944", "4.4667810"), lambda: base_stock.periodic_level(0.18, 0.70, 50, 8, 4)),
    Example(SILVER, "chapter 7, safety stock for P1 = 0.90", ("1.28", "75.1"),
            lambda: (z := base_stock.service_factor(0.90), 58.3 + round(float(z), 2) * 13.1)),
    Example(SILVER, "chapter 7, safety stock for a fill rate of 0.99", ("0.58", "57"),
            lambda: (z := base_stock.fill_rate_factor(0.99, 200, 11.4), 50 + z * 11.4)),
]  # fmt: skip
PEANUT = continuous_review.Setting(0.225, 7.5, 8, 1300, 150, 1 / 12)
BICYCLE = continuous_review.Setting(3.1, 45, 50, 800, 40, 4 / 365)
YOGURT = continuous_review.Setting(0.06 / 0.28, 40, 85, 192, 17.4, 3)
MUSTARD = continuous_review.Setting(2, 25, 50, 200, 25 / math.sqrt(0.5), 0.5)
CONTINUOUS = [
    Example(SNYDER, "example 5.1, cost of (126.8, 328.5)", ("78.0711625",), lambda: [continuous_review.policy_cost(126.8, 328.5, PEANUT)]),
    Example(SNYDER, "example 5.1, exact (r, Q)", ("126.87", "328.4", "78.07"), lambda: continuous_review.exact(PEANUT)),
    Example(SNYDER, "example 5.2, expected inventory level", ("213.9704421", "318.5901811", "95.4511402"),
            lambda: continuous_review.expected_inventory_level(PEANUT)),
    Example(SNYDER, "example 5.4, EOQ with backorders", ("128.63781", "308.57378"),
            lambda: continuous_review.eoq_with_backorders_policy(PEANUT)[:2]),
    Example(SNYDER, "example 5.5, EOQ and safety stock", ("190.3369966", "304.0467800"),
            lambda: continuous_review.eoq_with_safety_stock(PEANUT)[:2]),
    Example(SNYDER, "example 5.6, loss functions", ("126.86706", "328.44914"), lambda: continuous_review.loss_function_policy(PEANUT)[:2]),
    Example(SNYDER, "problem 5.1(a), expected inventory level", ("17.97265", "162.12316", "531.11893"),
            lambda: continuous_review.expected_inventory_level(BICYCLE)),
    Example(SNYDER, "problem 5.1(b), EOQ with backorders", ("-1.92982", "166.08501"),
            lambda: continuous_review.eoq_with_backorders_policy(BICYCLE)[:2]),
    Example(SNYDER, "problem 5.1(c), EOQ and safety stock", ("15.12552", "160.64387"),
            lambda: continuous_review.eoq_with_safety_stock(BICYCLE)[:2]),
    Example(SNYDER, "problem 5.1(d), loss functions", ("-1.98587", "166.95010"), lambda: continuous_review.loss_function_policy(BICYCLE)[:2]),
    Example(SNYDER, "problem 5.3(a), expected inventory level", ("644.83853", "400.75598", "100.62739"),
            lambda: continuous_review.expected_inventory_level(YOGURT)),
    Example(SNYDER, "problem 5.3(b), EOQ with backorders", ("609.02521", "391.32595"),
            lambda: continuous_review.eoq_with_backorders_policy(YOGURT)[:2]),
    Example(SNYDER, "problem 5.3(c), EOQ and safety stock", ("652.96389", "390.28195"),
            lambda: continuous_review.eoq_with_safety_stock(YOGURT)[:2]),
    Example(SNYDER, "problem 5.3(d), loss functions", ("608.5445", "403.8060"), lambda: continuous_review.loss_function_policy(YOGURT)[:2]),
    Example(SNYDER, "example 5.8, exact (r, Q), Poisson", ("3", "5", "107.9235806"),
            lambda: continuous_review.poisson_exact(20, 150, 100, 1.5, 2)),
    Example(SNYDER, "problem 5.2, exact (r, Q), Poisson", ("6", "7", "28.2413128"), lambda: continuous_review.poisson_exact(4, 28, 4, 12, 0.5)),
    Example(NAHMIAS, "example 5.4, (Q, R) of a mustard", ("143", "111"), lambda: continuous_review.expected_inventory_level(MUSTARD)[:2]),
]  # fmt: skip
PERIODIC = [
    Example(SNYDER, "example 4.7, (s, S), Poisson", ("4", "10", "8.0341116"), lambda: periodic_review.order_up_to_exact(1, 4, 5, _poisson(6))),
    Example(SNYDER, "problem 4.31, (s, S), Poisson", ("2", "7", "223.5748296"),
            lambda: periodic_review.order_up_to_exact(40, 125, 150, _poisson(4))),
    Example(SNYDER, "example 4.8, power approximation", ("40.1946170", "74.2901701"),
            lambda: periodic_review.power_approximation(0.18, 0.70, 2.5, 50, 8)[:2]),
    Example(SNYDER, "problem 4.32, power approximation", ("226.6137928", "324.3797868"),
            lambda: periodic_review.power_approximation(2, 36, 60, 190, 48)[:2]),
]  # fmt: skip
FEDERGRUEN_ROWS = [
    (10, 6, 40, "35.022"), (15, 10, 49, "42.698"), (20, 14, 62, "49.173"), (21, 15, 65, "50.406"), (22, 16, 68, "51.632"),
    (23, 17, 52, "52.757"), (24, 18, 54, "53.518"), (25, 19, 56, "54.262"), (30, 23, 66, "57.819"), (35, 28, 77, "61.215"),
    (40, 33, 87, "64.512"), (45, 37, 97, "67.776"), (50, 42, 108, "70.975"), (51, 43, 110, "71.611"), (52, 44, 112, "72.246"),
    (55, 47, 118, "74.149"), (59, 51, 126, "76.679"), (60, 52, 129, "77.306"), (61, 52, 131, "77.929"), (63, 54, 73, "78.287"),
    (64, 55, 74, "78.402"), (65, 56, 75, "78.518"), (70, 62, 81, "79.037"), (75, 67, 86, "79.554"),
]  # fmt: skip
PERIODIC += [
    Example(FEDERGRUEN, f"Poisson {mean}", (str(s), str(up_to), cost), lambda mean=mean: periodic_review.order_up_to_exact(1, 9, 64, _poisson(mean)))
    for mean, s, up_to, cost in FEDERGRUEN_ROWS
]  # fmt: skip
SHANG_ROWS = [
    (1, 9, (0.25, 0.25, 0.25, 0.25), ("8", "13", "18", "22", "12.688")),
    (9, 9, (0.25, 2.5, 2.5, 0.25), ("9", "10", "13", "19", "53.008")),
    (17, 99, (0.25, 0.25, 0.25, 0.25), ("11", "17", "22", "27", "16.206")),
    (25, 99, (0.25, 2.5, 2.5, 0.25), ("11", "14", "18", "26", "74.564")),
]
CHIPS = {
    "1": (0.01, 2), "2": (0.03, 3), "3": (0.04, 2), "4": (0.06, 4), "5": (0.12, 2), "6": (0.13, 3), "7": (0.20, 6), "8": (0.08, 4), "9": (0.04, 3),
}  # fmt: skip
CHIP_EDGES = [("1", "2"), ("2", "3"), ("3", "5"), ("4", "5"), ("5", "6"), ("6", "10"), ("7", "10"), ("8", "10"), ("9", "10")]
TREE = {
    "1": guaranteed_service.Stage(44 / 365, 7, 4.1, 0, 3), "2": guaranteed_service.Stage(28 / 365, 7, 6.2, 0, 3),
    "3": guaranteed_service.Stage(18 / 365, 21), "4": guaranteed_service.Stage(1 / 365, 3),
    "5": guaranteed_service.Stage(4 / 365, 8), "6": guaranteed_service.Stage(1.5 / 365, 2),
}  # fmt: skip
TREE_EDGES = [("4", "3"), ("5", "3"), ("6", "5"), ("3", "1"), ("3", "2")]
ECHELONS = [
    Example(SNYDER, "example 6.1, serial system", ("6.49", "12.02", "22.71"),
            lambda: serial.serial_levels((3, 2, 2), (1, 1, 2), 37.12, serial.normal_demand(5, 1), 0.01).levels),
    Example(SNYDER, "example 6.1, newsvendor heuristic", ("6.4909", "12.0274", "22.6340"),
            lambda: serial.newsvendor_bounds((3, 2, 2), (1, 1, 2), 37.12, serial.normal_demand(5, 1)).heuristic),
    Example(SNYDER, "problem 6.1, newsvendor heuristic", ("123.4709", "228.8601"),
            lambda: serial.newsvendor_bounds((1, 1), (1, 1), 15, serial.normal_demand(100, 15)).heuristic),
    Example(SNYDER, "example 6.3, guaranteed service in series", ("2.82843",), lambda: [_chain().cost]),
    Example(SNYDER, "example 6.5, guaranteed service in a tree", ("8.27792", "0", "0", "0", "1"), lambda: _small_tree()),  # noqa: PLW0108 — defined below
    *(Example(SNYDER, f"figure 6.14, customers wait {wait}", (cost,), lambda wait=wait: [_chip_plant(wait)])
      for wait, cost in ((2, "18.8240045"), (5, "12.4686888"), (8, "3.2578824"), (12, "0.2326174"))),
    *(Example(SNYDER, f"problem 6.9, customers wait {first} and {second}", (cost,), lambda a=first, b=second: [_tree_cost(a, b)])
      for first, second, cost in ((3, 3, "15.6495302"), (0, 7, "13.1212402"))),
    *(Example(SHANG, f"row {row}, optimal levels", printed, lambda h=h, p=p: _serial(h, p)) for row, p, h, printed in SHANG_ROWS),
]  # fmt: skip
ZIPKIN_ROWS = [
    (2, 4, "optimum", "4.40"), (2, 4, "myopic", "4.56"), (2, 19, "optimum", "7.66"),
    (4, 4, "optimum", "4.73"), (4, 4, "myopic", "5.06"), (4, 19, "optimum", "8.89"),
]  # fmt: skip
LOST = [
    Example(ZIPKIN, f"lead time {lead}, penalty {penalty}, {rule}", (cost,), lambda row=(lead, penalty, rule): [_lost(*row)])
    for lead, penalty, rule, cost in ZIPKIN_ROWS
]
EXAMPLES = [*EOQS, *LOTS, *NEWSVENDORS, *CONTINUOUS, *PERIODIC, *ECHELONS, *LOST]


def _produced(fixed: float, holding: float, demand: float, production: float) -> tuple[Any, Any]:
    quantity = eoq.production_quantity(fixed, holding, demand, production)
    return quantity, eoq.eoq_cost(quantity, fixed, eoq.slowed_holding_cost(holding, demand, production), demand)


def _joint(shared: float, item: list[float], holding: list[float], demand: list[float]) -> tuple[Any, ...]:
    found = eoq.joint_cycle(shared, item, holding, demand)
    return found.cycle, *found.multiples, found.cost


def _plan(demand: list[int], fixed: float, holding: float) -> tuple[Any, ...]:
    found = lot_sizing.wagner_whitin(demand, fixed, holding)
    return *found.quantities, found.cost


def _profit(costs: newsvendor.Costs, revenue: float, cost: float, mean: float, std: float) -> tuple[Any, Any]:
    level = newsvendor.normal_level(*costs, mean, std)
    return level.units, newsvendor.expected_profit(level.cost, mean, revenue, cost)


def _lost(lead: int, penalty: float, rule: str) -> float:
    item = lost_sales.LostSales(1.0, penalty, lead, _poisson(5, 20), most=18)
    return item.optimal_cost() if rule == "optimum" else item.myopic_cost()


def _serial(holding: tuple[float, ...], backorder: float) -> tuple[Any, ...]:
    found = serial.serial_levels(holding, (0.25,) * 4, backorder, serial.poisson_demand(16))
    return *found.levels, found.cost


def _chain() -> guaranteed_service.Placement:
    stage = guaranteed_service.Stage
    stages = {"3": stage(2, 1, inbound_time=1), "2": stage(4, 0), "1": stage(7, 1, 1, 0, 1)}
    return guaranteed_service.place_safety_stock(stages, [("3", "2"), ("2", "1")], 1)


def _small_tree() -> tuple[float, ...]:
    stage = guaranteed_service.Stage
    stages = {"1": stage(1, 2, inbound_time=1), "2": stage(3, 1, 1, 0, 0), "3": stage(2, 1), "4": stage(3, 1, 1, 0, 1)}
    found = guaranteed_service.place_safety_stock(stages, [("1", "3"), ("3", "2"), ("3", "4")], 1)
    return found.cost, *(found.service_times[name] for name in "1234")


def _chip_plant(wait: int) -> float:
    stages = {name: guaranteed_service.Stage(*facts) for name, facts in CHIPS.items()}
    stages["10"] = guaranteed_service.Stage(0.5, 2, 10, 0, wait)
    return guaranteed_service.place_safety_stock(stages, CHIP_EDGES, float(stats.norm.ppf(0.95))).cost


def _tree_cost(first: int, second: int) -> float:
    stages = TREE | {name: TREE[name]._replace(outbound_time=wait) for name, wait in (("1", first), ("2", second))}
    return guaranteed_service.place_safety_stock(stages, TREE_EDGES, 4).cost
