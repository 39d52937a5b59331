// ethers against `twin serve`: what it did goes to standard output as one JSON document.
// Arguments: the file of --config-out, and the artifact of a contract with one owner argument.
import { readFileSync } from 'node:fs';
import { ethers } from 'ethers';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const artifact = JSON.parse(readFileSync(process.argv[3], 'utf8'));
const done = {};

const provider = new ethers.JsonRpcProvider(config.rpc_url, undefined, { cacheTimeout: -1 });
const wallet = new ethers.NonceManager(new ethers.Wallet(config.accounts[0].private_key, provider));
const owner = config.accounts[0].address;
const other = config.accounts[1].address;

done.chainId = Number((await provider.getNetwork()).chainId);
done.balance = (await provider.getBalance(other)).toString();
const plain = await (await wallet.sendTransaction({ to: other, value: 7n })).wait();
done.plain = { status: plain.status, gas: Number(plain.gasUsed) };

const factory = new ethers.ContractFactory(artifact.abi, artifact.bytecode, wallet);
const token = await factory.deploy(owner);
await token.waitForDeployment();
const address = await token.getAddress();
done.code = (await provider.getCode(address)).length > 2;

const socket = new ethers.WebSocketProvider(config.ws_url);
const watched = new ethers.Contract(address, artifact.abi, socket);
const seen = { heads: 0, logs: [], pending: 0 };
await socket.on('block', () => { seen.heads += 1; });
await socket.on('pending', () => { seen.pending += 1; });
await watched.on('Transfer', (from, to, value) => seen.logs.push([from, to, value.toString()]));
await socket.send('eth_blockNumber', []); // the subscriptions are in place when this is answered

const minted = await (await token.mint(other, 1000n)).wait();
done.minted = { status: minted.status, logs: minted.logs.length };
done.call = (await token.balanceOf(other)).toString();
done.before = (await token.balanceOf(other, { blockTag: minted.blockNumber - 1 })).toString();
const found = await token.queryFilter('Transfer', 0, 'latest');
done.logs = found.map((log) => log.args.map(String));
done.block = (await provider.getBlock(minted.blockNumber, true)).prefetchedTransactions.length;
done.fees = (await provider.getFeeData()).maxFeePerGas > 0n;

const stranger = new ethers.Wallet(config.accounts[2].private_key, provider);
const refused = async (action) => {
  try { await action(); return null; } catch (error) { return error; }
};
const reverted = await refused(() => token.connect(stranger).mint(other, 1n));
done.reverted = { code: reverted?.code, name: token.interface.parseError(reverted.data)?.name };
const low = await refused(() => stranger.sendTransaction({ to: other, value: 1n, nonce: 5_000, gasLimit: 20_000 }));
done.low = low?.message.includes('intrinsic gas too low') ?? false;
const poor = new ethers.Wallet('0x' + '11'.repeat(32), provider);
const broke = await refused(() => poor.sendTransaction({ to: other, value: 1n, gasLimit: 21_000 }));
done.broke = broke?.code;

// How the mint ran: geth's tracers, and the state that they start from.
const tree = await provider.send('debug_traceTransaction', [minted.hash, { tracer: 'callTracer', tracerConfig: { withLog: true } }]);
const steps = await provider.send('debug_traceTransaction', [minted.hash, {}]);
const difference = await provider.send('debug_traceTransaction', [minted.hash, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }]);
const [slot, value] = Object.entries(difference.post[address.toLowerCase()].storage).find(([, found]) => BigInt(found) === 1000n);
done.traced = {
  gas: Number(tree.gasUsed) === Number(minted.gasUsed) && steps.gas === Number(minted.gasUsed),
  logs: tree.logs.length,
  last: steps.structLogs.at(-1).op,
  stored: [await provider.getStorage(address, slot, minted.blockNumber - 1),
    await provider.getStorage(address, slot, minted.blockNumber)].map(Number),
  value: Number(value),
};

const admin = new ethers.JsonRpcProvider(`${config.rpc_url}/?token=${config.token}`);
const snapshot = await admin.send('evm_snapshot', []);
const height = await provider.getBlockNumber();
await admin.send('evm_mine', []);
done.mined = (await provider.getBlockNumber()) - height;
done.back = await admin.send('evm_revert', [snapshot]);
done.height = (await provider.getBlockNumber()) - height;

for (let turn = 0; turn < 100 && !(seen.logs.length && seen.heads && seen.pending); turn += 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
done.seen = { heads: seen.heads > 0, pending: seen.pending > 0, logs: seen.logs };
await socket.destroy();
provider.destroy();
admin.destroy();
console.log(JSON.stringify(done));
