import { expect } from "chai";
import { hexlify } from "ethers";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchHash, type Batch } from "../../../protocol/ledger/batch";
import { Ledger } from "../../../protocol/ledger/ledger";
import { RelayerError } from "../../../relayer/errors";
import { firstBatch } from "../../../relayer/rollup/rollupInterface";
import { readSnapshot, writeSnapshot, type SnapshotHeader } from "../../../relayer/rollup/snapshot";
import { crypto, player } from "../../protocol/ledger/support";

const ROLLUP = { chainId: 31_337n, rollup: `0x${"ab".repeat(20)}` };

/** Leaves of every length, and an empty one between them. */
function sample(): { readonly ledger: Ledger; readonly batch: Batch; readonly entries: readonly Uint8Array[] } {
  const ledger = new Ledger(crypto);
  for (let number = 0; number < 5_000; number++) {
    ledger.append({ kind: "Balance", account: number, asset: 0, amount: BigInt(number) });
  }
  const session = { game: 1, stake: 5n, players: 2, joined: 1, phase: 0, moveSeconds: 7_200, lifeSeconds: 720_000 };
  const times = { deadline: 0n, endsBy: 0n, balances: [1, 0], state: new Uint8Array(900).fill(7) };
  ledger.append({ kind: "Session", ...session, ...times });
  ledger.append({ kind: "Exit", owner: player(1).address, asset: 0, amount: 1n });
  ledger.put(17, undefined);
  ledger.commit(3n);
  const { root, nextLeaf, queue } = ledger.state();
  const batch = { ...firstBatch({ number: 4n, timestamp: 1_000n }), number: 9n, state: { root, nextLeaf, queue } };
  return { ledger, batch, entries: [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(9)] };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

async function refusal(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof RelayerError) return error.code;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a snapshot of a rollup's state", () => {
  let directory: string;
  let path: string;
  const { ledger, batch, entries } = sample();
  const hash = hexlify(batchHash(crypto, batch));
  const trusts = (header: SnapshotHeader): Promise<boolean> => Promise.resolve(header.hash === hash);

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "snapshot-"));
    path = join(directory, "state");
    await writeSnapshot(path, { ...ROLLUP, batch, hash, queueBlock: 77n }, ledger, entries);
  });

  after(() => rmSync(directory, { recursive: true }));

  it("is read into any number of ledgers with the same state, and brings the queue behind it", async () => {
    const ledgers = [new Ledger(crypto), new Ledger(crypto)];
    const snapshot = await readSnapshot(createReadStream(path), ledgers, trusts);
    expect(snapshot.batch).to.deep.equal(batch);
    expect([snapshot.chainId, snapshot.rollup, snapshot.queueBlock]).to.deep.equal([31_337n, ROLLUP.rollup, 77n]);
    expect([...snapshot.queued]).to.deep.equal([
      [3n, entries[0]],
      [4n, entries[1]],
    ]);
    for (const read of ledgers) {
      expect(read.state()).to.deep.equal(ledger.state());
      expect(read.leaf(5_001)).to.deep.equal(ledger.leaf(5_001));
      expect(read.bytes(17)).to.equal(undefined);
      expect(read.prove(40)).to.deep.equal(ledger.prove(40));
    }
  });

  it("is refused before its leaves are read where its batch is not trusted", async () => {
    const read = new Ledger(crypto);
    const reading = readSnapshot(createReadStream(path), [read], () => Promise.resolve(false));
    expect(await refusal(reading)).to.equal("SNAPSHOT_REFUSED");
    expect(read.nextLeaf).to.equal(1);
  });

  for (const [what, spoil] of Object.entries<(bytes: Buffer) => Uint8Array>({
    "is none": (bytes) => bytes.fill(0, 0, 4),
    "is cut short": (bytes) => bytes.subarray(0, -40),
    "has another leaf": (bytes) => bytes.fill(0xee, 3_000, 3_001),
    "has another entry": (bytes) => bytes.fill(0xee, bytes.length - 100, bytes.length - 99),
    "has another checksum": (bytes) => bytes.fill(0, bytes.length - 1),
    "has a header that is malformed": (bytes) => bytes.fill(0x7b, 13, 40),
  })) {
    it(`is refused where it ${what}`, async () => {
      const bytes = spoil(Buffer.from(readFileSync(path)));
      expect(await refusal(readSnapshot(pieces(bytes), [new Ledger(crypto)], trusts))).to.equal("SNAPSHOT_REFUSED");
    });
  }
});
