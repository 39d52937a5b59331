"""Attacks on the tokens: permits used twice, overflow, documents used twice, votes that stay behind."""

from __future__ import annotations

from twin.procedures.monitoring.attacks import MILLION, Attack, Scene

__all__ = ["TOKENS"]

MOST = 2**256 - 1
CUSTODIAN = 8


def _word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else bytes(12) + value


def permits(scene: Scene) -> None:
    """Use one signature twice, somebody else's, one that is too old, and none at all."""
    wallet, spender = scene.fork.wallet("thief"), scene.fork.wallet("spender").address
    owner = wallet.address
    domain = scene.fork.read("PaymentToken", "DOMAIN_SEPARATOR")
    kind = scene.hash(
        b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    )

    def signed(value: int, deadline: int) -> tuple[int, bytes, bytes]:
        nonce = scene.fork.read("PaymentToken", "nonces", owner)
        words = (owner, spender, value, nonce, deadline)
        struct = scene.hash(kind + b"".join(_word(item) for item in words))
        return wallet.sign(scene.hash(b"\x19\x01" + domain + struct))

    late = scene.fork.now + 3600
    signature = signed(5, late)
    scene.call(spender, "PaymentToken", "permit", owner, spender, 5, late, *signature)
    again = scene.fork.call(
        spender, "PaymentToken", "permit", (owner, spender, 5, late, *signature)
    )
    scene.refused("permit a second time", again)
    old = scene.fork.now - 1
    scene.refused("permit that is too old", scene.fork.call(
        spender, "PaymentToken", "permit", (owner, spender, 5, old, *signed(5, old))))  # fmt: skip
    victim = scene.at("issuer")
    scene.refused("permit of somebody else", scene.fork.call(
        spender, "PaymentToken", "permit", (victim, spender, 5, late, *signed(5, late))))  # fmt: skip
    scene.refused("permit of nobody", scene.fork.call(
        spender, "PaymentToken", "permit",
        (bytes(20), spender, 5, late, 27, bytes(32), bytes(32))))  # fmt: skip


def take_and_overflow(scene: Scene) -> None:
    """Take without an allowance, send more than there is, mint above the cap."""
    pool = scene.at("LiquidityPool")
    for name in ("PaymentToken", "StableAsset"):
        done = scene.steal(name, "transferFrom", pool, scene.thief, 1)
        scene.refused(f"take {name} of the pool", done)
        scene.refused(f"send {name} that is not there", scene.steal(name, "transfer", pool, MOST))
    scene.refused("send FT to oneself", scene.steal("FoundationToken", "transfer", scene.thief, 1))
    for amount in (MOST, scene.fork.read("PaymentToken", "cap") + 1):
        done = scene.fork.act("issuer", "PaymentToken", "mint", (scene.thief, amount))
        scene.refused(f"mint {'all there is' if amount == MOST else 'above the cap'}", done)
    done = scene.steal("StableAsset", "mint", scene.thief, 1)
    scene.refused("mint the stable asset", done)


def supply_adds_up(scene: Scene) -> None:
    """Mint, send around and retire: what exists is what was minted less what was burned."""
    scene.fund(scene.thief, pt=MILLION)
    scene.call(scene.thief, "PaymentToken", "retire", MILLION // 3)
    minted = scene.fork.read("PaymentToken", "totalMinted")
    burned = scene.fork.read("PaymentToken", "totalBurned")
    supply = scene.fork.read("PaymentToken", "totalSupply")
    scene.holds("PT out of nothing", supply == minted - burned,
                f"{supply} is {minted} less {burned}")  # fmt: skip


def _issue(scene: Scene, to: bytes, amount: int, document: bytes) -> None:
    book = scene.at("AllocationBook")
    scene.call(book, "FoundationToken", "issue", to, amount, scene.hash(document))


def documents(scene: Scene) -> None:
    """Have one document issue twice, at the token, and at the book a claim twice."""
    one = scene.fork.wallet("custodian").address
    scene.admit(one, CUSTODIAN)
    _issue(scene, one, 10**18, b"a cargo")
    again = scene.fork.call(scene.at("AllocationBook"), "FoundationToken", "issue",
                            (one, 10**18, scene.hash(b"a cargo")))  # fmt: skip
    scene.refused("issue a document twice", again)
    claimed = scene.desk.at().logs("AllocationBook", "ExportClaimed", since=0)
    if not claimed:
        scene.skip("claim a document twice", "no export was ever claimed")
        return
    args = claimed[-1].args
    for sender in (args["sovereign"], scene.thief):
        done = scene.fork.call(sender, "AllocationBook", "claim",
                               (args["documentHash"], args["feed"], args["quantity"]))  # fmt: skip
        scene.refused("claim a document twice", done)
    settled = [item for item in claimed
               if scene.fork.read("AllocationBook", "claims", item.args["documentHash"])[4]]  # fmt: skip
    if settled:
        done = scene.steal("AllocationBook", "settle", settled[-1].args["documentHash"])
        scene.refused("settle a document twice", done)


def votes_move(scene: Scene) -> None:
    """Send FT on and vote with it all the same; have it reversed and keep it in the books."""
    one, two = (scene.fork.wallet(name).address for name in ("first", "second"))
    for account in (one, two):
        scene.admit(account, CUSTODIAN)
    _issue(scene, one, 10**18, b"votes")
    scene.call(one, "FoundationToken", "delegate", one)
    lockup = scene.fork.read("FoundationToken", "lockup")
    scene.fork.wait(lockup + 12)
    before = scene.fork.read("FoundationToken", "getVotes", one)
    scene.call(one, "FoundationToken", "transfer", two, 10**18)
    after = scene.fork.read("FoundationToken", "getVotes", one)
    scene.holds("keep the votes of what was sent", after == before - 10**18,
                f"{before} votes before, {after} after")  # fmt: skip
    scene.call(scene.at("AllocationBook"), "FoundationToken", "reverse", two, 10**17)
    issued, retired, reversed_, supply = (
        scene.fork.read("FoundationToken", name)
        for name in ("totalIssued", "totalRetired", "totalReversed", "totalSupply")
    )
    scene.holds("FT out of nothing", supply == issued - retired - reversed_,
                f"{supply} is {issued} less {retired} less {reversed_}")  # fmt: skip


def frozen(scene: Scene) -> None:
    """Move what compliance has frozen."""
    scene.fund(scene.thief, pt=MILLION)
    scene.as_role("compliance", "PaymentToken", "freeze", scene.thief)
    done = scene.steal("PaymentToken", "transfer", scene.at("issuer"), 1)
    scene.refused("move what is frozen", done)
    scene.as_role("compliance", "PaymentToken", "unfreeze", scene.thief)


TOKENS: tuple[tuple[str, Attack], ...] = (
    ("permits", permits),
    ("take-and-overflow", take_and_overflow),
    ("supply", supply_adds_up),
    ("documents", documents),
    ("votes", votes_move),
    ("frozen", frozen),
)
"""The attacks on the tokens."""
