"""The same questions to stockpyl, by the authors of Snyder & Shen, and to us. Here: pairs of calls. Not here: timing, printed figures (textbook).

stockpyl pins old documentation tools among its requirements, so it is no requirement of ours: `pip install --no-deps stockpyl networkx
jsonpickle tabulate tqdm matplotlib` in an environment of its own is enough.
Its serial systems are left out: with NumPy 2 they raise (version 1.0.2).
"""

import numpy as np
from scipy import stats
from stockpyl import eoq as peer_eoq
from stockpyl import newsvendor as peer_newsvendor
from stockpyl import rq, ss
from stockpyl.gsm_tree import optimize_committed_service_times, preprocess_tree, relabel_nodes
from stockpyl.instances import load_instance
from stockpyl.wagner_whitin import wagner_whitin as peer_wagner_whitin

from benchmarks.textbook_examples import PEANUT, TREE, TREE_EDGES
from models.textbook import base_stock, continuous_review, eoq, guaranteed_service, lot_sizing, newsvendor, periodic_review

PRICES = [0, 400, 800], [0.75, 0.72, 0.68]
YEAR = [float(units) for units in np.random.default_rng(1).poisson(80, 52)]


def _peer_tree() -> list[float]:
    tree = relabel_nodes(preprocess_tree(load_instance("problem_6_9")), start_index=1)
    return [optimize_committed_service_times(tree)[1]]


CASES = [
    ("EOQ", lambda: [eoq.eoq(8, 0.225, 1300)], lambda: peer_eoq.economic_order_quantity(8, 0.225, 1300)[:1]),
    ("EOQ with backorders", lambda: eoq.eoq_with_backorders(8, 0.225, 5, 1300),
     lambda: peer_eoq.economic_order_quantity_with_backorders(8, 0.225, 5, 1300)),
    ("finite production rate", lambda: [eoq.production_quantity(8, 0.225, 1300, 1700)],
     lambda: peer_eoq.economic_production_quantity(8, 0.225, 1300, 1700)[:1]),
    ("all-units discount", lambda: eoq.all_units_discount(8, 0.3, 1300, *PRICES),
     lambda: peer_eoq.economic_order_quantity_with_all_units_discounts(8, 0.3, 1300, *PRICES)[::2]),
    ("incremental discount", lambda: eoq.incremental_discount(8, 0.3, 1300, *PRICES),
     lambda: peer_eoq.economic_order_quantity_with_incremental_discounts(8, 0.3, 1300, *PRICES)[::2]),
    ("items that share an order", lambda: [eoq.joint_cycle(600, [120, 840, 300], [160, 20, 50], [1, 1, 1]).cost],
     lambda: peer_eoq.joint_replenishment_problem_silver_heuristic(600, [120, 840, 300], [160, 20, 50], [1, 1, 1])[3:]),
    ("newsvendor, normal", lambda: newsvendor.normal_level(0.18, 0.7, 50, 8), lambda: peer_newsvendor.newsvendor_normal(0.18, 0.7, 50, 8)),
    ("newsvendor, Poisson", lambda: newsvendor.poisson_level(200, 270, 18), lambda: peer_newsvendor.newsvendor_poisson(200, 270, 18)),
    ("base stock", lambda: base_stock.periodic_level(0.18, 0.7, 50, 8, 4), lambda: peer_newsvendor.newsvendor_normal(0.18, 0.7, 50, 8, 4)),
    ("(r, Q), cost", lambda: [continuous_review.policy_cost(100, 250, PEANUT)], lambda: [rq.r_q_cost(100, 250, *PEANUT)]),
    ("(r, Q), expected inventory level", lambda: continuous_review.expected_inventory_level(PEANUT), lambda: rq.r_q_eil_approximation(*PEANUT)),
    ("(r, Q), loss functions", lambda: continuous_review.loss_function_policy(PEANUT)[:2], lambda: rq.r_q_loss_function_approximation(*PEANUT)),
    ("(r, Q), Poisson", lambda: continuous_review.poisson_exact(20, 150, 100, 1.5, 2), lambda: rq.r_q_poisson_exact(20, 150, 100, 1.5, 2)),
    ("(s, S), Poisson 50", lambda: periodic_review.order_up_to_exact(1, 9, 64, stats.poisson.pmf(np.arange(200), 50)),
     lambda: ss.s_s_discrete_exact(1, 9, 64, True, 50)),
    ("Wagner–Whitin, 52 weeks", lambda: [lot_sizing.wagner_whitin(YEAR, 500, 2).cost], lambda: [peer_wagner_whitin(52, 2, 500, YEAR)[1]]),
    ("guaranteed service, tree of six", lambda: [guaranteed_service.place_safety_stock(TREE, TREE_EDGES, 4).cost], _peer_tree),
]  # fmt: skip
