import { SdkError } from "../errors";
import type { StateStore } from "./stateStore";

/** Any listener: a browser's own types say more about what it is called with. */
type Listener = ((event: never) => void) | null;

/** What is used of a browser's IndexedDB: Node, whose types this repository has, knows it not. */
interface Request<Result> {
  readonly result: Result;
  readonly error: unknown;
  onsuccess: Listener;
  onerror: Listener;
}

interface OpenRequest extends Request<Database> {
  onupgradeneeded: Listener;
}

interface Transaction {
  readonly error: unknown;
  oncomplete: Listener;
  onabort: Listener;
  objectStore(name: string): {
    get(key: string): Request<unknown>;
    getAllKeys(): Request<readonly unknown[]>;
    put(value: string, key: string): Request<unknown>;
  };
}

interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: "readonly" | "readwrite", options?: { readonly durability: "strict" }): Transaction;
  close(): void;
}

export interface IndexedDb {
  open(name: string, version: number): OpenRequest;
}

/** What is used of the browser's Web Locks. */
export interface WebLocks {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    held: (lock: object | null) => Promise<void>,
  ): Promise<unknown>;
}

const RECORDS = "channels";

/** Browsers: one database of the page's origin. Strict durability: a saved record survives the machine's death too. */
export class IndexedDbStore implements StateStore {
  private constructor(
    private readonly database: Database,
    private readonly release: () => Promise<void>,
  ) {}

  /**
   * `IndexedDbStore.open(indexedDB, navigator.locks, "cos-channels")`. Throws STORE_LOCKED where another tab holds it: two
   * tabs with one key could sign against each other.
   */
  static async open(factory: IndexedDb, locks: WebLocks, name: string): Promise<IndexedDbStore> {
    const release = await holdLock(locks, name);
    try {
      const opening = factory.open(name, 1);
      opening.onupgradeneeded = () => void opening.result.createObjectStore(RECORDS);
      return new IndexedDbStore(await resultOf(opening), release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async load(channelId: string): Promise<string | undefined> {
    const found = await resultOf(this.database.transaction(RECORDS, "readonly").objectStore(RECORDS).get(channelId));
    if (found !== undefined && typeof found !== "string")
      throw new SdkError("STORE_CORRUPT", { context: { channelId } });
    return found;
  }

  save(channelId: string, record: string): Promise<void> {
    const transaction = this.database.transaction(RECORDS, "readwrite", { durability: "strict" });
    transaction.objectStore(RECORDS).put(record, channelId);
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error as Error);
    });
  }

  async channels(): Promise<readonly string[]> {
    const keys = await resultOf(this.database.transaction(RECORDS, "readonly").objectStore(RECORDS).getAllKeys());
    return keys.map(String);
  }

  /** What is being saved is still stored. Resolves when another tab may open it. */
  async close(): Promise<void> {
    this.database.close();
    await this.release();
  }
}

function resultOf<Result>(request: Request<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
}

/** Resolves once the lock is held, until the returned function has resolved or the tab is closed. */
function holdLock(locks: WebLocks, name: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const request: Promise<unknown> = locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return Promise.reject(new SdkError("STORE_LOCKED", { context: { name } }));
      return new Promise((release) => {
        resolve(async () => {
          release();
          await request;
        });
      });
    });
    request.catch(reject);
  });
}
