"""Faults of backups: a job that no longer runs, a file that is not what it says, lost key shares."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.errors import UsageError
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.services.backups import BackupStore

__all__ = ["BackupCorrupt", "BackupStale", "EscrowSharesLost"]

Kind = Literal["state", "deployment", "keyshares", "evidence"]


def _store(surfaces: Surfaces) -> BackupStore:
    return services_of(surfaces).backups


class CorruptParams(FaultParams):
    """*backup* is harmed: `bitrot` after it was logged, `incomplete` and `wrong-state` before."""

    backup: Kind = "state"
    how: Literal["bitrot", "incomplete", "wrong-state"] = "bitrot"


class BackupCorrupt(Fault):
    """The newest backup of a kind, and those that follow, do not hold what they should."""

    kind: ClassVar[str] = "backup-corrupt"
    Params: ClassVar[type[FaultParams]] = CorruptParams
    params: CorruptParams

    def place(self) -> str:
        """The content of the backups."""
        return f"the content of {self.params.backup} backups"

    def check(self, surfaces: Surfaces) -> None:
        """There are backups, and this kind has what is to be harmed."""
        _store(surfaces)
        if self.params.how == "wrong-state" and self.params.backup != "state":
            raise UsageError(f"a backup of {self.params.backup} has no state to be wrong about")

    def begin(self, surfaces: Surfaces) -> str:
        """Harm what is there and what comes."""
        _store(surfaces).harm(self.params.backup, self.params.how)
        return f"{self.params.backup} backups: {self.params.how}"

    def end(self, surfaces: Surfaces) -> str:
        """Let later jobs write right files again."""
        _store(surfaces).harm(self.params.backup, None)
        return f"{self.params.backup} backups are made right again"


class StaleParams(FaultParams):
    """The job that makes *backup* stops."""

    backup: Kind = "state"


class BackupStale(Fault):
    """A backup job stops and says nothing: the newest file grows old."""

    kind: ClassVar[str] = "backup-stale"
    Params: ClassVar[type[FaultParams]] = StaleParams
    params: StaleParams

    def place(self) -> str:
        """Whether the job runs."""
        return f"the job of {self.params.backup} backups"

    def check(self, surfaces: Surfaces) -> None:
        """There are backups."""
        _store(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Stop the job."""
        _store(surfaces).stop(self.params.backup)
        return f"no {self.params.backup} backup is made any more"

    def end(self, surfaces: Surfaces) -> str:
        """Let it run again."""
        _store(surfaces).resume(self.params.backup)
        return f"{self.params.backup} backups are made again"


class SharesParams(FaultParams):
    """The devices of *holders* escrow holders are wiped."""

    holders: int = Field(default=3, ge=1)


class EscrowSharesLost(Fault):
    """Key shares are lost where nobody looks until a key must be restored."""

    kind: ClassVar[str] = "escrow-shares-lost"
    Params: ClassVar[type[FaultParams]] = SharesParams
    params: SharesParams

    def place(self) -> str:
        """The shares in escrow."""
        return "the key shares in escrow"

    def check(self, surfaces: Surfaces) -> None:
        """There is an escrow."""
        _store(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Wipe the devices."""
        _store(surfaces).escrow.lose(self.params.holders)
        return f"{self.params.holders} escrow holders lost their shares"

    def end(self, surfaces: Surfaces) -> str:
        """What was wiped does not come back."""
        del surfaces
        return "the shares stay lost"
