"""Attacks on what holds others' money: escrow paid twice, conversion, redemption, dispute bonds."""

from __future__ import annotations

from twin.errors import DeskError
from twin.procedures.monitoring.attacks import MILLION, Attack, Scene

__all__ = ["CUSTODY"]

SOVEREIGN, TRADER, REDEEMER = 1, 2, 16
THOUSAND = MILLION // 1000


def _deal(scene: Scene, document: bytes) -> tuple[bytes, bytes, int]:
    """Open a sale of 10,000 PT that expires in two hours; return buyer, seller, id."""
    buyer, seller = (scene.fork.wallet(name).address for name in ("buyer", "seller"))
    if not scene.fork.read("ParticipantRegistry", "isActive", buyer, TRADER):
        for account in (buyer, seller):
            scene.admit(account, TRADER)
        scene.fund(buyer, pt=MILLION)
        scene.approve(buyer, "PaymentToken", "Settlement")
    expiry = scene.fork.now + 7200
    scene.call(
        buyer, "Settlement", "open", scene.hash(document), seller, 10 * THOUSAND, 1000, expiry
    )
    return buyer, seller, scene.fork.read("Settlement", "count")


def escrow(scene: Scene) -> None:
    """Open as a stranger; release without papers; refund too early, and twice."""
    late = scene.fork.now + 7200
    scene.refused("open as a stranger", scene.steal(
        "Settlement", "open", scene.hash(b"x"), scene.at("issuer"), 1, 1, late))  # fmt: skip
    buyer, _seller, number = _deal(scene, b"a sale")
    scene.refused("release without papers", scene.steal("Settlement", "release", number))
    scene.refused("refund too early", scene.fork.call(buyer, "Settlement", "refund", (number,)))
    _deal(scene, b"another sale")  # what a second refund of the first would be paid from
    scene.fork.wait(7300)
    scene.call(buyer, "Settlement", "refund", number)
    scene.refused("refund twice", scene.fork.call(buyer, "Settlement", "refund", (number,)))
    scene.refused("release what was refunded", scene.steal("Settlement", "release", number))
    total = scene.fork.read("Settlement", "totalEscrow")
    held = scene.fork.read("PaymentToken", "balanceOf", scene.at("Settlement"))
    scene.holds("leave the escrow short", held >= total, f"owed {total}, held {held}")


def conversions(scene: Scene) -> None:
    """Convert FT as a stranger, and as a sovereign without FT."""
    feed = scene.desk.register.feed_id(scene.desk.register.commodities()[0])
    scene.refused("convert as a stranger", scene.steal("Conversion", "convert", feed, 10**18, 0))
    nation = scene.fork.wallet("nation").address
    scene.admit(nation, SOVEREIGN)
    done = scene.fork.call(nation, "Conversion", "convert", (feed, 10**18, 0))
    scene.refused("convert what one has not", done)
    done = scene.fork.call(nation, "Conversion", "convert", (bytes(32), 10**18, 0))
    scene.refused("convert at no rate", done)


def redemptions(scene: Scene) -> None:
    """Mint and redeem as a stranger; as a redeemer, see that the books hold what is held."""
    scene.refused("redeem as a stranger", scene.steal("Reserve", "redeem", THOUSAND, 0))
    scene.refused("mint as a stranger", scene.steal("Reserve", "mint", THOUSAND, 0))
    one = scene.fork.wallet("redeemer").address
    scene.admit(one, REDEEMER)
    scene.fund(one, pt=MILLION, stable=MILLION)
    for token in ("PaymentToken", "StableAsset"):
        scene.approve(one, token, "Reserve")
    if not scene.fork.read("Reserve", "isOpen"):
        scene.as_role("reserve_manager", "Reserve", "setOpen", True)
    scene.call(one, "Reserve", "deposit", MILLION // 2)
    try:
        scene.call(one, "Reserve", "mint", 10 * THOUSAND, 0)
        scene.call(one, "Reserve", "redeem", 5 * THOUSAND, 0)
    except DeskError as error:
        scene.skip("redeem from the books", str(error))
        return
    books = scene.fork.read("Reserve", "holding", 0)[0]
    held = scene.fork.read("StableAsset", "balanceOf", scene.at("Reserve"))
    scene.holds("redeem from the books", books <= held, f"books {books}, held {held}")
    most = scene.fork.read("Reserve", "redeemerLimit")
    scene.fund(one, pt=most + 1)
    done = scene.fork.call(one, "Reserve", "redeem", (most + 1, 0))
    scene.refused("redeem above the limit", done)


def bonds(scene: Scene) -> None:
    """Go through a dispute: after the ruling no bond is owed any more."""
    nodes = scene.fork.read("OracleNetwork", "nodes")
    nation, rival = (scene.fork.wallet(name).address for name in ("claimant", "rival"))
    for account in (nation, rival):
        scene.admit(account, SOVEREIGN)
    before = scene.fork.read("AllocationBook", "totalBonds")
    document = scene.hash(b"a cargo in dispute")
    feed = scene.desk.register.feed_id(scene.desk.register.commodities()[0])
    scene.call(nation, "AllocationBook", "claim", document, feed, 1000)
    scene.refused("settle without papers", scene.steal("AllocationBook", "settle", document))
    for node in nodes:
        scene.fork.call(node, "OracleNetwork", "attest", (document, 1000))
    bond = scene.fork.read("AllocationBook", "disputeBond")
    scene.fund(rival, pt=bond + 1)
    scene.approve(rival, "PaymentToken", "AllocationBook")
    scene.refused("dispute as a stranger",
                  scene.steal("AllocationBook", "dispute", document, bytes(32)))  # fmt: skip
    scene.call(rival, "AllocationBook", "dispute", document, scene.hash(b"reason"))
    scene.refused("settle what is disputed", scene.steal("AllocationBook", "settle", document))
    scene.as_role("arbiter", "AllocationBook", "rule", document, False, 0)
    after = scene.fork.read("AllocationBook", "totalBonds")
    scene.holds("keep a bond on the books", after == before, f"{before} before, {after} after")


CUSTODY: tuple[tuple[str, Attack], ...] = (
    ("escrow", escrow),
    ("conversions", conversions),
    ("redemptions", redemptions),
    ("bonds", bonds),
)
"""The attacks on what holds others' money."""
