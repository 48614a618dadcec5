import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre, { ethers } from "hardhat";
import { Wallet, id, parseEther } from "ethers";
import { deploy, type Deployment } from "../../deploy/deployment";
import { CORE_NODE, consentOf } from "../../deploy/operators";
import { fileRecorder } from "../../deploy/record";
import { writeKeystore } from "../../relayer/keystore";
import { Refusal } from "../../tasks/refusal";
import type { ValidatorStatus } from "../../tasks/validator/status";
import { businessParameters, homeParameters, optionsFor, parts, startValidators } from "../support/deployment";

/** The first of the four operators, by index of its account; the candidate is nobody yet. */
const [FIRST, CANDIDATE] = [3, 12];
const PASSWORD = "correct horse";

interface ValidatorsFixture {
  readonly file: string;
  readonly folder: string;
  readonly deployment: Deployment;
  readonly candidate: string;
  /** The candidate's core node. */
  readonly position: bigint;
}

/** Four validators with epoch 1; one more account has a core node. */
async function running(): Promise<ValidatorsFixture> {
  const folder = await mkdtemp(join(tmpdir(), "validators-"));
  const file = join(folder, "record.json");
  const deployment = await deploy({ ...(await optionsFor(await homeParameters())), recorder: fileRecorder(file) });
  await startValidators(deployment);
  const { nodeStaking } = deployment;
  if (nodeStaking === undefined) throw new Error("not the home chain");
  const owner = (await ethers.getSigners())[CANDIDATE]!;
  // Cellular places open first.
  while (!(await nodeStaking.coreOpen())) await nodeStaking.connect(owner).pledge(0, 0, { value: parseEther("1") });
  const position = await nodeStaking.connect(owner).pledge.staticCall(CORE_NODE, 0, { value: parseEther("100") });
  await nodeStaking.connect(owner).pledge(CORE_NODE, 0, { value: parseEther("100") });
  return { file, folder, deployment, candidate: owner.address, position };
}

/** As {@link running}, with the fifth account registered as a candidate. */
async function registered(): Promise<ValidatorsFixture> {
  const fixture = await running();
  await run(fixture, "validator:register", await registration(fixture));
  return fixture;
}

async function registration({ deployment, candidate, position }: ValidatorsFixture) {
  const key = new Wallet(id("candidate's key"));
  const consent = await consentOf(deployment.validatorRegistry!, candidate, key);
  return {
    from: String(CANDIDATE),
    position: String(position),
    endpoint: "https://relayer.example",
    signer: key.address,
    consent,
    commission: "7.5",
  };
}

function run<Result = unknown>(
  { file }: ValidatorsFixture,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Result> {
  const defaults = { commission: "5", maxCommission: "20", maxChange: "1" };
  const common = { deployment: file, quiet: true, ...(name === "validator:register" ? defaults : {}) };
  return hre.run(name, { ...common, ...args }) as Promise<Result>;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error, error?.stack).to.be.instanceOf(Refusal);
  return error?.message ?? "";
}

const operator = async (index: number): Promise<string> => (await parts()).operators[index]!.getAddress();

describe("tasks of validators", () => {
  describe("validator:register", () => {
    it("makes the owner of a core node a candidate, with its commission", async () => {
      const fixture = await loadFixture(running);
      const { deployment, candidate } = fixture;
      expect(await run(fixture, "validator:register", await registration(fixture))).to.deep.equal({
        status: "candidate",
      });
      const pool = await deployment.delegation!.poolOf(candidate);
      expect([pool.commissionBps, pool.maxCommissionBps, pool.maxChangeBps]).to.deep.equal([750n, 2_000n, 100n]);
      expect(await deployment.nodeStaking!.boundPosition(candidate)).to.equal(fixture.position);
    });

    it("reads the signing key from a keystore", async () => {
      const fixture = await loadFixture(running);
      const [keystore, passwordFile] = [join(fixture.folder, "key.json"), join(fixture.folder, "password")];
      const key = new Wallet(id("key in a keystore"));
      await writeKeystore(keystore, key.privateKey, PASSWORD, { light: true });
      await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
      const { signer: _signer, consent: _consent, ...rest } = await registration(fixture);
      await run(fixture, "validator:register", { ...rest, keystore, passwordFile });
      expect((await fixture.deployment.validatorRegistry!.operatorOf(fixture.candidate)).signer).to.equal(key.address);
      const wrong = { ...rest, from: "13", keystore, passwordFile: keystore };
      expect(await refusal(run(fixture, "validator:register", wrong))).to.contain("does not open the keystore");
    });

    it("refuses bad input in words", async () => {
      const fixture = await loadFixture(running);
      const valid = await registration(fixture);
      const words = (args: Readonly<Record<string, unknown>>): Promise<string> =>
        refusal(run(fixture, "validator:register", { ...valid, ...args }));
      expect(await words({ position: "one" })).to.contain("--position one: not a whole number");
      expect(await words({ commission: "21" })).to.contain("the maximum was fixed at the registration");
      expect(await words({ maxCommission: "all" })).to.contain("--max-commission all: not a percentage");
      expect(await words({ signer: undefined })).to.contain("name the signing key");
      expect(await words({ consent: undefined })).to.contain("signs the digest 0x");
      expect(await words({ from: String(FIRST) })).to.contain("is active: an account registers once");
    });
  });

  describe("validator:vote", () => {
    it("admits the candidate with the vote that is enough", async () => {
      const fixture = await loadFixture(registered);
      const { candidate } = fixture;
      const vote = (from: number) => run(fixture, "validator:vote", { candidate, from: String(from) });
      expect(await vote(FIRST)).to.deep.equal({ votes: 1n, status: "candidate" });
      expect(await vote(FIRST + 1)).to.deep.equal({ votes: 2n, status: "candidate" });
      expect(await refusal(vote(FIRST))).to.contain("has said yes");
      expect(await refusal(vote(0))).to.contain("is no member");
      expect(((await vote(FIRST + 2)) as { status: string }).status).to.equal("active");
      expect(await refusal(vote(FIRST + 3))).to.contain("is active");
    });

    it("asks again for a candidate whose proposal has expired", async () => {
      const fixture = await loadFixture(registered);
      const { candidate, deployment } = fixture;
      const registry = deployment.validatorRegistry!;
      const { expiresAt } = await registry.proposalOf(candidate);
      expect(await refusal(run(fixture, "validator:vote", { candidate, from: String(CANDIDATE) }))).to.contain(
        "Proposal open",
      );
      await time.increaseTo(expiresAt);
      expect(await refusal(run(fixture, "validator:vote", { candidate, from: String(FIRST) }))).to.contain(
        "Proposal expired",
      );
      await run(fixture, "validator:vote", { candidate, from: String(CANDIDATE) });
      expect((await registry.proposalOf(candidate)).expiresAt).to.be.greaterThan(expiresAt);
    });
  });

  describe("validator:revoke, validator:unjail and validator:close", () => {
    it("take a validator out and bring it back", async () => {
      const fixture = await loadFixture(running);
      const from = String(FIRST);
      const { status } = await run<{ status: string }>(fixture, "validator:revoke", { from });
      expect(status).to.equal("inactive");
      expect(await run(fixture, "validator:unjail", { from })).to.deep.equal({ status: "active" });
      expect(await refusal(run(fixture, "validator:unjail", { from }))).to.contain("Wrong operator status");
    });

    it("close it for good once it cannot return", async () => {
      const fixture = await loadFixture(running);
      const from = String(FIRST);
      const validator = await operator(0);
      expect(await refusal(run(fixture, "validator:close", { validator }))).to.contain("is active, not inactive");
      const { closableAt } = await run<{ closableAt: bigint }>(fixture, "validator:revoke", { from });
      expect(await refusal(run(fixture, "validator:close", { validator }))).to.contain("can be closed from");
      await time.increaseTo(closableAt);
      expect(await run(fixture, "validator:close", { validator })).to.deep.equal({ status: "closed" });
      expect((await fixture.deployment.delegation!.poolOf(validator)).closed).to.equal(true);
    });

    it("close a candidate at once", async () => {
      const fixture = await loadFixture(registered);
      expect(await run(fixture, "validator:revoke", { from: String(CANDIDATE) })).to.deep.equal({
        status: "closed",
        closableAt: 0n,
      });
    });
  });

  describe("validator:rotate-key", () => {
    it("replaces the key from the next epoch on", async () => {
      const fixture = await loadFixture(running);
      const { deployment } = fixture;
      const registry = deployment.validatorRegistry!;
      const account = await operator(0);
      const key = new Wallet(id("rotated key"));
      const consent = await consentOf(registry, account, key);
      const args = { from: String(FIRST), signer: key.address, consent };
      expect(await run(fixture, "validator:rotate-key", args)).to.deep.equal({ signer: key.address });
      expect(await registry.activeSigners()).to.include(key.address);
      expect(await refusal(run(fixture, "validator:rotate-key", args))).to.contain("Signer taken");
    });
  });

  describe("validator:status", () => {
    it("shows every validator with what stands behind it", async () => {
      const fixture = await loadFixture(registered);
      const all = await run<readonly ValidatorStatus[]>(fixture, "validator:status");
      expect(all.map(({ status }) => status)).to.deep.equal(["active", "active", "active", "active", "candidate"]);
      for (const { deposit, bond, missed } of all) {
        expect([deposit, bond, missed]).to.deep.equal([parseEther("100"), 0n, 0n]);
      }
    });

    it("shows one, in each status", async () => {
      const fixture = await loadFixture(registered);
      const of = async (validator: string) =>
        (await run<readonly ValidatorStatus[]>(fixture, "validator:status", { validator }))[0];
      expect(await of(fixture.candidate)).to.include({ status: "candidate", commissionBps: 750n });
      await run(fixture, "validator:revoke", { from: String(FIRST) });
      expect(await of(await operator(0))).to.include({ status: "inactive", operator: await operator(0) });
      expect(await refusal(of("0x00000000000000000000000000000000c0ffee97"))).to.contain("never registered");
    });

    it("refuses on a chain without validators", async () => {
      const file = join(await mkdtemp(join(tmpdir(), "validators-")), "record.json");
      await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
      const fixture = { file } as ValidatorsFixture;
      expect(await refusal(run(fixture, "validator:status"))).to.contain("they are on the home chain");
    });
  });
});
