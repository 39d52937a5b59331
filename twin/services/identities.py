"""The IAM: who has access, with which keys, and who owns the signing wallets.

Staff are the scenario's team; their keys, vendors and leavers are made beside them. What the
register approves is computed from the same declarations, before any fault touches the export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twin.clock import DAY, Clock
from twin.desk.port.identities import ApiKey, Hours, Person, Quorum
from twin.errors import UnknownName
from twin.protocol.roles import account_of
from twin.scenario.services_work import IdentitiesSpec
from twin.scenario.team import TeamSpec

__all__ = ["Iam", "IamClient", "wallet_of"]

MACHINES = (
    ("key-ci", "ci", ("scan", "build")),
    ("key-prometheus", "prometheus", ("read",)),
    ("key-indexer", "indexer", ("read",)),
    ("key-venue", "treasury-bot", ("trade",)),
)
"""Keys of machines: id, owner, scopes."""


def wallet_of(person: str) -> bytes:
    """Return the address of the chain wallet of *person*."""
    return account_of(f"person:{person}")


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


class Iam:
    """The identity provider; the fault handles are `enrol`, `unrevoke`, `use` and `add_owner`."""

    def __init__(self, spec: IdentitiesSpec, team: TeamSpec, clock: Clock) -> None:
        """Make everybody, their keys and the wallets."""
        self._clock = clock
        self.people: dict[str, Person] = {}
        self.keys: dict[str, ApiKey] = {}
        self.quorums: dict[str, Quorum] = {}
        start = clock.now
        for number, item in enumerate(team.people):
            shift = item.shift
            hours = Hours(shift.timezone, shift.days, _minute(shift.start), _minute(shift.end))
            self._add(item.name, "staff", roles=item.roles, hours=hours, number=number)
            self._key(f"key-{item.name}", item.name, ("console",), start - 200 * DAY)
        for number, name in enumerate(spec.vendors):
            self._add(name, "vendor", roles=("support",), hours=None, number=100 + number)
        for number, name in enumerate(spec.left):
            self._add(name, "staff", roles=("operator",), hours=None, number=200 + number)
            self.people[name] = replace(
                self.people[name], status="left", left=start - 30 * DAY, last_seen=start - 31 * DAY
            )
            self._key(f"key-{name}", name, ("console",), start - 300 * DAY)
            self.keys[f"key-{name}"] = replace(self.keys[f"key-{name}"], revoked=True)
        for key, owner, scopes in MACHINES:
            self._key(key, owner, scopes, start - 100 * DAY)
        for authority, quorum in team.authorities.items():
            self.quorums[authority] = Quorum(authority, quorum.threshold, quorum.signers)

    def _add(
        self, name: str, kind: str, *, roles: tuple[str, ...], hours: Hours | None, number: int
    ) -> None:
        self.people[name] = Person(
            name, kind, roles, "active", None, mfa=True, last_seen=self._clock.now,
            network=f"AS{64500 + number}", account=wallet_of(name), hours=hours,
        )  # fmt: skip

    def _key(self, key: str, owner: str, scopes: tuple[str, ...], created: int) -> None:
        self.keys[key] = ApiKey(key, owner, scopes, created, None, None, revoked=False)

    def approved(self) -> Mapping[str, Any]:
        """Return what the register approves of all this, by dotted name, as of now."""
        return {
            "access.people": tuple(
                name for name, item in self.people.items() if item.status == "active"
            ),
            "access.keys": tuple(
                (key.id, key.owner, key.scopes) for key in self.keys.values() if not key.revoked
            ),
            **{
                f"access.quorum.{name}": (item.threshold, item.owners)
                for name, item in self.quorums.items()
            },
        }

    # -- what happens to it ----------------------------------------------------------------------

    def use(self, key: str, at: int) -> None:
        """Note that *key* was used at unix second *at*."""
        if key not in self.keys:
            raise UnknownName("API key", key, self.keys)
        found = self.keys[key]
        self.keys[key] = replace(found, last_used=at)
        if found.owner in self.people:
            self.people[found.owner] = replace(self.people[found.owner], last_seen=at)

    def unrevoke(self, person: str) -> str:
        """Let the keys of *person*, who left, work again; return their first."""
        if person not in self.people:
            raise UnknownName("person", person, self.people)
        key = f"key-{person}"
        self.keys[key] = replace(self.keys[key], revoked=False)
        return key

    def revoke(self, person: str) -> None:
        """Take the keys of *person* away."""
        key = f"key-{person}"
        self.keys[key] = replace(self.keys[key], revoked=True)

    def leave(self, person: str, at: int) -> None:
        """Let *person* leave at unix second *at*; their keys stay as they are."""
        if person not in self.people:
            raise UnknownName("person", person, self.people)
        self.people[person] = replace(self.people[person], status="left", left=at)

    def back(self, person: str) -> None:
        """Let *person* come back."""
        self.people[person] = replace(self.people[person], status="active", left=None)

    def own(self, authority: str, owners: tuple[str, ...]) -> None:
        """Make *owners* the owners of the signing wallet of *authority*."""
        if authority not in self.quorums:
            raise UnknownName("authority", authority, self.quorums)
        self.quorums[authority] = replace(self.quorums[authority], owners=owners)


class IamClient:
    """The export of an IAM."""

    __slots__ = ("_iam",)

    def __init__(self, iam: Iam) -> None:
        """Export *iam*."""
        self._iam = iam

    def people(self) -> list[Person]:
        """Return everybody who has or had access."""
        return list(self._iam.people.values())

    def api_keys(self) -> list[ApiKey]:
        """Return every API key that was ever made."""
        return list(self._iam.keys.values())

    def quorums(self) -> list[Quorum]:
        """Return the owners and thresholds of the signing wallets."""
        return list(self._iam.quorums.values())
