"""One file per format: how each channel and each system of the merchant spells what happened. Not here: what happened."""
