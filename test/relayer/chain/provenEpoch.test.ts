import { expect } from "chai";
import { Wallet, concat, id, toBeHex } from "ethers";
import { QUORUM_SLOT, epochSlot } from "../../../protocol/laneStorage";
import { sortSigners } from "../../../protocol/quorum";
import { EndpointQuorum } from "../../../relayer/chain/endpointQuorum";
import { RelayerError } from "../../../relayer/errors";
import type { VerifiedBlock } from "../../../relayer/ports";
import { startAnvil, type LocalNode } from "../../../scripts/local/nodes";

const GATEWAY = `0x${"aa".repeat(20)}`;
const SET = `0x${"5e".repeat(20)}`;
const SIGNERS = sortSigners(["a", "b", "c", "d"].map((name) => new Wallet(id(name)).address));

describe("EndpointQuorum.currentEpoch", () => {
  let node: LocalNode;
  let reader: EndpointQuorum;
  const { signal } = new AbortController();

  const latest = async (): Promise<VerifiedBlock> => {
    await node.rpc("evm_mine");
    return reader.finalized(signal);
  };

  before(async () => {
    node = await startAnvil({ chainId: 31337 });
    reader = new EndpointQuorum({ chainId: 31337n, endpoints: [node.url], quorum: 1, finality: "latest" });
    await node.rpc("anvil_setCode", [GATEWAY, "0x00"]);
    await node.rpc("anvil_setNonce", [GATEWAY, "0x1"]);
  });

  after(async () => {
    await node.stop();
  });

  it("finds no epoch where there is none", async () => {
    expect(await reader.currentEpoch(GATEWAY, await latest(), signal)).to.deep.equal({
      epoch: 0n,
      validUntil: 0n,
      signers: [],
    });
  });

  it("proves the current epoch and its set", async () => {
    const floor = 1n << 64n;
    await node.rpc("anvil_setStorageAt", [GATEWAY, QUORUM_SLOT, toBeHex(floor | 7n, 32)]);
    await node.rpc("anvil_setStorageAt", [GATEWAY, epochSlot(7n), toBeHex((99n << 160n) | BigInt(SET), 32)]);
    await node.rpc("anvil_setCode", [SET, concat(["0x00", ...SIGNERS])]);
    expect(await reader.currentEpoch(GATEWAY, await latest(), signal)).to.deep.equal({
      epoch: 7n,
      validUntil: 99n,
      signers: SIGNERS,
    });
  });

  it("refuses a set that the block's state does not hold", async () => {
    const block = await latest();
    await node.rpc("anvil_setCode", [SET, concat(["0x00", ...SIGNERS.slice(1)])]);
    const error = (await reader.currentEpoch(GATEWAY, block, signal).catch((reason: unknown) => reason)) as unknown;
    expect(error).to.be.instanceOf(RelayerError);
    expect((error as RelayerError).code).to.equal("PROOF_INVALID");
  });
});
