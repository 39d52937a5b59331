"""Faults of trading: makers that withdraw, a ring, a large seller, a wrong print, stolen keys."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.exchanges import services_of
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.venue import Venue
from twin.protocol.operations import operation_of
from twin.scenario.values import Pips, Price6, Tokens6
from twin.services.services import Services

__all__ = [
    "DepegShock",
    "FeeShock",
    "MakerWithdrawal",
    "OperatorRemoval",
    "VenueMisprint",
    "WashTrading",
]

GWEI = 10**9
GAS = 1_000_000
SWAP = 0


class MakerParams(FaultParams):
    """*venue*'s makers quote the share *left* of their depth, each side *widening* further out."""

    venue: str
    left: Pips = 0
    widening: Pips = 0


class MakerWithdrawal(Fault):
    """Market makers withdraw when they are needed."""

    kind: ClassVar[str] = "maker-withdrawal"
    Params: ClassVar[type[FaultParams]] = MakerParams
    params: MakerParams

    def place(self) -> str:
        """What the makers quote."""
        return f"the makers of {self.params.venue}"

    def check(self, surfaces: Surfaces) -> None:
        """The venue is there."""
        _venue(surfaces, self.params.venue)

    def begin(self, surfaces: Surfaces) -> str:
        """Thin the book."""
        _venue(surfaces, self.params.venue).thin(self.params.left, self.params.widening)
        return f"the makers of {self.params.venue} quote {self.params.left} ppm of their depth"

    def end(self, surfaces: Surfaces) -> str:
        """Let them come back."""
        _venue(surfaces, self.params.venue).thin(1_000_000, 0)
        return f"the makers of {self.params.venue} are back"


class PrintParams(FaultParams):
    """*venue* publishes a trade of *quantity* PT at *price* that its book did not give."""

    venue: str
    price: Price6 = Field(default=900_000, ge=1)
    quantity: Tokens6 = Field(default=50 * 10**6, ge=1)


class VenueMisprint(Fault):
    """A print that is local to one venue: a wrong last price, once."""

    kind: ClassVar[str] = "venue-misprint"
    Params: ClassVar[type[FaultParams]] = PrintParams
    params: PrintParams

    def place(self) -> str:
        """The venue's tape."""
        return f"the tape of {self.params.venue}"

    def check(self, surfaces: Surfaces) -> None:
        """The venue is there."""
        _venue(surfaces, self.params.venue)

    def begin(self, surfaces: Surfaces) -> str:
        """Print it."""
        _venue(surfaces, self.params.venue).misprint(self.params.price, self.params.quantity)
        return f"{self.params.venue} printed {self.params.price}"

    def end(self, surfaces: Surfaces) -> str:
        """A print is not taken back."""
        del surfaces
        return "the print stays"


def _venue(surfaces: Surfaces, name: str) -> Venue:
    if name not in surfaces.venues:
        raise UnknownName("venue", name, surfaces.venues)
    return surfaces.venues[name]


# -- agents that wait for a signal -----------------------------------------------------------------


class Sleeper(Protocol):
    """An agent that does nothing until it is woken, and then what it was made for."""

    def wake(self) -> None:
        """Begin."""

    def rest(self) -> None:
        """Stop."""


class SleeperParams(FaultParams):
    """*nodes* are the names of the agents to wake."""

    nodes: tuple[str, ...] = Field(min_length=1)


class SleeperFault(Fault):
    """Wakes agents that waited; the truth of it is who they are and when."""

    Params: ClassVar[type[FaultParams]] = SleeperParams
    params: SleeperParams

    def place(self) -> str:
        """The agents."""
        return f"the agents {', '.join(self.params.nodes)}"

    def check(self, surfaces: Surfaces) -> None:
        """They are there, and can be woken."""
        self._agents(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Wake them."""
        for agent in self._agents(surfaces):
            agent.wake()
        return f"{', '.join(self.params.nodes)} began"

    def end(self, surfaces: Surfaces) -> str:
        """Send them to sleep."""
        for agent in self._agents(surfaces):
            agent.rest()
        return f"{', '.join(self.params.nodes)} stopped"

    def _agents(self, surfaces: Surfaces) -> list[Sleeper]:
        found: list[Any] = []
        for name in self.params.nodes:
            if name not in surfaces.agents:
                raise UnknownName("agent", name, surfaces.agents)
            agent = surfaces.agents[name]
            if not hasattr(agent, "wake"):
                kind = type(self).kind
                raise UsageError(f"{name} cannot be woken: {kind} needs a ring or a whale")
            found.append(agent)
        return found


class WashTrading(SleeperFault):
    """A ring trades with itself, on the pool and on a venue, to look like a market."""

    kind: ClassVar[str] = "wash-trading"


class DepegShock(SleeperFault):
    """A large holder sells, or buys, into a pool that is thinner than its order."""

    kind: ClassVar[str] = "depeg-shock"


# -- stolen or careless keys -----------------------------------------------------------------------


class KeyFault(Fault):
    """A transaction from an account of ours that no procedure sent."""

    params: FaultParams

    def send(self, services: Services, role: str, contract: str, function: str, *args: Any) -> None:
        """Send it in the name of *role*."""
        call = operation_of(
            services.deployment, role, contract=contract, function=function, args=args
        )
        services.chain.send(call.caller, *call.direct, gas=GAS, tip=50 * GWEI)

    def check(self, surfaces: Surfaces) -> None:
        """There is a chain to send to."""
        services_of(surfaces, type(self).kind)

    def end(self, surfaces: Surfaces) -> str:
        """What is on chain stays."""
        del surfaces
        return "what is on chain stays"


class RemovalParams(FaultParams):
    """The treasury takes the share *share* of its liquidity out of the pool."""

    share: Pips = Field(default=500_000, ge=1, le=1_000_000)


class OperatorRemoval(KeyFault):
    """An operator removes liquidity by hand at the wrong time (UST, 2022-05-07)."""

    kind: ClassVar[str] = "operator-removal"
    Params: ClassVar[type[FaultParams]] = RemovalParams
    params: RemovalParams

    def place(self) -> str:
        """The treasury's shares."""
        return "the treasury's liquidity"

    def begin(self, surfaces: Surfaces) -> str:
        """Remove it."""
        services = services_of(surfaces, self.kind)
        treasury = services.deployment.accounts["treasury"]
        shares = services.pool_shares(treasury) * self.params.share // 1_000_000
        self.send(services, "treasury", "LiquidityPool", "removeLiquidity", shares, 0, 0, treasury)
        return f"{shares} shares removed"


class FeeParams(FaultParams):
    """The steward's key sets the swap fee to *fee*, in one step that the contract allows."""

    fee: Pips = Field(ge=1)


class FeeShock(KeyFault):
    """A fee in the wrong unit, sent by hand past the procedure."""

    kind: ClassVar[str] = "fee-shock"
    Params: ClassVar[type[FaultParams]] = FeeParams
    params: FeeParams

    def place(self) -> str:
        """The swap fee."""
        return "the swap fee"

    def begin(self, surfaces: Surfaces) -> str:
        """Set it."""
        services = services_of(surfaces, self.kind)
        self.send(services, "fee_steward", "FeeSchedule", "adjust", SWAP, self.params.fee)
        return f"swap fee set to {self.params.fee} pips"
