"""What runs, and what is known to be wrong with it, as records that can be matched.

Oracle nodes tell their version themselves, and the network's own release says which is current.
"""

from __future__ import annotations

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.routine.patches import Advisory, Component

__all__ = ["fleet", "known_holes"]


def fleet(desk: Desk) -> tuple[list[Component], list[str]]:
    """Return the components that tell their version, and those that do not answer."""
    found, unread = [], []
    for node in desk.services.operators.nodes():
        try:
            status = desk.services.operators.status(node)
        except NoData:
            unread.append(node)
            continue
        found.append(Component("oracle-node", "client", status.version, node, "internet"))
    return found, unread


def known_holes(desk: Desk) -> list[Advisory]:
    """Return the advisories: the network's release counts as one on every version before it."""
    release = desk.services.operators.release()
    return [Advisory(f"release-{release}", "oracle-node", "high", desk.now, release)]
