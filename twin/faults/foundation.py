"""Faults of the tokens themselves: a mint by one key, votes for a day, a transfer to a listed party."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from twin.clock import HOUR, Process
from twin.faults.hands import Hand, services_of, sovereign_of
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.roles import account_of
from twin.scenario.values import Tokens6

__all__ = [
    "DisputeSilence",
    "FlashVotes",
    "SanctionsListFrozen",
    "SingleKeyMint",
    "TransferToListed",
    "WrongCorrection",
]

PPM = 1_000_000


class MintParams(FaultParams):
    """One key mints *amount* PT to *receiver*; or FT were deployed to be issued by one person."""

    asset: Literal["PT", "FT"] = "PT"
    receiver: str = "mallory"
    amount: Tokens6 = 1_000_000 * 10**6


class SingleKeyMint(Fault):
    """Somebody creates tokens alone."""

    kind: ClassVar[str] = "single-key-mint"
    Params: ClassVar[type[FaultParams]] = MintParams
    params: MintParams

    def place(self) -> str:
        """The creation of the token."""
        return f"the creation of {self.params.asset}"

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy a book that asks for one person, where FT are meant."""
        if self.params.asset == "PT":
            return spec
        return replace(spec, allocation=replace(spec.allocation, two_person=False))

    def begin(self, surfaces: Surfaces) -> str:
        """Mint with the issuer's key."""
        wrong, hand = self.params, Hand(services_of(surfaces))
        if wrong.asset != "PT":
            return "the book was deployed to issue on one person's word"
        receiver = account_of(wrong.receiver)
        hand.start(hand.as_role("issuer", "PaymentToken", "mint", receiver, wrong.amount))
        return f"{wrong.amount} PT minted by one key"

    def end(self, surfaces: Surfaces) -> str:
        """What was minted is there."""
        del surfaces
        return "what was minted stays"


class FlashParams(FaultParams):
    """*borrower* gathers *share_ppm* of what each other sovereign holds, and proposes with it."""

    borrower: str
    share_ppm: int = Field(default=900_000, gt=0, le=PPM)


class FlashVotes(Fault):
    """Votes are gathered for one snapshot and given back after it (Beanstalk, 2022-04-17)."""

    kind: ClassVar[str] = "flash-votes"
    Params: ClassVar[type[FaultParams]] = FlashParams
    params: FlashParams

    def place(self) -> str:
        """The votes of the borrower."""
        return f"the votes of {self.params.borrower}"

    def check(self, surfaces: Surfaces) -> None:
        """The borrower is there."""
        sovereign_of(surfaces, self.params.borrower)

    def begin(self, surfaces: Surfaces) -> str:
        """Gather, delegate to oneself, and propose."""
        hand = Hand(services_of(surfaces))
        hand.start(self._gather(hand, sovereign_of(surfaces, self.params.borrower)))
        return f"{self.params.borrower} gathers votes"

    def _gather(self, hand: Hand, borrower: bytes) -> Process:
        self._lent: list[tuple[bytes, int]] = []
        for name, account in sorted(hand.services.deployment.sovereigns.items()):
            held = hand.reader.read("FoundationToken", "balanceOf", account)
            amount = held * self.params.share_ppm // PPM
            if name == self.params.borrower or not amount:
                continue
            if (yield from hand.send(account, "FoundationToken", "transfer", borrower, amount)):
                self._lent.append((account, amount))
        yield from hand.send(borrower, "FoundationToken", "delegate", borrower)
        yield hand.services.clock.after(HOUR // 60)
        book = hand.services.deployment.contract("AllocationBook")
        call = book.encode("setDailyCap", 10**30)
        what = ([book.address], [0], [call], "raise the cap")
        yield from hand.send(borrower, "FictraGovernor", "propose", *what)

    def end(self, surfaces: Surfaces) -> str:
        """Give the tokens back."""
        hand = Hand(services_of(surfaces))
        hand.start(self._return(hand, sovereign_of(surfaces, self.params.borrower)))
        return f"{self.params.borrower} gives its votes back"

    def _return(self, hand: Hand, borrower: bytes) -> Process:
        for account, amount in self._lent:
            yield from hand.send(borrower, "FoundationToken", "transfer", account, amount)


class ListedParams(FaultParams):
    """*sender* asks to move *share_ppm* of its tokens to *receiver*, which is put on the list.

    One who *asks* first moves them whatever is said; one who does not moves them at once.
    """

    sender: str
    receiver: str
    share_ppm: int = Field(default=10_000, gt=0, le=PPM)
    asks: bool = True
    obeys: bool = False


class TransferToListed(Fault):
    """Tokens go to a party on the sanctions list, which the contract does not know of."""

    kind: ClassVar[str] = "transfer-to-listed"
    Params: ClassVar[type[FaultParams]] = ListedParams
    params: ListedParams

    def place(self) -> str:
        """The transfers of the sender."""
        return f"the transfers of {self.params.sender}"

    def check(self, surfaces: Surfaces) -> None:
        """Both are there."""
        for name in (self.params.sender, self.params.receiver):
            sovereign_of(surfaces, name)

    def begin(self, surfaces: Surfaces) -> str:
        """List the receiver, ask, and move."""
        wrong, services = self.params, services_of(surfaces)
        target, transfers = sovereign_of(surfaces, wrong.receiver), services.transfers
        transfers.list_party(target)
        source = sovereign_of(surfaces, wrong.sender)
        held = Hand(services).reader.read("FoundationToken", "balanceOf", source)
        amount = max(1, held * wrong.share_ppm // PPM)
        if wrong.asks:
            transfers.ask(wrong.sender, target, amount, obeys=wrong.obeys)
        else:
            services.clock.spawn(transfers.move(wrong.sender, target, amount))
        return f"{wrong.sender} moves tokens to {wrong.receiver}, which is listed"

    def end(self, surfaces: Surfaces) -> str:
        """Who is on the list stays on it."""
        del surfaces
        return "the receiver stays listed"


class FrozenListParams(FaultParams):
    """The provider confirms its list no more."""


class SanctionsListFrozen(Fault):
    """The provider of the sanctions list stops updating, and nobody is told."""

    kind: ClassVar[str] = "sanctions-list-frozen"
    Params: ClassVar[type[FaultParams]] = FrozenListParams
    params: FrozenListParams

    def place(self) -> str:
        """The date of the list."""
        return "the date of the sanctions list"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it stand still."""
        services_of(surfaces).transfers.freeze_list(frozen=True)
        return "the sanctions list is confirmed no more"

    def end(self, surfaces: Surfaces) -> str:
        """Let it catch up."""
        services_of(surfaces).transfers.freeze_list(frozen=False)
        return "the sanctions list is confirmed every day again"


class CorrectionParams(FaultParams):
    """The first open dispute is ruled at *quantity_ppm* of the claim with the arbiter's key.

    It is looked for every hour, for at most *patience* hours.
    """

    quantity_ppm: int = Field(default=500_000, ge=0, le=PPM)
    patience: int = Field(default=96, ge=1)


class WrongCorrection(Fault):
    """A dispute is ruled at a quantity that no case decided."""

    kind: ClassVar[str] = "wrong-correction"
    Params: ClassVar[type[FaultParams]] = CorrectionParams
    params: CorrectionParams

    def place(self) -> str:
        """The rulings."""
        return "the rulings on disputes"

    def begin(self, surfaces: Surfaces) -> str:
        """Wait for a dispute and rule on it."""
        services = services_of(surfaces)
        hand = Hand(services)
        hand.start(self._rule(hand))
        return "the next dispute is ruled wrong"

    def _rule(self, hand: Hand) -> Process:
        services = hand.services
        for _hour in range(self.params.patience):
            for form in services.disputes.forms():
                document = form.document_hash
                claim = hand.reader.read("AllocationBook", "claims", document)
                opened = hand.reader.read("AllocationBook", "disputes", document)[1]
                if opened and claim[4]:  # one that was settled: there is something to correct
                    quantity = claim[2] * self.params.quantity_ppm // PPM
                    args = (document, True, quantity)
                    yield from hand.as_role("arbiter", "AllocationBook", "rule", *args)
                    return
            yield services.clock.after(HOUR)

    def end(self, surfaces: Surfaces) -> str:
        """A ruling stays."""
        del surfaces
        return "the ruling stays"


class SilenceParams(FaultParams):
    """Nobody hands in an exhibit."""


class DisputeSilence(Fault):
    """The parties of disputes hand nothing in: deadlines run, and cases do not get ready."""

    kind: ClassVar[str] = "dispute-silence"
    Params: ClassVar[type[FaultParams]] = SilenceParams
    params: SilenceParams

    def place(self) -> str:
        """The exhibits."""
        return "the exhibits of disputes"

    def begin(self, surfaces: Surfaces) -> str:
        """Lose them."""
        services_of(surfaces).disputes.mute(silent=True)
        return "no exhibits come in"

    def end(self, surfaces: Surfaces) -> str:
        """Let them come again."""
        services_of(surfaces).disputes.mute(silent=False)
        return "exhibits come in again"
