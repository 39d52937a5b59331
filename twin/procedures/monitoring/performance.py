"""Performance monitoring: the chain, its transactions, contracts, gas and nodes (MP)."""

from __future__ import annotations

from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, NodeStatus, Probe
from twin.desk.steps import Finding
from twin.procedures.monitoring.execution import ask_views, bricked, holds, reverting, unbacked
from twin.procedures.monitoring.gas import costs, griefers, native_price, regressions, war
from twin.procedures.monitoring.nodes import compare, release, statuses, supported

__all__ = [
    "ChainPerformance",
    "ContractExecution",
    "GasUsage",
    "NodeHealth",
    "ProbeLatency",
    "chain_performance",
    "contract_execution",
    "gas_usage",
    "node_health",
    "probe_latency",
]

PPM = 1_000_000


class ChainPerformance(Settings):
    """Limits of MP1: *window* seconds looked back; the rest are service levels."""

    window: int = 3600
    max_head_age: int = 60
    max_utilisation_ppm: int = 950_000
    max_confirmation: int = 180
    max_reverted_ppm: int = 200_000
    min_transactions: int = 20


@check(
    "MP1",
    "System Monitoring / Performance Monitoring"
    " / Continuous monitoring of blockchain performance metrics",
    cadence=every(minutes=15),
    inputs=("eth_getBlockByNumber", "eth_getTransactionReceipt", "txpool_status"),
    evidence="service levels of the chain over the last hour",
    settings=ChainPerformance,
)
def chain_performance(desk: Desk, settings: ChainPerformance) -> Finding:
    """Continuous monitoring of blockchain performance metrics.

    Head age, utilisation, the slowest confirmation and the share of reverted transactions are
    held against their service levels over *settings.window* seconds. The share of reverts needs
    *settings.min_transactions* to mean anything; below that it is not judged.
    """
    stats = desk.at().stats(since=desk.now - settings.window)
    head_age = desk.now - stats.timestamp
    reverted_ppm = stats.reverted * PPM // stats.transactions if stats.transactions else 0
    problems = {
        "head": int(head_age > settings.max_head_age),
        "utilisation": int(stats.utilisation_ppm > settings.max_utilisation_ppm),
        "confirmation": int(stats.confirmation_max > settings.max_confirmation),
        "reverts": int(
            stats.transactions >= settings.min_transactions
            and reverted_ppm > settings.max_reverted_ppm
        ),
    }
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"outside service level: {', '.join(wrong)}" if wrong else "inside service levels",
        data={
            "blocks": [stats.first, stats.last],
            "head_age": head_age,
            "base_fee_wei": stats.base_fee,
            "utilisation_ppm": stats.utilisation_ppm,
            "transactions": stats.transactions,
            "reverted_ppm": reverted_ppm,
            "pending": stats.pending,
            "confirmation_max": stats.confirmation_max,
        },
        problems=problems,
    )


class ProbeLatency(Settings):
    """Limits of MP2: seconds; *max_slow_ppm* is the error budget of the service level.

    A probe is slow when its block comes more than *slow* seconds after it was sent, and stuck
    when it still waits after *stuck*. Fewer than *least* probes are not judged.
    """

    window: int = 6 * 3600
    slow: int = 60
    stuck: int = 600
    max_slow_ppm: int = 100_000
    least: int = 3


BUCKETS = (12, 24, 36, 60, 120, 300, 600)
"""Upper bounds of the histograms, seconds."""


def _histogram(values: list[int]) -> dict[str, int]:
    """Return how many of *values* are at most each bound, and how many there are."""
    counted = {str(bound): len([one for one in values if one <= bound]) for bound in BUCKETS}
    return {**counted, "+Inf": len(values)}


def _no_probes(desk: Desk) -> str | None:
    return None if desk.services.probes.roles() else "no probe transactions are declared"


def _of_role(
    probes: list[Probe], now: int, settings: ProbeLatency
) -> tuple[dict[str, int], dict[str, Any]]:
    """Judge the *probes* of one role: problems by item, and the facts they rest on."""
    included = [one.included - one.sent for one in probes if one.included is not None]
    confirmed = [one.confirmed - one.sent for one in probes if one.confirmed is not None]
    waiting = [now - one.sent for one in probes if one.included is None and not one.dropped]
    dropped = [one.dropped for one in probes if one.dropped]
    late = [one for one in (*included, *waiting) if one > settings.slow]
    share = len(late) * PPM // len(probes) if probes else 0
    problems = {
        "slow": int(len(probes) >= settings.least and share > settings.max_slow_ppm),
        "stuck": len([one for one in waiting if one > settings.stuck]),
        "dropped": len(dropped),
    }
    return problems, {
        "sent": len(probes),
        "inclusion": _histogram(included),
        "confirmation": _histogram(confirmed),
        "waiting": waiting,
        "dropped": dropped,
        "slow_ppm": share,
        "burn_rate_ppm": share * PPM // settings.max_slow_ppm,
    }


@check(
    "MP2",
    "System Monitoring / Performance Monitoring"
    " / Transaction throughput and confirmation time tracking",
    cadence=every(minutes=15),
    inputs=("probe transactions and their receipts", "eth_getBlockByNumber", "txpool_status"),
    evidence="histograms of inclusion and confirmation by role, burn rate, throughput",
    settings=ProbeLatency,
    applies=_no_probes,
)
def probe_latency(desk: Desk, settings: ProbeLatency) -> Finding:
    """Transaction throughput and confirmation time tracking.

    Probes that are sent as users, keepers and operators send are timed from submission to
    inclusion and to n confirmations; what is slow eats the error budget. Congestion that only
    delays those who bid least is seen by role (Black Thursday, 2020-03-12: keepers waited).
    """
    service = desk.services.probes
    probes = service.since(desk.now - settings.window)
    if not probes:
        return Finding("no-data", "no probe was sent", problems={"no-data": 1})
    stats = desk.at().stats(since=desk.now - settings.window)
    total: dict[str, int] = {"slow": 0, "stuck": 0, "dropped": 0}
    roles: dict[str, Any] = {}
    for role in service.roles():
        own = [one for one in probes if one.role == role]
        problems, roles[role] = _of_role(own, desk.now, settings)
        for item, count in problems.items():
            total[item] += count
    return _judged(
        total,
        "probes",
        {
            "roles": roles,
            "window": settings.window,
            "transactions": stats.transactions,
            "utilisation_ppm": stats.utilisation_ppm,
            "pending": stats.pending,
        },
    )


class ContractExecution(Settings):
    """Limits of MP3 over *window* seconds; fewer than *least* calls say nothing of a function."""

    window: int = 3600
    least: int = 3
    judged: int = 20
    max_reverted_ppm: int = 200_000


@check(
    "MP3",
    "System Monitoring / Performance Monitoring / Smart contract execution monitoring",
    cadence=every(minutes=15),
    inputs=("receipts and revert payloads", "eth_call of the views", "Minted logs", "stores"),
    evidence="revert table by function and reason, views that fail, sums that do not hold",
    settings=ContractExecution,
)
def contract_execution(desk: Desk, settings: ContractExecution) -> Finding:
    """Smart contract execution monitoring.

    Reverts by function and reason; a function that fails whoever calls it is bricked (cETH,
    2022-08-30: a price feed's upgrade made every call revert). Views are called, sums are made
    at one block, and a mint that nothing stands behind is a P1 whoever signed it.
    """
    view = desk.at()
    since = desk.now - settings.window
    stats = view.calls(since=since)
    asked, silent = ask_views(desk, view)
    dead = [f"{one.contract}.{one.function}" for one in stats if bricked(one, least=settings.least)]
    failing = [
        f"{one.contract}.{one.function}"
        for one in stats
        if reverting(one, least=settings.judged, share_ppm=settings.max_reverted_ppm)
    ]
    broken = {} if silent else holds(desk, view)
    mints = unbacked(desk, view, since=since)
    return _judged(
        {"bricked": len(dead), "view": len(silent), "reverts": len(failing),
         "invariant": len(broken), "unbacked": len(mints)},
        "contracts",
        {
            "block": view.block,
            "table": [
                {"function": f"{one.contract}.{one.function}", "calls": one.calls,
                 "reverted": one.reverted, "reasons": dict(one.reasons)}
                for one in stats
            ],
            "bricked": dead,
            "reverting": failing,
            "views": asked,
            "silent_views": silent,
            "broken_sums": broken,
            "unbacked": mints,
        },
    )  # fmt: skip


class GasUsage(Settings):
    """Limits of MP4: costs in US cents, ratios in ppm; *native_usd* (8 decimals) where unquoted."""

    window: int = 2 * 3600
    tolerance_ppm: int = 100_000
    least: int = 3
    max_cost_cents: int = 10_000
    war_ppm: int = 5_000_000
    max_reverts_by_one: int = 50
    tip: int = 10**9
    currency: str = "ETH"
    native_usd: int = 2_000 * 10**8


@check(
    "MP4",
    "System Monitoring / Performance Monitoring / Gas usage and optimization analysis",
    cadence=every(hours=1),
    inputs=("receipts", "eth_feeHistory", "gas snapshot in the register", "rate of the coin"),
    evidence="gas difference report, cost of each user action, base fee against its median",
    settings=GasUsage,
)
def gas_usage(desk: Desk, settings: GasUsage) -> Finding:
    """Gas usage and optimization analysis.

    Gas per function against the committed snapshot, what each user action costs in fiat, and
    the base fee against its median of a day: a gas war prices everybody out (Otherside,
    2022-04-30). One sender with many reverts is griefing, or a bot that burns itself.
    """
    view = desk.at()
    stats = view.calls(since=desk.now - settings.window)
    base_fee = view.stats(since=view.timestamp - 1).base_fee
    worse, unlisted = regressions(
        desk, stats, tolerance_ppm=settings.tolerance_ppm, least=settings.least
    )
    price, basis = native_price(desk, settings.currency, settings.native_usd)
    cents = costs(desk, stats, base_fee=base_fee, tip=settings.tip, price=price)
    dear = {action: cost for action, cost in cents.items() if cost > settings.max_cost_cents}
    usual, ratio = war(desk, base_fee)
    bothering = griefers(stats, least=settings.max_reverts_by_one)
    return _judged(
        {"regression": len(worse), "unlisted": len(unlisted), "budget": len(dear),
         "gas-war": int(ratio > settings.war_ppm), "griefing": len(bothering)},
        "gas",
        {
            "block": view.block,
            "functions": {
                f"{one.contract}.{one.function}": {
                    "calls": one.calls, "min": one.gas_min, "median": one.gas_median,
                    "max": one.gas_max, "fees_wei": str(one.fees),
                }
                for one in stats
            },
            "regressions": worse,
            "unlisted": unlisted,
            "cost_cents": cents,
            "coin_usd": price,
            "coin_basis": basis,
            "base_fee_wei": base_fee,
            "usual_base_fee_wei": usual,
            "base_fee_ratio_ppm": ratio,
            "reverted_by": bothering,
        },
    )  # fmt: skip


class NodeHealth(Settings):
    """Limits of MP5: *max_lag* blocks, *min_peers*; *quorum_ppm* of all nodes must agree."""

    max_lag: int = 5
    min_peers: int = 5
    quorum_ppm: int = 500_000


def _no_nodes(desk: Desk) -> str | None:
    return None if desk.services.nodes.names() else "no RPC nodes are declared"


def _releases(desk: Desk, found: dict[str, NodeStatus]) -> list[str]:
    """Return the nodes that run a release which nobody tested, or another than is listed."""
    tested = {one.component: one.versions for one in desk.services.inventory.requirements()}
    listed = {one.where: one.version for one in desk.services.inventory.components()
              if one.kind == "client"}  # fmt: skip
    stale = []
    for node, status in found.items():
        client, version = release(status.client)
        if not supported(version, tested.get(client, ())) or listed.get(node) != version:
            stale.append(node)
    return stale


@check(
    "MP5",
    "System Monitoring / Performance Monitoring / Network health and node status monitoring",
    cadence=every(minutes=5),
    inputs=("eth_getBlockByNumber", "eth_call", "net_peerCount", "web3_clientVersion", "inventory"),
    evidence="quorum table: height, hash, peers, version and answers of every node",
    settings=NodeHealth,
    applies=_no_nodes,
)
def node_health(desk: Desk, settings: NodeHealth) -> Finding:
    """Network health and node status monitoring.

    Every RPC node is asked for its head, its peers, its release, and for facts at one block.
    Who differs is behind, on another chain (ETC, 2020-08), or answers wrongly while its chain is
    right (Infura, 2020-11-11; zero balances in a cloud outage, 2025-10-20).
    """
    found, silent = statuses(desk)
    if not found:
        return Finding("no-data", "no node answers", {"silent": silent},
                       {"down": len(silent), "quorum": 1, "no-data": 1})  # fmt: skip
    compared = compare(desk, found, max_lag=settings.max_lag)
    stale = _releases(desk, found)
    lonely = [name for name, one in found.items() if one.peers < settings.min_peers]
    total = len(found) + len(silent)
    enough = len(compared["agreeing"]) * PPM > total * settings.quorum_ppm
    return _judged(
        {
            "down": len(silent), "behind": len(compared["behind"]),
            "forked": len(compared["forked"]), "wrong": len(compared["wrong"]),
            "stale-version": len(stale), "peers": len(lonely), "quorum": int(not enough),
        },
        "nodes",
        {
            **compared,
            "nodes": {
                name: {"number": one.number, "hash": one.hash, "age": desk.now - one.timestamp,
                       "peers": one.peers, "client": one.client, "syncing": one.syncing,
                       "latency_ms": one.latency}
                for name, one in found.items()
            },
            "silent": silent,
            "stale_version": stale,
            "few_peers": lonely,
        },
    )  # fmt: skip


def _judged(problems: dict[str, int], what: str, data: dict[str, Any]) -> Finding:
    """Return the finding that *problems* make."""
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"{what}: {', '.join(wrong)}" if wrong else f"{what} inside limits",
        data=data,
        problems=problems,
    )
