"""What every agent is: a Mesa agent that wakes on the twin's clock and draws from its own stream.

From Mesa come `Agent`, `Model` and `AgentSet`. Its clock and its shared random generators are
not used: an agent draws from `self.chance`, and touching `random` or `rng` raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
from mesa.agent import Agent
from mesa.model import Model
from pydantic import BaseModel, ConfigDict

from twin.clock import Process
from twin.errors import SealBroken
from twin.habitat import Habitat
from twin.protocol.parameters import Endowment

__all__ = ["ETHER", "Params", "TwinAgent", "TwinModel"]

ETHER = 10**18

RULE = "an agent draws from self.chance, its own named stream"


class Params(BaseModel):
    """The parameters of a family; subclass with fields that carry their units and source."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TwinModel(Model):
    """The Mesa model that holds the agents; its seed is fixed, since nothing draws from it."""

    def __init__(self) -> None:
        """Let Mesa make its generators without asking the operating system for a seed."""
        super().__init__(seed=0)
        self.ids: Iterator[int] = itertools.count(1)


class _Ids:
    """The next id in each model: Mesa's own table is global and keeps every model alive."""

    def __getitem__(self, model: TwinModel) -> Iterator[int]:
        return model.ids


class TwinAgent(Agent):
    """An agent called *name*, of a family, with validated *params*."""

    family: ClassVar[str]
    Params: ClassVar[type[Params]]
    _ids = _Ids()
    roles: ClassVar[tuple[str, ...]] = ()
    """What the deployment registers the agent as: oracle_node, sovereign or participant."""

    def __init__(self, model: TwinModel, *, name: str, params: Any) -> None:
        """Join *model*; the habitat comes once the network is deployed."""
        super().__init__(model)
        self.name, self.params = name, params
        self.habitat: Habitat
        self.chance: np.random.Generator

    @property
    def random(self) -> Any:
        """Nothing: Mesa's shared generator is sealed."""
        raise SealBroken("agent.random", RULE)

    @property
    def rng(self) -> Any:
        """Nothing: Mesa's shared generator is sealed."""
        raise SealBroken("agent.rng", RULE)

    @classmethod
    def model(cls) -> TwinModel:
        """Return a new Mesa model for the agents of one world."""
        return TwinModel()

    def settle_in(self, habitat: Habitat) -> None:
        """Move into *habitat*: from here on the agent can see and act."""
        self.habitat = habitat
        self.chance = habitat.stream(self.family, self.name)

    def endowment(self) -> Endowment:
        """Return what the agent's account starts with, by its parameters alone."""
        return Endowment(wei=100 * ETHER)

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """Return (venue, PT, stable) that lie at external venues from the start."""
        return ()

    def backing(self) -> Iterable[tuple[str, int, int]]:
        """Return (venue, PT, stable) that the wallet of a venue holds on chain for this agent.

        Only what may be withdrawn has to be there; a venue's books are otherwise its own.
        """
        return ()

    def live(self) -> Process:
        """Live: a generator of clock events."""
        raise NotImplementedError(type(self).__name__)
