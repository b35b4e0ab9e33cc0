"""Thin Dagster definitions: assets, checks, jobs, schedules, resources. A body is load → call → save."""
