"""Faults of changes: the signing device, the portal, the file or the code is not what was reviewed."""

from __future__ import annotations

from typing import ClassVar

from twin.chain.blocks import Block
from twin.chain.codec import hex0x
from twin.chain.port import AccountState
from twin.desk.port.changes import Approval, StagedCall
from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.operations import operation_of
from twin.services.changes import ChangeDesk
from twin.services.services import Services

__all__ = [
    "ApprovalForged",
    "CalldataSwap",
    "CodeRedeployed",
    "OperationCancelled",
    "RequestRewritten",
]

GAS, TIP = 1_000_000, 60 * 10**9


class RequestParams(FaultParams):
    """It takes hold of *request*, such as CR-001: the requests are numbered as they are declared."""

    request: str = "CR-001"


class _OnRequest(Fault):
    """A fault of one request."""

    Params: ClassVar[type[FaultParams]] = RequestParams
    params: RequestParams

    def check(self, surfaces: Surfaces) -> None:
        """The request is one of the scenario's."""
        desk = _desk(surfaces)
        if self.params.request not in desk.known():
            raise UnknownName("change request", self.params.request, desk.known())


def _desk(surfaces: Surfaces) -> ChangeDesk:
    return services_of(surfaces).changes


class SwapParams(RequestParams):
    """The last byte of call *call* grows by *by*: to the eye it is the calldata that was approved."""

    call: int = 0
    by: int = 1


class CalldataSwap(_OnRequest):
    """The signing device holds calldata that looks like the approved one (Bybit, 2025-02-21)."""

    kind: ClassVar[str] = "calldata-swap"
    Params: ClassVar[type[FaultParams]] = SwapParams
    params: SwapParams

    def place(self) -> str:
        """What is staged."""
        return f"the signing device of {self.params.request}"

    def begin(self, surfaces: Surfaces) -> str:
        """Swap it."""
        desk, wanted = _desk(surfaces), self.params
        staged = desk.staged(wanted.request)
        call = staged[wanted.call]
        data = bytearray(bytes.fromhex(call.data[2:]))
        data[-1] = (data[-1] + wanted.by) % 256
        staged[wanted.call] = StagedCall(call.to, hex0x(bytes(data)))
        desk.swap(wanted.request, staged)
        return f"{wanted.request} is staged with other calldata"

    def end(self, surfaces: Surfaces) -> str:
        """Stage what is in the file."""
        _desk(surfaces).swap(self.params.request, None)
        return f"{self.params.request} is staged as it is in its file"


class ForgeParams(RequestParams):
    """*who* approves as *role*, a payload of another day."""

    who: str = "norland"
    role: str = "security"


class ApprovalForged(_OnRequest):
    """An approval that should not count: of one's own change, or of another payload."""

    kind: ClassVar[str] = "approval-forged"
    Params: ClassVar[type[FaultParams]] = ForgeParams
    params: ForgeParams

    def place(self) -> str:
        """The approval."""
        return f"the approval of {self.params.request} by {self.params.who}"

    def begin(self, surfaces: Surfaces) -> str:
        """Enter it."""
        services, wanted = services_of(surfaces), self.params
        approval = Approval(wanted.who, wanted.role, services.clock.now, "0" * 64)
        services.changes.approve(wanted.request, approval)
        return f"{wanted.who} approved {wanted.request} in the portal"

    def end(self, surfaces: Surfaces) -> str:
        """What was entered stays."""
        del surfaces
        return "the approval stays"


class RewriteParams(RequestParams):
    """In the file *old* becomes *new*."""

    old: str
    new: str


class RequestRewritten(_OnRequest):
    """The file is edited after it was registered, reviewed or approved."""

    kind: ClassVar[str] = "request-rewritten"
    Params: ClassVar[type[FaultParams]] = RewriteParams
    params: RewriteParams

    def place(self) -> str:
        """The file."""
        return f"the file of {self.params.request}"

    def begin(self, surfaces: Surfaces) -> str:
        """Edit it."""
        desk, wanted = _desk(surfaces), self.params
        desk.rewrite(wanted.request, desk.text(wanted.request).replace(wanted.old, wanted.new))
        return f"{wanted.request} says {wanted.new!r} where it said {wanted.old!r}"

    def end(self, surfaces: Surfaces) -> str:
        """Edit it back."""
        desk, wanted = _desk(surfaces), self.params
        desk.rewrite(wanted.request, desk.text(wanted.request).replace(wanted.new, wanted.old))
        return f"{wanted.request} says what it said"


class CodeParams(FaultParams):
    """*contract* is another from now on: the same code, with one byte more that never runs."""

    contract: str = "OracleNetwork"


class CodeRedeployed(Fault):
    """The code that an approved change calls is swapped (Tornado Cash governance, 2023-05-20)."""

    kind: ClassVar[str] = "code-redeployed"
    Params: ClassVar[type[FaultParams]] = CodeParams
    params: CodeParams

    def place(self) -> str:
        """The code."""
        return f"the code of {self.params.contract}"

    def check(self, surfaces: Surfaces) -> None:
        """There is such a contract."""
        services_of(surfaces).deployment.contract(self.params.contract)

    def begin(self, surfaces: Surfaces) -> str:
        """Swap it."""
        _code(services_of(surfaces), self.params.contract, grow=True)
        return f"{self.params.contract} is another"

    def end(self, surfaces: Surfaces) -> str:
        """Swap it back."""
        _code(services_of(surfaces), self.params.contract, grow=False)
        return f"{self.params.contract} is what it was"


def _code(services: Services, contract: str, *, grow: bool) -> None:
    address, engine = services.deployment.contract(contract).address, services.chain.engine
    found = engine.account(address)
    code = found.code + b"\x00" if grow else found.code[:-1]
    engine.set_account(address, AccountState(found.nonce, found.balance, code))
    services.chain.touch()


class CancelParams(RequestParams):
    """As soon as call *call* is scheduled, *authority* cancels it."""

    call: int = 1
    authority: str = "oracle_admin"


class OperationCancelled(_OnRequest):
    """Of two calls that belong together one is cancelled: the change would be applied by half."""

    kind: ClassVar[str] = "operation-cancelled"
    Params: ClassVar[type[FaultParams]] = CancelParams
    params: CancelParams

    def __init__(self, params: CancelParams) -> None:
        """Wait for the operation."""
        super().__init__(params)
        self._lurking = False
        self._surfaces: Surfaces | None = None

    def place(self) -> str:
        """The operation."""
        return f"call {self.params.call} of {self.params.request}"

    def begin(self, surfaces: Surfaces) -> str:
        """Watch the blocks for it."""
        self._lurking, self._surfaces = True, surfaces
        services_of(surfaces).chain.on_block(self._look)
        return f"call {self.params.call} of {self.params.request} will be cancelled"

    def end(self, surfaces: Surfaces) -> str:
        """Watch no more."""
        del surfaces
        self._lurking = False
        return "nothing more is cancelled"

    def _look(self, block: Block) -> None:
        if not self._lurking or self._surfaces is None:
            return
        services, wanted = services_of(self._surfaces), self.params
        data = bytes.fromhex(services.changes.staged(wanted.request)[wanted.call].data[2:])
        if not any(data in tx.data for tx in block.content.transactions):
            return
        self._lurking = False
        plan = services.changes.plan(wanted.request)["calls"][wanted.call]
        args = tuple(plan["args"])
        what = operation_of(
            services.deployment, wanted.authority, contract=plan["contract"],
            function=plan["function"], args=args,
        )  # fmt: skip
        services.chain.send(what.caller, *what.cancel, gas=GAS, tip=TIP)
