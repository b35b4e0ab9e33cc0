"""The warehouse's engine."""
