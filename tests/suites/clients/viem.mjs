// viem against `twin serve`: what it did goes to standard output as one JSON document.
// Arguments: the file of --config-out, and the artifact of a contract with one owner argument.
import { readFileSync } from 'node:fs';
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createTestClient,
  createWalletClient, defineChain, http, webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { abi, bytecode } = JSON.parse(readFileSync(process.argv[3], 'utf8'));
const done = {};

const chain = defineChain({
  id: config.chain_id,
  name: 'twin',
  nativeCurrency: { name: 'coin', symbol: 'COIN', decimals: 18 },
  rpcUrls: { default: { http: [config.rpc_url], webSocket: [config.ws_url] } },
});
const account = privateKeyToAccount(config.accounts[3].private_key);
const stranger = privateKeyToAccount(config.accounts[4].private_key);
const other = config.accounts[5].address;
const reader = createPublicClient({ chain, transport: http(config.rpc_url, { batch: true }), pollingInterval: 50, cacheTime: 0 });
const listener = createPublicClient({ chain, transport: webSocket(config.ws_url) });
const writer = createWalletClient({ account, chain, transport: http(config.rpc_url) });
const wait = (hash) => reader.waitForTransactionReceipt({ hash });

done.chainId = await reader.getChainId();
const plain = await wait(await writer.sendTransaction({ to: other, value: 7n }));
done.plain = { status: plain.status, gas: Number(plain.gasUsed) };

const deployed = await wait(await writer.deployContract({ abi, bytecode, args: [account.address] }));
const address = deployed.contractAddress;
done.code = ((await reader.getCode({ address })) ?? '0x').length > 2;

const seen = { heads: 0, logs: [], pending: 0 };
const stops = [
  listener.watchBlocks({ onBlock: () => { seen.heads += 1; } }),
  listener.watchPendingTransactions({ onTransactions: (found) => { seen.pending += found.length; } }),
  listener.watchContractEvent({ address, abi, eventName: 'Transfer', onLogs: (logs) => {
    for (const log of logs) seen.logs.push([log.args.from, log.args.to, String(log.args.value)]);
  } }),
];
for (let turn = 0; turn < 10; turn += 1) await listener.getChainId(); // let the subscriptions go out

const minted = await wait(await writer.writeContract({ address, abi, functionName: 'mint', args: [other, 1000n] }));
done.minted = { status: minted.status, logs: minted.logs.length };
const balance = { address, abi, functionName: 'balanceOf', args: [other] };
done.call = String(await reader.readContract(balance));
done.before = String(await reader.readContract({ ...balance, blockNumber: minted.blockNumber - 1n }));
const found = await reader.getContractEvents({ address, abi, eventName: 'Transfer', fromBlock: 0n });
done.logs = found.map((log) => [log.args.from, log.args.to, String(log.args.value)]);
done.block = (await reader.getBlock({ blockNumber: minted.blockNumber, includeTransactions: true })).transactions.length;
done.fees = (await reader.estimateFeesPerGas()).maxFeePerGas > 0n;
done.history = (await reader.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })).reward.length;
done.proof = (await reader.getProof({ address, storageKeys: [] })).accountProof.length > 0;

const refusal = async (action) => {
  try { await action(); return null; } catch (error) { return error; }
};
const reverted = await refusal(() => reader.simulateContract({ address, abi, functionName: 'mint', args: [other, 1n], account: stranger }));
const cause = reverted instanceof BaseError ? reverted.walk((e) => e instanceof ContractFunctionRevertedError) : null;
done.reverted = cause?.data?.errorName;
const poor = privateKeyToAccount('0x' + '22'.repeat(32));
const broke = await refusal(() => writer.sendTransaction({ account: poor, to: other, value: 1n, gas: 21_000n }));
done.broke = broke?.walk?.((e) => e.name === 'InsufficientFundsError')?.name ?? String(broke);
const overridden = await reader.call({
  account: poor, to: address, data: '0x18160ddd', stateOverride: [{ address, code: '0x602a5f5260205ff3' }],
});
done.override = Number(overridden.data);

// The state before the mint, and after it, by every way to an older block.
const [past, then] = [minted.blockNumber - 1n, minted.blockNumber];
const held = async (blockNumber) => Number((await reader.call({
  to: address, data: `0x70a08231${other.slice(2).padStart(64, '0')}`, blockNumber,
})).data);
const slots = (await reader.createAccessList({
  account: account.address, to: address, data: `0x70a08231${other.slice(2).padStart(64, '0')}`,
})).accessList[0].storageKeys;
const stored = async (blockNumber) => Number(BigInt(
  await reader.getStorageAt({ address, slot: slots[0], blockNumber })));
const proved = await reader.getProof({ address, storageKeys: slots, blockNumber: past });
done.history2 = {
  called: [await held(past), await held(then)],
  stored: [await stored(past), await stored(then)],
  proved: proved.storageProof.map((item) => Number(item.value)),
  nonces: [await reader.getTransactionCount({ address: account.address, blockNumber: past }),
    await reader.getTransactionCount({ address: account.address, blockNumber: then })],
};
const trial = await reader.simulateBlocks({
  blocks: [{ calls: [{ account: stranger, to: other, value: 5n }, { account: stranger, to: address, data: '0x18160ddd' }] }],
});
done.trial = trial[0].calls.map((call) => call.status);

const tester = createTestClient({ mode: 'hardhat', chain, transport: http(`${config.rpc_url}/?token=${config.token}`) });
const snapshot = await tester.snapshot();
const height = await reader.getBlockNumber();
await tester.increaseTime({ seconds: 3600 });
await tester.mine({ blocks: 3 });
done.mined = Number((await reader.getBlockNumber()) - height);
await tester.setBalance({ address: poor.address, value: 5n });
done.rich = String(await reader.getBalance({ address: poor.address }));
await tester.revert({ id: snapshot });
done.height = Number((await reader.getBlockNumber()) - height);

for (let turn = 0; turn < 100 && !(seen.logs.length && seen.heads && seen.pending); turn += 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
done.seen = { heads: seen.heads > 0, pending: seen.pending > 0, logs: seen.logs };
for (const stop of stops) stop();
console.log(JSON.stringify(done));
process.exit(0);
