"""Backups that are really made: state dump, configuration, escrow manifest, evidence.

Once a day each job writes a file, packed, and logs its digest; a number of files of each kind is
kept. Evidence is an append-only chain, so each file holds what came since the one before and all
of them are kept.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from twin.chain.chain import Chain
from twin.clock import Clock, Process
from twin.desk.port import BACKUP_KINDS, BackupFile
from twin.desk.records import GENESIS, Records
from twin.errors import NoData, UnknownName, UsageError
from twin.protocol.deployment import Deployment
from twin.scenario.services_oracle import BackupsSpec
from twin.services.escrow import Escrow

__all__ = ["HARMS", "BackupClient", "BackupStore"]


def _bitrot(text: str) -> str:
    """Change one character in the middle: media decay under a digest that was right."""
    middle = len(text) // 2
    return text[:middle] + ("0" if text[middle] != "0" else "1") + text[middle + 1 :]


def _wrong_state(text: str) -> str:
    """Give the first account of a dump another balance: a job that read an inconsistent state."""
    body = json.loads(text)
    first = next(iter(body["alloc"].values()))
    first["balance"] = hex(int(first["balance"], 16) + 1)
    return json.dumps(body, sort_keys=True)


def _incomplete(text: str) -> str:
    """Leave out the last third: a job that was cut off and logged what it had."""
    try:
        body = json.loads(text)
    except ValueError:  # lines, of which some are missing
        lines = text.splitlines(keepends=True)
        return "".join(lines[: len(lines) * 2 // 3])
    part = next((body[key] for key in ("alloc", "contracts") if key in body), body)
    for key in list(part)[len(part) * 2 // 3 :]:
        del part[key]
    return json.dumps(body, sort_keys=True)


HARMS: Mapping[str, Callable[[str], str]] = {
    "bitrot": _bitrot,
    "incomplete": _incomplete,
    "wrong-state": _wrong_state,
}
"""What can be wrong with a file: after it was logged (bitrot), or by the job that made it."""


@dataclass(slots=True)
class _Stored:
    about: BackupFile
    packed: bytes


class BackupStore:
    """The jobs and their files, on *clock*, of *chain*, *deployment* and *records*."""

    def __init__(
        self,
        spec: BackupsSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        records: Records | None,
        seed: int,
    ) -> None:
        """Split the keys; no job has run."""
        self._spec, self._clock, self._chain = spec, clock, chain
        self._deployment, self._records = deployment, records
        self.escrow = Escrow(
            tuple(deployment.roles), holders=spec.holders, quorum=spec.quorum, seed=seed
        )
        self._files: dict[str, list[_Stored]] = {kind: [] for kind in BACKUP_KINDS}
        self._made = dict.fromkeys(BACKUP_KINDS, 0)
        self._stopped: set[str] = set()
        self._harmed: dict[str, str] = {}
        self._filed, self._last = 0, GENESIS

    def start(self) -> None:
        """Put the jobs on the clock."""
        self._clock.spawn(self._repeat())

    def _repeat(self) -> Process:
        yield self._clock.after(self._spec.first)
        while True:
            for kind in BACKUP_KINDS:
                if kind not in self._stopped:
                    self._run(kind)
            yield self._clock.after(self._spec.every)

    # -- jobs ------------------------------------------------------------------------------------

    def _run(self, kind: str) -> None:
        chain = self._chain
        head = chain.head
        about = BackupFile(
            name=f"{kind}-{self._made[kind] + 1:04d}", kind=kind, taken_at=self._clock.now,
            block=head, size=0, digest="",
        )  # fmt: skip
        if kind == "state":
            about = replace(about, state_root=chain.state_root())
            body = {"block": head, "timestamp": chain.timestamp(head), "alloc": chain.engine.dump()}
            text = json.dumps(body, sort_keys=True)
        elif kind == "deployment":
            text = self._deployment.to_json()
        elif kind == "keyshares":
            text = json.dumps(self.escrow.manifest(), sort_keys=True)
        else:
            text, about = self._evidence(about)
        self._made[kind] += 1
        self._keep(about, text, self._harmed.get(kind))

    def _evidence(self, about: BackupFile) -> tuple[str, BackupFile]:
        """Return what was filed since the file before, and how it is chained."""
        lines = self._records.lines(self._filed) if self._records else []
        follows = self._last
        if lines:
            self._filed += len(lines)
            self._last = json.loads(lines[-1])["hash"]
        return "".join(lines), replace(about, follows=follows, last=self._last)

    def _keep(self, about: BackupFile, text: str, harm: str | None) -> None:
        """Log the digest and store the file; *harm* comes between, or before it."""
        stored = HARMS[harm](text) if harm else text
        logged = text if harm == "bitrot" else stored
        packed = zlib.compress(stored.encode(), 6)
        digest = hashlib.sha256(logged.encode()).hexdigest()
        files = self._files[about.kind]
        files.append(_Stored(replace(about, size=len(packed), digest=digest), packed))
        if about.kind != "evidence":
            del files[: -self._spec.keep]

    # -- what a fault takes hold of --------------------------------------------------------------

    def stop(self, kind: str) -> None:
        """Let the job of *kind* run no more."""
        self._stopped.add(_known(kind))

    def resume(self, kind: str) -> None:
        """Let it run again."""
        self._stopped.discard(_known(kind))

    def harm(self, kind: str, how: str | None) -> None:
        """Harm the newest file of *kind* and all that follow, as `HARMS` says; None lets go."""
        if how is None:
            self._harmed.pop(_known(kind), None)
            return
        if how not in HARMS:
            raise UnknownName("harm", how, HARMS)
        if how == "wrong-state" and kind != "state":
            raise UsageError(f"a backup of {kind} has no state to be wrong about: use bitrot")
        self._harmed[_known(kind)] = how
        if self._files[kind]:
            newest = self._files[kind].pop()
            self._keep(newest.about, zlib.decompress(newest.packed).decode(), how)

    # -- what the client answers -----------------------------------------------------------------

    def catalog(self, kind: str) -> list[BackupFile]:
        """Return the files of *kind*, oldest first."""
        return [item.about for item in self._files[_known(kind)]]

    def find(self, name: str) -> bytes:
        """Return one packed file."""
        for files in self._files.values():
            for item in files:
                if item.about.name == name:
                    return item.packed
        raise NoData(f"the backup {name} is gone")

    def transfer(self, name: str) -> int:
        """Return the seconds that a restore of *name* waits for the store."""
        return self._spec.provision + -(-len(self.find(name)) // self._spec.read_rate)


def _known(kind: str) -> str:
    if kind not in BACKUP_KINDS:
        raise UnknownName("kind of backup", kind, BACKUP_KINDS)
    return kind


class BackupClient:
    """The store as the desk reaches it."""

    __slots__ = ("_store",)

    def __init__(self, store: BackupStore) -> None:
        """Show this store."""
        self._store = store

    def catalog(self, kind: str) -> list[BackupFile]:
        """Return the files of *kind*, oldest first."""
        return self._store.catalog(kind)

    def read(self, name: str) -> str:
        """Fetch and unpack one file."""
        try:
            return zlib.decompress(self._store.find(name)).decode()
        except (zlib.error, UnicodeDecodeError) as error:
            raise NoData(f"the backup {name} does not unpack: {error}") from error

    def transfer(self, name: str) -> int:
        """Return the seconds that fetching and loading takes."""
        return self._store.transfer(name)

    def recover(self, role: str) -> bytes:
        """Combine the shares of the key of *role*; return its address."""
        return self._store.escrow.recover(role)
