"""Integration documents: generated from the schemas once, then edited by people who err.

The schema is what a generator reads today: the manifest's addresses, the hashes of the ABIs, the
accounts of the roles, the agreed endpoints. A document holds the facts that it names as they were
when it was written, so that a wrong address in a runbook is found before an incident finds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from twin.chain.codec import hex0x, keccak
from twin.desk.port import Document, Integration
from twin.errors import UnknownName
from twin.protocol.deployment import Deployment
from twin.scenario.services_nodes import DocumentsSpec

__all__ = ["DocumentClient", "DocumentStore"]

STOPPABLE = ("AllocationBook", "Conversion", "LiquidityPool", "PaymentToken", "Reserve")
"""The contracts that the containment runbook pauses."""


def _schema(deployment: Deployment, integrations: list[Integration]) -> dict[str, str]:
    facts = {"chain.id": str(deployment.chain_id)}
    for name, contract in deployment.contracts.items():
        abi = json.dumps(contract.artifact.abi, sort_keys=True, separators=(",", ":"), default=dict)
        facts[f"contract.{name}.address"] = hex0x(contract.address)
        facts[f"contract.{name}.abi"] = hex0x(keccak(abi.encode()))
    for role, grant in deployment.roles.items():
        facts[f"role.{role}.account"] = hex0x(grant.account)
    for one in integrations:
        facts[f"endpoint.{one.endpoint}.url"] = one.url
        facts[f"endpoint.{one.endpoint}.version"] = one.version
    return facts


class DocumentStore:
    """The documents of one network, whose run begins at *start*."""

    def __init__(
        self,
        spec: DocumentsSpec,
        start: int,
        *,
        deployment: Deployment,
        integrations: list[Integration],
    ) -> None:
        """Generate each from the schema of today."""
        self.schema = _schema(deployment, integrations)
        reviewed = start - spec.reviewed_before

        def document(name: str, title: str, owner: str, *prefixes: str) -> Document:
            facts = {key: fact for key, fact in self.schema.items() if key.startswith(prefixes)}
            return Document(name, title, owner, reviewed, spec.review_every, facts)

        made = (
            document("integration-guide", "Integration guide", "liaison", "chain.", "contract."),
            document("endpoint-catalogue", "Endpoint catalogue", "liaison", "endpoint."),
            document(
                "runbook-containment", "Runbook: containment", "operator", "role.pauser.",
                "role.unpauser.", *(f"contract.{name}.address" for name in STOPPABLE),
            ),
            document("runbook-nodes", "Runbook: RPC nodes", "operator", "chain.", "endpoint.rpc-"),
        )  # fmt: skip
        self.documents = {item.id: item for item in made}

    def write(self, document: str, fact: str, value: str) -> str:
        """Let *document* say *value* of *fact*; return what it said before."""
        found = self.documents.get(document)
        if found is None:
            raise UnknownName("document", document, self.documents)
        if fact not in found.facts:
            raise UnknownName(f"fact of {document}", fact, found.facts)
        self.documents[document] = replace(found, facts={**found.facts, fact: value})
        return found.facts[fact]


class DocumentClient:
    """A reader of the documents: what the desk shows of them."""

    __slots__ = ("_store",)

    def __init__(self, store: DocumentStore) -> None:
        """Read these."""
        self._store = store

    def all(self) -> list[Document]:
        """Return the documents."""
        return list(self._store.documents.values())

    def schema(self) -> Mapping[str, str]:
        """Return the facts of today."""
        return dict(self._store.schema)
