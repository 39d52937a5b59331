"""A demand-deposit bank in fractions (A12): Diamond and Dybvig's contract and its tipping point.

A bank promises *r1* to whoever leaves early, out of assets that give 1 early and *r* late. It can
keep that promise to a few. Where more than the tipping share is expected to leave, waiting pays
less than leaving, and everybody runs; where the early payments have used everything up, the rest
get nothing. Source: Diamond 2007, Federal Reserve Bank of Richmond Economic Quarterly 93(2), whose
example has R 2, r1 1.28 and a quarter of early leavers. Everything is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from twin.errors import UsageError

__all__ = ["DepositBank"]


@dataclass(frozen=True, slots=True)
class DepositBank:
    """A bank with one unit of deposits; *early* is the share that must leave in any case."""

    r: Fraction
    r1: Fraction
    early: Fraction

    def __post_init__(self) -> None:
        """Refuse a contract that nobody would sign."""
        if not (0 <= self.early < 1 and 1 <= self.r1 < self.r):
            raise UsageError(f"{self}: it needs 0 <= early < 1 and 1 <= r1 < r")

    def late_payment(self, leaving: Fraction) -> Fraction:
        """Return what each of those who wait gets when the share *leaving* leaves early."""
        left = max(Fraction(0), 1 - leaving * self.r1)
        return left * self.r / (1 - leaving) if leaving < 1 else Fraction(0)

    @property
    def r2(self) -> Fraction:
        """What those who wait get when only the *early* ones leave."""
        return self.late_payment(self.early)

    @property
    def tipping_share(self) -> Fraction:
        """The share of leavers at which waiting pays the same as leaving."""
        return (self.r - self.r1) / (self.r1 * (self.r - 1))

    @property
    def exhaustion_share(self) -> Fraction:
        """The share of leavers whose early payments use everything up."""
        return 1 / self.r1

    def serve(self, leaving: int, holders: int) -> tuple[int, Fraction]:
        """Pay *leaving* of *holders* equal depositors one by one, in their order, while it lasts.

        Return how many were paid in full and what the next one gets: sequential service.
        """
        paid = min(leaving, int(holders / self.r1))
        rest = Fraction(holders) - paid * self.r1
        return paid, min(self.r1, rest) if leaving > paid else Fraction(0)
