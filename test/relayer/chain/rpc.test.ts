import { expect } from "chai";
import { RelayerError } from "../../../relayer/errors";
import { RpcClient, RpcError, redactUrl } from "../../../relayer/chain/rpc";
import { FaultyEndpoint } from "../../support/faultyEndpoint";
import { freePort, startAnvil, type LocalNode } from "../../../scripts/local/nodes";

describe("RpcClient", () => {
  let node: LocalNode;
  let proxy: FaultyEndpoint;
  const { signal } = new AbortController();

  before(async () => {
    node = await startAnvil({ chainId: 31_504 });
    proxy = await FaultyEndpoint.before(node.url);
  });

  after(async () => {
    await proxy.stop();
    await node.stop();
  });

  beforeEach(() => proxy.set());

  const thrown = (url: string, method = "eth_chainId", abort = signal): Promise<unknown> =>
    new RpcClient(url, 200).request(method, [], abort).catch((error: unknown) => error);

  it("returns the result of a call", async () => {
    expect(await new RpcClient(proxy.url, 1_000).request("eth_chainId", [], signal)).to.equal("0x7b10");
  });

  it("carries the code and the message of an endpoint's own error", async () => {
    proxy.set({ kind: "error", method: "eth_chainId", code: -32005, message: "slow down" });
    const error = await thrown(proxy.url);
    expect(error).to.be.instanceOf(RpcError);
    expect(error).to.include({ code: -32005, message: "slow down", method: "eth_chainId" });
  });

  it("calls an endpoint unavailable that hangs, fails, answers nonsense or is not there", async () => {
    const faults = [{ kind: "hang" }, { kind: "status", status: 500 }, { kind: "garbage" }] as const;
    for (const fault of faults) {
      proxy.set(fault);
      const error = await thrown(proxy.url);
      expect(error).to.be.instanceOf(RelayerError);
      expect(error).to.include({ code: "ENDPOINT_UNAVAILABLE", retriable: true });
    }
    expect(await thrown(`http://127.0.0.1:${await freePort()}`)).to.have.property("code", "ENDPOINT_UNAVAILABLE");
  });

  it("throws the reason of an aborted signal", async () => {
    proxy.set({ kind: "hang" });
    const controller = new AbortController();
    const waiting = thrown(proxy.url, "eth_chainId", controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting).to.equal(reason);
  });

  it("never shows the credentials of a URL", async () => {
    const secret = "http://user:passphrase@127.0.0.1:1/v3/apikey?token=hidden";
    expect(redactUrl(secret)).to.equal("http://127.0.0.1:1/…");
    const error = (await thrown(secret)) as RelayerError;
    for (const shown of [error.message, JSON.stringify(error.context)]) {
      expect(shown).not.to.match(/user|passphrase|apikey|hidden/);
    }
  });

  it("refuses what is not an HTTP URL", () => {
    for (const url of ["", "localhost:8545", "ws://127.0.0.1:8545"]) {
      expect(() => new RpcClient(url, 1))
        .to.throw(RelayerError)
        .with.property("code", "CONFIG_INVALID");
    }
  });
});
