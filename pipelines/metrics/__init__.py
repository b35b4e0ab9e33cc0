"""Every figure that people act on, defined once: what it counts, by which clock, what open items do to it."""

from pipelines.metrics.registry import Metric, all_metrics, metric

__all__ = ["Metric", "all_metrics", "metric"]
