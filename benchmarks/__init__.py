"""Figures that Fulcast promises, each measured by a command beside its peer in the same run."""
