"""A disagreement as a Python program that shows it again, to be pasted into an interpreter."""

from __future__ import annotations

from twin.chain.arbiter import Alloc, Subject
from twin.chain.port import AccountState, BlockEnv, Transaction

__all__ = ["program"]


def program(subject: Subject, env: BlockEnv, alloc: Alloc) -> str:
    """Return Python that rebuilds *alloc* in both engines and runs *subject* in *env* on them."""
    lines = [
        "from twin.chain.lockstep import Lockstep",
        "from twin.chain.port import AccountState, BlockEnv, Call, Transaction",
        "",
        f"engine = Lockstep(chain_id={env.chain_id})",
    ]
    for address in sorted(alloc):
        held = alloc[address]
        state = AccountState(held.nonce, held.balance, held.code)
        lines.append(f"engine.set_account({address!r}, {state!r})")
        if held.storage:
            lines.append(f"engine.set_storage({address!r}, {dict(held.storage)!r})")
    lines.append(f"engine.begin_block({env!r})")
    method = "transact" if isinstance(subject, Transaction) else "call"
    lines.append(f"print(engine.{method}({subject!r}))")
    return "\n".join(lines) + "\n"
