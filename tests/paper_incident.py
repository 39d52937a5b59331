"""An incident on paper: a team with telephones, public channels, helpers, and a desk about them.

`Incident` is a desk whose services are tables; `opened` puts an incident on it as far as a test
needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from paper_desk import NOW, PaperDesk, Stage, alarm, log_of, quiet_answers

from twin.desk.port import (
    Colleague,
    Contact,
    Engagement,
    KeyQuorum,
    Page,
    Post,
    Quote,
    Recorded,
    Responder,
    RuleStatus,
)
from twin.desk.port.oncall import PAGE
from twin.desk.port.posts import OFFICIAL, PUBLIC
from twin.desk.port.responders import RESPONDER
from twin.desk.port.vendors import VendorRecord
from twin.desk.steps import Case, Finding, Notify, Step
from twin.errors import NoData

STOPPABLE = ("AllocationBook", "LiquidityPool", "PaymentToken", "Reserve", "Settlement")
POOL = 2_000_000 * 10**6
HOUR, DAY = 3600, 86_400


def colleague(name: str, *roles: str, on_shift: bool = True, zone: str = "UTC") -> Colleague:
    """Return somebody of the team."""
    return Colleague(name, roles, zone, "00:00", "24:00", on_shift)


@dataclass
class PaperOnCall:
    """Two people and a quorum of both; *deaf* never answer, *cut* never get a page."""

    desk: PaperDesk
    team: list[Colleague] = field(
        default_factory=lambda: [colleague("amara", "operator"), colleague("bruno", "commander")]
    )
    keys: list[KeyQuorum] = field(
        default_factory=lambda: [KeyQuorum("pauser", ("amara", "bruno"), 2),
                                 KeyQuorum("unpauser", ("amara", "bruno"), 2)]
    )  # fmt: skip
    carried: list[Page] = field(default_factory=list)
    deaf: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()

    def people(self) -> list[Colleague]:
        return list(self.team)

    def quorums(self) -> list[KeyQuorum]:
        return list(self.keys)

    def pages(self, *, since: int) -> list[Page]:
        return [page for page in self.carried if page.sent >= since]

    def ring(self, name: str, subject: str) -> None:
        """Page somebody, who answers a minute later or never."""
        now = self.desk.now
        answered = None if name in self.deaf or name in self.cut else now + 60
        self.carried.append(Page(name, subject, now, None if name in self.cut else now, answered))


@dataclass
class PaperPosts:
    """What can be read in public; *silent* loses what is ours."""

    desk: PaperDesk
    posts: list[Post] = field(default_factory=list)
    silent: bool = False

    def since(self, at: int) -> list[Post]:
        return [post for post in self.posts if at <= post.at <= self.desk.now]

    def write(self, at: int, text: str, *, author: str = OFFICIAL, staff: bool = True,
              subject: str = "heard") -> None:  # fmt: skip
        """Let somebody write."""
        name = f"POST-{len(self.posts) + 1}"
        self.posts.append(Post(name, at, "forum", author, staff, subject, text))


@dataclass
class PaperResponders:
    """Three helpers; *answered* by name."""

    answered: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def all(self) -> list[Responder]:
        return [Responder("channel", "emergency", 1800), Responder("reviewers", "auditor", 14_400),
                Responder("lawyers", "counsel", 28_800)]  # fmt: skip

    def answers(self, *, since: int) -> list[Engagement]:
        return [Engagement(name, subject, at, at + self.answered[name], "stop it")
                for name, subject, at in self.asked if at >= since and name in self.answered]  # fmt: skip


@dataclass
class PaperVendors:
    """Vendors' quotes against an index of 80 USD, sampled every ten minutes."""

    quotes: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.quotes)

    def vendor(self, name: str) -> VendorRecord:
        return VendorRecord(name, "WTI", name, NOW + 10**8)

    def history(self, name: str, *, since: int) -> list[Quote]:
        return [Quote(price, at) for at, price in self.quotes[name] if at >= since]

    def reference(self, commodity: str, *, since: int) -> list[Quote]:
        del commodity
        times = sorted({at for rows in self.quotes.values() for at, _price in rows})
        return [Quote(80 * 10**8, at) for at in times if at >= since]


@dataclass
class PaperLab:
    """A lab in which a rule fires where a series leaves *limit*, and forks answer as told."""

    limit: Callable[[str], float] = lambda _expression: 2.0
    forks: Callable[[str], Any] | None = None

    def fork(self, purpose: str) -> Any:
        if self.forks is None:
            raise NoData(f"no fork for {purpose}")
        return self.forks(purpose)

    def backtest(self, expression: str, hold: int, series: Sequence[Recorded]) -> list[int]:
        del hold
        limit = self.limit(expression)
        times = sorted(at for one in series for at, value in one.samples if value > limit)
        return times[:1]


class IncidentDesk(PaperDesk):
    """The desk of an incident; `oncall`, `posts`, `helpers` and `vendors` are its tables."""

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        self.answers = {
            **quiet_answers(),
            **{(name, "paused"): False for name in STOPPABLE},
            ("AllocationBook", "dailyCap"): 10**24,
            ("AllocationBook", "issuedToday"): 0,
            ("PaymentToken", "totalSupply"): 5 * POOL,
            ("PaymentToken", "balanceOf"): 10**9,
            ("StableAsset", "balanceOf"): POOL,
            **about.get("answers", {}),
        }
        self.addresses = {name: bytes([number]) * 20 for number, name in enumerate(STOPPABLE, 1)}
        self.oncall, self.posts = PaperOnCall(self), PaperPosts(self)
        self.helpers, self.vendors_desk = PaperResponders(), PaperVendors()
        self.services = SimpleNamespace(
            oncall=self.oncall, posts=self.posts, responders=self.helpers, vendors=self.vendors_desk,
            contacts=SimpleNamespace(tree=lambda: [
                Contact("meridian-desk", "meridian", "duty desk", "phone", "meridian-manager"),
                Contact("meridian-manager", "meridian", "manager", "phone", None),
            ]),
        )  # fmt: skip

    def answered(self, *names: str, at: int = NOW) -> None:
        """Let people have answered a page already."""
        self.oncall.carried += [Page(name, "P1", at - 60, at - 60, at) for name in names]

    def filed(self, procedure: str, data: Mapping[str, Any], *, at: int | None = None,
              verdict: Any = "done", **problems: int) -> str:  # fmt: skip
        """File a record as a procedure would; return its reference."""
        finding = Finding(verdict, f"{procedure} on paper", data, problems)
        return self.evidence.file(procedure, self.now if at is None else at, finding)[0]


class IncidentStage(Stage):
    """A stage whose notices go where they are addressed: to telephones, to the public, to helpers."""

    desk: IncidentDesk

    def _answer(self, step: Step) -> Any:
        if isinstance(step, Notify):
            desk, now = self.desk, self.desk.now
            desk.notices.publish(now, audience=step.audience, subject=step.subject, text=step.text)
            if step.audience.startswith(PAGE):
                desk.oncall.ring(step.audience.removeprefix(PAGE), step.subject)
            if step.audience.startswith(RESPONDER):
                desk.helpers.asked.append(
                    (step.audience.removeprefix(RESPONDER), step.subject, now)
                )
            if step.audience in PUBLIC and not desk.posts.silent:
                desk.posts.write(now, step.text, subject=step.subject)
        return super()._answer(step)


def opened(
    desk: IncidentDesk, *, severity: str = "P1", family: str = "oracle", state: str = "classified",
    **notes: Any,
) -> Case:  # fmt: skip
    """Open an incident of now and return the case that answers its classification."""
    item = desk.store.create(desk.now, summary="off the index", severity=severity, family=family,
                             alerts=[alarm().key], notes=notes)  # fmt: skip
    desk.store.change(item.id, desk.now, state=state)
    return Case("INC", alarm().key, item.id, {"severity": severity, "family": family})


def rule(name: str = "OracleIndexDivergence", query: str = "gap > 2", **other: Any) -> RuleStatus:
    """Return an alert rule that is loaded."""
    made = RuleStatus(name, "P1", "oracle", "ME4", ("gap",), query, 0)
    return replace(made, **other)


MINE = {"incident": "INC-001"}
BOARD = {
    **MINE, "cause": "vendor-wrong",
    "causes": [{"cause": "vendor-wrong", "text": "a vendor is wrong", "points": 7, "latent": False,
                "weight_ppm": 700_000, "because": ["off"]}],
    "rows": {"vendor-silent": {"text": "vendors died", "points": 5, "latent": True,
                               "clues": [{"points": 4, "answer": "silent"}]}},
}  # fmt: skip
ALL = ("ND2", "ND3", "ND4", "ND5", "NR1", "NR3", "NR4", "NR5")


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


def over(desk: IncidentDesk, *, left_out: tuple[str, ...] = (), **about: Any) -> Case:
    """Return the case of an incident that is over, with the records of all but *left_out*."""
    case = opened(desk, **about)
    desk.filed("ND1", {**MINE, "verdict": "real", "facts": {"since": NOW - 120, "rule": "Gap"}})
    for name in ALL:
        if name not in left_out:
            more = {"severity": "P1"} if name == "ND3" else {}
            card = {"users": 3, "assets": {"pool": {"lost_last_hour": 9}}} if name == "ND2" else {}
            desk.filed(name, {**MINE, **more, **card})
    if "NR2" not in left_out:
        desk.filed("NR2", BOARD)
    desk.notices.publish(NOW + 10, audience="market", subject="INC-001: first notice", text="x")
    desk.posts.write(NOW + 10, "x", subject="INC-001: first notice")
    desk.logs["AllocationBook", "Paused"] = [log_of("AllocationBook", "Paused", age=-20)]
    desk.answered("amara")
    desk.now += 2 * HOUR
    desk.store.change("INC-001", desk.now, state="closed")
    return case
