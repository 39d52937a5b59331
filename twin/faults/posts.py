"""Faults of what is said: silence, a leak, a wrong notice, a rumour; help that does not answer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of

__all__ = ["NoticeLeak", "NoticeWrong", "NoticesSilent", "ResponderSilent", "Rumour"]


class SilentParams(FaultParams):
    """The status page has no parameters: it shows what is published, or nothing."""


class NoticesSilent(Fault):
    """What is published appears nowhere, and nothing says so."""

    kind: ClassVar[str] = "notices-silent"
    Params: ClassVar[type[FaultParams]] = SilentParams
    params: SilentParams

    def place(self) -> str:
        """The status page."""
        return "the status page"

    def begin(self, surfaces: Surfaces) -> str:
        """Let nothing appear."""
        services_of(surfaces).posts.silent = True
        return "notices appear nowhere"

    def end(self, surfaces: Surfaces) -> str:
        """Let notices appear again."""
        services_of(surfaces).posts.silent = False
        return "notices appear again"


class LeakParams(FaultParams):
    """*author* of ours writes *text* on the forum before anybody was told."""

    author: str = "intern"
    text: str = Field(
        default="between us: 0x00000000000000000000000000000000000000aa empties the pool right now",
        min_length=1,
    )


class NoticeLeak(Fault):
    """Somebody of ours tells what nobody should know yet."""

    kind: ClassVar[str] = "notice-leak"
    Params: ClassVar[type[FaultParams]] = LeakParams
    params: LeakParams

    def place(self) -> str:
        """What this author writes."""
        return f"a leak by {self.params.author}"

    def begin(self, surfaces: Surfaces) -> str:
        """Write it."""
        about = self.params
        return services_of(surfaces).posts.write("heard at work", about.text, author=about.author)

    def end(self, surfaces: Surfaces) -> str:
        """What was read stays so."""
        del surfaces
        return "the leak was read"


class WrongParams(FaultParams):
    """*author* of ours writes *text* on the status page, off the incident's record."""

    author: str = "marketing"
    text: str = Field(default="all systems operate normally, nothing is paused", min_length=1)


class NoticeWrong(Fault):
    """Somebody of ours denies in public what is so (the second voice of every bad incident)."""

    kind: ClassVar[str] = "notice-wrong"
    Params: ClassVar[type[FaultParams]] = WrongParams
    params: WrongParams

    def place(self) -> str:
        """What this author writes."""
        return f"a wrong notice by {self.params.author}"

    def begin(self, surfaces: Surfaces) -> str:
        """Write it."""
        about = self.params
        return services_of(surfaces).posts.write(
            "all is well", about.text, author=about.author, channel="status-page"
        )

    def end(self, surfaces: Surfaces) -> str:
        """What was read stays so."""
        del surfaces
        return "the notice stands"


class RumourParams(FaultParams):
    """*count* strangers write *text*."""

    count: int = Field(default=5, ge=1, le=1000)
    text: str = Field(default="FICTRA is insolvent, the reserve is gone", min_length=1)


class Rumour(Fault):
    """Strangers say the same thing about us, and it spreads."""

    kind: ClassVar[str] = "rumour"
    Params: ClassVar[type[FaultParams]] = RumourParams
    params: RumourParams

    def place(self) -> str:
        """The forum."""
        return f"the rumour {self.params.text!r}"

    def begin(self, surfaces: Surfaces) -> str:
        """Let them write."""
        posts = services_of(surfaces).posts
        for number in range(self.params.count):
            posts.write("have you heard", self.params.text, author=f"stranger-{number + 1}",
                        staff=False)  # fmt: skip
        return f"{self.params.count} say so"

    def end(self, surfaces: Surfaces) -> str:
        """It was read."""
        del surfaces
        return "the rumour was read"


class ResponderParams(FaultParams):
    """*responder* does not answer."""

    responder: str = "emergency-channel"


class ResponderSilent(Fault):
    """Help from outside does not answer, whatever its contract says."""

    kind: ClassVar[str] = "responder-silent"
    Params: ClassVar[type[FaultParams]] = ResponderParams
    params: ResponderParams

    def place(self) -> str:
        """The responder."""
        return f"the answers of {self.params.responder}"

    def check(self, surfaces: Surfaces) -> None:
        """They are under contract."""
        known = [one.name for one in services_of(surfaces).responders.all()]
        if self.params.responder not in known:
            raise UnknownName("responder", self.params.responder, known)

    def begin(self, surfaces: Surfaces) -> str:
        """Silence them."""
        services_of(surfaces).responders.silent.add(self.params.responder)
        return f"{self.params.responder} does not answer"

    def end(self, surfaces: Surfaces) -> str:
        """Let them answer."""
        services_of(surfaces).responders.silent.discard(self.params.responder)
        return f"{self.params.responder} answers again"
