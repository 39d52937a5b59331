"""A chain's constants are held against their rules at once."""

from __future__ import annotations

from typing import Any

import pytest

from twin.chain.config import ChainConfig
from twin.errors import ChainError

CONFIGS: list[dict[str, Any]] = [
    {"block_interval": 0},
    {"gas_limit": 1},
    {"base_fee": -1},
    {"coinbase": b""},
    {"reorg_window": 0},
]


@pytest.mark.parametrize("fields", CONFIGS, ids=[next(iter(c)) for c in CONFIGS])
def test_a_chain_that_could_not_run_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ChainError, match=next(iter(fields))):
        ChainConfig(7, **fields)
