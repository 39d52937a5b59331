"""The auditor of the reserve: it examines custodians and banks, and signs what it saw.

An attestation has a basis. At fair value each line is what the market pays on the day; at cost it
is what was paid, and a loss that the market has made since cannot be seen in it. What is examined
is real: an auditor that is asked to count, counts. On chain the auditor attests the amounts of
bills and gold with the hash of its document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.clock import Clock, Process
from twin.desk.port import Attestation, AttestedLine
from twin.desk.records import canonical
from twin.errors import NoData
from twin.market.custody import WORTH
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.protocol.institutions import ASSETS
from twin.protocol.reader import Reader
from twin.protocol.roles import address_of, key_of
from twin.scenario.services_reserve import AttestationsSpec
from twin.services.listening import send

__all__ = ["AttestationClient", "AttestationService", "digest_of"]

AUDITOR = "attestor"
MILLI = 1000


def digest_of(document: Attestation) -> bytes:
    """Return the hash (32 bytes) over all of *document* but its signature."""
    body = {
        "id": document.id, "auditor": document.auditor, "as_of": document.as_of,
        "issued": document.issued, "basis": document.basis, "scope": list(document.scope),
        "lines": [[line.place, line.asset, line.amount, line.value] for line in document.lines],
        "liabilities": document.liabilities,
    }  # fmt: skip
    return keccak(canonical(body).encode())


class AttestationService:
    """What the auditor issued, oldest first."""

    def __init__(
        self, spec: AttestationsSpec, clock: Clock, *, chain: Chain, deployment: Deployment,
        market: Market, cash: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Note what everything cost on the first day; *cash* are accounts that count as bills."""
        self._spec, self._clock, self._chain = spec, clock, chain
        self._deployment, self._market, self._cash = deployment, market, frozenset(cash)
        self._reader = Reader(chain, deployment)
        self._issued: list[Attestation] = []
        self._basis: Literal["cost", "fair value"] = spec.basis
        self._resting, self._signer = False, AUDITOR
        self._cost = {
            (name, asset): holder.price(asset)
            for name, holder in market.custodians.items()
            for asset in holder.assets
        }

    def start(self) -> None:
        """Examine at the declared interval, where custodians hold something."""
        if self._market.custodians:
            self._clock.spawn(self._live())

    def _live(self) -> Process:
        yield self._clock.after(self._spec.first)
        while True:
            if not self._resting:
                self._clock.spawn(self._examine())
            yield self._clock.after(self._spec.every)

    def _examine(self) -> Process:
        seen, as_of = self._lines(), self._clock.now
        supply = self._reader.read("PaymentToken", "totalSupply")
        yield self._clock.after(self._spec.lag)
        draft = Attestation(
            id=f"AT-{len(self._issued) + 1:04d}", auditor=AUDITOR, as_of=as_of,
            issued=self._clock.now, basis=self._basis,
            scope=tuple(dict.fromkeys(line.place for line in seen)), lines=tuple(seen),
            liabilities=supply, signature=b"",
        )  # fmt: skip
        self._issued.append(replace(draft, signature=self._sign(digest_of(draft))))
        yield from self._attest(draft)

    def _lines(self) -> list[AttestedLine]:
        """Count what there is: tokens of the reserve, cash at banks, assets at custodians."""
        held = self._reader.read("Reserve", "holding", 0)[0]
        lines = [AttestedLine("chain", "stable", held, held)]
        for name, bank in self._market.banks.items():
            try:
                cash = [(account, bank.balance(account)) for account in bank.accounts]
            except NoData:
                continue
            lines += [AttestedLine(f"{name}/{item}", "cash", sum_, sum_) for item, sum_ in cash]
        for name, holder in self._market.custodians.items():
            try:
                found = [(item, holder.holding(item), holder.price(item)) for item in holder.assets]
            except NoData:
                continue
            for asset, quantity, price in found:
                carried = price if self._basis == "fair value" else self._cost[name, asset]
                worth = quantity * carried // WORTH
                lines.append(AttestedLine(name, asset, quantity * MILLI, worth))
        return lines

    def _attest(self, document: Attestation) -> Process:
        """Attest on chain what there is of bills and gold, without what is in transit."""
        parameter, account = self._deployment.parameter, self._deployment.roles[AUDITOR].account
        declared = any(parameter(f"reserve.{asset}") for asset in ASSETS)
        for index, asset in enumerate(ASSETS[1:], start=1):
            counted = [
                line.amount
                for line in document.lines
                if line.asset == asset or (asset == "bills" and line.place in self._cash)
            ]
            if not counted or not declared:
                continue
            transit = self._reader.read("Reserve", "inTransit", index)
            expiry = self._clock.now + parameter("reserve.attestation_term")
            args: tuple[Any, ...] = (
                index, max(0, sum(counted) - transit), digest_of(document), expiry,
            )  # fmt: skip
            call = ("Reserve", "attest", args)
            yield from send(self._clock, self._chain, self._deployment, account, call)

    def _sign(self, digest: bytes) -> bytes:
        from coincurve import PrivateKey

        return bytes(PrivateKey(key_of(self._signer)).sign_recoverable(digest, hasher=None))

    def documents(self, *, since: int = 0) -> list[Attestation]:
        """Return what was issued from unix second *since* on."""
        return [item for item in self._issued if item.issued >= since]

    def authentic(self, document: Attestation) -> bool:
        """Say whether the appointed auditor signed *document* as it stands."""
        from coincurve import PublicKey

        try:
            public = PublicKey.from_signature_and_message(
                document.signature, digest_of(document), hasher=None
            )
        except ValueError:  # no signature at all
            return False
        signer = keccak(public.format(compressed=False)[1:])[12:]
        return signer == address_of(key_of(AUDITOR))

    # -- the injector's alone

    def carry_at(self, basis: Literal["cost", "fair value"] | None) -> None:
        """Have the next documents made on another *basis*; None is the declared one again."""
        self._basis = self._spec.basis if basis is None else basis

    def sign_as(self, signer: str | None) -> None:
        """Have the next documents signed by the key of *signer*; None is the auditor again."""
        self._signer = AUDITOR if signer is None else signer

    def rest(self, *, resting: bool) -> None:
        """Issue nothing any more, or again."""
        self._resting = resting


class AttestationClient:
    """What the desk sees of the auditor."""

    __slots__ = ("_service",)

    def __init__(self, service: AttestationService) -> None:
        """Show this one."""
        self._service = service

    def documents(self, *, since: int = 0) -> list[Attestation]:
        """Return what was issued from unix second *since* on."""
        return self._service.documents(since=since)

    def authentic(self, document: Attestation) -> bool:
        """Say whether the appointed auditor signed *document* as it stands."""
        return self._service.authentic(document)

    def digest(self, document: Attestation) -> bytes:
        """Return the hash that is signed."""
        return digest_of(document)
