"""The change desk: where requests arrive, are approved in a portal, and are staged for signing.

What is staged comes from the file as it reads when somebody asks. A fault may rewrite the file, put
other calldata on the signing device, or enter an approval that nobody should have given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.chain.codec import hex0x
from twin.clock import Clock
from twin.desk.port.changes import Approval, ChangeRequest, Freeze, StagedCall
from twin.errors import NoData, UnknownName
from twin.protocol.deployment import Deployment
from twin.scenario.change import checked, digest
from twin.scenario.services_changes import ChangesSpec

__all__ = ["ChangeClient", "ChangeDesk"]


@dataclass(slots=True)
class _Held:
    """A request as the desk holds it; *swapped* is what a fault put on the signing device."""

    request: ChangeRequest
    text: str
    approvals: list[Approval] = field(default_factory=list)
    swapped: list[StagedCall] | None = None


class ChangeDesk:
    """The requests of *spec*, each from its second on."""

    def __init__(self, spec: ChangesSpec, clock: Clock, *, deployment: Deployment) -> None:
        """Read every file; show none before its time."""
        self._clock, self._deployment = clock, deployment
        self.open = spec.open or bool(spec.requests)
        self.freezes = [
            Freeze(one.name, clock.now + one.at, clock.now + one.until) for one in spec.freezes
        ]
        self._held: dict[str, _Held] = {}
        for one in spec.requests:
            self.submit(one.text, author=one.author, at=clock.now + one.at)

    def submit(self, text: str, *, author: str, at: int, name: str = "") -> str:
        """Take the change file *text* of *author* at unix second *at*; return the request's id."""
        request = name or f"CR-{len(self._held) + 1:03d}"
        plan, problems = checked(text, f"{request}.yaml")
        made = ChangeRequest(
            id=request, at=at, author=author, sha256=digest(text),
            plan=None if plan is None else self.resolved(plan.plain()),
            problems=tuple(map(str, problems)),
        )  # fmt: skip
        self._held[request] = _Held(made, text)
        return request

    def resolved(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Fill in where each call goes that only names a contract; an unknown one goes nowhere."""
        for call in (*plan["calls"], *plan["back"]["calls"]):
            contract = self._deployment.contracts.get(call["contract"])
            if call["to"] is None:
                call["to"] = hex0x(contract.address) if contract else hex0x(bytes(20))
        return plan

    def shown(self) -> list[ChangeRequest]:
        """Return what was handed in by now."""
        held = [one.request for one in self._held.values() if one.request.at <= self._clock.now]
        return sorted(held, key=lambda one: (one.at, one.id))

    def _at(self, request: str) -> _Held:
        if request not in self._held:
            raise UnknownName("change request", request, self._held)
        return self._held[request]

    def known(self) -> list[str]:
        """Return the requests there are, those of later included."""
        return list(self._held)

    def text(self, request: str) -> str:
        """Return the file of *request*."""
        return self._at(request).text

    def plan(self, request: str) -> Mapping[str, Any]:
        """Return the file of *request* as data; NoData where it cannot be read."""
        plan = self._at(request).request.plan
        if plan is None:
            raise NoData(f"the file of {request} cannot be read")
        return plan

    def approvals(self, request: str) -> list[Approval]:
        """Return the approvals of *request* in the portal."""
        return list(self._at(request).approvals)

    def approve(self, request: str, approval: Approval) -> None:
        """Enter *approval*."""
        self._at(request).approvals.append(approval)

    def rewrite(self, request: str, text: str) -> None:
        """Let the file of *request* be *text* from now on."""
        held = self._at(request)
        approvals = held.approvals
        self.submit(text, author=held.request.author, at=held.request.at, name=request)
        self._held[request].approvals = approvals

    def swap(self, request: str, staged: list[StagedCall] | None) -> None:
        """Put *staged* on the signing device in the place of the file's calls; None undoes it."""
        self._at(request).swapped = staged

    def staged(self, request: str) -> list[StagedCall]:
        """Return what signers would sign."""
        held = self._at(request)
        if held.swapped is not None:
            return list(held.swapped)
        return [StagedCall(call["to"], call["data"]) for call in self.plan(request)["calls"]]


class ChangeClient:
    """What the desk shows of the change desk."""

    __slots__ = ("_desk",)

    def __init__(self, desk: ChangeDesk) -> None:
        """Read *desk*."""
        self._desk = desk

    def connected(self) -> bool:
        """Say whether changes are asked for here at all."""
        return self._desk.open

    def requests(self) -> list[ChangeRequest]:
        """Return what was handed in so far."""
        return self._desk.shown()

    def approvals(self, request: str) -> list[Approval]:
        """Return the approvals given in the portal."""
        return self._desk.approvals(request)

    def freezes(self) -> list[Freeze]:
        """Return the freezes of the calendar."""
        return list(self._desk.freezes)

    def staged(self, request: str) -> list[StagedCall]:
        """Return what would be signed and sent."""
        return self._desk.staged(request)
