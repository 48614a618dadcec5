import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { Deployment } from "../../deploy/deployment";
import type { DeploymentParameters } from "../../deploy/parameters";
import type { DeploymentRecord } from "../../deploy/record";
import type { Finding } from "../../deploy/finding";
import { verifyState } from "../../deploy/verifyState";
import { REMOTE_CHAIN, REMOTE_GATEWAY, deployHome, parts, testArtifacts } from "../support/deployment";

async function differences(
  deployment: Deployment,
  change: { readonly parameters?: Partial<DeploymentParameters>; readonly record?: Partial<DeploymentRecord> } = {},
): Promise<readonly Finding[]> {
  const findings = await verifyState({
    provider: ethers.provider,
    artifacts: testArtifacts,
    parameters: { ...deployment.parameters, ...change.parameters },
    record: { ...deployment.record, ...change.record },
  });
  return findings.filter(({ verdict }) => verdict !== "same");
}

/** Makes a call of the access manager itself, or through it, as the multisig: with its delay. */
async function asMultisig(deployment: Deployment, target: string, data: string): Promise<void> {
  const { multisig } = await parts();
  const manager = deployment.accessManager.connect(multisig);
  await manager.schedule(target, data, 0);
  await time.increase(61);
  await manager.execute(target, data);
}

describe("verifyState", () => {
  it("finds no difference after a deployment", async () => {
    expect(await differences(await loadFixture(deployHome))).to.deep.equal([]);
  });

  it("finds a member that nobody expects", async () => {
    const deployment = await loadFixture(deployHome);
    const { user } = await parts();
    const account = await user.getAddress();
    const { accessManager } = deployment;
    const data = accessManager.interface.encodeFunctionData("grantRole", [2, account, 0]);
    await asMultisig(deployment, await accessManager.getAddress(), data);
    const found = await differences(deployment);
    expect(found.map(({ subject }) => subject)).to.deep.equal(["other members"]);
    expect(found[0]?.found).to.equal(`${account} has GUARDIAN`);
  });

  it("finds a lost member", async () => {
    const deployment = await loadFixture(deployHome);
    const { guardian } = await parts();
    const account = await guardian.getAddress();
    await deployment.accessManager.connect(guardian).renounceRole(2, account);
    const found = await differences(deployment);
    expect(found.map(({ subject, found: present }) => [subject, present])).to.deep.equal([
      [`GUARDIAN of ${account}`, "no member"],
    ]);
  });

  it("finds a function that was given to another role", async () => {
    const deployment = await loadFixture(deployHome);
    const { accessManager, gateway } = deployment;
    const selectors = [gateway.interface.getFunction("addLane").selector];
    const target = await gateway.getAddress();
    const data = accessManager.interface.encodeFunctionData("setTargetFunctionRole", [target, selectors, 2]);
    await asMultisig(deployment, await accessManager.getAddress(), data);
    const found = await differences(deployment);
    expect(found).to.deep.equal([
      { subject: "Gateway.addLane role", expected: "LANE_ADMIN", found: "GUARDIAN", verdict: "different" },
    ]);
  });

  it("finds changed limits and a pause of a lane", async () => {
    const deployment = await loadFixture(deployHome);
    const { gateway } = deployment;
    const limits = { cadence: 2, maxGas: 5_000_000, maxBytes: 48_000 };
    const data = gateway.interface.encodeFunctionData("setLimits", [REMOTE_CHAIN, limits]);
    await asMultisig(deployment, await gateway.getAddress(), data);
    const { guardian } = await parts();
    await gateway.connect(guardian).pauseLane(REMOTE_CHAIN);
    const found = await differences(deployment);
    expect(found.map(({ subject }) => subject)).to.have.members(["lane 56 limits", "lane 56 paused"]);
  });

  it("finds changed fees of a lane", async () => {
    const deployment = await loadFixture(deployHome);
    const { gateway } = deployment;
    const data = gateway.interface.encodeFunctionData("setFees", [REMOTE_CHAIN, { base: 1, perGas: 2, perByte: 3 }]);
    await asMultisig(deployment, await gateway.getAddress(), data);
    const found = await differences(deployment);
    expect(found).to.deep.equal([
      {
        subject: "lane 56 fees",
        expected: "0 + 0/gas + 0/byte mwei",
        found: "1 + 2/gas + 3/byte mwei",
        verdict: "different",
      },
    ]);
  });

  it("finds a lane that nobody expects, and one that is missing", async () => {
    const deployment = await loadFixture(deployHome);
    const unexpected = await differences(deployment, { parameters: { lanes: [] }, record: { lanes: [] } });
    expect(unexpected).to.deep.equal([
      { subject: "lane 56", expected: "none", found: REMOTE_GATEWAY, verdict: "different" },
    ]);
    const lanes = [...deployment.record.lanes, { chainId: "97", gateway: REMOTE_GATEWAY }];
    const missing = await differences(deployment, { record: { lanes } });
    expect(missing).to.deep.equal([
      { subject: "lane 97", expected: REMOTE_GATEWAY, found: "none", verdict: "different" },
    ]);
  });

  it("finds other values than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const found = await differences(deployment, {
      parameters: { minSigners: 5n, delays: { ...deployment.parameters.delays, timelock: 30n } },
    });
    expect(found.map(({ subject }) => subject)).to.have.members([
      "Gateway MIN_SIGNERS",
      `TIMELOCK of ${deployment.parameters.multisig}`,
      `TREASURER of ${deployment.parameters.multisig}`,
      `ROLLUP_ADMIN of ${deployment.parameters.multisig}`,
    ]);
  });

  it("finds another vesting and another start than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const { token } = deployment.parameters;
    if (token === undefined) throw new Error("no COS");
    const advisors = { ...token.vesting.advisors, beneficiary: deployment.parameters.guardian, cliff: 1n };
    const changed = { token: { ...token, vesting: { ...token.vesting, advisors } } };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject }) => subject)).to.deep.equal([
      "vesting of the advisors: beneficiary",
      "vesting of the advisors: cliff",
    ]);
  });

  it("finds an allowance of the vault that was changed, and other terms of the release", async () => {
    const deployment = await loadFixture(deployHome);
    const { token } = deployment;
    if (token === undefined || deployment.parameters.token === undefined) throw new Error("no COS");
    const { release } = deployment.parameters.token;
    const args = [await token.cos.getAddress(), await token.releaseSchedule.getAddress(), 7n] as const;
    const data = token.ecosystemVault.interface.encodeFunctionData("approve", [...args]);
    await asMultisig(deployment, await token.ecosystemVault.getAddress(), data);
    const terms = { ...release, start: release.start + 1n };
    const found = await differences(deployment, {
      parameters: { token: { ...deployment.parameters.token, release: terms } },
    });
    expect(found.map(({ subject, found: present }) => [subject, present])).to.deep.equal([
      ["ReleaseSchedule START", release.start.toString()],
      ["ReleaseSchedule released or approved", "7"],
    ]);
  });

  it("finds another treasury, community and reward epoch of the bonds than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const { delegation, guardian } = deployment.parameters;
    if (delegation === undefined) throw new Error("no bonds");
    const changed = { delegation: { treasury: guardian, community: guardian, epochSeconds: 61n } };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject }) => subject)).to.deep.equal([
      "Delegation EPOCH_SECONDS",
      "Delegation treasury",
      "Delegation community",
    ]);
  });

  it("finds another minimum, cooldown and other terms of the pledges than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const changed = { pledges: { minimum: 1n, cooldownSeconds: 2n, termSeconds: [0n, 3n] } };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject }) => subject)).to.deep.equal([
      "COSStaking MINIMUM",
      "COSStaking COOLDOWN_SECONDS",
      "COSStaking terms",
    ]);
  });

  it("finds another treasury, share and other tokens of the revenue than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const changed = {
      revenue: { treasury: deployment.parameters.guardian, nodeShareBps: 1n, tokens: [deployment.parameters.guardian] },
    };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject }) => subject)).to.deep.equal([
      "RevenueSplitter treasury",
      "RevenueSplitter node share",
      `RevenueSplitter takes ${deployment.parameters.guardian}`,
    ]);
  });

  it("finds another division of what games earn than that of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const { games } = deployment.parameters;
    if (games === undefined) throw new Error("no games");
    const other = { developerBps: 1n, stakersBps: 9_999n, treasuryBps: 0n, marketFeeBps: 1n };
    const changed = { games: { ...games, ...other } };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject, found: present }) => [subject, present])).to.deep.equal([
      ["GameRegistry shares", "7000,2000,1000"],
      ["Marketplace fee", "250"],
    ]);
  });

  it("finds another bond, other windows, prices and receivers of layer 2 than those of the parameters", async () => {
    const deployment = await loadFixture(deployHome);
    const { rollup, guardian } = deployment.parameters;
    if (rollup === undefined) throw new Error("no rollup");
    const changed = {
      rollup: {
        bond: rollup.bond + 1n,
        challengeSeconds: 61n,
        openSeconds: 1n,
        entryPrice: 2n,
        sequencer: guardian,
        repaid: guardian,
        weiPerBatch: 3n,
      },
    };
    const found = await differences(deployment, { parameters: changed });
    expect(found.map(({ subject }) => subject)).to.deep.equal([
      "Rollup BOND",
      "Rollup CHALLENGE_SECONDS",
      "Rollup OPEN_SECONDS",
      "Rollup entry price",
      `sequencer ${guardian}`,
      "RollupVault repays",
      "RollupVault repays for a batch",
    ]);
  });

  it("finds COS that was minted to somebody else", async () => {
    const deployment = await loadFixture(deployHome);
    const { contracts } = deployment.record;
    const { EcosystemVault, AirdropVault } = contracts;
    if (EcosystemVault === undefined || AirdropVault === undefined) throw new Error("no vaults");
    const record = { contracts: { ...contracts, EcosystemVault: AirdropVault, AirdropVault: EcosystemVault } };
    const found = await differences(deployment, { record });
    expect(found.map(({ subject }) => subject)).to.include.members([
      "COSToken minted for EcosystemVault",
      "COSToken minted for AirdropVault",
      "NodeStaking ECOSYSTEM",
      "COSStaking ECOSYSTEM",
      "Delegation VAULT",
    ]);
  });

  it("finds other code than was deployed", async () => {
    const deployment = await loadFixture(deployHome);
    const { contracts } = deployment.record;
    const { Gateway } = contracts;
    if (Gateway === undefined) throw new Error("no gateway");
    const record = { contracts: { ...contracts, Gateway: { ...Gateway, codeHash: ethers.ZeroHash } } };
    const found = await differences(deployment, { record });
    expect(found.map(({ subject }) => subject)).to.deep.equal(["Gateway code"]);
  });
});
