"""The threat feed: bundles of STIX 2.1 objects, most of them about others."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from twin.clock import DAY, Clock, Process
from twin.desk.port.bulletins import Bulletin
from twin.protocol.roles import account_of
from twin.scenario.services_work import BulletinsSpec, RegulationSpec

__all__ = ["BulletinClient", "ThreatFeed", "affected", "indicator", "note", "regulation"]

STRANGERS = ("another-dex", "another-bridge", "a-wallet-vendor", "another-custodian")


def stix_id(kind: str, *parts: object) -> str:
    """Return a STIX id of *kind*, a UUID made from the *parts*."""
    seed = hashlib.sha256(repr(parts).encode()).digest()[:16]
    return f"{kind}--{uuid.UUID(bytes=seed, version=4)}"


def when(at: int) -> str:
    """Return unix second *at* as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def indicator(at: int, address: bytes, name: str) -> Mapping[str, Any]:
    """Return the indicator that *address* acts against others."""
    return {
        "type": "indicator", "spec_version": "2.1", "id": stix_id("indicator", at, name, address),
        "created": when(at), "valid_from": when(at), "name": name, "pattern_type": "stix",
        "pattern": f"[x-chain-address:value = '0x{address.hex()}']",
    }  # fmt: skip


def affected(at: int, name: str, component: str, before: str) -> Mapping[str, Any]:
    """Return the vulnerability *name* of *component*, fixed in version *before*."""
    return {
        "type": "vulnerability", "spec_version": "2.1", "id": stix_id("vulnerability", at, name),
        "created": when(at), "name": name, "x_affected": [{"component": component, "before": before}],
    }  # fmt: skip


def note(at: int, name: str) -> Mapping[str, Any]:
    """Return a report in words."""
    return {
        "type": "report", "spec_version": "2.1", "id": stix_id("report", at, name),
        "created": when(at), "published": when(at), "name": name, "object_refs": [],
    }  # fmt: skip


def regulation(at: int, name: str, effective: int) -> Mapping[str, Any]:
    """Return the rule *name* of a regulator, in force from unix second *effective* on."""
    return {**note(at, name), "labels": ["regulation"], "x_effective": when(effective)}


class ThreatFeed:
    """Publishes about others by chance; `publish` is what a fault uses."""

    def __init__(self, spec: BulletinsSpec, clock: Clock, *, chance: np.random.Generator) -> None:
        """Have published nothing."""
        self._spec, self._clock, self._chance = spec, clock, chance
        self.published: list[Bulletin] = []

    def publish(self, objects: Sequence[Mapping[str, Any]], publisher: str = "isac") -> str:
        """Publish *objects* now; return the bundle's id."""
        now = self._clock.now
        name = stix_id("bundle", now, len(self.published))
        self.published.append(Bulletin(name, publisher, now, tuple(objects)))
        return name

    def live(self) -> Process:
        """Publish about others, at exponential intervals; rules come at their own times."""
        for rule in self._spec.regulations:
            self._clock.call_at(self._clock.start + rule.at, partial(self._announce, rule))
        if not self._spec.per_week:
            return
        while True:
            wait = float(self._chance.standard_exponential()) * 7 * DAY / self._spec.per_week
            yield self._clock.after(max(1, round(wait)))
            kind, which = self._chance.random(), self._chance.random()
            now, about = self._clock.now, STRANGERS[int(which * len(STRANGERS))]
            if kind < 0.5:
                made = indicator(now, account_of(f"thief of {about} {now}"), f"drainer of {about}")
            elif kind < 0.8:
                made = affected(now, f"CVE of {about}", f"{about}-firmware", "2.0.0")
            else:
                made = note(now, f"{about} reports phishing of its staff")
            self.publish([made])

    def _announce(self, rule: RegulationSpec) -> None:
        now = self._clock.now
        self.publish([regulation(now, rule.name, now + rule.notice)], publisher="regulator")


class BulletinClient:
    """The subscription."""

    __slots__ = ("_feed",)

    def __init__(self, feed: ThreatFeed) -> None:
        """Read *feed*."""
        self._feed = feed

    def since(self, at: int) -> list[Bulletin]:
        """Return what was published from unix second *at* on."""
        return [item for item in self._feed.published if item.published >= at]
