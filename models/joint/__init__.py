"""One order to a supplier for many SKUs at once: which quantity of each. Here: values, limits, ranking, optimum, bound. Not here: levels of one SKU."""
