"""From channels to landing: polling, reconciling, connecting. Here: when and what to ask. Not here: any platform, the ledger."""
