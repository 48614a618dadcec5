import { Interface, getBytes } from "ethers";
import { encodeEntry } from "../../protocol/ledger/entries";
import type { BlockBody, BlockCall } from "../ports";

/** The calls that queue an entry which follows from their arguments alone. */
const QUEUEING = new Interface([
  "function force(bytes transaction) payable returns (uint64 number)",
  "function deposit(uint32 asset, uint128 amount, address to, uint32 balance) payable returns (uint64 entry)",
  "function depositItems(uint256 id, uint64 amount, address to, uint32 account) payable returns (uint64 entry)",
  "function depositAllowance(uint256 id, uint64 amount, address to, uint32 account) payable returns (uint64 entry)",
]);

type Arguments = readonly (string | bigint)[];

/** Entries that a call may have queued at that time. */
function entriesOf(name: string, args: Arguments, call: BlockCall, queuedAt: bigint): readonly Uint8Array[] {
  const [first, second, third, fourth] = args as [never, never, never, never];
  switch (name) {
    case "force": {
      // Who forces is the caller: the account itself, or a contract that it called.
      const senders = call.to === undefined ? [call.from] : [call.from, call.to];
      return senders.map((sender) =>
        encodeEntry({ kind: "Forced", queuedAt, sender: getBytes(sender), body: getBytes(first) }),
      );
    }
    case "deposit":
      return [
        encodeEntry({
          kind: "Deposit",
          queuedAt,
          to: getBytes(third),
          balance: Number(fourth),
          asset: Number(first),
          amount: second,
        }),
      ];
    default:
      return [
        encodeEntry({
          kind: name === "depositItems" ? "ItemDeposit" : "Allow",
          queuedAt,
          to: getBytes(third),
          account: Number(fourth),
          id: first,
          amount: second,
        }),
      ];
  }
}

/**
 * Entries that the transactions of a block may have queued, by calls of their own or by calls that they carry in their
 * data, as wallets that are contracts do. Whoever asks knows the hash of the one that it looks for.
 */
export function* entriesWithin(body: BlockBody): Generator<Uint8Array> {
  for (const call of body.calls) {
    const data = call.input.slice(2);
    for (const name of ["force", "deposit", "depositItems", "depositAllowance"]) {
      const selector = (QUEUEING.getFunction(name)?.selector ?? "").slice(2);
      for (let at = data.indexOf(selector); at >= 0; at = data.indexOf(selector, at + 1)) {
        if (at % 2 !== 0) continue;
        const args = argumentsAt(name, data.slice(at));
        if (args !== undefined) yield* entriesOf(name, args, call, body.timestamp);
      }
    }
  }
}

function argumentsAt(name: string, data: string): Arguments | undefined {
  try {
    return [...(QUEUEING.decodeFunctionData(name, `0x${data}`) as unknown as Arguments)];
  } catch {
    return undefined;
  }
}
