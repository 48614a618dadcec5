import { expect } from "chai";
import type { LeafOf } from "../../../../protocol/ledger/leaves";
import {
  MemoryChain,
  balanceOf,
  accountOf,
  fund,
  newDirectory,
  player,
  signed,
  start,
  until,
  type Running,
} from "./support";

const SOURCE = "127.0.0.1";

const amountOf = ({ sequencer }: Running, leaf: number): bigint =>
  (sequencer.state?.leaf(leaf) as LeafOf<"Balance">).amount;

describe("sequencer", () => {
  let chain: MemoryChain;
  let running: Running;

  const funded = async (options: Parameters<typeof start>[2] = {}): Promise<Running> => {
    chain = new MemoryChain();
    fund(chain, 3);
    running = await start(chain, newDirectory(), options);
    await until(() => running.sequencer.state?.leaf(balanceOf(2)) !== undefined);
    return running;
  };

  afterEach(() => running.stop());

  it("acknowledges a transfer, seals it and posts it on the batch before", async () => {
    await funded();
    const transfer = { kind: "Transfer", from: balanceOf(0), to: balanceOf(1), amount: 300n } as const;
    const [result] = await running.sequencer.door.submit(SOURCE, [signed(transfer, 0, 0n)]);
    expect(result).to.have.nested.property("receipt.kind", "Transfer");
    expect(amountOf(running, balanceOf(0))).to.equal(999_700n);
    expect(amountOf(running, balanceOf(1))).to.equal(1_000_300n);
    await until(() => chain.latest.sealed !== undefined && running.sequencer.progress.posted >= 1n);
    await until(() => chain.batches.reduce((sum, { sealed }) => sum + (sealed?.transactions ?? 0), 0) === 1);
    expect(chain.latest.batch.state.root).to.deep.equal(running.sequencer.state?.engine.ledger.state().root);
    expect(chain.latest.batch.state.queue).to.equal(3n);
    // Each was announced ahead of its turn, once.
    expect(chain.prepared).to.deep.equal(chain.batches.slice(1).map(({ batch }) => batch.number));
  });

  it("says that it takes nothing once it has ended, as before it has begun", async () => {
    await funded();
    expect(() => running.sequencer.requireTaking()).not.to.throw();
    await running.stop();
    expect(() => running.sequencer.requireTaking()).to.throw(Error);
  });

  it("takes several transactions of one account at once, in the order of their nonces", async () => {
    await funded();
    const transfers = [1n, 2n, 3n].map((amount, nonce) =>
      signed({ kind: "Transfer", from: balanceOf(0), to: balanceOf(1), amount }, 0, BigInt(nonce)),
    );
    const results = await running.sequencer.door.submit(SOURCE, transfers);
    expect(results.map((result) => "receipt" in result && result.receipt.nonce)).to.deep.equal([0n, 1n, 2n]);
  });

  it("refuses at the door, by code, what cannot be executed", async () => {
    await funded();
    const { door } = running.sequencer;
    const transfer = (amount: bigint, to = balanceOf(1)) =>
      ({ kind: "Transfer", from: balanceOf(0), to, amount }) as const;
    const good = signed(transfer(1n), 0, 0n);
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ["MALFORMED", good.subarray(0, 20)],
      ["MALFORMED", Uint8Array.of(77, 1, 2)],
      ["OVERSIZED", new Uint8Array(401)],
      ["FORGED", signed(transfer(1n), 1, 0n)],
      ["NONCE_AHEAD", signed(transfer(1n), 0, 3n)],
      ["UNDERFUNDED", signed(transfer(1_000_001n), 0, 0n)],
      ["WRONG_AMOUNT", signed(transfer(0n), 0, 0n)],
      ["UNKNOWN_LEAF", signed({ ...transfer(1n), from: 900 }, 0, 0n)],
      ["UNKNOWN_LEAF", signed(transfer(1n, 900), 0, 0n)],
      ["WRONG_TERMS", signed({ kind: "RevokeKey", account: accountOf(0) }, 0, 0n)],
    ];
    for (const [code, bytes] of cases) {
      const [result] = await door.submit(SOURCE, [bytes]);
      expect(result, code).to.have.nested.property("refused.code", code);
    }
    await door.submit(SOURCE, [good]);
    const [replayed] = await door.submit(SOURCE, [signed(transfer(2n), 0, 0n)]);
    expect(replayed).to.have.nested.property("refused.code", "NONCE_USED");
    expect(replayed).to.have.nested.property("refused.nonce", 1n);
  });

  it("answers a transaction that is sent again with its receipt", async () => {
    await funded();
    const bytes = signed({ kind: "Transfer", from: balanceOf(0), to: balanceOf(1), amount: 5n }, 0, 0n);
    const [first] = await running.sequencer.door.submit(SOURCE, [bytes]);
    const [again] = await running.sequencer.door.submit(SOURCE, [bytes]);
    expect(again).to.deep.equal(first);
    expect(amountOf(running, balanceOf(1))).to.equal(1_000_005n);
  });

  it("lets a session key do what it was granted for, until it expires", async () => {
    await funded();
    const { door } = running.sequencer;
    const key = player(7).address;
    const grant = { kind: "GrantKey", account: accountOf(0), key, expiry: 10_000_000_000n, scope: 1, game: 0 } as const;
    await door.submit(SOURCE, [signed(grant, 0, 0n)]);
    const transfer = { kind: "Transfer", from: balanceOf(0), to: balanceOf(1), amount: 5n } as const;
    const [moved] = await door.submit(SOURCE, [signed(transfer, 7, 1n)]);
    expect(moved).to.have.nested.property("receipt.nonce", 1n);
    const [withdrawn] = await door.submit(SOURCE, [
      signed({ kind: "Withdraw", from: balanceOf(0), amount: 5n }, 7, 2n),
    ]);
    expect(withdrawn).to.have.nested.property("refused.code", "WRONG_SCOPE");
    const [granted] = await door.submit(SOURCE, [signed({ ...grant, expiry: chain.time + 500n }, 0, 2n)]);
    expect(granted).to.have.nested.property("receipt.nonce", 2n);
    // What is not posted yet would be executed anew on the clock of the future.
    await until(() => chain.batches.reduce((sum, { sealed }) => sum + (sealed?.transactions ?? 0), 0) === 3);
    chain.ahead = 1_000n;
    await until(async () => {
      const [late] = await door.submit(SOURCE, [signed({ ...transfer, amount: 10_000_000n }, 7, 3n)]);
      return late !== undefined && "refused" in late && late.refused.code === "KEY_EXPIRED";
    });
  });
});
