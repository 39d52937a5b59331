"""The safe of prepared transactions: built from the manifest once, and left lying since.

What was encoded for yesterday's contract does nothing today, or reverts, at the worst moment: so
prepared calldata has to be tried again and again.
"""

from __future__ import annotations

from dataclasses import replace

from twin.desk.port.playbooks import PreparedCall
from twin.errors import UnknownName
from twin.protocol.deployment import Deployment
from twin.protocol.operations import operation_of

__all__ = ["PlaybookClient", "PlaybookSafe"]

PREPARED_BEFORE = 20 * 86_400
"""The calls were prepared so many seconds before the run begins."""

BRAKES = (("stop", "pauser", "pause", True), ("release", "unpauser", "unpause", False))


class PlaybookSafe:
    """The prepared calls of one network; the fault handles are `spoil` and `mend`."""

    def __init__(self, deployment: Deployment, start: int) -> None:
        """Prepare the brake and the release of every contract that can be stopped."""
        self._good: dict[str, PreparedCall] = {}
        for name, contract in deployment.contracts.items():
            functions = {item.get("name") for item in contract.artifact.abi}
            if not {"pause", "unpause", "paused"} <= functions:
                continue
            for word, role, function, paused in BRAKES:
                if role not in deployment.roles:
                    continue
                what = operation_of(deployment, role, contract=name, function=function)
                key = f"{word}-{name}"
                self._good[key] = PreparedCall(
                    id=key, playbook=f"{word} {name}", authority=role, contract=name,
                    function=function, sender=what.caller, to=what.target, data=what.data,
                    prepared=start - PREPARED_BEFORE, paused=paused,
                )  # fmt: skip
        self.calls = dict(self._good)

    def known(self, call: str) -> None:
        """Refuse an id of no prepared call."""
        if call not in self._good:
            raise UnknownName("prepared call", call, self._good)

    def spoil(self, call: str, *, to: bytes | None = None, data: bytes | None = None) -> None:
        """Leave *call* with an old target or old calldata."""
        self.known(call)
        item = self.calls[call]
        self.calls[call] = replace(
            item, to=item.to if to is None else to, data=item.data if data is None else data
        )

    def mend(self, call: str) -> None:
        """Prepare *call* anew."""
        self.calls[call] = self._good[call]


class PlaybookClient:
    """The port `Playbooks`."""

    __slots__ = ("_safe",)

    def __init__(self, safe: PlaybookSafe) -> None:
        """Read this one."""
        self._safe = safe

    def prepared(self) -> list[PreparedCall]:
        """Return every prepared call."""
        return list(self._safe.calls.values())
