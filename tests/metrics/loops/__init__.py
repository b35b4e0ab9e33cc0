"""One plain loop per metric, over the rows of a ledger, sharing no code with marts. Here: all of them by name. Not here: ledgers, answers."""

from tests.metrics.loops import costs, customers, forecast, fulfilment, lives, payments, returns, sales, stock, suppliers
from tests.metrics.loops.basis import Loop

SUBJECTS = (sales, fulfilment, lives, costs, returns, payments, customers, stock, suppliers, forecast)
LOOPS: dict[str, Loop] = {name: loop for subject in SUBJECTS for name, loop in subject.LOOPS.items()}

__all__ = ["LOOPS"]
