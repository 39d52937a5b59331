"""Faults of reaching people: pages that are lost, signers who are away from their phones."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.services.oncall import Switchboard

__all__ = ["PagesLost", "SignersUnreachable"]


class LostParams(FaultParams):
    """No page to *people* is delivered; without any, none to anybody."""

    people: tuple[str, ...] = ()


class PagesLost(Fault):
    """The provider accepts pages and delivers none of them."""

    kind: ClassVar[str] = "pages-lost"
    Params: ClassVar[type[FaultParams]] = LostParams
    params: LostParams

    def place(self) -> str:
        """The pages of these people."""
        return f"pages to {', '.join(self.params.people) or 'everybody'}"

    def check(self, surfaces: Surfaces) -> None:
        """They are on the team."""
        self._people(services_of(surfaces).oncall)

    def _people(self, board: Switchboard) -> list[str]:
        known = [one.name for one in board.team.people]
        for name in self.params.people:
            if name not in known:
                raise UnknownName("person", name, known)
        return list(self.params.people) or known

    def begin(self, surfaces: Surfaces) -> str:
        """Lose them."""
        board = services_of(surfaces).oncall
        people = self._people(board)
        board.lose(people)
        return f"no page reaches {', '.join(people)}"

    def end(self, surfaces: Surfaces) -> str:
        """Deliver again."""
        board = services_of(surfaces).oncall
        board.deliver(self._people(board))
        return "pages are delivered again"


class AwayParams(FaultParams):
    """Of the signers of *authority*, the first *left* still answer."""

    authority: str = "pauser"
    left: int = Field(default=0, ge=0)


class SignersUnreachable(Fault):
    """The signers of an authority are away from their phones, all or nearly all of them."""

    kind: ClassVar[str] = "signers-unreachable"
    Params: ClassVar[type[FaultParams]] = AwayParams
    params: AwayParams

    def place(self) -> str:
        """The signers of the authority."""
        return f"the signers of {self.params.authority}"

    def check(self, surfaces: Surfaces) -> None:
        """The authority is there."""
        self._away(services_of(surfaces).oncall)

    def _away(self, board: Switchboard) -> list[str]:
        known = board.team.authorities
        if self.params.authority not in known:
            raise UnknownName("authority", self.params.authority, known)
        return list(known[self.params.authority].signers[self.params.left :])

    def begin(self, surfaces: Surfaces) -> str:
        """Let them be away."""
        board = services_of(surfaces).oncall
        board.leave(self._away(board))
        return f"nobody reaches {', '.join(self._away(board))}"

    def end(self, surfaces: Surfaces) -> str:
        """Let them come back."""
        board = services_of(surfaces).oncall
        board.come_back(self._away(board))
        return "the signers answer again"
