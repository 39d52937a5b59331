"""A small vocabulary, a scenario's first lines, and the problems that the loader finds in a text."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, Field

from twin.catalog import Settings
from twin.errors import FileProblems
from twin.scenario import Vocabulary, loads
from twin.scenario.values import Pips, Seconds


class OracleParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    commodity: str = "WTI"
    sources: tuple[str, ...] = Field(min_length=1)
    latency: Seconds = 8
    readings: int = 1


class NodeParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    node: str


class Response(Settings):
    tolerance: Pips = 20_000
    authority: str = "pauser"


VOCABULARY = Vocabulary(
    agents={"oracle-node": OracleParams},
    faults={"node-misreport": NodeParams},
    procedures={"NR1": Response},
    rules=("OracleIndexDivergence", "PoolDepthLow"),
    metrics=("fictra_pool_price_ratio", "fictra_index_usd"),
    invariants=("pt-supply",),
    losses=("ft-over-entitlement",),
)

HEAD = """\
name: s
title: t
description: d
start: 2009-01-05T00:00:00Z
duration: 1d
seed: 1
claims_not_made: [x]
"""
"""Seven lines: what a table adds begins in line 8."""


def problems(text: str, file: str = "s.twin.yaml") -> list[str]:
    """Return the problems of *text* as `line:column: message`."""
    with pytest.raises(FileProblems) as caught:
        loads(text, file, VOCABULARY)
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]
