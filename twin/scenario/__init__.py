"""Scenarios: the YAML file that says what a run is, loaded into frozen models."""

from __future__ import annotations

from twin.scenario.expectations import Expectation, Threshold
from twin.scenario.loader import SUFFIXES, load, loads
from twin.scenario.market import (
    CommoditySpec,
    IndexSpec,
    MarketSpec,
    ReplaySpec,
    SchwartzSmithSpec,
    SourceSpec,
    VenueSpec,
)
from twin.scenario.models import (
    AgentSpec,
    ControlSpec,
    Document,
    FaultSpec,
    LossSpec,
    MonitoringSpec,
    Scenario,
    SealedSpec,
)
from twin.scenario.network import (
    AllocationSpec,
    ChainSpec,
    DemandSpec,
    FeedSpec,
    FeeSpec,
    PoolSpec,
    ProtocolSpec,
)
from twin.scenario.schema import schema
from twin.scenario.team import AuthoritySpec, PersonSpec, ShiftSpec, TeamSpec
from twin.scenario.vocabulary import Vocabulary

__all__ = [
    "SUFFIXES",
    "AgentSpec",
    "AllocationSpec",
    "AuthoritySpec",
    "ChainSpec",
    "CommoditySpec",
    "ControlSpec",
    "DemandSpec",
    "Document",
    "Expectation",
    "FaultSpec",
    "FeeSpec",
    "FeedSpec",
    "IndexSpec",
    "LossSpec",
    "MarketSpec",
    "MonitoringSpec",
    "PersonSpec",
    "PoolSpec",
    "ProtocolSpec",
    "ReplaySpec",
    "Scenario",
    "SchwartzSmithSpec",
    "SealedSpec",
    "ShiftSpec",
    "SourceSpec",
    "TeamSpec",
    "Threshold",
    "VenueSpec",
    "Vocabulary",
    "load",
    "loads",
    "schema",
]
