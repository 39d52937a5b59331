"""Identities as the IAM exports them: people, API keys, and the owners of each signing quorum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["ApiKey", "Hours", "Identities", "Person", "Quorum"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours: local minutes *start*..*end* of the day on *days*, as in the contract.

    *end* before *start* passes midnight.
    """

    timezone: str
    days: tuple[str, ...]
    start: int
    end: int

    def cover(self, at: int) -> bool:
        """Say whether unix second *at* lies within them."""
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.timezone))
        minute, today = 60 * local.hour + local.minute, DAYS[local.weekday()]
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        late = today in self.days and minute >= self.start
        return late or (DAYS[local.weekday() - 1] in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with access: *status* is active or left (at unix second *left*).

    *account* is the 20-byte address of the person's own chain wallet, *network* where they usually
    log in from, *hours* None for a vendor, who has none.
    """

    name: str
    kind: str
    roles: tuple[str, ...]
    status: str
    left: int | None
    mfa: bool
    last_seen: int
    network: str
    account: bytes
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of *owner* with *scopes*; times in unix seconds, *last_used* None where it never was."""

    id: str
    owner: str
    scopes: tuple[str, ...]
    created: int
    expires: int | None
    last_used: int | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Quorum:
    """A signing quorum as the wallet shows it: *threshold* of *owners*."""

    authority: str
    threshold: int
    owners: tuple[str, ...]


class Identities(Protocol):
    """The IAM export of now."""

    def people(self) -> list[Person]:
        """Return everybody who has or had access."""

    def api_keys(self) -> list[ApiKey]:
        """Return every API key that was ever made."""

    def quorums(self) -> list[Quorum]:
        """Return the owners and thresholds of the signing wallets."""
