"""What will be wanted: history → mean and quantiles of every series' coming weeks."""

from models.forecast.run import Forecast, choose, forecast

__all__ = ["Forecast", "choose", "forecast"]
