"""The benchmark's own path on a small sample: targets are ordered as they should be, and the textbook is tuned to what ours reached."""

import pytest

from benchmarks import service, service_world
from models import safety_stock
from models.forecast import boosting


def test_a_small_merchant_is_played(monkeypatch: pytest.MonkeyPatch):
    smaller = {"DAYS": 280, "ORDERS": 1500, "WARM_WEEKS": 3, "COUNTED_WEEKS": 7, "PLAYED": 10, "ERROR_WEEKS": 5, "TUNINGS": 4}
    for name, value in smaller.items():
        for module in (service, service_world):
            monkeypatch.setattr(module, name, value, raising=False)
    monkeypatch.setattr(safety_stock, "PATHS", 200)
    monkeypatch.setattr(boosting, "ROUNDS", 40)
    monkeypatch.setattr(service, "TARGETS", ((service.CYCLE, 0.9), (service.CYCLE, 0.99)))
    world = service.world_of(1, 20)
    assert world.daily.shape == (20, 280) and world.lead_days.min() >= 2
    low, high = service.compared(world)
    assert high[2] > low[2] and high[0] / high[1] >= low[0] / low[1], "more service needs more stock"
    assert abs(low[0] / low[1] - low[4] / low[5]) < 0.1
