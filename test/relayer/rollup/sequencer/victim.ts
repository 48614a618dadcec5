import { writeSync } from "node:fs";
import type { LeafOf } from "../../../../protocol/ledger/leaves";
import { MemoryChain, accountOf, balanceOf, fund, signed, start, until } from "./support";

/** Players that send, each its own transfers one after another. */
export const SENDERS = 4;
export const FUNDS = 10n ** 9n;

/** What a victim found in its log. */
export interface Found {
  readonly nonces: readonly string[];
  readonly balances: readonly string[];
  readonly root: string;
}

const tell = (line: string): number => writeSync(1, `${line}\n`);

/** Sends until it is killed; says what it found, and then what was acknowledged. Argument: the log's directory. */
async function main(): Promise<void> {
  const chain = new MemoryChain();
  fund(chain, SENDERS + 1, FUNDS);
  const { sequencer } = await start(chain, process.argv[2] as string, { send: false, mostUnposted: 1_000_000 });
  await until(() => sequencer.state?.leaf(balanceOf(SENDERS)) !== undefined);
  const players = Array.from({ length: SENDERS }, (_, number) => number);
  const nonceOf = (number: number): bigint => (sequencer.state?.leaf(accountOf(number)) as LeafOf<"Account">).nonce;
  const found: Found = {
    nonces: players.map((number) => nonceOf(number).toString()),
    balances: players.map((number) =>
      (sequencer.state?.leaf(balanceOf(number)) as LeafOf<"Balance">).amount.toString(),
    ),
    root: Buffer.from(sequencer.state?.engine.ledger.state().root ?? []).toString("hex"),
  };
  tell(`found ${JSON.stringify(found)}`);
  await Promise.all(
    players.map(async (number) => {
      for (let nonce = nonceOf(number); ; nonce++) {
        const transfer = {
          kind: "Transfer",
          from: balanceOf(number),
          to: balanceOf(SENDERS),
          amount: nonce + 1n,
        } as const;
        const [result] = await sequencer.door.submit(`player ${number}`, [signed(transfer, number, nonce)]);
        if (result === undefined || !("receipt" in result)) throw new Error(`refused: ${JSON.stringify(result)}`);
        tell(`taken ${number} ${nonce}`);
      }
    }),
  );
}

// Hardhat loads every file below test/: only the process of its own runs.
if (require.main === module) void main();
