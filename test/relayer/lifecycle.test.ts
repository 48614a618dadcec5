import { expect } from "chai";
import { EventEmitter, once } from "node:events";
import { Writable } from "node:stream";
import { RelayerError } from "../../relayer/errors";
import { runUntilStopped } from "../../relayer/lifecycle";
import { createLog, withoutCredentials, type Log } from "../../relayer/log";

function collectingLog(): { readonly log: Log; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: createLog({ operator: "test", level: "debug" }, sink), lines };
}

const untilAborted = (signal: AbortSignal): Promise<unknown> => once(signal, "abort");

describe("relayer lifecycle", () => {
  for (const name of ["SIGTERM", "SIGINT"]) {
    it(`drains and closes in order on ${name}`, async () => {
      const signals = new EventEmitter();
      const seen: string[] = [];
      const close = (part: string) => ({ name: part, close: async () => void seen.push(part) });
      const running = runUntilStopped(
        async (signal) => {
          await untilAborted(signal);
          await new Promise((resolve) => setImmediate(resolve));
          seen.push("drained");
        },
        [close("api"), close("store")],
        { log: collectingLog().log, drainMs: 5_000, signals },
      );
      signals.emit(name);
      signals.emit(name);
      expect(await running).to.equal(0);
      expect(seen).to.deep.equal(["drained", "api", "store"]);
      expect(signals.listenerCount(name)).to.equal(0);
    });
  }

  it("abandons work that does not end, and still closes", async () => {
    const signals = new EventEmitter();
    let closed = false;
    const running = runUntilStopped(
      () => new Promise(() => undefined),
      [{ name: "store", close: async () => void (closed = true) }],
      { log: collectingLog().log, drainMs: 10, signals },
    );
    signals.emit("SIGTERM");
    expect(await running).to.equal(1);
    expect(closed).to.equal(true);
  });

  it("closes everything and says so when the work or a part fails", async () => {
    const { log, lines } = collectingLog();
    let closed = false;
    const code = await runUntilStopped(
      () => Promise.reject(new RelayerError("STORE_INCOMPATIBLE", "newer", { context: { storeVersion: 9n } })),
      [
        { name: "api", close: () => Promise.reject(new Error("stuck")) },
        { name: "store", close: async () => void (closed = true) },
      ],
      { log, drainMs: 10, signals: new EventEmitter() },
    );
    expect(code).to.equal(1);
    expect(closed).to.equal(true);
    expect(lines.map((line) => line.msg)).to.deep.equal([
      "the work ended by an error",
      "a part did not close",
      "stopped",
    ]);
    expect(lines[0]?.error).to.deep.include({ code: "STORE_INCOMPATIBLE", context: { storeVersion: "9" } });
  });

  it("keeps secrets and endpoint credentials out of the log", () => {
    const { log, lines } = collectingLog();
    const url = "https://user:secret@rpc.example:8443/v3/secret?key=secret";
    log.info(
      { endpoint: url, nested: { urls: [url] }, privateKey: "secret", sender: { privateKey: "secret" } },
      "told",
    );
    log.warn({ error: new Error(`no answer from ${url}`, { cause: new Error(url) }) }, "failed");
    expect(JSON.stringify(lines)).not.to.include('secret"').and.not.to.include("secret@").and.not.to.include("v3");
    expect(lines[0]?.endpoint).to.equal("https://rpc.example:8443/…");
    expect(withoutCredentials("postgres://u:p@db:5432/relayer")).to.equal("postgres://db:5432/…");
    expect(withoutCredentials("http://127.0.0.1:8545: no answer")).to.equal("http://127.0.0.1:8545: no answer");
    expect(withoutCredentials("at http://127.0.0.1:8545 now")).to.equal("at http://127.0.0.1:8545 now");
  });
});
