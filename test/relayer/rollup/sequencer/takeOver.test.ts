import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LeafOf } from "../../../../protocol/ledger/leaves";
import type { StateSource } from "../../../../relayer/rollup/sequencer/ports";
import { readState, writeState } from "../../../../relayer/rollup/sequencer/stateFile";
import { MemoryChain, balanceOf, crypto, fund, newDirectory, signed, start, until, type Running } from "./support";

const SOURCE = "127.0.0.1";
const transfer = (from: number, amount: bigint) =>
  ({ kind: "Transfer", from: balanceOf(from), to: balanceOf(2), amount }) as const;

async function begin(
  directory: string,
  chain: MemoryChain,
  options: Parameters<typeof start>[2] = {},
): Promise<Running> {
  const running = await start(chain, directory, options);
  await until(() => running.sequencer.state?.leaf(balanceOf(2)) !== undefined);
  return running;
}

const balance = ({ sequencer }: Running, number: number): bigint =>
  (sequencer.state?.leaf(balanceOf(number)) as LeafOf<"Balance">).amount;

/** The state of a sequencer all of whose batches are on the chain, as a node would have it. */
async function stateOf({ sequencer }: Running, chain: MemoryChain): Promise<StateSource> {
  const path = join(newDirectory(), "state.bin");
  const { number, time } = chain.latest.batch;
  const ledger = sequencer.state?.engine.ledger;
  if (ledger === undefined) throw new Error("no state");
  await writeState(path, { ledger, number, time });
  return { latest: () => readState(path, crypto) };
}

describe("a sequencer that takes over", () => {
  it("goes on from what another one has posted, and keeps what it acknowledged itself", async () => {
    const chain = new MemoryChain();
    fund(chain, 3);
    const directory = newDirectory();
    const one = await begin(directory, chain, { send: false });
    const [kept] = await one.sequencer.door.submit(SOURCE, [signed(transfer(0, 3n), 0, 0n)]);
    await one.stop();
    if (kept === undefined || !("receipt" in kept)) throw new Error("refused");

    const other = await begin(newDirectory(), chain);
    await other.sequencer.door.submit(SOURCE, [signed(transfer(1, 5n), 1, 0n)]);
    const isPosted = (): boolean => other.sequencer.unposted === 0 && other.sequencer.state?.engine.open === undefined;
    await until(() => isPosted() && chain.latest.batch.number > 0n);
    const states = await stateOf(other, chain);
    await other.stop();
    const { number } = chain.latest.batch;

    const again = await begin(directory, chain, { states, takeOver: true });
    expect(balance(again, 2)).to.equal(1_000_008n);
    expect(again.sequencer.receipts.get(kept.receipt.hash)?.place.batch).to.equal(number + 1n);
    await until(() => chain.latest.batch.number > number);
    expect(chain.latest.sealed?.transactions).to.equal(1);
    await again.stop();
  });

  it("begins again from a checkpoint, at the same root", async () => {
    const chain = new MemoryChain();
    fund(chain, 3);
    const directory = newDirectory();
    const first = await begin(directory, chain, { checkpointBytes: 1 });
    for (let nonce = 0n; nonce < 4n; nonce++) {
      await first.sequencer.door.submit(SOURCE, [signed(transfer(0, nonce + 1n), 0, nonce)]);
      await until(() => first.sequencer.state?.engine.open === undefined && first.sequencer.unposted === 0);
    }
    expect(first.events.filter(({ kind }) => kind === "checkpointed").length).to.be.greaterThan(2);
    const root = first.sequencer.state?.engine.ledger.state().root;
    await first.stop();
    const second = await begin(directory, chain);
    expect(second.sequencer.state?.engine.ledger.state().root).to.deep.equal(root);
    expect(balance(second, 2)).to.equal(1_000_010n);
    await second.stop();
    const states = readdirSync(directory).filter((name) => name.startsWith("state-"));
    expect(states.length).to.be.greaterThan(1);
  });
});
