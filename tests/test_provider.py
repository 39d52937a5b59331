"""web3.py on the twin in process: deploy, call, logs, reverts, batches, and the same async."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import rpc_lab as lab
from web3 import AsyncWeb3, Web3
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError
from web3.types import RPCEndpoint

from twin.bundled import folder
from twin.chain.provider import AsyncTwinProvider, TwinProvider
from twin.chain.rpc import Rpc
from twin.protocol.artifacts import Artifacts

TOKEN = Artifacts(folder("contracts_abi"))["StableAsset"]
ANN, BOB = (Web3.to_checksum_address(name) for name in (lab.ANN, lab.BOB))


@pytest.fixture
def rpc() -> Rpc:
    return lab.rpc_of(lab.chain_of(), token="right")


@pytest.fixture
def w3(rpc: Rpc) -> Web3:
    return Web3(TwinProvider(rpc))


def deployed(w3: Any) -> Any:
    """Return a stable asset that Ann owns."""
    factory = w3.eth.contract(abi=TOKEN.abi, bytecode=TOKEN.bytecode)
    sent = factory.constructor(ANN).transact({"from": ANN})
    return w3.eth.contract(address=w3.eth.get_transaction_receipt(sent)["contractAddress"],
                           abi=TOKEN.abi)  # fmt: skip


def test_a_contract_lives_through_web3(w3: Any) -> None:
    assert w3.is_connected()
    assert w3.eth.chain_id == lab.CHAIN_ID
    token = deployed(w3)
    receipt = w3.eth.wait_for_transaction_receipt(
        token.functions.mint(BOB, 5).transact({"from": ANN})
    )
    assert token.functions.balanceOf(BOB).call() == 5
    before = receipt["blockNumber"] - 1
    assert token.functions.balanceOf(BOB).call(block_identifier=before) == 0
    (event,) = token.events.Transfer().get_logs(from_block=0)
    assert (event["args"]["to"], event["args"]["value"]) == (BOB, 5)
    block = w3.eth.get_block("latest", full_transactions=True)
    assert block["transactions"][0]["hash"] == receipt["transactionHash"]
    assert w3.eth.get_block(block["hash"])["number"] == block["number"]
    assert w3.eth.fee_history(2, "latest", [50])["baseFeePerGas"]
    assert w3.eth.get_proof(token.address, [0])["storageProof"][0]["key"] is not None


def test_reverts_are_web3s_errors(w3: Any) -> None:
    token = deployed(w3)
    with pytest.raises(ContractCustomError):
        token.functions.mint(BOB, 5).transact({"from": BOB})
    sent = w3.eth.send_transaction({"from": ANN, "data": lab.creation(lab.REVERTS)})
    reverts = w3.eth.get_transaction_receipt(sent)["contractAddress"]
    with pytest.raises(ContractLogicError, match="execution reverted: no"):
        w3.eth.call({"to": reverts})
    with pytest.raises(Web3RPCError, match="unknown account"):
        w3.eth.send_transaction({"from": Web3.to_checksum_address(lab.NOBODY), "to": BOB})


def test_filters_and_signed_transactions_work(w3: Any) -> None:
    token = deployed(w3)
    changes = token.events.Transfer.create_filter(from_block="latest")
    blocks = w3.eth.filter("latest")
    sent = token.functions.mint(BOB, 5).transact({"from": ANN})
    assert [event["transactionHash"] for event in changes.get_new_entries()] == [sent]
    assert len(blocks.get_new_entries()) == 1
    account = w3.eth.account.from_key(b"\x41" * 32)
    w3.eth.send_transaction({"from": ANN, "to": account.address, "value": lab.ETHER})
    signed = account.sign_transaction(
        {"to": BOB, "value": 1, "gas": 21_000, "gasPrice": w3.eth.gas_price, "nonce": 0,
         "chainId": w3.eth.chain_id}
    )  # fmt: skip
    raw = w3.eth.send_raw_transaction(signed.raw_transaction)
    assert w3.eth.get_transaction_receipt(raw)["from"] == account.address


def test_a_batch_answers_in_order(w3: Any) -> None:
    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_balance(ANN))
        batch.add(w3.eth.get_block("latest"))
        balance, block = batch.execute()
    assert (balance, block["number"]) == (100 * lab.ETHER, 0)


def test_the_token_goes_along(rpc: Rpc, w3: Any) -> None:
    assert "error" in w3.provider.make_request("evm_mine", [])
    assert (
        Web3(TwinProvider(rpc, token="right")).manager.request_blocking(RPCEndpoint("evm_mine"), [])
        == "0x0"
    )
    assert w3.eth.block_number == 1


def test_the_same_without_waiting(rpc: Rpc) -> None:
    async def live() -> tuple[int, int, int]:
        w3: Any = AsyncWeb3(AsyncTwinProvider(rpc, token="right"))
        assert await w3.is_connected()
        factory = w3.eth.contract(abi=TOKEN.abi, bytecode=TOKEN.bytecode)
        sent = await factory.constructor(ANN).transact({"from": ANN})
        receipt = await w3.eth.wait_for_transaction_receipt(sent)
        token = w3.eth.contract(address=receipt["contractAddress"], abi=TOKEN.abi)
        await token.functions.mint(BOB, 5).transact({"from": ANN})
        async with w3.batch_requests() as batch:
            batch.add(w3.eth.block_number)
            batch.add(w3.eth.get_balance(BOB))
            number, balance = await batch.async_execute()
        return number, balance, await token.functions.balanceOf(BOB).call()

    assert asyncio.run(live()) == (2, 100 * lab.ETHER, 5)
