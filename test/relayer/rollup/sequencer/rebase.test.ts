import { expect } from "chai";
import type { LeafOf } from "../../../../protocol/ledger/leaves";
import { RelayerError } from "../../../../relayer/errors";
import {
  MemoryChain,
  OPTIONS,
  accountOf,
  balanceOf,
  fund,
  newDirectory,
  player,
  signed,
  start,
  until,
  type Running,
} from "./support";

const SOURCE = "127.0.0.1";
const transfer = (amount: bigint) => ({ kind: "Transfer", from: balanceOf(0), to: balanceOf(1), amount }) as const;
const balance = ({ sequencer }: Running, number: number): bigint =>
  (sequencer.state?.leaf(balanceOf(number)) as LeafOf<"Balance">).amount;

async function begin(
  directory: string,
  chain: MemoryChain,
  options: Parameters<typeof start>[2] = {},
): Promise<Running> {
  const running = await start(chain, directory, options);
  await until(() => running.sequencer.state?.leaf(balanceOf(2)) !== undefined);
  return running;
}

function funded(): MemoryChain {
  const chain = new MemoryChain();
  fund(chain, 3);
  return chain;
}

async function failure(ended: Promise<void>): Promise<RelayerError> {
  const error = await ended.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(RelayerError);
  return error as RelayerError;
}

describe("sequencer and what layer 1 makes of its batches", () => {
  it("goes on from its log, with receipts, at the same root", async () => {
    const [chain, directory] = [funded(), newDirectory()];
    const first = await begin(directory, chain, { send: false });
    const bytes = [0n, 1n, 2n].map((nonce) => signed(transfer(nonce + 1n), 0, nonce));
    const results = await first.sequencer.door.submit(SOURCE, bytes);
    await until(() => first.sequencer.state?.engine.open === undefined);
    const root = first.sequencer.state?.engine.ledger.state().root;
    await first.stop();
    const second = await begin(directory, chain);
    expect(second.sequencer.state?.engine.ledger.state().root).to.deep.equal(root);
    for (const result of results) {
      if (!("receipt" in result)) throw new Error("refused");
      expect(second.sequencer.receipts.get(result.receipt.hash)).to.deep.equal(result.receipt);
    }
    await until(() => second.sequencer.progress.posted >= 1n && second.sequencer.unposted === 0);
    expect(chain.latest.batch.state.root).to.deep.equal(root);
    await second.stop();
  });

  it("executes its batches anew where layer 1 finds their clock too old, and moves their receipts", async () => {
    const chain = funded();
    const running = await begin(newDirectory(), chain);
    await until(() => running.sequencer.unposted === 0 && running.sequencer.state?.engine.open === undefined);
    chain.refusal = "BatchTimeOutOfRange";
    await running.sequencer.door.submit(SOURCE, [signed(transfer(7n), 0, 0n)]);
    await until(() => running.events.some(({ kind }) => kind === "posting_refused"));
    await until(() => chain.batches.some(({ sealed }) => sealed?.transactions === 1));
    expect(balance(running, 1)).to.equal(1_000_007n);
    await running.stop();
  });

  it("tells in its receipt that a transaction does not apply any more on another clock", async () => {
    const [chain, directory] = [funded(), newDirectory()];
    const first = await begin(directory, chain, { send: false });
    const key = player(7).address;
    const grant = {
      kind: "GrantKey",
      account: accountOf(0),
      key,
      expiry: chain.time + 500n,
      scope: 1,
      game: 0,
    } as const;
    const submit = (...bytes: readonly Uint8Array[]) => first.sequencer.door.submit(SOURCE, bytes);
    await submit(signed(grant, 0, 0n));
    const [byKey] = await submit(signed(transfer(9n), 7, 1n));
    await first.stop();
    if (byKey === undefined || !("receipt" in byKey)) throw new Error("refused");
    chain.ahead = 2_000n;
    const second = await begin(directory, chain);
    const receipt = second.sequencer.receipts.get(byKey.receipt.hash);
    expect(receipt).to.have.nested.property("dropped.code", "FORGED");
    expect(balance(second, 1)).to.equal(1_000_000n);
    expect(second.events.find(({ kind }) => kind === "rebased")).to.include({ dropped: 2 });
    await second.stop();
    const third = await begin(directory, chain);
    expect(third.sequencer.receipts.get(byKey.receipt.hash)).to.have.nested.property("dropped.code", "FORGED");
    await third.stop();
  });

  it("posts again what layer 1 has rolled back", async () => {
    const chain = funded();
    const running = await begin(newDirectory(), chain);
    await running.sequencer.door.submit(SOURCE, [signed(transfer(7n), 0, 0n)]);
    await until(() => chain.batches.some(({ sealed }) => sealed?.transactions === 1));
    await until(() => running.sequencer.unposted === 0);
    const { batch } = chain.latest;
    chain.batches.pop();
    await until(() => chain.latest.batch.number === batch.number);
    expect(chain.latest.batch.state).to.deep.equal(batch.state);
    expect(running.events.map(({ kind }) => kind)).to.include("rolled_back");
    await running.stop();
  });

  it("does not start over what another sequencer has posted", async () => {
    const [chain, directory] = [funded(), newDirectory()];
    const one = await begin(directory, chain, { send: false });
    const [taken] = await one.sequencer.door.submit(SOURCE, [signed(transfer(3n), 0, 0n)]);
    expect(taken).to.have.property("receipt");
    await until(() => one.sequencer.progress.sealed >= 1n);
    const other = await begin(newDirectory(), chain);
    await until(() => chain.latest.batch.number >= 1n);
    await other.stop();
    await one.stop();
    const again = await start(chain, directory).catch((error: unknown) => error as RelayerError);
    expect(again).to.have.property("code", "FOREIGN_BATCH");
  });

  it("ends by an error where a second one has posted in its place", async () => {
    const chain = funded();
    const one = await begin(newDirectory(), chain, { limits: { ...OPTIONS.limits, ageMs: 2_000 } });
    const other = await begin(newDirectory(), chain);
    await other.sequencer.door.submit(SOURCE, [signed(transfer(3n), 0, 0n)]);
    await until(() => chain.latest.batch.number >= 1n);
    await one.sequencer.door.submit(SOURCE, [signed(transfer(4n), 0, 0n)]);
    expect((await failure(one.ended)).code).to.equal("FOREIGN_BATCH");
    await other.stop();
  });

  it("stops for good where its batch was proven false", async () => {
    const chain = funded();
    const running = await begin(newDirectory(), chain);
    await until(() => running.sequencer.progress.posted >= 1n);
    chain.falseOnes.add(Buffer.from(chain.latest.hash).toString("hex"));
    chain.batches.pop();
    expect((await failure(running.ended)).code).to.equal("POSTING_REFUSED");
  });
});
