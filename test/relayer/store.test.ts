import { expect } from "chai";
import { id } from "ethers";
import { sql } from "kysely";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageSeed } from "../../protocol/hashChain";
import { headerDigest, recoverSigner, type Rotation, type Target } from "../../protocol/header";
import type { TransactionAttempt, TransactionRequest } from "../../relayer/chain/transactionStore";
import { RelayerError } from "../../relayer/errors";
import type { StoreEngine } from "../../relayer/store/engine";
import { laneId } from "../../relayer/store/lanes";
import { migrate, storeVersion } from "../../relayer/store/migrate";
import { MIGRATIONS } from "../../relayer/store/migrations";
import { openPostgres } from "../../relayer/store/postgres";
import { openSqlite } from "../../relayer/store/sqlite";
import { Store, type StoreLocation } from "../../relayer/store/store";
import { startPostgres, type LocalPostgres } from "../support/postgres";
import { shouldKeepARollup } from "./rollupStore";
import { LANE, headerAt, messagesUpTo, resultAt, testSigner } from "./storeSamples";

const REVERSE = {
  sourceChainId: LANE.targetChainId,
  sourceGateway: LANE.targetGateway,
  targetChainId: LANE.sourceChainId,
  targetGateway: LANE.sourceGateway,
};
const TARGET: Target = { chainId: LANE.targetChainId, gateway: LANE.targetGateway };
const SENDER = testSigner("sender").address;
const ACCOUNT = { chainId: 31338n, sender: SENDER };

const request = (key: string): TransactionRequest => ({
  ...ACCOUNT,
  key,
  to: LANE.targetGateway,
  data: "0x1234",
  gasLimit: 1_000_000n,
  createdAt: 1_700_000_000_000,
});

const attempt = (name: string, nonce: bigint): TransactionAttempt => ({
  hash: id(name),
  raw: "0x02",
  nonce,
  kind: "call",
  maxFeePerGas: 2n ** 200n,
  maxPriorityFeePerGas: 1n,
  createdAt: 1_700_000_000_001,
});

async function failure(promise: Promise<unknown>): Promise<RelayerError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RelayerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function openEngine(location: StoreLocation): StoreEngine {
  return "sqlite" in location ? openSqlite(location.sqlite) : openPostgres(location.postgres, () => undefined);
}

/** `freshLocation` names a store that does not exist yet. */
function shouldBehaveLikeAStore(freshLocation: () => Promise<StoreLocation>): void {
  let location: StoreLocation;
  let store: Store;
  const opened: Store[] = [];

  const open = async (): Promise<Store> => {
    const another = await Store.open(location);
    opened.push(another);
    return another;
  };

  beforeEach(async () => {
    location = await freshLocation();
    store = await open();
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  shouldKeepARollup(() => store, open);

  describe("migrations", () => {
    const withEngine = async <T>(at: StoreLocation, step: (engine: StoreEngine) => Promise<T>): Promise<T> => {
      const engine = openEngine(at);
      try {
        return await step(engine);
      } finally {
        await engine.close();
      }
    };

    it("refuses a store that a newer program has migrated", async () => {
      await withEngine(location, async (engine) => {
        const next = { name: "of a later program", statements: ["create table later (a bigint)"] };
        await migrate(engine, [...MIGRATIONS, next]);
      });
      const error = await failure(Store.open(location));
      expect(error.code).to.equal("STORE_INCOMPATIBLE");
      expect(error.context).to.deep.equal({
        storeVersion: MIGRATIONS.length + 1,
        programVersion: MIGRATIONS.length,
      });
      expect((await failure(store.check())).code).to.equal("STORE_INCOMPATIBLE");
    });

    for (let version = 0; version < MIGRATIONS.length; version++) {
      it(`brings a store of version ${version} to version ${MIGRATIONS.length}`, async () => {
        await withEngine(await freshLocation(), async (engine) => {
          await migrate(engine, MIGRATIONS.slice(0, version));
          if (version > 0) {
            await sql`insert into lanes (id, source_chain_id, source_gateway, target_chain_id, target_gateway)
              values ('0x01', 1, 'a', 2, 'b')`.execute(engine.db);
          }
          expect(await storeVersion(engine)).to.equal(version);
          expect(await migrate(engine)).to.deep.equal({ from: version, to: MIGRATIONS.length });
          const lanes = await engine.db.selectFrom("lanes").selectAll().execute();
          expect(lanes).to.have.length(version > 0 ? 1 : 0);
        });
      });
    }

    it("migrates once when several processes start together", async () => {
      const fresh = await freshLocation();
      const engines = [openEngine(fresh), openEngine(fresh), openEngine(fresh)];
      try {
        const runs = await Promise.all(engines.map((engine) => migrate(engine)));
        expect(runs.map((run) => run.from).sort()).to.deep.equal([0, MIGRATIONS.length, MIGRATIONS.length]);
      } finally {
        for (const engine of engines) await engine.close();
      }
    });

    it("leaves nothing of a migration that fails", async () => {
      await withEngine(await freshLocation(), async (engine) => {
        const broken = { name: "broken", statements: ["create table half (a bigint)", "create nonsense"] };
        await migrate(engine, MIGRATIONS);
        let failed = false;
        await migrate(engine, [...MIGRATIONS, broken]).catch(() => (failed = true));
        expect(failed).to.equal(true);
        expect(await storeVersion(engine)).to.equal(MIGRATIONS.length);
        expect((await engine.db.introspection.getTables()).map((table) => table.name)).not.to.include("half");
      });
    });
  });

  describe("blocks", () => {
    it("keeps what was found with the cursor, across a restart", async () => {
      const header = headerAt(10n, 3n, id("acc 3"), 5n, id("res 1"));
      const recorded = await store.blocks.record(LANE, {
        cursor: 10n,
        messages: messagesUpTo(3n),
        results: [resultAt(1n, 1n, 5n, (1n << 255n) | 1n)],
        header,
      });
      expect(recorded).to.equal(true);
      const again = await open();
      expect(await again.lanes.cursor(LANE)).to.equal(10n);
      expect(await again.blocks.messages(LANE, 2n, 9n)).to.deep.equal(messagesUpTo(3n, 2n));
      expect(await again.blocks.leaves(LANE, 1n, 2n)).to.deep.equal([id("leaf 1"), id("leaf 2")]);
      expect(await again.blocks.lastMessage(LANE)).to.deep.equal(messagesUpTo(3n).at(-1));
      expect(await again.blocks.results(LANE, 0n, 5n)).to.deep.equal([resultAt(1n, 1n, 5n, (1n << 255n) | 1n)]);
      expect(await again.blocks.lastHeader(LANE)).to.deep.equal({ header, digest: headerDigest(header, TARGET) });
    });

    it("keeps lanes apart, whatever the case of their addresses", async () => {
      await store.blocks.record(LANE, { cursor: 10n, messages: messagesUpTo(1n), results: [], header: undefined });
      const lower = { ...LANE, targetGateway: LANE.targetGateway.toLowerCase() };
      expect(laneId(LANE)).to.equal(messageSeed(lower).slice(0, 18));
      expect(await store.lanes.cursor(lower)).to.equal(10n);
      expect(await store.lanes.cursor(REVERSE)).to.equal(undefined);
      expect(await store.blocks.messages(REVERSE, 0n, 10n)).to.deep.equal([]);
      await store.lanes.add(REVERSE);
      expect(await store.lanes.all()).to.have.length(2);
    });

    it("changes nothing when the block was recorded before", async () => {
      await store.blocks.record(LANE, { cursor: 10n, messages: messagesUpTo(1n), results: [], header: undefined });
      const other = { cursor: 10n, messages: messagesUpTo(2n, 2n), results: [], header: undefined };
      expect(await store.blocks.record(LANE, other)).to.equal(false);
      expect(await store.blocks.record(LANE, { ...other, cursor: 9n })).to.equal(false);
      expect(await store.blocks.messages(LANE, 1n, 9n)).to.have.length(1);
    });

    it("moves no cursor when one of its rows cannot be stored", async () => {
      await store.blocks.record(LANE, { cursor: 10n, messages: messagesUpTo(1n), results: [], header: undefined });
      const record = { cursor: 20n, messages: messagesUpTo(2n), results: [], header: headerAt(20n, 2n, id("acc 2")) };
      let failed = false;
      await store.blocks.record(LANE, record).catch(() => (failed = true));
      expect(failed).to.equal(true);
      expect(await store.lanes.cursor(LANE)).to.equal(10n);
      expect(await store.blocks.lastHeader(LANE)).to.equal(undefined);
      expect(await store.blocks.lastMessage(LANE)).to.deep.equal(messagesUpTo(1n)[0]);
    });

    it("stores thousands of messages of one step", async () => {
      await store.blocks.record(LANE, { cursor: 10n, messages: messagesUpTo(2_500n), results: [], header: undefined });
      expect((await store.blocks.lastMessage(LANE))?.seq).to.equal(2_500n);
    });

    it("finds the first header and the record that cover a message", async () => {
      const headers = [
        headerAt(10n, 3n, id("acc 3")),
        headerAt(20n, 3n, id("acc 3"), 1n),
        headerAt(30n, 6n, id("acc 6")),
      ];
      for (const header of headers) {
        await store.blocks.record(LANE, { cursor: header.sourceBlock, messages: [], results: [], header });
      }
      expect((await store.blocks.headerOfMessage(LANE, 3n))?.header).to.deep.equal(headers[0]);
      expect((await store.blocks.headerOfMessage(LANE, 4n))?.header).to.deep.equal(headers[2]);
      expect(await store.blocks.headerOfMessage(LANE, 7n)).to.equal(undefined);
      expect((await store.blocks.headers(LANE, 10n, 1)).map(({ header }) => header)).to.deep.equal([headers[1]]);
      const results = [resultAt(1n, 1n, 4n), resultAt(2n, 5n, 5n)];
      await store.blocks.record(LANE, { cursor: 40n, messages: [], results, header: undefined });
      expect(await store.blocks.resultOf(LANE, 5n)).to.deep.equal(results[1]);
      expect(await store.blocks.resultOf(LANE, 6n)).to.equal(undefined);
      expect(await store.blocks.results(LANE, 4n, 5n)).to.deep.equal([results[1]]);
    });

    it("undoes a whole transaction of several repositories", async () => {
      const stop = new Error("stop");
      let caught: unknown;
      await store
        .transaction(async (repositories) => {
          await repositories.blocks.record(LANE, { cursor: 10n, messages: [], results: [], header: undefined });
          await repositories.attestations.sign(LANE, headerAt(10n, 1n, id("a")), testSigner("one"));
          throw stop;
        })
        .catch((error: unknown) => (caught = error));
      expect(caught).to.equal(stop);
      expect(await store.lanes.all()).to.deep.equal([]);
      expect(await store.attestations.bySigner(LANE, undefined, 0n, 10)).to.deep.equal([]);
    });

    it("keeps nothing of a transaction whose process is killed", async () => {
      const child = spawn(
        process.execPath,
        ["--import", "tsx", join(__dirname, "storeVictim.ts"), JSON.stringify(location)],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const [output] = (await once(child.stdout, "data")) as [Buffer];
      expect(output.toString()).to.equal("written\n");
      child.kill("SIGKILL");
      await once(child, "exit");
      const again = await open();
      expect(await again.lanes.all()).to.deep.equal([]);
      const record = { cursor: 10n, messages: messagesUpTo(1n), results: [], header: undefined };
      expect(await again.blocks.record(LANE, record)).to.equal(true);
    });
  });

  describe("attestations", () => {
    const signer = testSigner("one");

    it("returns the stored signature for the same header, also after a restart", async () => {
      const header = headerAt(10n, 3n, id("acc 3"));
      const first = await store.attestations.sign(LANE, header, signer);
      expect(recoverSigner(headerDigest(header, TARGET), first.signature)).to.equal(signer.address);
      const unable = {
        ...signer,
        signHeader: (): string => {
          throw new Error("signed twice");
        },
      };
      expect(await (await open()).attestations.sign(LANE, header, unable)).to.deep.equal(first);
    });

    const conflicts = {
      block: headerAt(10n, 4n, id("acc 4")),
      to_seq: headerAt(20n, 3n, id("another acc 3")),
      ack_seq: headerAt(20n, 4n, id("acc 4"), 0n, id("another res")),
    };
    for (const [kind, conflicting] of Object.entries(conflicts)) {
      it(`refuses to sign a second content for one ${kind}`, async () => {
        await store.attestations.sign(LANE, headerAt(10n, 3n, id("acc 3")), signer);
        const error = await failure(store.attestations.sign(LANE, conflicting, signer));
        expect(error.code).to.equal("SIGNING_CONFLICT");
        expect(error.alert).to.equal(true);
        expect(error.context.kind).to.equal(kind);
        const own = await store.attestations.bySigner(LANE, undefined, 0n, 10);
        expect(own.map((attestation) => attestation.header.sourceBlock)).to.deep.equal([10n]);
      });
    }

    it("signs the same content under another signer, on another lane and in later blocks", async () => {
      const header = headerAt(10n, 3n, id("acc 3"));
      await store.attestations.sign(LANE, header, signer);
      await store.attestations.sign(LANE, { ...header, sourceBlock: 20n, epoch: 2n }, signer);
      await store.attestations.sign(REVERSE, { ...header, source: 31338n, acc: id("other") }, signer);
      await store.attestations.sign(LANE, header, testSigner("two"));
      expect(await store.attestations.bySigner(LANE, signer.address, 0n, 10)).to.have.length(2);
    });

    it("lets exactly one of two contents win that are signed at once", async () => {
      const other = await open();
      for (let block = 1n; block <= 10n; block++) {
        const outcomes = await Promise.allSettled([
          store.attestations.sign(LANE, headerAt(block, block, id("left")), signer),
          other.attestations.sign(LANE, headerAt(block, block, id("right")), signer),
        ]);
        expect(outcomes.map((outcome) => outcome.status).sort()).to.deep.equal(["fulfilled", "rejected"]);
        const loser = outcomes.find((outcome) => outcome.status === "rejected") as PromiseRejectedResult;
        expect((loser.reason as RelayerError).code).to.equal("SIGNING_CONFLICT");
      }
      expect(await store.attestations.bySigner(LANE, signer.address, 0n, 100)).to.have.length(10);
    });

    it("gives both of two equal requests at once the same signature", async () => {
      const other = await open();
      const header = headerAt(10n, 3n, id("acc 3"));
      const [left, right] = await Promise.all([
        store.attestations.sign(LANE, header, signer),
        other.attestations.sign(LANE, header, signer),
      ]);
      expect(left).to.deep.equal(right);
    });

    it("tells listeners of a signature once it is stored", async () => {
      let heard = 0;
      const stop = store.onAttested(() => heard++);
      await store.transaction(async (repositories) => {
        await repositories.attestations.sign(LANE, headerAt(10n, 3n, id("acc 3")), signer);
        expect(heard).to.equal(0);
      });
      expect(heard).to.equal(1);
      stop();
      await store.attestations.sign(LANE, headerAt(20n, 4n, id("acc 4")), signer);
      expect(heard).to.equal(1);
    });

    it("pages attestations by source block", async () => {
      for (const block of [30n, 10n, 20n]) {
        await store.attestations.sign(LANE, headerAt(block, block, id(`acc ${block}`)), signer);
      }
      const page = await store.attestations.bySigner(LANE, undefined, 10n, 1);
      expect(page.map((attestation) => attestation.header.sourceBlock)).to.deep.equal([20n]);
      expect(await store.attestations.lastBlockOf(LANE, signer.address)).to.equal(30n);
      expect(await store.attestations.lastBlockOf(LANE, SENDER)).to.equal(undefined);
    });

    it("counts collected signatures only for headers that it has verified itself", async () => {
      const header = headerAt(10n, 3n, id("acc 3"));
      const peer = testSigner("two");
      const attestation = {
        header,
        target: TARGET,
        signer: peer.address,
        signature: peer.signHeader(header, TARGET),
      };
      const strange = { ...attestation, header: { ...header, acc: id("another") } };
      await store.attestations.collect(LANE, [attestation, strange]);
      await store.attestations.collect(LANE, [attestation]);
      expect(await store.attestations.attested(LANE, 0n, 10)).to.deep.equal([]);
      expect(await store.attestations.bySigner(LANE, undefined, 0n, 10)).to.deep.equal([]);
      await store.blocks.record(LANE, { cursor: 10n, messages: [], results: [], header });
      const own = await store.attestations.sign(LANE, header, signer);
      const [attested, ...rest] = await store.attestations.attested(LANE, 0n, 10);
      expect(rest).to.deep.equal([]);
      expect(attested?.header).to.deep.equal(header);
      expect([...(attested?.signatures ?? [])]).to.have.deep.members([
        [peer.address, attestation.signature],
        [signer.address, own.signature],
      ]);
    });

    it("signs one rotation per target and epoch", async () => {
      const rotation: Rotation = { epoch: 2n, validUntil: 99n, signers: [signer.address, SENDER] };
      const own = await store.attestations.signRotation(TARGET, rotation, signer);
      expect(await store.attestations.signRotation(TARGET, rotation, signer)).to.deep.equal(own);
      const error = await failure(store.attestations.signRotation(TARGET, { ...rotation, validUntil: 98n }, signer));
      expect(error.code).to.equal("SIGNING_CONFLICT");
      await store.attestations.signRotation({ ...TARGET, chainId: 5n }, { ...rotation, validUntil: 98n }, signer);
      const peer = testSigner("two");
      const collected = { ...own, signer: peer.address, signature: peer.signRotation(rotation, TARGET) };
      await store.attestations.collectRotations([collected, collected]);
      const page = { limit: 10 };
      expect(await store.attestations.rotations(TARGET.chainId, 1n, { ...page, own: true })).to.have.length(1);
      const all = await store.attestations.rotations(TARGET.chainId, 1n, { ...page, own: false });
      expect(all.map((each) => each.signer)).to.have.members([signer.address, peer.address]);
      expect(all[0]?.rotation).to.deep.equal(rotation);
      expect(await store.attestations.rotations(TARGET.chainId, 2n, { ...page, own: false })).to.deep.equal([]);
    });
  });

  describe("deliveries", () => {
    const plan = {
      key: "deliver 1",
      sourceBlock: 10n,
      inSeq: 0n,
      ackSeq: 0n,
      first: 1n,
      last: 3n,
      results: 1n,
      plannedAt: 5,
    };

    it("plans once per key and settles once", async () => {
      const planned = await store.deliveries.plan(LANE, plan);
      expect(planned).to.deep.include({ ...plan, status: "planned", transactionHash: undefined });
      expect(await store.deliveries.plan(LANE, { ...plan, last: 9n })).to.deep.equal(planned);
      expect(await store.deliveries.planned(LANE)).to.deep.equal([planned]);
      const outcome = { status: "delivered", transactionHash: id("t"), gasUsed: 70_000n, settledAt: 6 } as const;
      await store.deliveries.settle(LANE, plan.key, outcome);
      await store.deliveries.settle(LANE, plan.key, { status: "failed", reason: "late", settledAt: 7 });
      const settled = { ...plan, ...outcome, reason: undefined };
      expect(await store.deliveries.planned(LANE)).to.deep.equal([]);
      expect(await store.deliveries.ofMessage(LANE, 3n)).to.deep.equal([settled]);
      expect(await store.deliveries.ofMessage(LANE, 4n)).to.deep.equal([]);
    });
  });

  describe("channels", () => {
    const CONTRACT = { chainId: 31338n, channels: "0x00000000000000000000000000000000000000C5" };
    const state = (name: string, version: bigint) => ({
      channelId: id(name),
      version,
      challengeSeconds: 3_600n,
      answer: `0x${version.toString(16).padStart(16, "0")}`,
    });
    const U64_MAX = (1n << 64n) - 1n;

    it("keeps one state of a channel, and only ever a newer one, up to the largest version", async () => {
      for (const [version, kept] of [
        [9n, true],
        [9n, false],
        [8n, false],
        [10n, true],
        [1n << 63n, true],
        [99n, false],
        [U64_MAX, true],
        [U64_MAX - 1n, false],
      ] as const) {
        expect(await store.channels.keep(CONTRACT, state("one", version), 1), `${version}`).to.equal(kept);
      }
      expect(await store.channels.find(CONTRACT, id("one"))).to.deep.equal({
        ...state("one", U64_MAX),
        endedAt: undefined,
        answers: 0,
      });
      expect(await store.channels.count(CONTRACT)).to.equal(1);
    });

    it("counts the answers of a channel through all of its states", async () => {
      await store.channels.keep(CONTRACT, state("one", 1n), 1);
      await store.channels.countAnswer(CONTRACT, id("one"));
      await store.channels.keep(CONTRACT, state("one", 2n), 1);
      await store.channels.countAnswer(CONTRACT, id("one"));
      expect((await store.channels.find(CONTRACT, id("one")))?.answers).to.equal(2);
    });

    it("keeps the newest when several come at once", async () => {
      const another = await open();
      const versions = [3n, 7n, 5n, 1n, 6n, 2n, 4n];
      await Promise.all(
        versions.map((version, index) =>
          (index % 2 === 0 ? store : another).channels.keep(CONTRACT, state("one", version), 1),
        ),
      );
      expect((await another.channels.find(CONTRACT, id("one")))?.version).to.equal(7n);
    });

    it("tells channels of other contracts and chains apart", async () => {
      await store.channels.keep(CONTRACT, state("one", 1n), 1);
      for (const other of [
        { ...CONTRACT, chainId: 31337n },
        { ...CONTRACT, channels: LANE.sourceGateway },
      ]) {
        expect(await store.channels.find(other, id("one"))).to.equal(undefined);
        expect(await store.channels.keep(other, state("one", 1n), 1)).to.equal(true);
        await store.channels.forget(other, id("one"));
        expect(await store.channels.count(other)).to.equal(0);
      }
      expect(await store.channels.count(CONTRACT)).to.equal(1);
    });

    it("has a channel looked at when it is due, was named, or got a newer state", async () => {
      const due = async (now: number): Promise<string[]> =>
        (await store.channels.due(CONTRACT, now, 10)).map(({ channelId }) => channelId);
      const [one, two] = [state("one", 1n), state("two", 1n)];
      await store.channels.keep(CONTRACT, one, 1);
      await store.channels.keep(CONTRACT, two, 1);
      expect(await due(0)).to.have.members([id("one"), id("two")]);
      await store.channels.looked(CONTRACT, one, { checkAt: 200, endedAt: undefined });
      await store.channels.looked(CONTRACT, two, { checkAt: 100, endedAt: 50 });
      expect(await due(99)).to.deep.equal([]);
      expect(await due(200)).to.deep.equal([id("two"), id("one")]);
      expect((await store.channels.due(CONTRACT, 200, 1)).map(({ endedAt }) => endedAt)).to.deep.equal([50]);
      await store.channels.makeDue(CONTRACT, id("one"));
      expect(await due(0)).to.deep.equal([id("one")]);
      await store.channels.makeDue(CONTRACT);
      expect(await due(0)).to.have.length(2);
      await store.channels.looked(CONTRACT, two, { checkAt: 100, endedAt: 50 });
      await store.channels.keep(CONTRACT, state("two", 2n), 1);
      // What was seen of the older state says nothing of the newer one.
      await store.channels.looked(CONTRACT, two, { checkAt: 100, endedAt: 50 });
      expect((await store.channels.find(CONTRACT, id("two")))?.endedAt).to.equal(undefined);
      expect(await due(0)).to.include(id("two"));
    });
  });

  describe("transactions", () => {
    it("assigns nonces from the floor on and once per key", async () => {
      const { transactions } = store;
      const first = await transactions.reserve(request("a"), 7n);
      expect(first).to.deep.equal({
        ...request("a"),
        nonce: 7n,
        status: "reserved",
        attempts: [],
        outcome: undefined,
      });
      expect((await transactions.reserve(request("b"), 7n)).nonce).to.equal(8n);
      expect((await transactions.reserve({ ...request("a"), data: "0x99" }, 100n)).nonce).to.equal(7n);
      expect((await transactions.reserve(request("c"), 100n)).nonce).to.equal(100n);
      expect((await transactions.reserve({ ...request("a"), chainId: 1n }, 0n)).nonce).to.equal(0n);
    });

    it("gives every one of many concurrent requests its own nonce", async () => {
      const other = await open();
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
      const rows = await Promise.all(
        keys.map((key, index) => (index % 2 === 0 ? store : other).transactions.reserve(request(key), 3n)),
      );
      const nonces = rows.map((row) => row.nonce).sort((a, b) => Number(a - b));
      expect(nonces).to.deep.equal(keys.map((_, index) => 3n + BigInt(index)));
    });

    it("reserves an exact nonce unless an open row holds it", async () => {
      const { transactions } = store;
      await transactions.reserve(request("a"), 7n);
      expect(await transactions.reserveAt(request("b"), 7n)).to.equal(undefined);
      expect(await transactions.find({ ...ACCOUNT, key: "b" })).to.equal(undefined);
      await transactions.settleAbandoned({ ...ACCOUNT, key: "a" });
      expect((await transactions.reserveAt(request("b"), 7n))?.nonce).to.equal(7n);
      expect((await transactions.reserveAt(request("b"), 9n))?.nonce).to.equal(7n);
    });

    it("keeps attempts in order and refuses one of another nonce or of a closed row", async () => {
      const { transactions } = store;
      const key = { ...ACCOUNT, key: "a" };
      await transactions.reserve(request("a"), 7n);
      expect(await transactions.addAttempt(key, attempt("one", 7n))).to.equal(true);
      expect(await transactions.addAttempt(key, attempt("two", 7n))).to.equal(true);
      expect(await transactions.addAttempt(key, attempt("three", 8n))).to.equal(false);
      const row = await transactions.find(key);
      expect(row?.status).to.equal("pending");
      expect(row?.attempts).to.deep.equal([attempt("one", 7n), attempt("two", 7n)]);
      await transactions.settleAbandoned(key);
      expect(await transactions.addAttempt(key, attempt("four", 7n))).to.equal(false);
      expect(await transactions.addAttempt({ ...key, key: "b" }, attempt("five", 7n))).to.equal(false);
    });

    it("settles, reopens and reassigns as the interface says", async () => {
      const { transactions } = store;
      const key = { ...ACCOUNT, key: "a" };
      await transactions.reserve(request("a"), 7n);
      await transactions.addAttempt(key, attempt("one", 7n));
      const outcome = { hash: id("one"), succeeded: false, blockNumber: 9n, gasUsed: 21_000n };
      await transactions.settleMined(key, outcome);
      expect((await transactions.find(key))?.outcome).to.deep.equal(outcome);
      await transactions.settleMined(key, { ...outcome, blockNumber: 10n });
      await transactions.settleAbandoned(key);
      expect((await transactions.find(key))?.outcome?.blockNumber).to.equal(10n);
      expect((await transactions.reopen(key)).status).to.equal("pending");
      expect((await transactions.find(key))?.outcome).to.equal(undefined);

      expect((await transactions.reassign(key, 6n, 0n)).nonce).to.equal(7n);
      const moved = await transactions.reassign(key, 7n, 0n);
      expect(moved.nonce).to.equal(8n);
      expect(moved.status).to.equal("reserved");
      expect(moved.attempts).to.deep.equal([attempt("one", 7n)]);
      expect((await transactions.findByNonce(ACCOUNT, 7n)).map((row) => row.key)).to.deep.equal(["a"]);
      expect((await transactions.findByNonce(ACCOUNT, 8n)).map((row) => row.key)).to.deep.equal(["a"]);
      expect(await transactions.findByNonce(ACCOUNT, 9n)).to.deep.equal([]);

      await transactions.settleMined(key, outcome);
      await transactions.reserveAt(request("b"), 8n);
      expect((await transactions.reopen(key)).status).to.equal("mined");
      expect((await transactions.open(ACCOUNT)).map((row) => row.key)).to.deep.equal(["b"]);
    });

    it("keeps what a transaction carries until it is settled, and again where it is opened anew", async () => {
      const { transactions } = store;
      const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
      const blobs = [1, 2].map((n) => ({
        blob: bytes(200, n),
        commitment: bytes(48, n + 10),
        proof: bytes(48, n + 20),
      }));
      const key = { ...ACCOUNT, key: "a" };
      expect((await transactions.reserve({ ...request("a"), blobs }, 7n)).blobs).to.deep.equal(blobs);
      const priced = { ...attempt("one", 7n), maxFeePerBlobGas: 2n ** 200n };
      await transactions.addAttempt(key, priced);
      await transactions.reserve(request("b"), 7n);
      const [carrying, other] = await transactions.open(ACCOUNT);
      expect(carrying?.blobs).to.deep.equal(blobs);
      expect(carrying?.attempts).to.deep.equal([priced]);
      expect(other).not.to.have.property("blobs");
      expect((await transactions.reassign(key, 7n, 0n)).blobs).to.deep.equal(blobs);

      const outcome = { hash: id("one"), succeeded: true, blockNumber: 9n, gasUsed: 21_000n };
      await transactions.settleMined(key, outcome);
      expect(await transactions.find(key)).not.to.have.property("blobs");
      expect((await transactions.keepBlobs(key, blobs)).blobs).to.deep.equal(blobs);
      expect((await transactions.reopen(key)).blobs).to.deep.equal(blobs);
      await transactions.settleAbandoned(key);
      expect(await transactions.find(key)).not.to.have.property("blobs");
    });

    it("lists open rows by nonce", async () => {
      const { transactions } = store;
      await transactions.reserveAt(request("b"), 9n);
      await transactions.reserveAt(request("a"), 5n);
      await transactions.reserveAt(request("c"), 7n);
      await transactions.settleMined(
        { ...ACCOUNT, key: "c" },
        { hash: id("c"), succeeded: true, blockNumber: 1n, gasUsed: 1n },
      );
      expect((await transactions.open(ACCOUNT)).map((row) => row.key)).to.deep.equal(["a", "b"]);
      expect(await transactions.open({ ...ACCOUNT, chainId: 1n })).to.deep.equal([]);
    });
  });
}

describe("Store", () => {
  describe("over SQLite", () => {
    let directory: string;
    let count = 0;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "relayer-store-"));
    });

    after(async () => {
      await rm(directory, { recursive: true, force: true });
    });

    it("syncs every commit to the disk", async () => {
      const engine = openSqlite(join(directory, "pragmas.sqlite"));
      const read = async (pragma: string): Promise<unknown> =>
        Object.values((await sql.raw<Record<string, unknown>>(`pragma ${pragma}`).execute(engine.db)).rows[0] ?? {})[0];
      expect(await read("journal_mode")).to.equal("wal");
      expect(await read("synchronous")).to.equal(2n);
      expect(await read("foreign_keys")).to.equal(1n);
      await engine.close();
    });

    shouldBehaveLikeAStore(async () => ({ sqlite: join(directory, "new", `${count++}.sqlite`) }));
  });

  describe("over PostgreSQL", () => {
    let server: LocalPostgres;
    let count = 0;

    before(async () => {
      server = await startPostgres();
    });

    after(async () => {
      await server.stop();
    });

    shouldBehaveLikeAStore(async () => ({ postgres: await server.createDatabase(`store${count++}`) }));
  });
});
