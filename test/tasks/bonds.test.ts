import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { impersonateAccount, loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre, { ethers } from "hardhat";
import { parseEther } from "ethers";
import { deploy } from "../../deploy/deployment";
import { fileRecorder } from "../../deploy/record";
import type { COSToken, Delegation } from "../../typechain-types";
import { Refusal } from "../../tasks/refusal";
import { businessParameters, homeParameters, optionsFor } from "../support/deployment";

const DAY = 86_400;
/** By index: who delegates, and who is the validator. */
const [DELEGATOR, VALIDATOR] = [8, 9];

interface BondsFixture {
  readonly file: string;
  readonly delegation: Delegation;
  readonly cos: COSToken;
  readonly delegator: string;
  readonly validator: string;
  settle(): Promise<void>;
  slash(bps: number): Promise<void>;
}

async function acting(account: string) {
  await impersonateAccount(account);
  await setBalance(account, parseEther("100"));
  return ethers.getSigner(account);
}

const recordFile = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), "bonds-")), "record.json");

/** A validator with a pool, a delegator with 1,000 COS, and a funded stream of rewards. */
async function opened(): Promise<BondsFixture> {
  const file = await recordFile();
  const options = { ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) };
  const { delegation, token, validatorRegistry, accessManager, record } = await deploy(options);
  if (delegation === undefined || token === undefined || validatorRegistry === undefined) throw new Error("not home");
  const signers = await ethers.getSigners();
  const [delegator, validator] = [signers[DELEGATOR]!.address, signers[VALIDATOR]!.address];
  const address = await delegation.getAddress();
  const { cos } = token;
  const as = async (name: string) => {
    const selector = delegation.interface.getFunction(name as "slash").selector;
    const role = await accessManager.getTargetFunctionRole(address, selector);
    const granted = await accessManager.queryFilter(accessManager.filters.RoleGranted(role));
    return delegation.connect(await acting(granted[0]!.args.account));
  };
  await (await as("open")).open(validator, 2_000, 500, 1_000);
  const vault = await acting(record.contracts.EcosystemVault?.address ?? "");
  await cos.connect(vault).transfer(delegator, parseEther("1000"));
  await cos.connect(vault).approve(address, parseEther("86400"));
  await delegation.connect(vault).fund(parseEther("86400"), (await time.latest()) + 10 * DAY);
  return {
    file,
    delegation,
    cos,
    delegator,
    validator,
    async settle() {
      await time.increase(DAY);
      const epoch = (await delegation.currentRewardEpoch()) - 1n;
      await (await as("settle")).settle(epoch, validator, [validator]);
    },
    async slash(bps) {
      await (await as("slash")).slash(validator, bps);
    },
  };
}

/** As {@link opened}, with 100 COS bonded. */
async function bonded(): Promise<BondsFixture> {
  const fixture = await opened();
  await run(fixture, "validator:delegate", { amount: "100" });
  return fixture;
}

function run<Result = unknown>(
  { file, validator }: BondsFixture,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Result> {
  const common = { deployment: file, quiet: true, from: String(DELEGATOR) };
  return hre.run(name, {
    ...common,
    ...(name === "validator:commission" ? {} : { validator }),
    ...args,
  }) as Promise<Result>;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error, error?.stack).to.be.instanceOf(Refusal);
  return error?.message ?? "";
}

describe("tasks of bonds", () => {
  describe("validator:delegate", () => {
    it("approves and bonds, and shows the bond", async () => {
      const fixture = await loadFixture(opened);
      const { delegation, cos, delegator, validator } = fixture;
      const result = await run(fixture, "validator:delegate", { amount: "12.5" });
      expect(result).to.deep.equal({ bond: parseEther("12.5"), total: parseEther("12.5") });
      expect((await delegation.positionOf(validator, delegator)).bond).to.equal(parseEther("12.5"));
      expect(await cos.allowance(delegator, await delegation.getAddress())).to.equal(0n);
    });

    it("approves nothing where enough is approved", async () => {
      const fixture = await loadFixture(opened);
      const { delegation, cos, delegator } = fixture;
      const address = await delegation.getAddress();
      await cos.connect(await ethers.getSigner(delegator)).approve(address, parseEther("50"));
      await run(fixture, "validator:delegate", { amount: "20" });
      expect(await cos.allowance(delegator, address)).to.equal(parseEther("30"));
    });

    it("refuses bad input in words", async () => {
      const fixture = await loadFixture(opened);
      const { delegator } = fixture;
      const words = (args: Readonly<Record<string, unknown>>): Promise<string> =>
        refusal(run(fixture, "validator:delegate", { amount: "1", ...args }));
      expect(await words({ validator: "0x12" })).to.contain("--validator 0x12: not an address");
      expect(await words({ amount: "much" })).to.contain("--amount much: not an amount");
      expect(await words({ validator: delegator })).to.contain("no validator has registered with this account");
      expect(await words({ amount: "1001" })).to.contain("the account holds less than this");
    });

    it("refuses on a chain without validators", async () => {
      const file = await recordFile();
      await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
      const fixture = { file, validator: "0x00000000000000000000000000000000c0ffee97" } as BondsFixture;
      expect(await refusal(run(fixture, "validator:claim"))).to.contain("bonds are on the home chain");
    });
  });

  describe("validator:undelegate and validator:withdraw", () => {
    it("take a part out, and pay it 15 days later", async () => {
      const fixture = await loadFixture(bonded);
      const { delegation, cos, delegator, validator } = fixture;
      const { id } = await run<{ id: bigint }>(fixture, "validator:undelegate", { amount: "30" });
      expect(id).to.equal(0n);
      expect(await delegation.bondOf(validator)).to.equal(parseEther("70"));
      expect(await refusal(run(fixture, "validator:withdraw"))).to.contain("nothing is ready");
      expect(await refusal(run(fixture, "validator:withdraw", { id: "0" }))).to.contain("Still unbonding");
      await time.increase(15 * DAY);
      const result = await run(fixture, "validator:withdraw", { to: validator });
      expect(result).to.deep.equal({ paid: parseEther("30"), ids: [0n] });
      expect(await cos.balanceOf(validator)).to.equal(parseEther("30"));
      expect(await cos.balanceOf(delegator)).to.equal(parseEther("900"));
    });

    it("take all out without an amount, in COS after a slash, and pay all that is ready", async () => {
      const fixture = await loadFixture(bonded);
      const { delegation, cos, delegator, validator } = fixture;
      await fixture.slash(3_000);
      await run(fixture, "validator:undelegate", { amount: "20" });
      await run(fixture, "validator:undelegate", { amount: "35" });
      expect((await delegation.positionOf(validator, delegator)).bond).to.be.within(
        parseEther("15") - 2n,
        parseEther("15"),
      );
      await time.increase(DAY);
      await run(fixture, "validator:undelegate");
      expect((await delegation.positionOf(validator, delegator)).shares).to.equal(0n);
      await time.increase(14 * DAY);
      expect((await run<{ ids: bigint[] }>(fixture, "validator:withdraw")).ids).to.deep.equal([0n, 1n]);
      await time.increase(DAY);
      expect((await run<{ ids: bigint[] }>(fixture, "validator:withdraw")).ids).to.deep.equal([2n]);
      expect(await cos.balanceOf(delegator)).to.be.within(parseEther("970") - 3n, parseEther("970"));
    });

    it("take exactly the whole bond out by its amount", async () => {
      const fixture = await loadFixture(bonded);
      const { delegation, delegator, validator } = fixture;
      await fixture.slash(5_000);
      await run(fixture, "validator:undelegate", { amount: "50" });
      expect((await delegation.positionOf(validator, delegator)).shares).to.equal(0n);
    });

    it("refuse bad input in words", async () => {
      const fixture = await loadFixture(bonded);
      expect(await refusal(run(fixture, "validator:undelegate", { amount: "101" }))).to.contain(
        "the bond is 100.0 COS",
      );
      expect(await refusal(run(fixture, "validator:undelegate", { from: "7" }))).to.contain("has no bond at");
      expect(await refusal(run(fixture, "validator:withdraw"))).to.contain("has taken nothing out");
      expect(await refusal(run(fixture, "validator:withdraw", { id: "3" }))).to.contain("none with this number");
      expect(await refusal(run(fixture, "validator:withdraw", { id: "x" }))).to.contain("--id x: not a whole number");
    });
  });

  describe("validator:claim", () => {
    it("pays a delegator, and the validator its commission", async () => {
      const fixture = await loadFixture(bonded);
      const { cos, delegator, validator } = fixture;
      expect(await refusal(run(fixture, "validator:claim"))).to.contain("wait for the next");
      await fixture.settle();
      const { paid } = await run<{ paid: bigint }>(fixture, "validator:claim");
      expect(await cos.balanceOf(delegator)).to.equal(parseEther("900") + paid);
      const own = await run<{ paid: bigint }>(fixture, "validator:claim", { from: String(VALIDATOR), to: delegator });
      // The commission is a tenth: the remainder is nine times as much, but for the rounding of two credits.
      expect(own.paid * 9n).to.be.within(paid - 20n, paid + 20n);
      expect(await cos.balanceOf(delegator)).to.equal(parseEther("900") + paid + own.paid);
      expect(await cos.balanceOf(validator)).to.equal(0n);
    });
  });

  describe("validator:commission", () => {
    it("changes it a day after the opening, within its bounds", async () => {
      const fixture = await loadFixture(opened);
      const set = (percent: string) => run(fixture, "validator:commission", { percent, from: String(VALIDATOR) });
      expect(await refusal(set("12"))).to.contain("one change in 24 hours");
      await time.increase(DAY);
      expect(await refusal(set("20.01"))).to.contain("the maximum was fixed at the registration");
      expect(await refusal(set("15.01"))).to.contain("change it in steps");
      expect(await refusal(set("a lot"))).to.contain("--percent a lot: not a percentage");
      expect(await refusal(set("1.234"))).to.contain("at most two decimals");
      expect(await set("12.5")).to.deep.equal({ commissionBps: 1_250n });
    });
  });
});
