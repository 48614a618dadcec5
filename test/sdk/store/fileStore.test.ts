import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { SdkError } from "../../../sdk/errors";
import { FileStore } from "../../../sdk/store/fileStore";

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SdkError) return error.code;
    throw error;
  }
  return "done";
}

describe("FileStore", () => {
  let folder: string;
  let journal: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "channels-"));
    journal = join(folder, "channels.journal");
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function stored(save: (store: FileStore) => Promise<unknown>): Promise<void> {
    const store = await FileStore.open(folder);
    await save(store);
    await store.close();
  }

  for (const durability of ["process", "power"] as const) {
    it(`has after reopening what was saved last (${durability})`, async () => {
      const store = await FileStore.open(folder, { durability });
      await Promise.all([store.save("0xa", "one"), store.save("0xb", "two words"), store.save("0xa", "three")]);
      await store.close();
      const again = await FileStore.open(folder);
      expect(await again.load("0xa")).to.equal("three");
      expect(await again.load("0xb")).to.equal("two words");
      expect(await again.load("0xc")).to.equal(undefined);
      expect(await again.channels()).to.deep.equal(["0xa", "0xb"]);
      await again.close();
    });
  }

  it("has written a record when saving it is done", async () => {
    const store = await FileStore.open(folder);
    await store.save("0xa", "record");
    expect(await readFile(journal, "utf8")).to.contain(" 0xa record\n");
    await store.close();
  });

  it("forgets no more than the last batch where it is torn, at whichever byte", async () => {
    await stored(async (store) => {
      await store.save("0xa", "one");
      await store.save("0xa", "two");
    });
    const { size } = await stat(journal);
    const first = (await readFile(journal, "utf8")).indexOf("\n") + 1;
    for (let bytes = first; bytes < size; bytes++) {
      await truncate(journal, bytes);
      await stored(async (store) => expect(await store.load("0xa")).to.equal("one"));
      expect((await stat(journal)).size).to.equal(first);
      await stored((store) => store.save("0xa", "two"));
    }
  });

  it("takes whole lines of a torn batch behind a bad one for torn too", async () => {
    // The first is written alone; the others wait for it and go together.
    await stored((store) =>
      Promise.all([store.save("0xa", "one"), store.save("0xa", "two"), store.save("0xb", "three")]),
    );
    await writeFile(journal, (await readFile(journal, "utf8")).replace("0xa two", "0xa tvo"));
    await stored(async (store) => {
      expect(await store.load("0xa")).to.equal("one");
      expect(await store.load("0xb")).to.equal(undefined);
    });
  });

  it("refuses a journal that is damaged before its last batch", async () => {
    await stored(async (store) => {
      await store.save("0xa", "one");
      await store.save("0xa", "two");
      await store.save("0xa", "three");
    });
    const text = await readFile(journal, "utf8");
    await writeFile(journal, text.replace("one", "0ne"));
    expect(await codeOf(FileStore.open(folder))).to.equal("STORE_CORRUPT");
  });

  it("rewrites the journal to what lives when it has grown", async () => {
    const store = await FileStore.open(folder, { durability: "process", compactAboveBytes: 4_096 });
    await store.save("0xb", "kept");
    for (let save = 0; save < 500; save++) await store.save("0xa", `${save}`.padStart(100, "-"));
    await store.close();
    expect((await stat(journal)).size).to.be.lessThan(8_192);
    const again = await FileStore.open(folder);
    expect(await again.load("0xa")).to.equal("499".padStart(100, "-"));
    expect(await again.load("0xb")).to.equal("kept");
    await again.close();
  });

  it("is held by one process at a time, and taken over from a dead one", async () => {
    const store = await FileStore.open(folder);
    expect(await codeOf(FileStore.open(folder))).to.equal("STORE_LOCKED");
    await store.close();
    // No process has the highest number that a pid can have.
    await writeFile(join(folder, "lock"), "4194304");
    await (await FileStore.open(folder)).close();
  });

  it("promises nothing more after a write has failed", async () => {
    const store = await FileStore.open(folder);
    await store.save("0xa", "one");
    await store.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      const failed = await store.save("0xa", "two").then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
    }
  });
});
