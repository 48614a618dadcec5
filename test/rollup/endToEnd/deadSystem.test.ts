import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { hexlify, type Signer } from "ethers";
import { ethers } from "hardhat";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeLeaf, type Leaf } from "../../../protocol/ledger/leaves";
import type { RollupEvent } from "../../../relayer/rollup/events";
import { KzgThreads } from "../../../relayer/rollup/kzgThreads";
import { abiBatch } from "../../../relayer/rollup/rollupInterface";
import { RollupRunner, type RollupDeps } from "../../../relayer/rollup/run";
import { SnapshotFiles } from "../../../relayer/rollup/snapshotFiles";
import { Store } from "../../../relayer/store/store";
import { systemClock } from "../../../relayer/systemClock";
import { RollupClient } from "../../../sdk/rollup/rollupClient";
import type { LeafEvidence, PostedBatch } from "../../../sdk/rollup/sequencerApi";
import { scripted } from "../../game/roomSupport";
import { crypto } from "../../protocol/ledger/support";
import { until } from "../../relayer/cassini/support/operators";
import { InProcessReader, KeyedSender } from "../adversary/support";
import { PARAMS } from "../support";
import {
  BNB_ASSET,
  Bank,
  GOLD_ASSET,
  REPAID,
  SILVER_ASSET,
  WEI_PER_BATCH,
  bytesOf,
  deployVault,
  somebody,
  withdraw,
  type VaultFixture,
} from "../vault/support";

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const [alice, bob, carol, dave, erin] = [somebody(10), somebody(11), somebody(12), somebody(13), somebody(14)];
const FUNDS = 10_000_000n;
/** Of a game that is over, of which 5 % of both are the game's. */
const PLAYED = 3_000_000n;
const FEES = 300_000n;
/** Of a game in which nobody has moved yet. */
const OPEN = 2_000_000n;
const TERMS = { players: 2, moveSeconds: 7_200, lifeSeconds: 720_000 };

/**
 * Everything that can be on layer 2 when it dies. Alice: account 1, BNB 2; bob: 3, 4; carol: 5, gold 6; a game: 7; dave:
 * account 8, swords 9, the right to mint some 10; a game that is over: 11, one that is open: 12; exits: 13 to 15. Erin's
 * deposits, and more gold for carol, were never taken from the queue.
 */
async function died(): Promise<{ readonly fixture: VaultFixture; readonly bankOf: Bank }> {
  const fixture = await deployVault();
  const bankOf = new Bank(fixture);
  const { sword } = fixture;
  await bankOf.deposit(BNB_ASSET, FUNDS, alice.address);
  await bankOf.deposit(BNB_ASSET, FUNDS, bob.address);
  await bankOf.deposit(GOLD_ASSET, 500n, carol.address);
  await bankOf.listGame(BNB_ASSET);
  await bankOf.depositItems(sword, 10n, dave.address);
  await bankOf.post();
  await bankOf.depositAllowance(sword, 20n, dave.address, 8);
  await bankOf.post();
  const open = (stake: bigint, state: string) =>
    ({ kind: "SessionOpen", balance: 2, game: 7, stake, ...TERMS, setup: bytesOf(state) }) as const;
  await bankOf.post(
    [alice.key, open(PLAYED, scripted("finish", "nothing", [10_000, 0])), 0n],
    [bob.key, { kind: "SessionJoin", session: 11, balance: 4 }, 0n],
  );
  await bankOf.post(
    [alice.key, { kind: "SessionSettle", session: 11 }, 0n],
    [alice.key, open(OPEN, scripted("nothing", "nothing", [10_000, 0])), 1n],
    [bob.key, { kind: "SessionJoin", session: 12, balance: 4 }, 1n],
    [alice.key, withdraw(2, 700n), 2n],
    [carol.key, withdraw(6, 100n), 0n],
    [dave.key, { kind: "ItemWithdraw", item: 9, amount: 4n }, 0n],
  );
  await bankOf.deposit(BNB_ASSET, 900n, erin.address);
  await bankOf.depositItems(sword, 5n, erin.address);
  await bankOf.deposit(GOLD_ASSET, 70n, carol.address, 6);
  return { fixture, bankOf };
}

/** A node that anybody may run: it reads the chain, and freezes what nobody serves. */
class Anybody {
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  private constructor(
    private readonly fixture: VaultFixture,
    private readonly store: Store,
    readonly runner: RollupRunner,
    readonly events: readonly RollupEvent[],
  ) {
    this.running = runner.run(this.ending.signal);
  }

  static async start(fixture: VaultFixture, signer: Signer, directory: string): Promise<Anybody> {
    const store = await Store.open({ sqlite: ":memory:" });
    const address = await signer.getAddress();
    const events: RollupEvent[] = [];
    const runner = new RollupRunner({
      rollup: { chainId: 31_337n, rollup: (await fixture.rollup.getAddress()).toLowerCase() },
      gateway: await fixture.gateway.getAddress(),
      startBlock: fixture.beginning.blockNumber,
      pollMs: 10,
      reader: new InProcessReader() as unknown as RollupDeps["reader"],
      store,
      crypto,
      blobProver: new KzgThreads(1),
      clock: systemClock,
      emit: (event) => events.push(event),
      peers: () => [],
      snapshots: new SnapshotFiles(directory, 1n),
      challenger: { sender: new KeyedSender(address, signer, store), payout: address, freezes: true },
    });
    const node = new Anybody(fixture, store, runner, events);
    await until(
      () => runner.node?.at?.head.frozen === true,
      () => events.map((event) => `${event.kind} ${"error" in event ? String(event.error) : ""}`).join(),
      PATIENCE_MS,
    );
    return node;
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
    await this.store.close();
  }

  /** The proof that a leaf is in the last final state. */
  evidence(index: number): (LeafEvidence & { readonly content: Leaf }) | undefined {
    const proven = this.runner.node?.replica.prove(index, "final");
    if (proven === undefined) return undefined;
    const { batch, hash, leaf, siblings } = proven;
    return {
      batch: abiBatch(batch) as unknown as PostedBatch,
      hash,
      index,
      leaf: hexlify(leaf),
      siblings: siblings.map((sibling) => hexlify(sibling)),
      content: decodeLeaf(leaf) as Leaf,
    };
  }

  /** All that is provable, by leaf. */
  get everything(): ReadonlyMap<number, LeafEvidence & { readonly content: Leaf }> {
    const { nextLeaf } = this.runner.node!.replica.final.batch.state;
    const indices = Array.from({ length: nextLeaf - 1 }, (_, index) => index + 1);
    return new Map(
      indices.flatMap((index) => {
        const found = this.evidence(index);
        return found === undefined ? [] : [[index, found] as const];
      }),
    );
  }

  /** What waited in the queue when it ended, by number. */
  async waiting(): Promise<ReadonlyMap<bigint, Uint8Array>> {
    const { head } = this.runner.node!.at!;
    const target = { chainId: 31_337n, rollup: await this.fixture.rollup.getAddress() };
    return this.store.rollup.entries(target, head.queue, head.queueLength);
  }
}

/** Has everybody paid, whoever that is; says which leaves were paid by what. */
async function payEverybody(node: Anybody, client: RollupClient, payer: Signer): Promise<Record<number, string>> {
  const paid: Record<number, string> = {};
  const all = node.everything;
  const at = (index: number): LeafEvidence => all.get(index)!;
  const accountOf = (balance: number): number =>
    (all.get(balance)!.content as Extract<Leaf, { kind: "Balance" }>).account;
  for (const [index, leaf] of all) {
    const { content } = leaf;
    switch (content.kind) {
      case "Account":
        continue;
      case "Balance":
      case "Item":
      case "Allowance":
        await client.escape(payer, leaf, at(content.account));
        break;
      case "Session": {
        const joined = content.balances.slice(0, content.joined);
        const players = joined.map((balance) => ({ balance: at(balance), account: at(accountOf(balance)) }));
        await client.escapeSession(payer, leaf, at(content.game), players);
        break;
      }
      case "Game":
      case "FeeExit":
        await client.claimFees(payer, leaf);
        break;
      case "Exit":
      case "ItemExit":
        await client.claimExit(payer, leaf);
    }
    paid[index] = content.kind;
  }
  for (const [number, entry] of await node.waiting()) await client.refund(payer, number, hexlify(entry));
  return paid;
}

describe("a layer 2 that nobody serves any more", () => {
  let directory: string;

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "dead-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("is frozen by anybody, and pays everybody by proofs from chain data alone, to the last unit", async () => {
    const { fixture, bankOf } = await died();
    const { rollup, bank, assets, room, sword, stranger } = fixture;
    const names = { alice, bob, carol, dave, erin };
    const holdings = async (): Promise<Record<string, bigint>> => {
      const found: Record<string, bigint> = {
        repaid: await ethers.provider.getBalance(REPAID),
        revenue: await ethers.provider.getBalance(room.splitter),
      };
      for (const [name, { address }] of Object.entries(names)) {
        found[`${name}: BNB`] = await ethers.provider.getBalance(address);
        found[`${name}: gold`] = await room.gold.balanceOf(address);
        found[`${name}: swords`] = await assets.balanceOf(address, sword);
      }
      return found;
    };
    const before = await holdings();

    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    const node = await Anybody.start(fixture, stranger, join(directory, "first"));
    const { number } = bankOf.layer2.latest.batch;
    expect(node.events.find(({ kind }) => kind === "freeze_sent")).to.include({ number });
    expect((await rollup.head()).frozen).to.equal(true);
    expect((await rollup.posterOf(stranger)).bond).to.equal(0n);

    const venue = { rollup: await rollup.getAddress(), vault: await bank.getAddress() };
    const client = new RollupClient(venue, ethers.provider);
    const paid = await payEverybody(node, client, stranger);
    await node.stop();
    expect(paid).to.deep.equal({
      ...{ 2: "Balance", 4: "Balance", 6: "Balance", 7: "Game", 9: "Item", 10: "Allowance", 12: "Session" },
      ...{ 13: "Exit", 14: "Exit", 15: "ItemExit" },
    });

    const after = await holdings();
    const gained = Object.fromEntries(
      Object.keys(after)
        .map((key) => [key, after[key]! - before[key]!] as const)
        .filter(([, amount]) => amount !== 0n),
    );
    expect(gained).to.deep.equal({
      // The winner of the game that is over has both stakes without the rake; who sat in the open one has his own back.
      "alice: BNB": FUNDS + PLAYED - FEES,
      "bob: BNB": FUNDS - PLAYED,
      "carol: gold": 500n + 70n,
      "dave: swords": 10n + 20n,
      "erin: BNB": 900n,
      "erin: swords": 5n,
      repaid: number * WEI_PER_BATCH,
      revenue: FEES - number * WEI_PER_BATCH,
    });

    for (const asset of [BNB_ASSET, GOLD_ASSET, SILVER_ASSET]) expect(await bank.heldOf(asset)).to.equal(0n);
    expect(await bank.heldItemsOf(sword)).to.equal(0n);
    expect(await assets.balanceOf(bank, sword)).to.equal(0n);
    expect(await room.gold.balanceOf(bank)).to.equal(0n);
    expect(await ethers.provider.getBalance(bank)).to.equal(0n);
  });

  it("gives the same proofs to who begins with a snapshot of another's node", async () => {
    const { fixture } = await died();
    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    const first = await Anybody.start(fixture, fixture.stranger, directory);
    const all = first.everything;
    const waiting = await first.waiting();
    await first.stop();
    const second = await Anybody.start(fixture, fixture.other, directory);
    expect(second.events.filter(({ kind }) => kind === "batch_applied")).to.deep.equal([]);
    expect(second.everything).to.deep.equal(all);
    expect(await second.waiting()).to.deep.equal(waiting);
    await second.stop();
  });
});
