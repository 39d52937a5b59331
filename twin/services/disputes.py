"""The registry of disputes: each dispute on chain becomes a form, and the parties hand in papers.

Model: the form is filed when the chain holds the dispute. The disputing sovereign hands in what
customs published, the exporter its bill of lading, each after an exponential time; a document that
customs does not know shows nothing. There is no published source for how fast sovereigns answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.port import DisputeForm, Exhibit
from twin.errors import UnknownName
from twin.market.customs import Customs
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader
from twin.random import Streams
from twin.scenario.services_reserve import DisputesSpec
from twin.services.listening import listen

__all__ = ["DisputeClient", "DisputeService"]


class DisputeService:
    """Forms and exhibits."""

    def __init__(
        self,
        spec: DisputesSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        customs: Customs,
        streams: Streams,
    ) -> None:
        """Listen to disputes."""
        self._spec, self._clock, self._customs = spec, clock, customs
        self._names = {address: name for name, address in deployment.sovereigns.items()}
        self._chance = streams.stream("services", "disputes")
        self._reader = Reader(chain, deployment)
        self._forms: dict[str, DisputeForm] = {}
        self._known: set[tuple[bytes, bytes]] = set()
        self._exhibits: list[Exhibit] = []
        self.silent = False
        listen(chain, deployment, "AllocationBook", event="ClaimDisputed", heard=self._disputed)

    def _disputed(self, args: Mapping[str, Any]) -> None:
        document, by = args["documentHash"], args["by"]
        if (document, by) in self._known:  # a reorg tells of the same dispute again
            return
        self._known.add((document, by))
        now, spec = self._clock.now, self._spec
        sovereign = self._reader.read("AllocationBook", "claims", document)[0]
        form = DisputeForm(
            f"DF-{len(self._forms) + 1:04d}", now, document, self._name(by), self._name(sovereign),
            f"0x{args['reason'].hex()}", now + spec.exchange, now + spec.deadline,
        )  # fmt: skip
        self._forms[form.id] = form
        for party, kind in ((form.by, "customs extract"), (form.sovereign, "bill of lading")):
            wait = 60 + round(spec.reply * float(self._chance.standard_exponential()))
            self._clock.call_at(now + wait, self._handing_in(form, party, kind))

    def _name(self, address: bytes) -> str:
        return self._names.get(address, f"0x{address.hex()}")

    def _handing_in(self, form: DisputeForm, party: str, kind: str) -> Any:
        def hand_in() -> None:
            found = self._customs.document(form.document_hash)
            if not self.silent:
                quantity = found.quantity if found else 0
                self._exhibits.append(Exhibit(form.id, self._clock.now, party, kind, quantity))

        return hand_in

    def forms(self, *, since: int = 0) -> list[DisputeForm]:
        """Return the forms filed from unix second *since* on."""
        return [form for form in self._forms.values() if form.at >= since]

    def exhibits(self, form: str) -> list[Exhibit]:
        """Return what has been handed in."""
        if form not in self._forms:
            raise UnknownName("dispute form", form, self._forms)
        return [item for item in self._exhibits if item.form == form]

    # -- the injector's alone

    def mute(self, *, silent: bool) -> None:
        """Let nobody hand in anything."""
        self.silent = silent


class DisputeClient:
    """What the desk sees of the registry."""

    __slots__ = ("_service",)

    def __init__(self, service: DisputeService) -> None:
        """Show this one."""
        self._service = service

    def forms(self, *, since: int = 0) -> list[DisputeForm]:
        """Return the forms filed from unix second *since* on."""
        return self._service.forms(since=since)

    def exhibits(self, form: str) -> list[Exhibit]:
        """Return what has been handed in about a form."""
        return self._service.exhibits(form)
