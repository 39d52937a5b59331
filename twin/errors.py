"""Every error the twin raises on purpose, each with its exit code.

    TwinError
    ├── UsageError                 bad usage or a bad file            exit 2
    │   ├── UnknownName            a name that nothing answers to
    │   └── FileProblems           located mistakes in a user's file, all at once
    ├── ThresholdFailed            a threshold or golden file failed  exit 1
    ├── CrashError                 the simulation broke               exit 3
    │   ├── ChainError
    │   │   ├── InvalidTransaction refused before it entered a block
    │   │   ├── Reverted           a call that the contract refused
    │   │   └── UnknownBlock
    │   ├── DeskError              the desk could not do what was asked
    │   │   ├── IncidentEnded      somebody else ended it meanwhile
    │   │   ├── NotAuthorised
    │   │   └── NoData
    │   └── SealBroken             something reached for the sealed truth
    ├── NotDeterministic           same input, other digest           exit 4
    ├── JudgesDisagree             engines, or rules against promtool exit 5
    └── Interrupted                Ctrl-C                             exit 130

A class owns its message: the value that was met, the rule it breaks, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "ChainError",
    "CrashError",
    "DeskError",
    "FileProblems",
    "IncidentEnded",
    "Interrupted",
    "InvalidTransaction",
    "JudgesDisagree",
    "NoData",
    "NotAuthorised",
    "NotDeterministic",
    "Problem",
    "Reverted",
    "SealBroken",
    "ThresholdFailed",
    "TwinError",
    "UnknownBlock",
    "UnknownName",
    "UsageError",
    "nearest",
]


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the entry of *valid* that *name* most likely meant, or None when nothing is close.

    Capitals do not count: `me4` means ME4.
    """
    known = {item.casefold(): item for item in valid}
    found = difflib.get_close_matches(name.casefold(), list(known), n=1, cutoff=0.5)
    return known[found[0]] if found else None


class TwinError(Exception):
    """Anything the twin refuses or reports on purpose; *exit_code* is what `twin` ends with.

    `args` stay what the constructor was given, not the sentence made of it: SimPy builds an error
    that leaves a process again from its `args`, and so does a pickle.
    """

    exit_code = 3

    def __init__(self, message: object = "") -> None:
        """Keep the sentence that the error is shown as."""
        self.message = str(message)

    def __str__(self) -> str:
        return self.message


class UsageError(TwinError):
    """The command line or a file cannot be used as it stands."""

    exit_code = 2


class UnknownName(UsageError):
    """A *kind* of thing called *name* was asked for, and none of *valid* is called that."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        """Keep the parts, so that a caller can offer the nearest name itself."""
        self.kind, self.name, self.valid = kind, name, sorted(valid)
        self.args = (kind, name, self.valid)  # *valid* may be an iterator, which is used up now
        hint = nearest(name, self.valid)
        tail = (
            f"; did you mean {hint!r}?" if hint else f"; known: {', '.join(self.valid) or 'none'}"
        )
        super().__init__(f"no {kind} is called {name!r}{tail}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a user's file: its place, what is wrong, and what to write instead."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Give the line a compiler would give."""
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{tail}"


class FileProblems(UsageError):
    """A file has one or more mistakes; *problems* holds all of them in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Sort by place and join into one message, a line each."""
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class ThresholdFailed(TwinError):
    """A threshold, an expectation or a golden file did not hold."""

    exit_code = 1


class CrashError(TwinError):
    """The simulation itself broke."""

    exit_code = 3


class ChainError(CrashError):
    """The chain could not do what was asked."""


class InvalidTransaction(ChainError):
    """A transaction that no block may contain (nonce, funds, gas, fee); *reason* says which rule."""

    def __init__(self, reason: str) -> None:
        """Keep *reason* apart from the sentence."""
        self.reason = reason
        super().__init__(f"transaction refused: {reason}")


class Reverted(ChainError):
    """A call that the contract refused; *data* is the raw revert payload, *reason* its decoding."""

    def __init__(self, data: bytes, reason: str = "") -> None:
        """Show the decoded reason where there is one, the payload otherwise."""
        self.data, self.reason = data, reason
        super().__init__(f"reverted: {reason or '0x' + data.hex() or 'without a reason'}")


class UnknownBlock(ChainError):
    """A block that is not there, or whose state is no longer kept."""

    def __init__(self, block: object, rule: str) -> None:
        """Say which *block* and by which *rule* it cannot be had."""
        super().__init__(f"no block {block}: {rule}")


class DeskError(CrashError):
    """The desk could not do what was asked."""


class IncidentEnded(DeskError):
    """An incident that somebody else ended meanwhile is not changed any more."""

    def __init__(self, incident: str, state: str) -> None:
        """Name the *incident* and the *state* in which it ended."""
        super().__init__(f"{incident} is {state}; an ended incident is not changed")


class NotAuthorised(DeskError):
    """*who* asked for *action*, which needs an authority they lack."""

    def __init__(self, who: str, action: str, needs: str) -> None:
        """Name the authority that is missing."""
        super().__init__(f"{who} may not {action}: it needs {needs}")


class NoData(DeskError):
    """A question whose answer needs data that is not there; no data is a failure, never a pass."""

    def __init__(self, what: str) -> None:
        """Say *what* was looked for."""
        super().__init__(f"no data: {what}")


class SealBroken(CrashError):
    """Something that runs in the world reached for the sealed truth or for shared chance."""

    def __init__(self, what: str, rule: str) -> None:
        """Name *what* was touched and the *rule* that forbids it."""
        super().__init__(f"{what} is sealed: {rule}")


class NotDeterministic(TwinError):
    """The same input gave another digest."""

    exit_code = 4


class JudgesDisagree(TwinError):
    """Two judges of the same question gave different answers."""

    exit_code = 5


class Interrupted(TwinError):
    """The user stopped the run; what was finished is kept and marked partial."""

    exit_code = 130
