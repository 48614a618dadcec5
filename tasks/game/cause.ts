import { opcodeName } from "../../protocol/opcodes";

/** Where the compiler's metadata begins in `code`: its last two bytes say how long it is. */
export function metadataOffset(code: Uint8Array): number | undefined {
  const length = ((code[code.length - 2] ?? 0) << 8) | (code[code.length - 1] ?? 0);
  const start = code.length - 2 - length;
  if (start < 0) return undefined;
  // A map of one to four entries, one of which is the compiler's version.
  const first = code[start] ?? 0;
  const text = new TextDecoder("latin1").decode(code.subarray(start));
  return first >= 0xa1 && first <= 0xa4 && text.includes("solc") ? start : undefined;
}

const OF_CALLS = "a call: rules call nobody, which also rules out sha256, ecrecover and public functions of libraries";
const OF_STORAGE = "storage: all that a game remembers is in its state";
const OF_TIME = "time: deadlines are the venue's, which asks `expire` when one has passed";
const OF_ACCOUNTS = "an account: rules know players by their number, and nothing of the chain";
const OF_CHANCE = "the chain's randomness: players make their own by committing and opening, as in LiarsDice";
const OF_GAS = "gas: its price and its amount differ between machines";

const CAUSES: Readonly<Record<string, string>> = {
  ADDRESS: "`address(this)`, or a library with public functions: make them internal",
  BALANCE: OF_ACCOUNTS,
  SELFBALANCE: OF_ACCOUNTS,
  ORIGIN: OF_ACCOUNTS,
  CALLER: "`msg.sender`: rules know players by their number, which comes with the move",
  EXTCODESIZE: OF_ACCOUNTS,
  EXTCODECOPY: OF_ACCOUNTS,
  EXTCODEHASH: OF_ACCOUNTS,
  COINBASE: OF_ACCOUNTS,
  CHAINID: OF_ACCOUNTS,
  TIMESTAMP: OF_TIME,
  NUMBER: OF_TIME,
  BLOCKHASH: OF_CHANCE,
  PREVRANDAO: OF_CHANCE,
  BLOBHASH: OF_CHANCE,
  GAS: OF_GAS,
  GASPRICE: OF_GAS,
  GASLIMIT: OF_GAS,
  BASEFEE: OF_GAS,
  BLOBBASEFEE: OF_GAS,
  SLOAD: OF_STORAGE,
  SSTORE: OF_STORAGE,
  TLOAD: OF_STORAGE,
  TSTORE: OF_STORAGE,
  RETURNDATASIZE: `${OF_CALLS}; or a compiler that was told of an EVM before Shanghai`,
  RETURNDATACOPY: OF_CALLS,
  CREATE: OF_CALLS,
  CREATE2: OF_CALLS,
  CALL: OF_CALLS,
  CALLCODE: OF_CALLS,
  DELEGATECALL: OF_CALLS,
  STATICCALL: OF_CALLS,
  SELFDESTRUCT: "the end of the contract: rules stay",
  PC: "hand-written assembly",
  MSIZE: "hand-written assembly",
  CLZ: "an instruction that not every chain has yet",
};

/** Why the code may hold what is refused. */
export function likelyCause(code: Uint8Array, offset: number, opcode: number): string {
  const metadata = metadataOffset(code);
  if (metadata !== undefined && offset >= metadata) {
    return "the compiler's metadata: set `metadata: { appendCBOR: false }`, as for contracts/games";
  }
  if (offset === 0 && opcode === 0xef) return "an account that delegates (EIP-7702), or code in another format";
  const name = opcodeName(opcode);
  if (name === undefined) return "data behind the code, or a compiler for another EVM: set `evmVersion` to cancun";
  if (name.startsWith("LOG")) return "an event: rules have no log";
  return CAUSES[name] ?? "an instruction that rules do not need";
}
