// Compiles contracts_abi/src to contracts_abi/artifacts, one contract at a time, with solc-js.
//
//   node build.mjs           write the artifacts
//   node build.mjs --check   build into a temporary folder and compare byte by byte
//   node build.mjs NAME...   write only the artifacts of these contracts
//   node build.mjs --mutants [--check] [NAME...]
//                            the same for tests/mutants: copies with a planted bug each, from the
//                            patches in mutants.json, which have to fit the sources
//
// The artifacts are committed, so that nobody needs node to run the project. The same sources and
// the locked packages give the same bytes: no metadata hash, no source paths of this machine, sorted
// keys. A warning, a contract above the EIP-170 size or a difference under --check fails.

import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SRC = path.join(HERE, "src");
const ARTIFACTS = path.join(HERE, "artifacts");
const MUTANTS = path.join(HERE, "..", "tests", "mutants");
const MODULES = path.join(HERE, "node_modules");
const MAX_CODE = 24_576; // EIP-170

/** What is built: everything a deployment puts on a chain. Abstract bases are not. */
const CONTRACTS = [
  "AllocationBook",
  "Authority",
  "Conversion",
  "FeeSchedule",
  "FictraGovernor",
  "FictraTimelock",
  "FoundationToken",
  "LiquidityPool",
  "Multicall3",
  "OracleNetwork",
  "ParticipantRegistry",
  "PaymentToken",
  "Reserve",
  "Settlement",
  "external/StableAsset",
];

const SETTINGS = {
  evmVersion: "cancun",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 200 },
  viaIR: true,
};

const OUTPUT = [
  "abi",
  "evm.bytecode.object",
  "evm.deployedBytecode.immutableReferences",
  "evm.deployedBytecode.object",
  "evm.methodIdentifiers",
  "storageLayout",
];

/**
 * Warnings that are expected, by code and file. 2394 tells whoever writes `tstore` to clear it again;
 * OpenZeppelin's reentrancy guard does, which is the use that the warning itself calls safe.
 */
const EXPECTED = [["2394", "@openzeppelin/contracts/utils/TransientSlot.sol"]];

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Keys in ascending order at every depth, so that a file depends on its content only. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value).sort().map((key) => [key, sorted(value[key])]),
  );
}

/** What is planted into the sources that are read now: {file, find, put}. */
let planted = [];

/** Source text of an import path: `@...` from the locked packages, the rest from src. */
function read(file) {
  const root = file.startsWith("@") ? MODULES : SRC;
  let text = fs.readFileSync(path.join(root, file), "utf8");
  for (const patch of planted.filter((patch) => patch.file === file)) {
    if (text.split(patch.find).length !== 2) {
      throw new Error(`${file}: a patch fits ${text.split(patch.find).length - 1} places, not one`);
    }
    text = text.replace(patch.find, () => patch.put);
  }
  return text;
}

function findImport(file) {
  try {
    return { contents: read(file) };
  } catch (error) {
    return { error: `${file}: ${error.message}` };
  }
}

function compile(file) {
  const input = {
    language: "Solidity",
    sources: { [file]: { content: read(file) } },
    settings: { ...SETTINGS, outputSelection: { [file]: { "*": OUTPUT }, "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  const complaints = (output.errors ?? []).filter(
    (e) => !EXPECTED.some(([code, at]) => e.errorCode === code && e.sourceLocation?.file === at),
  );
  if (complaints.length > 0) {
    throw new Error(complaints.map((e) => e.formattedMessage).join("\n"));
  }
  return output;
}

/** Layout without AST ids, which number the compiler's nodes and mean nothing outside it. */
function layout(raw) {
  const strip = (name) => name.replace(/\)\d+/g, ")");
  const walk = (value, key) => {
    if (Array.isArray(value)) return value.map((entry) => walk(entry));
    if (value === null) return null;
    if (typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value)
          .filter(([name]) => name !== "astId")
          .map(([name, entry]) => [strip(name), walk(entry, name)]),
      );
    }
    return ["type", "value", "key", "base"].includes(key) ? strip(value) : value;
  };
  return walk(raw);
}

/** Where the deployed code holds immutables, which the artifact shows as zeros: [start, length]. */
function immutables(references) {
  return Object.values(references ?? {})
    .flat()
    .map(({ start, length }) => [start, length])
    .sort(([a], [b]) => a - b);
}

/** sha256 over one line `<sha256 of the file>  <import path>` for each file, in path order. */
function sourceHash(sources) {
  return sha256(Object.keys(sources).sort().map((file) => `${sources[file]}  ${file}\n`).join(""));
}

function artifact(entry) {
  const file = `${entry}.sol`;
  const name = path.basename(entry);
  const output = compile(file);
  const contract = output.contracts[file][name];
  const size = contract.evm.deployedBytecode.object.length / 2;
  if (size === 0) throw new Error(`${name}: no code; is it abstract?`);
  if (size >= MAX_CODE) throw new Error(`${name}: ${size} bytes, must be below ${MAX_CODE}`);
  const sources = Object.fromEntries(
    Object.keys(output.sources).map((used) => [used, sha256(read(used))]),
  );
  return {
    name,
    size,
    content: {
      abi: contract.abi,
      bytecode: `0x${contract.evm.bytecode.object}`,
      compiler: { name: "solc", settings: SETTINGS, version: solc.version() },
      contractName: name,
      deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
      immutables: immutables(contract.evm.deployedBytecode.immutableReferences),
      methodIdentifiers: contract.evm.methodIdentifiers,
      sourceHash: sourceHash(sources),
      sources,
      storageLayout: layout(contract.storageLayout),
    },
  };
}

/** Compile each mutant that is named; its artifacts have what differs and no ABI, which does not. */
function breed(folder, names) {
  fs.mkdirSync(folder, { recursive: true });
  const all = JSON.parse(fs.readFileSync(path.join(MUTANTS, "mutants.json"), "utf8"));
  for (const mutant of all.filter(({ name }) => names.length === 0 || names.includes(name))) {
    planted = mutant.patches;
    const contracts = Object.fromEntries(
      mutant.contracts.map((name) => {
        const { bytecode, deployedBytecode, immutables, sourceHash, sources } = artifact(name).content;
        const own = Object.entries(sources).filter(([file]) => !file.startsWith("@"));
        return [
          name,
          { bytecode, deployedBytecode, immutables, sourceHash, sources: Object.fromEntries(own) },
        ];
      }),
    );
    planted = [];
    const text = JSON.stringify(sorted({ contracts, invariant: mutant.invariant }), null, 2);
    fs.writeFileSync(path.join(folder, `${mutant.name}.json`), `${text}\n`);
    console.log(mutant.name);
  }
}

function build(folder, names = CONTRACTS) {
  fs.mkdirSync(folder, { recursive: true });
  const built = names.map(artifact);
  for (const { name, size, content } of built) {
    fs.writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(sorted(content), null, 2)}\n`);
    console.log(`${name.padEnd(16)} ${String(size).padStart(6)} bytes`);
  }
}

function listing(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter((f) => f.endsWith(".json")) : [];
}

/** Names of artifacts that differ between two folders, each with the top-level keys that do. */
function differences(committed, rebuilt) {
  const names = [...new Set([...listing(committed), ...listing(rebuilt)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [committed, rebuilt].map((folder) => path.join(folder, name));
    if (!fs.existsSync(a)) return [`${name}: not committed`];
    if (!fs.existsSync(b)) return [`${name}: no longer built`];
    const [left, right] = [a, b].map((file) => fs.readFileSync(file, "utf8"));
    if (left === right) return [];
    const [old, now] = [left, right].map((text) => JSON.parse(text));
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
      .sort()
      .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]));
    return [`${name}: ${keys.join(", ") || "formatting"}`];
  });
}

function check(committed, make) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "artifacts-"));
  try {
    make(folder);
    const found = differences(committed, folder);
    if (found.length === 0) return;
    console.error(`artifacts differ from their sources:\n  ${found.join("\n  ")}`);
    console.error("run `node build.mjs` and commit the result");
    process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const given = process.argv.slice(2);
const wanted = given.filter((argument) => !["--check", "--mutants"].includes(argument));
const known = given.includes("--mutants") ? wanted : CONTRACTS;
const unknown = wanted.filter((name) => !known.includes(name) || name.startsWith("-"));
const mutants = path.join(MUTANTS, "artifacts");
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown[0]}; usage: node build.mjs [--mutants] [--check | NAME...]`);
  process.exitCode = 2;
} else if (given.includes("--mutants")) {
  if (given.includes("--check")) check(mutants, (folder) => breed(folder, []));
  else breed(mutants, wanted);
} else if (given.includes("--check")) {
  check(ARTIFACTS, (folder) => build(folder));
} else {
  build(ARTIFACTS, wanted.length > 0 ? wanted : CONTRACTS);
}
