import { expect } from "chai";
import { IDBFactory } from "fake-indexeddb";
import { SdkError } from "../../../sdk/errors";
import { IndexedDbStore, type IndexedDb, type WebLocks } from "../../../sdk/store/indexedDbStore";
import { take } from "../channel/countdown";
import { channelOf, join, mesh } from "../channel/support";

const NAME = "cos-channels";
/** A browser that may not store any more. */
const FULL = new Error("the quota is exceeded");

type Opened = ReturnType<IndexedDb["open"]>;
type Database = Opened["result"];

/** Locks of one browser's tabs, exclusive ones alone. */
class FakeLocks implements WebLocks {
  private readonly held = new Set<string>();

  async request(
    name: string,
    _options: { readonly ifAvailable: true },
    held: (lock: object | null) => Promise<void>,
  ): Promise<void> {
    if (this.held.has(name)) return held(null);
    this.held.add(name);
    try {
      await held({ name });
    } finally {
      this.held.delete(name);
    }
  }
}

/** A browser whose databases are made by `make` of the real ones. */
function browserOf(factory: IndexedDb, make: (database: Database) => Database): IndexedDb {
  return {
    open(name, version) {
      const opening = factory.open(name, version);
      return new Proxy(opening, {
        get: (target, key) => (key === "result" ? make(target.result) : (Reflect.get(target, key) as unknown)),
        set: (target, key, value) => Reflect.set(target, key, value),
      });
    },
  };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "done",
    (error: unknown) => (error instanceof SdkError ? error.code : error),
  );
}

describe("IndexedDbStore", () => {
  let factory: IndexedDb;
  let locks: WebLocks;

  beforeEach(() => {
    factory = new IDBFactory() as unknown as IndexedDb;
    locks = new FakeLocks();
  });

  const open = (given = factory): Promise<IndexedDbStore> => IndexedDbStore.open(given, locks, NAME);

  it("has after reopening what was saved last", async () => {
    const store = await open();
    await Promise.all([store.save("0xa", "one"), store.save("0xb", "two"), store.save("0xa", "three")]);
    await store.close();
    const again = await open();
    expect(await again.load("0xa")).to.equal("three");
    expect(await again.load("0xb")).to.equal("two");
    expect(await again.load("0xc")).to.equal(undefined);
    expect(await again.channels()).to.deep.equal(["0xa", "0xb"]);
  });

  it("stores what is being saved when it is closed", async () => {
    const store = await open();
    const saved = store.save("0xa", "one");
    const closed = store.close();
    await saved;
    await closed;
    expect(await (await open()).load("0xa")).to.equal("one");
  });

  it("asks for every record that it survives the machine's death", async () => {
    const asked: unknown[] = [];
    const noting = browserOf(factory, (database) => ({
      createObjectStore: (name) => database.createObjectStore(name),
      transaction(name, mode, options) {
        asked.push([mode, options?.durability]);
        return database.transaction(name, mode, options);
      },
      close: () => database.close(),
    }));
    await (await open(noting)).save("0xa", "one");
    expect(asked).to.deep.equal([["readwrite", "strict"]]);
  });

  it("does not say that a record is stored where its transaction is undone", async () => {
    await (await open()).save("0xa", "one");
    locks = new FakeLocks();
    const full = browserOf(factory, (database) => ({
      createObjectStore: (name) => database.createObjectStore(name),
      transaction(name, mode, options) {
        const transaction = database.transaction(name, mode, options) as ReturnType<Database["transaction"]> & {
          abort(): void;
        };
        if (mode === "readwrite") queueMicrotask(() => transaction.abort());
        return transaction;
      },
      close: () => database.close(),
    }));
    const store = await open(full);
    expect(await failureOf(store.save("0xa", "two"))).not.to.equal("done");
    expect(await store.load("0xa")).to.equal("one");
  });

  it("is held by one tab at a time", async () => {
    const store = await open();
    expect(await failureOf(open())).to.equal("STORE_LOCKED");
    await store.close();
    await (await open()).close();
  });

  it("does not hold what it could not open", async () => {
    const broken: IndexedDb = {
      open() {
        throw FULL;
      },
    };
    expect(await failureOf(open(broken))).to.equal(FULL);
    await (await open()).close();
  });

  it("refuses a record that is none of its own", async () => {
    const store = await open();
    await store.save("0xa", { forged: true } as unknown as string);
    expect(await failureOf(store.load("0xa"))).to.equal("STORE_CORRUPT");
  });

  it("lets a page go on with its channel after it was loaded anew", async () => {
    const channel = channelOf(2);
    const [links, others] = mesh(2) as [Parameters<typeof join>[2], Parameters<typeof join>[2]];
    const store = await open();
    const page = await join(channel, 0, links, { store });
    const peer = await join(channel, 1, others);
    await Promise.all([page.client.begin({ stake: 1n, setup: "0x05" }), page.client.ready()]);
    await page.client.play(take(2));
    await page.client.leaveChannel();
    await store.close();

    const again = await open();
    const { client } = await join(channel, 0, links, { store: again });
    expect(client.agreed).to.deep.equal(peer.client.agreed);
    client.sync();
    await client.ready();
    const moved = peer.client.play(take(2));
    while (client.state.version < 3n) await new Promise((resolve) => setImmediate(resolve));
    await moved;
    await client.play(take(1));
    expect(client.state.gameState).to.equal("0x00010201");
    await again.close();
  });
});
