"""Marts that models make."""
