"""Moves data: channels, landing, ledger, marts, snapshots, outbox. The only package that knows Dagster."""

import os

# Threads of LightGBM that wait for work would spin, and on a busy machine take ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
