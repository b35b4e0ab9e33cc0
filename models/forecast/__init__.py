"""What will be wanted: history → seasonal profile → model per demand class → distribution of demand over any interval."""

from models.forecast.run import Forecast, forecast

__all__ = ["Forecast", "forecast"]
