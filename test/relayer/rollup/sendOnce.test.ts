import { expect } from "chai";
import { gasLimitFor } from "../../../relayer/rollup/sendOnce";

describe("gas of what is sent to the rollup", () => {
  it("is a fifth more than estimated, up to what a transaction may have", () => {
    expect(gasLimitFor(1_000_000n)).to.equal(1_200_000n);
    expect(gasLimitFor(14_500_000n)).to.equal(16_777_216n);
    expect(gasLimitFor(16_777_216n)).to.equal(16_777_216n);
  });

  it("is not cut below what is needed, where a chain allows more", () => {
    expect(gasLimitFor(20_000_000n)).to.equal(24_000_000n);
  });
});
