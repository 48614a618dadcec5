import { expect } from "chai";
import { CHANNELS } from "../../../sdk/chain/channelsInterface";
import { explainContractError } from "../../../sdk/chain/contractErrors";
import { ENGINE } from "../../../sdk/chain/engineInterface";
import { ROLLUP, VAULT } from "../../../sdk/chain/rollupInterface";
import {
  IGameEngine__factory,
  IRollup__factory,
  IRollupVault__factory,
  IStateChannels__factory,
} from "../../../typechain-types";

describe("the SDK's interfaces", () => {
  for (const [name, own, whole] of [
    ["StateChannels", CHANNELS, IStateChannels__factory.createInterface()],
    ["GameEngine", ENGINE, IGameEngine__factory.createInterface()],
    ["RollupVault", VAULT, IRollupVault__factory.createInterface()],
  ] as const) {
    it(`has what ${name} has`, () => {
      for (const fragment of whole.fragments) {
        if (fragment.type === "error") {
          const error = own.getError((fragment as unknown as { selector: string }).selector);
          expect(error?.format(), fragment.format()).to.equal(fragment.format());
        }
      }
      for (const fragment of own.fragments) {
        if (fragment.type === "error") continue;
        expect(
          whole.fragments.some((each) => each.format("sighash") === fragment.format("sighash")),
          fragment.format(),
        ).to.equal(true);
      }
    });

    it(`has words for every error of ${name}`, () => {
      own.forEachError(({ name: error }) => expect(explainContractError(error), error).not.to.equal(undefined));
    });
  }

  it("has what it uses of Rollup", () => {
    const whole = IRollup__factory.createInterface();
    const known = whole.fragments.map((each) => each.format("sighash"));
    for (const fragment of ROLLUP.fragments) expect(known, fragment.format()).to.include(fragment.format("sighash"));
    ROLLUP.forEachError(({ name: error }) => expect(explainContractError(error), error).not.to.equal(undefined));
  });
});
