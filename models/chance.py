"""Random numbers that belong to one series. Here: the same draws for a series whichever others are drawn beside it. Not here: what is drawn.

A level that is taken from samples strays by chance. With one stream for all, a new product would move the levels of every other one by a unit from run
to run, and a series drawn again after a transfer would get another level for the same demand.
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = 3  # of draws, each with a stream of its own: how many weeks are drawn changes nothing about lead times


def keys_of(names: Sequence[str]) -> Ints:
    """(n,) a number for each name, the same on every machine and in every run."""
    return np.array([crc32(name.encode()) for name in names], dtype=np.int64)


class Chance:
    """What `np.random.Generator` draws for arrays whose rows are series, each from streams of its own, told by seed and key."""

    def __init__(self, seed: int, keys: Ints) -> None:
        self._streams = [
            [np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, int(key), kind]))) for key in keys]
            for kind in range(KINDS)
        ]

    def gamma(self, shape: Array, scale: Array, size: tuple[int, int]) -> Array:
        """(n, draws); shape, scale: (n, 1)."""
        rows = zip(self._streams[0], shape[:, 0], scale[:, 0], strict=True)
        return _stacked([stream.gamma(a, b, size[1]) for stream, a, b in rows], size[1])

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """(n, draws)."""
        return _stacked([stream.standard_normal(size[1]) for stream in self._streams[1]], size[1])

    def binomial(self, n: Ints, p: ArrayLike) -> Ints:
        """(n, draws) of n (n, draws) at p, of the same shape or one for all."""
        rates = np.broadcast_to(np.asarray(p), n.shape)
        rows = [stream.binomial(a, b) for stream, a, b in zip(self._streams[2], n, rates, strict=True)]
        return np.stack(rows) if rows else np.zeros(n.shape, dtype=np.int64)


Source = np.random.Generator | Chance


def _stacked(rows: list[Array], draws: int) -> Array:
    return np.stack(rows) if rows else np.zeros((0, draws))
