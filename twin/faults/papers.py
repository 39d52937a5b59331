"""Faults of documents: a runbook that says something that is not so."""

from __future__ import annotations

from typing import ClassVar

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.faults.reach import services_of
from twin.services.documents import DocumentStore

__all__ = ["DocumentDrift"]


class DriftParams(FaultParams):
    """*document* says *value* of *fact*, such as `endpoint.rpc-alder.url`."""

    document: str = "runbook-nodes"
    fact: str
    value: str


class DocumentDrift(Fault):
    """A document was edited by hand, or not when what it describes was changed."""

    kind: ClassVar[str] = "document-drift"
    Params: ClassVar[type[FaultParams]] = DriftParams
    params: DriftParams

    def place(self) -> str:
        """The fact in the document."""
        return f"{self.params.fact} in {self.params.document}"

    def check(self, surfaces: Surfaces) -> None:
        """The document names the fact."""
        store, wrong = self._store(surfaces), self.params
        if wrong.document not in store.documents:
            raise UnknownName("document", wrong.document, store.documents)
        facts = store.documents[wrong.document].facts
        if wrong.fact not in facts:
            raise UnknownName(f"fact of {wrong.document}", wrong.fact, facts)

    def begin(self, surfaces: Surfaces) -> str:
        """Write the wrong value."""
        wrong = self.params
        self._store(surfaces).write(wrong.document, wrong.fact, wrong.value)
        return f"{wrong.document} says {wrong.value} of {wrong.fact}"

    def end(self, surfaces: Surfaces) -> str:
        """Write what the schema says."""
        wrong, store = self.params, self._store(surfaces)
        store.write(wrong.document, wrong.fact, store.schema[wrong.fact])
        return f"{wrong.document} says the truth of {wrong.fact} again"

    def _store(self, surfaces: Surfaces) -> DocumentStore:
        return services_of(surfaces, self.kind).documents
