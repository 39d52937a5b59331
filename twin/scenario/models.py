"""The scenario: the world, the sealed faults, the team, what is expected.

`Document` is what a file holds; `Scenario` adds where it came from. Both are frozen; the
parameters of agents, faults and procedures are instances of the models that the vocabulary names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from twin.catalog import Settings
from twin.errors import UnknownName, UsageError
from twin.scenario.expectations import Expectation, Threshold
from twin.scenario.market import MarketSpec
from twin.scenario.network import ChainSpec, ProtocolSpec
from twin.scenario.services import ServicesSpec
from twin.scenario.spec import Spec, disagree
from twin.scenario.team import PolicyName, TeamSpec
from twin.scenario.values import Instant, Kebab, Label, Seconds

__all__ = [
    "AgentSpec",
    "CallSpec",
    "ControlSpec",
    "Document",
    "FaultSpec",
    "IdealSpec",
    "LossSpec",
    "MonitoringSpec",
    "Scenario",
    "SealedSpec",
    "SliceSpec",
    "SuiteSpec",
]


SEEDS = 2**63
"""Seeds are below this."""


class AgentSpec(Spec):
    """A population: *count* agents of *family*, all with the same *params*."""

    family: str
    name: Label
    count: int = Field(default=1, ge=1, le=100_000, strict=True)
    params: BaseModel

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the agents: *name* itself where it is one, else `name-1`..`name-count`."""
        if self.count == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


class FaultSpec(Spec):
    """Something that goes wrong *at* so many seconds after the start, *until* then or for good."""

    name: Label
    kind: str
    at: Seconds
    until: Seconds | None = None
    params: BaseModel

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until is not None and self.until <= self.at:
            raise disagree("until", "is not after at: a fault ends later than it begins")
        return self


class SealedSpec(Spec):
    """The hidden truth: read by the injector and, after the run, the scorer.

    *cause* names the fault that does the harm, where others only prepare it (the last to begin).
    """

    faults: tuple[FaultSpec, ...] = ()
    cause: Label | None = None

    @model_validator(mode="after")
    def _cause_is_a_fault(self) -> Self:
        if self.cause is not None and self.cause not in {item.name for item in self.faults}:
            raise disagree("cause", "{cause} is none of the faults", cause=self.cause)
        return self


class ControlSpec(Spec):
    """The same world with other *faults*, and what is expected of it then."""

    name: Kebab
    title: str = Field(min_length=1)
    faults: tuple[FaultSpec, ...] = ()
    expect: tuple[Expectation, ...] = ()
    thresholds: tuple[Threshold, ...] = ()


def _rules_form(value: object) -> str:
    return "default" if isinstance(value, str) else "names"


class MonitoringSpec(Spec):
    """Scrapes every *scrape_interval* seconds; which *rules* run, and which page nobody."""

    scrape_interval: Seconds = Field(default=300, ge=1)
    rules: Annotated[
        Annotated[Literal["default"], Tag("default")] | Annotated[tuple[Label, ...], Tag("names")],
        Discriminator(_rules_form),
    ] = "default"
    silence: tuple[Label, ...] = ()


class CallSpec(Spec):
    """A call of a *contract*; *args* as those of the fault `rogue-calls`."""

    contract: str
    function: str
    args: tuple[int | str | bool | list[Any], ...] = ()


class IdealSpec(Spec):
    """What a perfect response would do: *caller* (a role) makes *calls* when harm starts.

    Where the fault *ended* is named, they are made when that has ended, *after* seconds later.
    """

    caller: str
    calls: tuple[CallSpec, ...] = Field(min_length=1)
    ended: Label | None = None
    after: Seconds = 0


class LossSpec(Spec):
    """What is lost: a *measure* with its whole *reference* figures, in whole *unit*.

    Each hour for which a contract of *stops* is paused costs what stands there: whoever stops a
    network harms those who need it. A difference of losses below *floor* is too small to divide
    by. *ideal* is what the scorer's own control does; no policy sees it.
    """

    measure: str
    unit: str = Field(min_length=1)
    reference: Mapping[Label, Annotated[int, Field(strict=True)]] = Field(default_factory=dict)
    floor: int = Field(default=0, ge=0, strict=True)
    stops: Mapping[str, Annotated[int, Field(ge=0, strict=True)]] = Field(default_factory=dict)
    ideal: tuple[IdealSpec, ...] = ()


class SliceSpec(Spec):
    """A stretch of the run, *since* to *until* after the start, that `--slices` has both run."""

    since: Seconds = 0
    until: Seconds

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until <= self.since:
            raise disagree("until", "is not after since: a slice ends later than it begins")
        return self


class SuiteSpec(Spec):
    """How `twin test` takes the scenario; the run itself knows nothing of it.

    One with *tags* is left out of folders unless one of them is asked for. *slices* are short
    enough for the reference engine in everyday checks.
    """

    tags: tuple[Kebab, ...] = ()
    slices: tuple[SliceSpec, ...] = ()


class Document(Spec):
    """What a scenario file holds.

    *procedures* are settings by id; where ids stand in *only*, no other procedure runs.
    """

    schema_version: Literal[1] = 1
    name: Kebab
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    start: Instant
    duration: Seconds = Field(ge=1)
    seed: int = Field(ge=0, lt=SEEDS, strict=True)
    seeds: tuple[Annotated[int, Field(ge=0, lt=SEEDS, strict=True)], ...] = ()
    chain: ChainSpec = ChainSpec()
    protocol: ProtocolSpec = Field(default_factory=ProtocolSpec)
    market: MarketSpec = Field(default_factory=MarketSpec)
    services: ServicesSpec = Field(default_factory=ServicesSpec)
    agents: tuple[AgentSpec, ...] = ()
    team: TeamSpec = Field(default_factory=TeamSpec)
    procedures: Mapping[str, Settings] = Field(default_factory=dict)
    only: tuple[Label, ...] = ()
    monitoring: MonitoringSpec = MonitoringSpec()
    loss: LossSpec | None = None
    sealed: SealedSpec = SealedSpec()
    controls: tuple[ControlSpec, ...] = ()
    expect: tuple[Expectation, ...] = ()
    invariants: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    suite: SuiteSpec = SuiteSpec()
    claims_not_made: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)

    @property
    def end(self) -> int:
        """The unix second at which the run ends."""
        return self.start + self.duration


class Scenario(Document):
    """A loaded scenario: the document, the *path* it came from and the SHA-256 of its bytes."""

    path: Path
    source_sha256: str

    def with_seed(self, seed: int) -> Scenario:
        """Return the scenario with another *seed*, a whole number from 0 to 2^63 - 1."""
        if not 0 <= seed < SEEDS:
            raise UsageError(f"the seed {seed} is not between 0 and 2^63 - 1: name one that is")
        return self.model_copy(update={"seed": seed})

    def with_policy(self, policy: PolicyName) -> Scenario:
        """Return the scenario with another *policy* of its team."""
        if policy != "none" and not self.team.people:
            raise UsageError(f"the policy {policy} needs people, and the scenario has none")
        team = self.team.model_copy(update={"policy": policy})
        return self.model_copy(update={"team": team})

    def with_control(self, name: str) -> Scenario:
        """Return the world of the control called *name*: its faults, expectations, thresholds."""
        for control in self.controls:
            if control.name == name:
                return self.model_copy(
                    update={
                        "sealed": SealedSpec(faults=control.faults),
                        "expect": control.expect,
                        "thresholds": control.thresholds,
                    }
                )
        raise UnknownName("control", name, (control.name for control in self.controls))

    def without_faults(self) -> Scenario:
        """Return the scenario in which nothing goes wrong; what is expected stays as it is."""
        return self.model_copy(update={"sealed": SealedSpec()})
