"""Faults of governance: a malicious proposal, code swapped under one, a change nobody recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from twin.chain.port import AccountState, Call
from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.operations import operation_of
from twin.protocol.parameters import Endowment
from twin.protocol.roles import account_of, role_named
from twin.services.services import Services

__all__ = ["CodeSwap", "ConfigDrift", "MaliciousProposal"]

ETHER = 10**18
GAS = 2_000_000
TIP = 3 * 10**9

HARMLESS = bytes.fromhex("6000600055600160005500")
"""Code that anybody would approve: it writes 0, then 1, into its first slot."""

HARMFUL = bytes.fromhex("6001600055600260005500")
"""What stands in its place afterwards."""


def _values(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Read `0x` text as bytes and `@name` as the account of that name."""
    made: list[Any] = []
    for item in items:
        if isinstance(item, str) and item.startswith("@"):
            made.append(account_of(item[1:]))
        elif isinstance(item, str) and item.startswith("0x"):
            made.append(bytes.fromhex(item[2:]))
        elif isinstance(item, (list, tuple)):
            made.append(_values(tuple(item)))
        else:
            made.append(item)
    return tuple(made)


class ProposalParams(FaultParams):
    """*proposer* asks that *role* be given to its account, behind a harmless *description*.

    With *payload* it asks instead that code at an address of its own be called.
    """

    proposer: str = "mallory"
    role: str = "governance"
    payload: bool = False
    description: str = "BIP-18: donate to a good cause"


class MaliciousProposal(Fault):
    """A proposal whose calldata hands over the network (Beanstalk BIP-18, 2022-04-17)."""

    kind: ClassVar[str] = "malicious-proposal"
    Params: ClassVar[type[FaultParams]] = ProposalParams
    params: ProposalParams

    def place(self) -> str:
        """What the proposer proposes."""
        return f"the proposal of {self.params.proposer}"

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Give the proposer coins for gas."""
        account = account_of(self.params.proposer)
        if account in spec.balances:
            return spec
        funds = Endowment(wei=100 * ETHER)
        return replace(spec, balances={**spec.balances, account: funds})

    def check(self, surfaces: Surfaces) -> None:
        """The role is one, and the proposer may propose."""
        role_named(self.params.role)
        services = services_of(surfaces)
        contract = services.deployment.contract("FictraGovernor")
        data = contract.encode("proposalThreshold")
        output = services.chain.call(Call(to=contract.address, data=data))
        if int.from_bytes(output.data, "big"):
            raise UsageError(
                f"{self.params.proposer} has no votes: let protocol.governance.proposal_threshold be 0"
            )

    def begin(self, surfaces: Surfaces) -> str:
        """Propose it."""
        services, wanted = services_of(surfaces), self.params
        deployment, sender = services.deployment, account_of(wanted.proposer)
        if wanted.payload:
            target, data = payload_of(wanted.proposer), bytes.fromhex("61461954")
            _write(services, target, HARMLESS)
        else:
            authority = deployment.contract("Authority")
            role = int(role_named(wanted.role))
            target, data = authority.address, authority.encode("grantRole", role, sender, 0)
        governor = deployment.contract("FictraGovernor")
        call = governor.encode("propose", [target], [0], [data], wanted.description)
        services.chain.send(sender, governor.address, call, gas=GAS, tip=TIP)
        return f"{wanted.proposer} proposed to call 0x{target.hex()}"

    def end(self, surfaces: Surfaces) -> str:
        """A proposal is not taken back."""
        del surfaces
        return "the proposal stays"


def payload_of(proposer: str) -> bytes:
    """Return the address of the payload that *proposer* asks to call."""
    return account_of(f"payload of {proposer}")


def _write(services: Services, address: bytes, code: bytes) -> None:
    """Let *code* stand at *address*, as after CREATE2, or after a metamorphic redeployment."""
    services.chain.engine.set_account(address, AccountState(1, 0, code))
    services.chain.touch()


class SwapParams(FaultParams):
    """The payload of *proposer*'s proposal is another from now on."""

    proposer: str = "mallory"


class CodeSwap(Fault):
    """Other code stands at an address that a proposal calls than when it was reviewed.

    A contract made by CREATE2 that destroyed itself and was made anew did this to a DAO's vote
    (Tornado Cash governance, 2023-05-20).
    """

    kind: ClassVar[str] = "code-swap"
    Params: ClassVar[type[FaultParams]] = SwapParams
    params: SwapParams

    def place(self) -> str:
        """The code that is called."""
        return f"the payload of {self.params.proposer}"

    def check(self, surfaces: Surfaces) -> None:
        """There is a chain."""
        services_of(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Swap it."""
        services = services_of(surfaces)
        _write(services, payload_of(self.params.proposer), HARMFUL)
        return f"the payload of {self.params.proposer} is another"

    def end(self, surfaces: Surfaces) -> str:
        """Swap it back."""
        _write(services_of(surfaces), payload_of(self.params.proposer), HARMLESS)
        return f"the payload of {self.params.proposer} is what was reviewed"


class DriftParams(FaultParams):
    """*authority* calls *function* of *contract* with *args*, and no change says so.

    `0x` text is bytes, `@name` the account of that name.
    """

    authority: str = "oracle_admin"
    contract: str = "OracleNetwork"
    function: str = "setAttestationQuorum"
    args: tuple[Any, ...] = Field(default=(2,))


class ConfigDrift(Fault):
    """Somebody who may changes a parameter past every change procedure."""

    kind: ClassVar[str] = "config-drift"
    Params: ClassVar[type[FaultParams]] = DriftParams
    params: DriftParams

    def place(self) -> str:
        """The function that is called."""
        return f"{self.params.contract}.{self.params.function} by {self.params.authority}"

    def check(self, surfaces: Surfaces) -> None:
        """The call can be made."""
        services, wanted = services_of(surfaces), self.params
        if wanted.authority not in services.deployment.roles:
            raise UnknownName("role", wanted.authority, services.deployment.roles)
        operation_of(
            services.deployment, wanted.authority, contract=wanted.contract,
            function=wanted.function, args=_values(wanted.args),
        )  # fmt: skip

    def begin(self, surfaces: Surfaces) -> str:
        """Send the call; a delayed one is scheduled, and executed when its time has come."""
        services, wanted = services_of(surfaces), self.params
        operation = operation_of(
            services.deployment, wanted.authority, contract=wanted.contract,
            function=wanted.function, args=_values(wanted.args),
        )  # fmt: skip
        clock, chain = services.clock, services.chain

        def send(to: bytes, data: bytes) -> None:
            chain.send(operation.caller, to, data, gas=GAS, tip=TIP)

        first, *rest = operation.messages
        send(*first)
        for message in rest:
            when = clock.now + operation.delay + 2 * chain.config.block_interval
            clock.call_at(when, lambda message=message: send(*message))  # type: ignore[misc]
        return f"{wanted.authority} calls {wanted.contract}.{wanted.function}{wanted.args}"

    def end(self, surfaces: Surfaces) -> str:
        """Configuration does not heal by itself."""
        del surfaces
        return "what was changed stays"
