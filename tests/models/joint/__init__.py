"""Joint orders of a supplier."""
