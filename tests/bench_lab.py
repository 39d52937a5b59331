"""A laboratory for the benchmark: the least effort that measures everything."""

from __future__ import annotations

import pytest

from twin.bench import Effort
from twin.chain.engines import available

REVM = pytest.mark.skipif("revm" not in available(), reason="the Rust engine is not built")

TINY = Effort(
    rounds=1, heavy=1, ops=0.0, baseline=1800, blocks=1800, idle=1800, million=1000, month=1800,
    crowd=1800, year=3600, rules=500,
)  # fmt: skip


def silent(_line: str) -> None:
    """Say nothing."""
