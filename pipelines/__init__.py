"""Moves data: channels, landing, ledger, marts, snapshots, outbox. The only package that knows Dagster."""
