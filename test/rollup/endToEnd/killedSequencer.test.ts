import { expect } from "chai";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../relayer/cassini/support/operators";
import { generator } from "../../support/random";
import { Layer1Process, NEVER_MS, PATIENCE_MS, leafOf, type Observer, type SequencerProcess } from "./support";

const FUNDS = 1_000_000_000n;
const SENDERS = [0, 1, 2] as const;
/** Who is paid by all others. */
const PAID = 3;
const AGE_MS = 400;

/** What was acknowledged to each sender: payment number n is of n + 1. */
class Payments {
  private readonly acknowledged = new Map<number, bigint>();

  count(sender: number): bigint {
    return this.acknowledged.get(sender) ?? 0n;
  }

  get total(): bigint {
    return SENDERS.reduce((sum, sender) => sum + this.count(sender), 0n);
  }

  /** Sends one payment after the other until the sequencer does not answer any more, or `signal` aborts. */
  async send(sequencer: SequencerProcess, senders: readonly number[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      senders.map(async (sender) => {
        const account = await sequencer.player(sender);
        for (;;) {
          // One that was taken without an answer counts: the account's nonce tells.
          const nonce = await sequencer.api.nonce(account.index).catch(() => undefined);
          if (signal.aborted || nonce === undefined) return;
          if (nonce > this.count(sender) + 1n) throw new Error(`payments of ${sender} that nobody made: ${nonce}`);
          if (nonce < this.count(sender)) throw new Error(`payments of ${sender} are lost: ${nonce}`);
          const receipt = await account
            .transfer(leafOf.balance(sender), leafOf.balance(PAID), nonce + 1n)
            .catch(() => undefined);
          if (receipt === undefined) continue;
          expect(receipt.nonce).to.equal(nonce);
          this.acknowledged.set(sender, nonce + 1n);
        }
      }),
    );
  }

  /** Waits until everything that was acknowledged is on layer 1, and nothing else that nobody made. */
  async arePosted(nodes: Observer, senders: readonly number[]): Promise<void> {
    for (const sender of senders) {
      const isThere = ({ nonce }: { readonly nonce: bigint }): boolean => nonce >= this.count(sender);
      await nodes.sees(leafOf.account(sender), "Account", isThere);
      const { nonce } = nodes.leaf(leafOf.account(sender)) as { readonly nonce: bigint };
      const sent = (nonce * (nonce + 1n)) / 2n;
      await nodes.sees(leafOf.balance(sender), "Balance", ({ amount }) => amount === FUNDS - sent);
    }
  }
}

describe("a sequencer process that is killed, or started twice", function () {
  this.timeout(4 * PATIENCE_MS);
  let layer1: Layer1Process;

  beforeEach(async () => (layer1 = await Layer1Process.start(4, FUNDS)));
  afterEach(() => layer1?.stop());

  it("has posted what it acknowledged, once, whenever it was killed", async () => {
    const { node, fixture, keys } = layer1;
    const { rollup } = fixture;
    const nodes = await layer1.observer();
    const payments = new Payments();
    const random = generator(7);
    const head = async (): Promise<bigint> => (await rollup.head()).number;
    const posting = async (): Promise<boolean> => {
      const { pending } = await node.rpc<{ pending: Record<string, unknown> }>("txpool_content");
      return Object.keys(pending).length > 0;
    };
    const moments: readonly (readonly [when: string, come: () => Promise<void>])[] = [
      ["in the middle of what it takes", () => delay(random(AGE_MS))],
      [
        "while its batch waits for a block",
        async () => {
          await node.rpc("evm_setIntervalMining", [0]);
          await until(posting, () => "no batch was sent", PATIENCE_MS);
        },
      ],
      [
        "just when its batch is mined",
        async () => {
          const before = await head();
          await until(
            async () => (await head()) > before,
            () => "no batch was mined",
            PATIENCE_MS,
          );
        },
      ],
    ];
    const sequencer = await layer1.sequencer({ name: "mortal", key: keys.sequencer, ageMs: AGE_MS });
    for (const [when, come] of moments) {
      await layer1.taking(sequencer);
      const ending = new AbortController();
      const before = payments.total;
      const sending = payments.send(sequencer, SENDERS, ending.signal);
      await Promise.race([
        until(
          () => payments.total > before + 10n,
          () => `nothing was taken ${when}`,
          PATIENCE_MS,
        ),
        sending,
      ]);
      await come();
      await sequencer.kill();
      ending.abort();
      await sending;
      await node.rpc("evm_setIntervalMining", [1]);
      await sequencer.start();
    }
    await payments.arePosted(nodes, SENDERS);
    const posters = await layer1.posters();
    expect(new Set(posters)).to.deep.equal(new Set([keys.sequencer.address]));
    expect(BigInt(posters.length)).to.equal(await head());
    expect(sequencer.said()).not.to.include("FOREIGN_BATCH");
  });

  it("posts nothing in the place of another one that was started by mistake, whichever comes first", async () => {
    const { keys } = layer1;
    const nodes = await layer1.observer();
    const payments = new Payments();
    const pay = async (sequencer: SequencerProcess, sender: number): Promise<void> => {
      const ending = new AbortController();
      const before = payments.count(sender);
      const sending = payments.send(sequencer, [sender], ending.signal);
      await Promise.race([until(() => payments.count(sender) > before, sequencer.said, PATIENCE_MS), sending]);
      ending.abort();
      await sending;
    };
    const stopped = (sequencer: SequencerProcess): Promise<void> =>
      until(() => sequencer.said().includes("FOREIGN_BATCH"), sequencer.said, PATIENCE_MS);

    const slow = await layer1.sequencer({ name: "slow", key: keys.sequencer, ageMs: NEVER_MS });
    await layer1.taking(slow);
    await pay(slow, 0);
    // The same log, and then the same key with a log of its own.
    const twin = await layer1
      .sequencer({ name: "twin", folder: "slow", key: keys.sequencer, ageMs: 50 })
      .catch((error: Error) => error);
    const refused = (): string => (twin instanceof Error ? twin.message : twin.said());
    await until(() => refused().includes("LOG_LOCKED"), refused, PATIENCE_MS);
    const quick = await layer1.sequencer({ name: "quick", key: keys.sequencer, ageMs: 50 });
    await layer1.taking(quick);
    await pay(quick, 1);
    await payments.arePosted(nodes, [1]);
    await stopped(slow);
    await slow.kill();

    // The first one again, by its operator's word: now the other one is too late.
    const again = await layer1.sequencer({ name: "slow", key: keys.sequencer, ageMs: 50, takeOver: true });
    await payments.arePosted(nodes, [0, 1]);
    await pay(quick, 2);
    await stopped(quick);
    await pay(again, 0);
    await payments.arePosted(nodes, [0, 1]);
    expect(new Set(await layer1.posters())).to.deep.equal(new Set([keys.sequencer.address]));
  });
});
