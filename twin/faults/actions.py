"""Faults of what follows an incident: an action closed without effect, a rule fitted to one case."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.desk.stores import Stores
from twin.errors import UsageError
from twin.faults.port import Fault, FaultParams, Surfaces, services_of

__all__ = ["ActionClosedWithoutEffect", "RuleOverfitted"]


def _stores(surfaces: Surfaces, kind: str) -> Stores:
    if surfaces.stores is None:
        raise UsageError(f"{kind} writes into the team's stores: this world shows none")
    return surfaces.stores


class ClosedParams(FaultParams):
    """At most *count* actions that are open are closed, those of incidents first."""

    count: int = Field(default=1, ge=1)


class ActionClosedWithoutEffect(Fault):
    """Somebody ticks off actions that were never carried out."""

    kind: ClassVar[str] = "action-closed-without-effect"
    Params: ClassVar[type[FaultParams]] = ClosedParams
    params: ClosedParams

    def place(self) -> str:
        """The list of actions."""
        return "the list of actions"

    def check(self, surfaces: Surfaces) -> None:
        """There is a list."""
        _stores(surfaces, self.kind)

    def begin(self, surfaces: Surfaces) -> str:
        """Tick them off."""
        stores, now = _stores(surfaces, self.kind), services_of(surfaces).clock.now
        due = [item for item in stores.entries("action", unended=True) if "exercise" in item.data]
        closed = [stores.change(item.id, now, state="closed").id
                  for item in due[: self.params.count]]  # fmt: skip
        return f"closed without effect: {', '.join(closed) or 'none was open'}"

    def end(self, surfaces: Surfaces) -> str:
        """What is closed stays closed."""
        del surfaces
        return "the actions stay closed"


class RuleParams(FaultParams):
    """The rule *name* with *expression* is proposed; by default a band around one past value."""

    name: str = "LastIncidentAgain"
    expression: str = Field(
        default='abs(fictra_oracle_answer_usd{feed="WTI"} / on() fictra_index_usd{commodity="WTI"} - 1) > 900',
        min_length=1,
    )
    hold: int = Field(default=0, ge=0)


class RuleOverfitted(Fault):
    """Somebody proposes an alert rule that would have caught the last incident, and only that."""

    kind: ClassVar[str] = "rule-overfitted"
    Params: ClassVar[type[FaultParams]] = RuleParams
    params: RuleParams

    def place(self) -> str:
        """The proposal."""
        return f"the proposed rule {self.params.name}"

    def check(self, surfaces: Surfaces) -> None:
        """There is a list of tickets."""
        _stores(surfaces, self.kind)

    def begin(self, surfaces: Surfaces) -> str:
        """Propose it."""
        about = self.params
        made = _stores(surfaces, self.kind).create(
            "ticket", services_of(surfaces).clock.now, subject=f"proposed rule {about.name}",
            owner="analyst", state="proposed",
            data={"rule": about.name, "expression": about.expression, "hold": about.hold},
        )  # fmt: skip
        return f"{made.id} proposes {about.name}"

    def end(self, surfaces: Surfaces) -> str:
        """The proposal stands."""
        del surfaces
        return "the proposal stands"
