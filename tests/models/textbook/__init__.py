"""Published formulas of inventory: examples to the printed digits, and properties."""
