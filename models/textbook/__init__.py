"""Published inventory formulas, beside which Fulcast's own decisions are held. Here: one family per file. Not here: decisions (reorder, safety_stock)."""
