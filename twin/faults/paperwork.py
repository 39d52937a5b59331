"""Faults of paper work: pages, prepared calldata, training, mail, and what editors print."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from twin.chain.codec import keccak
from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.parameters import Grant
from twin.protocol.roles import account_of, role_named

__all__ = [
    "DrillsMissed",
    "ManualPageLost",
    "NoticesUndelivered",
    "PreparedCalldataStale",
    "ReportEdited",
    "RoleLost",
    "WrongNotice",
]

PPM = 1_000_000
BACK_DOOR = "former-admin"


class PageParams(FaultParams):
    """The manual has no page of *procedure*."""

    procedure: str


class ManualPageLost(Fault):
    """A page is gone from the manual: what runs can be looked up nowhere."""

    kind: ClassVar[str] = "manual-page-lost"
    Params: ClassVar[type[FaultParams]] = PageParams
    params: PageParams

    def place(self) -> str:
        """The page."""
        return f"the page of {self.params.procedure}"

    def check(self, surfaces: Surfaces) -> None:
        """There is such a page."""
        services_of(surfaces).manual.known(self.params.procedure)

    def begin(self, surfaces: Surfaces) -> str:
        """Take it out."""
        services_of(surfaces).manual.lose(self.params.procedure)
        return f"the page of {self.params.procedure} is gone"

    def end(self, surfaces: Surfaces) -> str:
        """Put it back."""
        services_of(surfaces).manual.restore(self.params.procedure)
        return f"the page of {self.params.procedure} is back"


class CalldataParams(FaultParams):
    """The prepared *call* (such as `stop-LiquidityPool`) has the *target* or *data* of old."""

    call: str
    what: Literal["target", "data"] = "target"


class PreparedCalldataStale(Fault):
    """A contract was replaced, the transaction that would stop it was not prepared anew."""

    kind: ClassVar[str] = "prepared-calldata-stale"
    Params: ClassVar[type[FaultParams]] = CalldataParams
    params: CalldataParams

    def place(self) -> str:
        """The prepared call."""
        return f"the prepared call {self.params.call}"

    def check(self, surfaces: Surfaces) -> None:
        """There is such a call."""
        services_of(surfaces).playbooks.known(self.params.call)

    def begin(self, surfaces: Surfaces) -> str:
        """Leave the old one there."""
        safe = services_of(surfaces).playbooks
        if self.params.what == "target":
            safe.spoil(self.params.call, to=account_of("yesterdays-contract"))
        else:
            safe.spoil(self.params.call, data=keccak(b"halt()")[:4])
        return f"{self.params.call} has the {self.params.what} of old"

    def end(self, surfaces: Surfaces) -> str:
        """Prepare it anew."""
        services_of(surfaces).playbooks.mend(self.params.call)
        return f"{self.params.call} is prepared anew"


class RoleParams(FaultParams):
    """The account of *role* no longer holds it."""

    role: str = "pauser"


class RoleLost(Fault):
    """A role was taken from the account that the playbooks count on."""

    kind: ClassVar[str] = "role-lost"
    Params: ClassVar[type[FaultParams]] = RoleParams
    params: RoleParams

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Forget an administrator's key."""
        kept = (*spec.strays.get("admin", ()), Grant(account_of(BACK_DOOR), 0))
        return replace(spec, strays={**spec.strays, "admin": kept})

    def place(self) -> str:
        """The role."""
        return f"that the account of {self.params.role} holds its role"

    def check(self, surfaces: Surfaces) -> None:
        """The deployment gave somebody the role."""
        roles = services_of(surfaces).deployment.roles
        if self.params.role not in roles:
            raise UnknownName("role", self.params.role, roles)

    def begin(self, surfaces: Surfaces) -> str:
        """Revoke it."""
        self._send(surfaces, "revokeRole")
        return f"{self.params.role} was revoked from its account"

    def end(self, surfaces: Surfaces) -> str:
        """Grant it again."""
        self._send(surfaces, "grantRole", 0)
        return f"{self.params.role} was granted to its account again"

    def _send(self, surfaces: Surfaces, function: str, *rest: int) -> None:
        services = services_of(surfaces)
        authority = services.deployment.contract("Authority")
        account = services.deployment.roles[self.params.role].account
        data = authority.encode(function, int(role_named(self.params.role)), account, *rest)
        services.chain.send(
            account_of(BACK_DOOR), authority.address, data, gas=300_000, tip=3 * 10**9
        )


class DrillParams(FaultParams):
    """*person* took part in no drill."""

    person: str


class DrillsMissed(Fault):
    """Somebody who may sign, or is called at night, has never been through a drill."""

    kind: ClassVar[str] = "drills-missed"
    Params: ClassVar[type[FaultParams]] = DrillParams
    params: DrillParams

    def place(self) -> str:
        """The person's training."""
        return f"the drills of {self.params.person}"

    def check(self, surfaces: Surfaces) -> None:
        """The platform knows the person."""
        services_of(surfaces).drills.known(self.params.person)

    def begin(self, surfaces: Surfaces) -> str:
        """Let them never have come."""
        services_of(surfaces).drills.skip(self.params.person)
        return f"{self.params.person} has never drilled"

    def end(self, surfaces: Surfaces) -> str:
        """Let them have come."""
        services_of(surfaces).drills.attend(self.params.person)
        return f"{self.params.person} has drilled"


class MailParams(FaultParams):
    """What is sent to *audience* does not arrive."""

    audience: str


class NoticesUndelivered(Fault):
    """The gateway loses what goes to one audience, and nobody is told."""

    kind: ClassVar[str] = "notices-undelivered"
    Params: ClassVar[type[FaultParams]] = MailParams
    params: MailParams

    def place(self) -> str:
        """The mail of the audience."""
        return f"the mail to {self.params.audience}"

    def begin(self, surfaces: Surfaces) -> str:
        """Lose it."""
        services_of(surfaces).mail.lose(self.params.audience)
        return f"mail to {self.params.audience} is lost"

    def end(self, surfaces: Surfaces) -> str:
        """Carry it again."""
        services_of(surfaces).mail.find(self.params.audience)
        return f"mail to {self.params.audience} arrives"


class EditParams(FaultParams):
    """The figure *key* of *report* is printed *how*: another value, without interval, not at all.

    A value is multiplied by *factor_ppm* millionths.
    """

    report: str
    key: str
    how: Literal["value", "interval", "omit"] = "value"
    factor_ppm: int = Field(default=1_100_000, ge=0)


class ReportEdited(Fault):
    """A report is printed with another figure than it was assembled with."""

    kind: ClassVar[str] = "report-edited"
    Params: ClassVar[type[FaultParams]] = EditParams
    params: EditParams

    def place(self) -> str:
        """The figure."""
        return f"{self.params.key} in {self.params.report}"

    def begin(self, surfaces: Surfaces) -> str:
        """Print something else."""
        edit = self.params
        services_of(surfaces).editors.meddle(edit.report, edit.key, edit.how, edit.factor_ppm)
        return f"{edit.report}: {edit.key} is edited ({edit.how})"

    def end(self, surfaces: Surfaces) -> str:
        """Print what is given."""
        services_of(surfaces).editors.stop(self.params.report, self.params.key)
        return f"{self.params.report}: {self.params.key} is printed as it is"


class NoticeParams(FaultParams):
    """*subject* and *text* are published to *audience*."""

    subject: str
    text: str = "see the subject"
    audience: str = "market"


class WrongNotice(Fault):
    """Somebody publishes something that is not so (a halt that is none starts a run)."""

    kind: ClassVar[str] = "wrong-notice"
    Params: ClassVar[type[FaultParams]] = NoticeParams
    params: NoticeParams

    def place(self) -> str:
        """The notice."""
        return f"the notice '{self.params.subject}'"

    def begin(self, surfaces: Surfaces) -> str:
        """Publish it."""
        services, said = services_of(surfaces), self.params
        services.notices.publish(
            services.clock.now, audience=said.audience, subject=said.subject, text=said.text
        )
        return f"published to {said.audience}: {said.subject}"

    def end(self, surfaces: Surfaces) -> str:
        """What was said stays said."""
        del surfaces
        return "the notice stays on the board"
