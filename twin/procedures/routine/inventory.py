"""What runs, and what is known to be wrong with it, as records that can be matched.

The inventory lists what should run; oracle nodes tell their version themselves. Bulletins carry
vulnerabilities as STIX 2.1 objects, and the network's own release says which node is current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.routine.patches import SEVERITIES, Advisory, Component

__all__ = ["fleet", "known_holes"]

LOOK_BACK = 400 * 86_400
"""Bulletins older than this are taken for done: the longest a hole is left open."""


def fleet(desk: Desk) -> tuple[list[Component], list[str]]:
    """Return the components whose version is known, and what does not answer."""
    found, unread = [], []
    try:
        found += [
            Component(item.component, item.kind, item.version, item.where, item.exposure,
                      item.supported_until)
            for item in desk.services.inventory.components()
        ]  # fmt: skip
    except NoData:
        unread.append("inventory")
    for node in desk.services.operators.nodes():
        try:
            status = desk.services.operators.status(node)
        except NoData:
            unread.append(node)
            continue
        found.append(Component("oracle-node", "client", status.version, node, "public"))
    return found, unread


def _vulnerabilities(item: Mapping[str, Any], published: int) -> Iterator[Advisory]:
    """Yield an advisory for each component that a STIX vulnerability names."""
    said = str(item.get("x_severity", "high")).lower()
    for affected in item.get("x_affected", ()):
        yield Advisory(
            id=str(item.get("name") or item["id"]),
            component=str(affected["component"]),
            severity=said if said in SEVERITIES else "high",
            published=published,
            fixed_in=affected.get("before"),
        )


def known_holes(desk: Desk) -> list[Advisory]:
    """Return the advisories: the network's release counts as one on every version before it."""
    release = desk.services.operators.release()
    found = [Advisory(f"release-{release}", "oracle-node", "high", desk.now, release)]
    for bulletin in desk.services.bulletins.since(desk.now - LOOK_BACK):
        for item in bulletin.objects:
            if item.get("type") == "vulnerability":
                found += _vulnerabilities(item, bulletin.published)
    return found
