import { expect } from "chai";
import { FunctionFragment, Interface, type Fragment } from "ethers";
import { artifacts } from "hardhat";
import { ATTRIBUTES, GATEWAY } from "../../../relayer/cassini/gatewayInterface";
import { LIVENESS } from "../../../relayer/cassini/livenessInterface";
import { REGISTRY } from "../../../relayer/cassini/registryInterface";
import { ROLLUP } from "../../../relayer/rollup/rollupInterface";
import { CHANNELS } from "../../../relayer/watchtower/channelsInterface";
import { deployHome } from "../../support/deployment";

/** Everything that a caller or a reader of logs depends on, names included: answers are read by them. */
const shapeOf = (fragment: Fragment): string => fragment.format("full");

describe("the interfaces that the relayer has without a build", () => {
  for (const [name, contract] of [
    ["Gateway", GATEWAY],
    ["ValidatorRegistry", REGISTRY],
    ["Liveness", LIVENESS],
    ["StateChannels", CHANNELS],
    ["Rollup", ROLLUP],
  ] as const) {
    it(`name nothing of ${name} but what was compiled`, async () => {
      const { abi } = await artifacts.readArtifact(name);
      const compiled = new Set(new Interface(abi).fragments.map(shapeOf));
      const wrong = contract.fragments.map(shapeOf).filter((shape) => !compiled.has(shape));
      expect(wrong).to.deep.equal([]);
    });
  }

  it("name only attributes that a gateway takes", async () => {
    const { gateway } = await deployHome();
    const refused: string[] = [];
    for (const { name, selector } of ATTRIBUTES.fragments.filter((each) => each instanceof FunctionFragment)) {
      if (!(await gateway.supportsAttribute(selector))) refused.push(name);
    }
    expect(refused).to.deep.equal([]);
  });
});
