"""Collectors: each reads one part of the desk at every scrape and writes its metrics.

What they read from contracts is gathered into one multicall. They take raw facts only (when a
price was updated, never how old it is), so that the answer changes when the state does.
Data that is missing is left out and counted as an error of the collector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twin.desk.port import Desk
from twin.monitoring.collectors.base import Collector
from twin.monitoring.collectors.chain import ChainCollector
from twin.monitoring.collectors.coverage import CoverageCollector
from twin.monitoring.collectors.endpoints import EndpointCollector
from twin.monitoring.collectors.exchanges import ExchangeCollector, MakerCollector
from twin.monitoring.collectors.fees import FeeCollector
from twin.monitoring.collectors.flows import ConversionCollector, SettlementCollector
from twin.monitoring.collectors.governance import GovernanceCollector
from twin.monitoring.collectors.index import IndexCollector
from twin.monitoring.collectors.indexer import IndexerCollector
from twin.monitoring.collectors.institutions import BankCollector, CustodyCollector
from twin.monitoring.collectors.nodes import NodeCollector
from twin.monitoring.collectors.operators import OperatorCollector
from twin.monitoring.collectors.oracle import OracleCollector
from twin.monitoring.collectors.pool import PoolCollector
from twin.monitoring.collectors.probes import ProbeCollector
from twin.monitoring.collectors.reserve import ReserveCollector
from twin.monitoring.collectors.stability import StabilityCollector
from twin.monitoring.collectors.support import SupportCollector
from twin.monitoring.collectors.team import TeamCollector
from twin.monitoring.collectors.tokens import TokenCollector
from twin.monitoring.collectors.venues import VenueCollector
from twin.monitoring.registry import Registry

__all__ = ["Collector", "default_collectors"]


def default_collectors(
    registry: Registry, desk: Desk, *, firing: Callable[[], Mapping[str, int]]
) -> list[Collector]:
    """Make all collectors for *desk*; *firing* counts what fires by severity."""
    return [
        ChainCollector(registry, since=desk.now),
        PoolCollector(registry),
        OracleCollector(registry, desk.register),
        IndexCollector(registry, desk.register.commodities()),
        FeeCollector(registry),
        TokenCollector(registry),
        VenueCollector(registry, desk.venues.names()),
        ExchangeCollector(registry, desk.services.exchanges.names()),
        MakerCollector(registry, desk.services.makers.contracts()),
        StabilityCollector(registry),
        TeamCollector(registry, firing=firing),
        OperatorCollector(registry, desk.services.operators.nodes()),
        CoverageCollector(registry),
        NodeCollector(registry, desk.services.nodes.names()),
        IndexerCollector(registry),
        EndpointCollector(registry, desk.services.endpoints.names()),
        ProbeCollector(registry, desk.services.probes.roles()),
        SupportCollector(registry, since=desk.now),
        ReserveCollector(registry),
        ConversionCollector(registry),
        SettlementCollector(registry, since=desk.now),
        GovernanceCollector(registry, since=desk.now),
        BankCollector(registry, desk.banks.accounts()),
        CustodyCollector(registry, desk.custody.names()),
    ]
