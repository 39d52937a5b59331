"""Python's cyclic collector in a run: left alone it takes a tenth of it, to find next to nothing.

A world keeps what it makes (blocks, receipts, samples), and frees what it drops by counting
references; cycles are few. So what stands when the run begins is put out of the collector's sight,
and it comes by far more rarely.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["resting"]

_THRESHOLDS = (100_000, 20, 20)
"""Young objects, and then collections of the younger generation, before one is collected."""


@contextmanager
def resting() -> Iterator[None]:
    """Let the collector rest, and have it as before afterwards."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
