"""Marts whose mathematics is of `models`: frames in, frames out, in Polars. Here: joining what a model needs, naming what it found."""
