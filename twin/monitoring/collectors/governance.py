"""Governance: proposals by state, what waits in timelock and authority, who was shut out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import ChainError, DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["GovernanceCollector"]

STATES = ("pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed")
"""The states of a proposal by their number (OpenZeppelin Governor 5)."""

ENDED = ("canceled", "defeated", "expired", "executed")

WAITING = (
    ("timelock", "FictraTimelock", "CallScheduled", ("CallExecuted", "Cancelled"), "id"),
    ("authority", "Authority", "OperationScheduled",
     ("OperationExecuted", "OperationCanceled"), "operationId"),
)  # fmt: skip
"""Where operations wait: label, contract, the event that adds one, those that end it, its id."""


class GovernanceCollector(Collector):
    """Follows proposals and waiting operations by their events from unix second *since* on."""

    name = "governance"
    calls = (("FictraTimelock", "getMinDelay", ()), ("ParticipantRegistry", "count", ()))

    def __init__(self, registry: Registry, *, since: int) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._states = [
            registry.series("fictra_governance_proposals", {"state": state}) for state in STATES
        ]
        self._waiting = [
            registry.series("fictra_governance_operations_waiting", {"queue": row[0]})
            for row in WAITING
        ]
        self._delay = registry.series("fictra_governance_timelock_delay_seconds", {})
        self._participants = registry.series("fictra_participants_registered", {})
        self._suspended = registry.series("fictra_participants_suspended", {})
        self._since = since
        self._proposals: dict[int, int] = {}
        self._operations: list[set[bytes]] = [set() for _ in WAITING]
        self._out: set[bytes] = set()

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered, and what the events since the last scrape make of the rest."""
        for handle, answer in zip((self._delay, self._participants), answers, strict=True):
            if self.known(answer):
                handle.set(answer)
        if view is None:
            self.missing()
            return
        try:
            self._follow(view)
        except (ChainError, DeskError):
            self.missing()
            return
        self._since = view.timestamp + 1
        states = list(self._proposals.values())
        for number, handle in enumerate(self._states):
            handle.set(states.count(number))
        for handle, waiting in zip(self._waiting, self._operations, strict=True):
            handle.set(len(waiting))
        self._suspended.set(len(self._out))

    def _follow(self, view: View) -> None:
        since = self._since
        for log in view.logs("FictraGovernor", "ProposalCreated", since=since):
            self._proposals[int(log.args["proposalId"])] = 0
        for proposal, state in self._proposals.items():
            if STATES[state] not in ENDED:
                self._proposals[proposal] = int(view.read("FictraGovernor", "state", proposal))
        for (_, contract, added, ended, name), waiting in zip(
            WAITING, self._operations, strict=True
        ):
            waiting.update(log.args[name] for log in view.logs(contract, added, since=since))
            for event in ended:
                for log in view.logs(contract, event, since=since):
                    waiting.discard(log.args[name])
        for event in ("ParticipantSuspended", "ParticipantApproved", "ParticipantRevoked"):
            change = self._out.add if event == "ParticipantSuspended" else self._out.discard
            for log in view.logs("ParticipantRegistry", event, since=since):
                change(log.args["account"])
