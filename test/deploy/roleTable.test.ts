import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { Provider } from "ethers";
import type { Deployment } from "../../deploy/deployment";
import { readRoleTable, type RoleRow } from "../../deploy/roleTable";
import { GUARDIAN_ROLE, LANE_ADMIN_ROLE, ROLES } from "../../deploy/roles";
import { deployBusiness, deployHome, deployUnfinishedHome, parts, testArtifacts } from "../support/deployment";

const PUBLIC_ROLE = 2n ** 64n - 1n;

async function rowsOf({ parameters, record }: Deployment): Promise<readonly RoleRow[]> {
  const table = await readRoleTable({ provider: ethers.provider, artifacts: testArtifacts, parameters, record });
  expect(table.complete).to.equal(true);
  return table.rows;
}

async function differences(deployment: Deployment): Promise<readonly string[]> {
  const found = (await rowsOf(deployment)).filter(({ verdict }) => verdict !== "same");
  return found.map(({ verdict, role, ability, holder, delay }) => [verdict, role, ability, holder, delay].join(" | "));
}

/** A change of the manager by its admin, with the admin's delay. */
async function administer({ accessManager }: Deployment, data: string): Promise<void> {
  const { multisig } = await parts();
  const target = await accessManager.getAddress();
  const manager = accessManager.connect(multisig);
  await manager.schedule(target, data, 0);
  await time.increase(61);
  await manager.execute(target, data);
}

describe("role table", () => {
  it("names each function of roles.ts once for each holder, with its delay, and nobody else after a deployment", async () => {
    const deployment = await loadFixture(deployHome);
    const rows = await rowsOf(deployment);
    expect(rows.filter(({ verdict }) => verdict !== "same")).to.deep.equal([]);
    const { multisig } = deployment.parameters;
    expect(rows).to.deep.include({
      role: "LANE_ADMIN",
      ability: "Gateway.addLane",
      account: multisig,
      holder: `${multisig} multisig`,
      delay: "60 s",
      verdict: "same",
    });
    for (const { name, functions, holders } of ROLES) {
      for (const [contract, list] of Object.entries(functions)) {
        for (const wanted of list) {
          const found = rows.filter(({ role, ability }) => role === name && ability === `${contract}.${wanted}`);
          expect(found, `${contract}.${wanted}`).to.have.lengthOf(holders.length);
        }
      }
    }
  });

  it("shows roles that nobody holds on a business chain", async () => {
    const rows = await rowsOf(await loadFixture(deployBusiness));
    expect(rows.filter(({ verdict }) => verdict !== "same")).to.deep.equal([]);
    const epoch = rows.find(({ ability }) => ability === "Gateway.setEpoch");
    expect(epoch).to.include({ role: "REGISTRY", holder: "nobody" });
  });

  it("shows that the deployer is still the admin before its hand-over", async () => {
    const deployment = await loadFixture(deployUnfinishedHome);
    const { deployer } = deployment.record;
    const found = await differences(deployment);
    expect(found).to.include(`extra | ADMIN | AccessManager: roles, delays, members | ${deployer} deployer | at once`);
  });

  it("marks a holder that nobody expects, for each function that it may call", async () => {
    const deployment = await loadFixture(deployHome);
    const { user } = await parts();
    const account = await user.getAddress();
    const { accessManager } = deployment;
    const grant = accessManager.interface.encodeFunctionData("grantRole", [LANE_ADMIN_ROLE, account, 7]);
    await administer(deployment, grant);
    expect(await differences(deployment)).to.deep.equal(
      ["addLane", "setFees", "setLimits"].map((name) => `extra | LANE_ADMIN | Gateway.${name} | ${account} | 7 s`),
    );
  });

  it("marks a role that the table does not have, once somebody holds it and it may call something", async () => {
    const deployment = await loadFixture(deployHome);
    const { user } = await parts();
    const account = await user.getAddress();
    const { accessManager, gateway } = deployment;
    const selectors = [gateway.interface.getFunction("addLane").selector];
    const encode = accessManager.interface;
    await administer(deployment, encode.encodeFunctionData("grantRole", [77, account, 0]));
    const target = await gateway.getAddress();
    await administer(deployment, encode.encodeFunctionData("setTargetFunctionRole", [target, selectors, 77]));
    const { multisig } = deployment.parameters;
    expect(await differences(deployment)).to.deep.equal([
      `missing | LANE_ADMIN | Gateway.addLane | ${multisig} multisig | 60 s`,
      `extra | role 77 | Gateway.addLane | ${account} | at once`,
    ]);
  });

  it("marks a function that was opened to anyone", async () => {
    const deployment = await loadFixture(deployHome);
    const { accessManager, gateway } = deployment;
    const selectors = [gateway.interface.getFunction("setFees").selector];
    const args = [await gateway.getAddress(), selectors, PUBLIC_ROLE] as const;
    await administer(deployment, accessManager.interface.encodeFunctionData("setTargetFunctionRole", [...args]));
    expect(await differences(deployment)).to.include("extra | PUBLIC | Gateway.setFees | anyone | at once");
  });

  it("marks another delay, and one that is to come", async () => {
    const deployment = await loadFixture(deployHome);
    const { accessManager } = deployment;
    const { multisig } = deployment.parameters;
    // A shorter delay takes effect only after the difference.
    const shorter = accessManager.interface.encodeFunctionData("grantRole", [LANE_ADMIN_ROLE, multisig, 1]);
    await administer(deployment, shorter);
    const { effect } = await accessManager.getAccess(LANE_ADMIN_ROLE, multisig);
    const from = new Date(Number(effect) * 1_000).toISOString();
    const pending = `60 s, 1 s from ${from}, not 60 s`;
    expect(await differences(deployment)).to.include(
      `differs | LANE_ADMIN | Gateway.addLane | ${multisig} multisig | ${pending}`,
    );
    await time.increaseTo(effect);
    expect(await differences(deployment)).to.include(
      `differs | LANE_ADMIN | Gateway.addLane | ${multisig} multisig | 1 s, not 60 s`,
    );
  });

  it("marks a holder that is gone, also from what it may cancel", async () => {
    const deployment = await loadFixture(deployHome);
    const { guardian } = await parts();
    const account = await guardian.getAddress();
    await deployment.accessManager.connect(guardian).renounceRole(GUARDIAN_ROLE, account);
    const found = await differences(deployment);
    expect(found).to.include(`missing | GUARDIAN | Gateway.pauseLane | ${account} guardian | at once`);
    expect(found).to.include(
      `missing | GUARDIAN | AccessManager.cancel, what TIMELOCK scheduled | ${account} guardian | at once`,
    );
  });

  it("says where the manager's logs are not served", async () => {
    const { parameters, record } = await loadFixture(deployHome);
    const pruned = new Proxy(ethers.provider, {
      get: (target, key, proxy): unknown =>
        key === "getLogs" ? () => Promise.reject(new Error("pruned")) : (Reflect.get(target, key, proxy) as unknown),
    }) as unknown as Provider;
    const table = await readRoleTable({ provider: pruned, artifacts: testArtifacts, parameters, record });
    expect(table.complete).to.equal(false);
    expect(table.rows.every(({ verdict }) => verdict === "same")).to.equal(true);
  });
});
