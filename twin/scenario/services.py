"""Services beside the chain and the markets: what the team deals with every day."""

from __future__ import annotations

from twin.scenario.desk_services import (
    BulletinsSpec,
    IdentitiesSpec,
    JournalsSpec,
    ScansSpec,
    TicketsSpec,
)
from twin.scenario.spec import Spec

__all__ = ["ServicesSpec"]


class ServicesSpec(Spec):
    """The services there are; a part that is left out is an ordinary one."""

    bulletins: BulletinsSpec = BulletinsSpec()
    identities: IdentitiesSpec = IdentitiesSpec()
    journals: JournalsSpec = JournalsSpec()
    scans: ScansSpec = ScansSpec()
    tickets: TicketsSpec = TicketsSpec()
