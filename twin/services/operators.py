"""Oracle operators: the metrics endpoint of every node, and candidates who report in shadow.

An endpoint tells of its node's process and its account; whether the node reports is on chain. A
candidate reads a vendor of its own once an hour, signs what it would have reported and
publishes it; candidates of one *ring* are one operator behind several names, and err as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.clock import DAY, HOUR, Clock, Process
from twin.desk.port import Candidate, OperatorStatus, ShadowReport
from twin.errors import NoData, UnknownName
from twin.market.chance import PIPS, Noise
from twin.market.reports import report_digest
from twin.market.sources import Source
from twin.protocol.deployment import Deployment
from twin.protocol.roles import account_of, key_of
from twin.random import Streams, derive
from twin.scenario.services_oracle import CandidateSpec, OperatorsSpec

if TYPE_CHECKING:
    from coincurve import PrivateKey

__all__ = ["NodeHost", "OperatorClient", "OperatorPark"]

PPM = 1_000_000
KEPT = 45 * 24
"""Shadow reports that are kept of a candidate: hours of a month and a half."""


@dataclass(slots=True)
class NodeHost:
    """The machine of one node: *base_ms* is its latency, which *creep* ppm a day add to."""

    node: str
    operator: str
    version: str
    started: int
    base_ms: int
    up: bool = True
    creep: int = 0
    creeping: int = 0

    def latency(self, now: int) -> int:
        """Return the latency at unix second *now*, in milliseconds."""
        days_ppm = (now - self.creeping) * self.creep // DAY if self.creep else 0
        return self.base_ms * (PPM + days_ppm) // PPM


@dataclass(slots=True)
class _Applicant:
    about: Candidate
    source: Source
    error: Noise
    reports: list[tuple[int, int]] = field(default_factory=list)


class OperatorPark:
    """The hosts of all nodes of *deployment*, and the candidates of *spec*."""

    def __init__(
        self,
        spec: OperatorsSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        sources: Mapping[str, Source],
        streams: Streams,
    ) -> None:
        """Set up every host as it was started some weeks ago."""
        self.release, self._clock, self._chain = spec.release, clock, chain
        self._deployment, self._sources, self._streams = deployment, sources, streams
        self.hosts = {name: self._host(name, spec) for name in deployment.nodes}
        self._applicants: dict[str, _Applicant] = {}
        self._keys: dict[str, PrivateKey] = {}
        self._running = False
        for item in spec.candidates:
            self.apply(item)

    def _host(self, name: str, spec: OperatorsSpec) -> NodeHost:
        chance = derive(self._streams.seed, "operators", name)
        return NodeHost(
            node=name,
            operator=f"operator of {name}",
            version=spec.versions.get(name, spec.release),
            started=self._clock.now - (5 + chance % 40) * DAY,
            base_ms=400 + chance // 64 % 500,
        )

    def start(self) -> None:
        """Let candidates report, where there are any."""
        if self._applicants and not self._running:
            self._running = True
            self._clock.spawn(self._report())

    # -- what a fault takes hold of --------------------------------------------------------------

    def host(self, node: str) -> NodeHost:
        """Return the host of *node*."""
        if node not in self.hosts:
            raise UnknownName("oracle node", node, self.hosts)
        return self.hosts[node]

    def creep(self, node: str, ppm_a_day: int) -> None:
        """Let the latency of *node* grow by *ppm_a_day* of its base from now on; 0 repairs it."""
        host = self.host(node)
        host.creep, host.creeping = ppm_a_day, self._clock.now

    def apply(self, spec: CandidateSpec, *, ring: str | None = None) -> None:
        """Take an application; candidates of one *ring* are one machine."""
        if spec.source not in self._sources:
            raise UnknownName("source", spec.source, self._sources)
        source = self._sources[spec.source]
        names = ("candidates", ring or spec.name)
        about = Candidate(
            name=spec.name, account=account_of(spec.name), commodity=source.commodity,
            operator=spec.operator, owner=spec.owner, kyc=spec.kyc, network=spec.network,
            funded_by=account_of(spec.funded_by), applied=self._clock.now,
        )  # fmt: skip
        error = Noise(self._streams.seed, names, pips=spec.noise, step=HOUR)
        self._applicants[spec.name] = _Applicant(about, source, error)

    def withdraw(self, name: str) -> None:
        """Take an application back."""
        self._applicants.pop(name, None)

    # -- living ----------------------------------------------------------------------------------

    def _report(self) -> Process:
        while self._applicants:
            now = self._clock.now
            for one in self._applicants.values():
                quote = one.source.quote(now)
                if quote is not None:
                    one.reports.append((now, quote.price * (PIPS + one.error.at(now)) // PIPS))
                    del one.reports[:-KEPT]
            yield self._clock.after(HOUR)
        self._running = False

    def status(self, node: str) -> OperatorStatus:
        """Return what the endpoint of *node* says."""
        host = self.host(node)
        if not host.up:
            raise NoData(f"the endpoint of {node} does not answer")
        account = self._deployment.nodes[node]
        return OperatorStatus(
            node=node, operator=host.operator, version=host.version, started=host.started,
            latency_ms=host.latency(self._clock.now),
            gas_wei=self._chain.account(account).balance, at=self._clock.now,
        )  # fmt: skip

    def candidates(self) -> list[Candidate]:
        """Return who applies."""
        return [one.about for one in self._applicants.values()]

    def shadow(self, name: str, since: int) -> list[ShadowReport]:
        """Return the signed reports of one candidate."""
        if name not in self._applicants:
            raise UnknownName("candidate", name, self._applicants)
        one = self._applicants[name]
        return [
            ShadowReport(name, one.about.commodity, answer, at, self._sign(one, answer, at))
            for at, answer in one.reports
            if at >= since
        ]

    def _sign(self, one: _Applicant, answer: int, at: int) -> bytes:
        from coincurve import PrivateKey

        name = one.about.name
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = PrivateKey(key_of(name))
        return bytes(key.sign_recoverable(_digest(one.about.commodity, answer, at), hasher=None))

    def authentic(self, report: ShadowReport) -> bool:
        """Say whether *report* is signed by the account of the candidate that it names."""
        from coincurve import PublicKey

        one = self._applicants.get(report.candidate)
        if one is None:
            return False
        digest = _digest(report.commodity, report.answer, report.observed_at)
        try:
            public = PublicKey.from_signature_and_message(report.signature, digest, hasher=None)
        except ValueError:
            return False
        return keccak(public.format(compressed=False)[1:])[12:] == one.about.account


def _digest(commodity: str, answer: int, at: int) -> bytes:
    return report_digest(commodity, source="shadow", answer=answer, observed_at=at)


class OperatorClient:
    """The operators as the desk reaches them."""

    __slots__ = ("_park",)

    def __init__(self, park: OperatorPark) -> None:
        """Show these."""
        self._park = park

    def nodes(self) -> list[str]:
        """The nodes whose operators publish metrics."""
        return list(self._park.hosts)

    def release(self) -> str:
        """The version that the network asks for."""
        return self._park.release

    def status(self, node: str) -> OperatorStatus:
        """Return what *node* publishes."""
        return self._park.status(node)

    def candidates(self) -> list[Candidate]:
        """Return who applies, each a copy."""
        return [replace(item) for item in self._park.candidates()]

    def shadow_reports(self, candidate: str, *, since: int) -> list[ShadowReport]:
        """Return the reports of *candidate* from unix second *since* on."""
        return self._park.shadow(candidate, since)

    def authentic(self, report: ShadowReport) -> bool:
        """Verify the candidate's signature."""
        return self._park.authentic(report)
