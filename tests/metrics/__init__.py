"""Metrics: each against a plain loop over the ledger, and golden examples of every definition with a calendar or a tolerance."""
