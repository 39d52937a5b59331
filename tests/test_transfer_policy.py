"""TF4 on paper: every request is answered with its reasons, and what moved must have been asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from paper_desk import NODES, NOW, PaperDesk, Stage, log_of, quiet_answers

from twin.desk.port import ListedParty, ServiceDesk, Simulation, TransferRequest
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.tokens.foundation import TransferAuthorization, authorise_transfers

NORWAY, CHAD, MALLORY = NODES[0], NODES[1], NODES[6]
ASKED = TransferRequest("TR-00001", NOW - 600, "norway", NORWAY, CHAD, 5, "settlement")
OURS = {"Conversion": b"\xc0" * 20, "AllocationBook": b"\xa0" * 20}


@dataclass
class Queue:
    """Requests and a list, as a test fills them."""

    asked: list[TransferRequest] = field(default_factory=lambda: [ASKED])
    names: list[ListedParty] = field(default_factory=list)
    confirmed: int = NOW - 3600
    answers: bool = True

    def holders(self) -> Mapping[str, bytes]:
        return {"norway": NORWAY, "chad": CHAD}

    def requests(self, *, since: int = 0) -> list[TransferRequest]:
        return [item for item in self.asked if item.at >= since]

    def listed(self) -> list[ListedParty]:
        if not self.answers:
            raise NoData("the provider does not answer")
        return self.names

    def list_updated(self) -> int:
        return self.confirmed


@dataclass
class PaperFork:
    """A copy on which everything is refused, but for what is *open*."""

    open: Sequence[str] = ()
    log: list[str] = field(default_factory=list)

    @property
    def now(self) -> int:
        return NOW

    def wait(self, seconds: int) -> None:
        self.log.append(f"wait {seconds}")

    def read(self, contract: str, function: str, *args: Any) -> Any:
        del contract, function
        return 50 if args == (NORWAY,) else 0

    def act(self, authority: str, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        del contract, args
        self.log.append(f"{authority} {function}")
        return Simulation(success=True, gas_used=1, reason="")

    def send(self, sender: bytes, to: bytes, data: bytes, *, value: int = 0) -> Simulation:
        raise AssertionError((sender, to, data, value))

    def call(self, sender: bytes, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        del contract, function
        rule = "ERC20InsufficientBalance()" if args[1] > 50 else "NotAuthorised()"
        self.log.append(rule)
        passes = sender == NORWAY and rule in self.open
        return Simulation(success=passes, gas_used=1, reason="" if passes else rule)


class PaperLab:
    def __init__(self, fork: PaperFork) -> None:
        self.copy, self.purposes = fork, list[str]()

    def fork(self, purpose: str) -> PaperFork:
        self.purposes.append(purpose)
        return self.copy


def desk(queue: Queue | None = None, **answers: Any) -> PaperDesk:
    """Return a desk with one request of norway, which holds 50 of 100."""
    made = PaperDesk(
        answers={
            **quiet_answers(),
            ("ParticipantRegistry", "isActive"): lambda one, _kinds: one in (NORWAY, CHAD),
            ("FoundationToken", "balanceOf"): lambda one: 50 if one == NORWAY else 0,
            ("FoundationToken", "locked"): 0,
            ("FoundationToken", "held"): 0,
            ("FoundationToken", "totalSupply"): 100,
            **{("FoundationToken", name): value for name, value in answers.items()},
        },
        addresses={**OURS, "norway": NORWAY, "chad": CHAD},
        services=ServiceDesk(transfers=queue or Queue()),
    )
    made.lab = PaperLab(PaperFork())
    return made


def work(made: PaperDesk) -> tuple[Finding, Stage]:
    played = Stage(made)
    real = played._answer

    def answer(step: Any) -> Any:  # what is told is on the board when it is looked for
        if type(step).__name__ == "Notify":
            made.notices.publish(
                made.now, audience=step.audience, subject=step.subject, text=step.text
            )
        return real(step)

    played._answer = answer  # type: ignore[method-assign]
    finding = played.play(authorise_transfers(Case("every half hour"), TransferAuthorization()))
    return finding, played


def test_a_request_within_policy_is_approved_and_its_sender_told() -> None:
    finding, played = work(desk())
    assert (finding.verdict, finding.summary) == ("done", "1 requests answered")
    (notice,) = played.notices
    assert (notice.audience, notice.subject) == ("norway", "FT transfer TR-00001: approved")
    assert played.acts == []


def _listed(one: bytes) -> Queue:
    return Queue(names=[ListedParty(one, NOW - 60, "OFAC")])


REFUSED: dict[str, tuple[Callable[[], PaperDesk], str]] = {
    "to somebody who is not registered": (
        lambda: desk(Queue([replace(ASKED, target=MALLORY)])), "receiver is not an approved holder"),
    "from somebody who is not": (
        lambda: desk(Queue([replace(ASKED, source=MALLORY)])), "sender is not an approved holder"),
    "in another's name": (
        lambda: desk(Queue([replace(ASKED, sender="chad")])), "does not name its sender's account"),
    "to a listed party": (lambda: desk(_listed(CHAD)), "receiver is on the sanctions list"),
    "from a listed party": (lambda: desk(_listed(NORWAY)), "sender is on the sanctions list"),
    "locked up": (lambda: desk(locked=46), "locked up, held by a dispute"),
    "held by a dispute": (lambda: desk(held=46), "locked up, held by a dispute"),
    "too much for a day": (
        lambda: desk(Queue([replace(ASKED, amount=11)])), "above the day's limit"),
    "on an old list": (lambda: desk(Queue(confirmed=NOW - 3 * 86_400)), "list is out of date"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_is_refused_with_its_reason(made: Callable[[], PaperDesk], reason: str) -> None:
    finding, played = work(made())
    (answer,) = finding.data["answers"]
    assert not answer["approved"]
    assert any(reason in said for said in answer["reasons"])
    assert played.notices[0].subject == "FT transfer TR-00001: refused"
    assert finding.problems["sanctions-list"] == int("out of date" in reason)


def test_what_was_approved_counts_against_the_next_and_nothing_is_answered_twice() -> None:
    """Two times five fit into ten in a hundred; a third does not."""
    asked = [replace(ASKED, id=f"TR-{number}", at=NOW - 900 + number) for number in range(3)]
    made = desk(Queue(asked))
    finding, _ = work(made)
    assert [answer["approved"] for answer in finding.data["answers"]] == [True, True, False]
    assert work(made)[0].summary == "0 requests answered"


def moved(source: bytes = NORWAY, to: bytes = CHAD, value: int = 5, *, age: int = 60) -> Any:
    return log_of(
        "FoundationToken", "Transfer", age=age, **{"from": source, "to": to, "value": value}
    )


@pytest.mark.parametrize(
    ("moves", "bypass", "listed"),
    [
        ([moved()], 0, 0),
        ([moved(), moved()], 1, 0),
        ([moved(value=6)], 1, 0),
        ([moved(CHAD, NORWAY)], 1, 0),
        ([moved(to=MALLORY)], 1, 1),
        ([moved(bytes(20), CHAD), moved(NORWAY, OURS["Conversion"])], 0, 0),
    ],
    ids=["asked for", "twice", "more", "the other way", "to a listed party", "no transfers"],
)
def test_what_moved_must_have_been_approved(*, moves: list[Any], bypass: int, listed: int) -> None:
    made = desk(_listed(MALLORY))
    work(made)
    made.logs["FoundationToken", "Transfer"] = moves
    finding, _ = work(made)
    assert (finding.problems["bypass"], finding.problems["listed"]) == (bypass, listed)
    assert finding.verdict == ("finding" if bypass else "ok")


def test_a_copy_is_asked_once_a_day_to_do_what_it_must_refuse() -> None:
    made = desk()
    finding, _ = work(made)
    assert [item["refused"] for item in finding.data["attempts"]] == [True] * 4
    assert made.lab.copy.log == [
        "NotAuthorised()", "NotAuthorised()", "ERC20InsufficientBalance()", "compliance suspend",
        "NotAuthorised()",
    ]  # fmt: skip
    made.evidence.file("TF4", NOW, finding)
    assert work(made)[0].data["attempts"] == []
    made.now += 86_401
    work(made)
    assert made.lab.purposes == ["TF4", "TF4"]


def test_there_is_nothing_to_try_before_somebody_holds_a_token() -> None:
    made = desk(balanceOf=0)
    assert (work(made)[0].data["attempts"], made.lab.purposes) == ([], [])


def test_a_holder_that_is_alone_tries_with_itself() -> None:
    made = desk()
    made.services.transfers.holders = lambda: {"norway": NORWAY}
    assert [item["refused"] for item in work(made)[0].data["attempts"]] == [True] * 4


def test_a_guard_that_is_open_is_found() -> None:
    made = desk()
    made.lab = PaperLab(PaperFork(open=("NotAuthorised()",)))
    finding, _ = work(made)
    assert (finding.verdict, finding.problems["negative-test"]) == ("finding", 2)
    made.evidence.file("TF4", NOW, finding)
    assert work(made)[0].problems["negative-test"] == 2, "as long as it is open, not once a day"
    made.lab = PaperLab(PaperFork())
    shut, _ = work(made)
    assert shut.problems["negative-test"] == 0
    made.evidence.file("TF4", NOW, shut)
    assert work(made)[0].data["attempts"] == []


@pytest.mark.parametrize(("age", "stale"), [(172_800, 0), (172_801, 1)])
def test_a_list_is_out_of_date_although_nobody_asks(age: int, stale: int) -> None:
    finding, _ = work(desk(Queue([], confirmed=NOW - age)))
    assert finding.problems["sanctions-list"] == stale


def test_a_list_that_is_not_there_is_no_data() -> None:
    with pytest.raises(NoData, match="the provider does not answer"):
        work(desk(Queue(answers=False)))
    made = desk()
    made.services = ServiceDesk()
    with pytest.raises(NoData, match="not connected to transfers"):
        work(made)
