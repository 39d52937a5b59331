"""Performance monitoring of the chain (MP)."""

from __future__ import annotations

from twin.catalog import Settings, check, every
from twin.desk.port import Desk
from twin.desk.steps import Finding

__all__ = ["ChainPerformance", "chain_performance"]

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
