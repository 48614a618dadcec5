import { expect } from "chai";
import { Interface, type Log, type Provider, type Signer } from "ethers";
import { ContractClient } from "../../../sdk/chain/contractClient";
import { pause } from "../../../sdk/chain/pause";
import { SdkError } from "../../../sdk/errors";

const ADDRESS = "0x00000000000000000000000000000000000000C1";
const ABI = new Interface([
  "function owed(address account) view returns (uint256)",
  "function pay(uint256 amount)",
  "error NothingOwed(address account)",
]);
const ACCOUNT = "0x000000000000000000000000000000000000000A";

/** What ethers throws where the chain reverts. */
function revert(data: string | null): Error {
  return Object.assign(new Error("reverted"), { code: "CALL_EXCEPTION", data, revert: null });
}

/** A client of a provider that answers as a test says. */
function clientOf(provider: Partial<Record<keyof Provider, unknown>>): ContractClient {
  return new ContractClient(ADDRESS, ABI, provider as unknown as Provider);
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    const { method, error: name, args } = error.context;
    return [error.code, method, ...(name === undefined ? [] : [name, args])];
  }
  return "done";
}

describe("ContractClient", () => {
  it("reads what the contract returns", async () => {
    const asked: unknown[] = [];
    const client = clientOf({
      call: async (call: unknown) => {
        asked.push(call);
        return ABI.encodeFunctionResult("owed", [7n]);
      },
    });
    expect(await client.read("owed", [ACCOUNT])).to.deep.equal([7n]);
    expect(asked).to.deep.equal([{ to: ADDRESS, data: ABI.encodeFunctionData("owed", [ACCOUNT]) }]);
  });

  it("names the contract's error with what it says", async () => {
    const data = ABI.encodeErrorResult("NothingOwed", [ACCOUNT]);
    const client = clientOf({ call: () => Promise.reject(revert(data)) });
    expect(await failureOf(client.read("owed", [ACCOUNT]))).to.deep.equal([
      "CHAIN_REVERTED",
      "owed",
      "NothingOwed",
      [ACCOUNT],
    ]);
  });

  it("tells a revert that it does not know from an endpoint that failed", async () => {
    const cut = ABI.encodeErrorResult("NothingOwed", [ACCOUNT]).slice(0, -2);
    for (const data of ["0x", "0x1234", "0x12345678", cut, null]) {
      const failed = await failureOf(clientOf({ call: () => Promise.reject(revert(data)) }).read("owed", [ACCOUNT]));
      expect((failed as unknown[]).slice(0, 3), `${data}`).to.deep.equal(["CHAIN_REVERTED", "owed", "unknown"]);
    }
    const failures = [() => Promise.reject(new Error("no connection")), async () => "0x", async () => "0x01"];
    for (const call of failures) {
      expect(((await failureOf(clientOf({ call }).read("owed", [ACCOUNT]))) as unknown[])[0]).to.equal("CHAIN_FAILED");
    }
  });

  it("waits for what it sends, and says where nothing came of it", async () => {
    const receipt = { hash: "0x01" };
    const sent: unknown[] = [];
    const signer = (wait: (confirmations: number) => Promise<unknown>): Signer =>
      ({
        sendTransaction: async (transaction: unknown) => {
          sent.push(transaction);
          return { wait };
        },
      }) as unknown as Signer;
    const client = clientOf({});
    const waited: number[] = [];
    const mined = async (confirmations: number): Promise<unknown> => {
      waited.push(confirmations);
      return receipt;
    };
    expect(await client.write(signer(mined), "pay", [5n], 9n, 3)).to.equal(receipt);
    expect(sent).to.deep.equal([{ to: ADDRESS, data: ABI.encodeFunctionData("pay", [5n]), value: 9n }]);
    expect(waited).to.deep.equal([3]);
    expect(
      await failureOf(
        client.write(
          signer(async () => null),
          "pay",
          [5n],
        ),
      ),
    ).to.deep.equal(["CHAIN_FAILED", "pay"]);
    const lost = signer(() => Promise.reject(revert(ABI.encodeErrorResult("NothingOwed", [ACCOUNT]))));
    expect(((await failureOf(client.write(lost, "pay", [5n]))) as unknown[])[2]).to.equal("NothingOwed");
  });

  it("reads logs from the newest block on, never of more than 5,000 at once, and in their order", async () => {
    const asked: (readonly [number, number])[] = [];
    const client = clientOf({
      getBlockNumber: async () => 12_345,
      getLogs: async ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
        asked.push([fromBlock, toBlock]);
        return [fromBlock, toBlock].map((blockNumber) => ({ blockNumber }) as Log);
      },
    });
    const all = await client.logsBackwards([null], 7, () => false);
    expect(asked).to.deep.equal([
      [7_346, 12_345],
      [2_346, 7_345],
      [7, 2_345],
    ]);
    expect(all.map(({ blockNumber }) => blockNumber)).to.deep.equal([7, 2_345, 2_346, 7_345, 7_346, 12_345]);
    asked.length = 0;
    await client.logsBackwards([null], 7, (logs) => logs.length >= 4);
    expect(asked).to.have.length(2);
    asked.length = 0;
    expect(await client.logsBackwards([null], 12_346, () => false)).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
  });

  it("says that the endpoint failed where it has no logs or no block", async () => {
    const broken = (): Promise<never> => Promise.reject(new Error("pruned"));
    const client = clientOf({ getBlockNumber: broken, getBlock: broken });
    expect(await failureOf(client.logsBackwards([null], 0, () => false))).to.deep.equal(["CHAIN_FAILED", "getLogs"]);
    expect(await failureOf(client.time())).to.deep.equal(["CHAIN_FAILED", "getBlock"]);
    expect(await failureOf(clientOf({ getBlock: async () => null }).time())).to.deep.equal([
      "CHAIN_FAILED",
      "getBlock",
    ]);
    expect(await clientOf({ getBlock: async () => ({ timestamp: 9 }) }).time()).to.equal(9n);
  });
});

describe("pause", () => {
  it("ends with its signal", async () => {
    const aborted = new AbortController();
    const paused = pause(2 ** 30, aborted.signal);
    aborted.abort();
    await paused;
    await pause(2 ** 30, aborted.signal);
    await pause(1, new AbortController().signal);
  });
});
