import { expect } from "chai";
import { RelayerError } from "../../../relayer/errors";
import { headerHash, verifyHeader } from "../../../relayer/chain/blockHeader";
import mainnet from "../../vectors/ethereum-block-23535880.json";
import { startAnvil, startHardhatNode } from "../../../scripts/local/nodes";

type Header = Record<string, unknown>;

function refusal(header: Header): unknown {
  try {
    return verifyHeader(header);
  } catch (error) {
    return error;
  }
}

describe("verifyHeader", () => {
  it("rehashes a block of Ethereum's mainnet", () => {
    const block = verifyHeader(mainnet);
    expect(block).to.include({ number: 23_535_880n, hash: mainnet.hash, stateRoot: mainnet.stateRoot });
    expect(headerHash(mainnet)).to.equal(mainnet.hash);
  });

  it("refuses a header with any field changed", () => {
    for (const [name, value] of Object.entries(mainnet)) {
      const last = value.endsWith("1") ? "2" : "1";
      const error = refusal({ ...mainnet, [name]: value.slice(0, -1) + last });
      expect(error, name).to.be.instanceOf(RelayerError);
      expect(error, name).to.have.property("code", "HEADER_HASH_MISMATCH");
    }
  });

  it("refuses a header with a field missing", () => {
    for (const name of ["parentBeaconBlockRoot", "requestsHash", "baseFeePerGas"]) {
      expect(refusal({ ...mainnet, [name]: null }), name).to.have.property("code", "HEADER_HASH_MISMATCH");
    }
    expect(refusal({ ...mainnet, stateRoot: undefined })).to.have.property("code", "ENDPOINT_UNAVAILABLE");
  });

  it("tolerates fields that the block's hardfork does not hash", () => {
    expect(verifyHeader({ ...mainnet, size: "0x1", totalDifficulty: null }).hash).to.equal(mainnet.hash);
  });

  for (const hardfork of ["london", "cancun", "prague", "osaka"]) {
    it(`rehashes blocks of anvil and of hardhat node under ${hardfork}`, async () => {
      for (const start of [startAnvil, startHardhatNode]) {
        const node = await start({ chainId: 31_503, hardfork });
        try {
          const [account] = await node.rpc<string[]>("eth_accounts");
          await node.rpc("eth_sendTransaction", [{ from: account, to: account, value: "0x1" }]);
          // The node answers before it has mined; this waits for a block, the transaction's own or one after it.
          await node.rpc("evm_mine", []);
          for (const number of ["0x0", "0x1"]) {
            const header = await node.rpc<Header>("eth_getBlockByNumber", [number, false]);
            expect(verifyHeader(header).hash, `${start.name} ${number}`).to.equal(header.hash);
          }
        } finally {
          await node.stop();
        }
      }
    });
  }
});
