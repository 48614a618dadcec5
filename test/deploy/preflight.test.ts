import { expect } from "chai";
import { ethers } from "hardhat";
import { setBalance, setCode } from "@nomicfoundation/hardhat-network-helpers";
import { Wallet, id, type Signer } from "ethers";
import type { ArtifactSource } from "../../deploy/contracts";
import { CREATE2_PROXY } from "../../deploy/create2";
import { deploy, deployChain } from "../../deploy/deployment";
import { DeploymentError } from "../../deploy/deploymentError";
import type { DeploymentParameters } from "../../deploy/parameters";
import { preflight, type Preflight } from "../../deploy/preflight";
import { businessParameters, homeParameters, optionsFor, parts, testArtifacts } from "../support/deployment";

async function check(
  parameters: DeploymentParameters,
  choice: { readonly deployer?: Signer; readonly artifacts?: ArtifactSource } = {},
): Promise<Preflight> {
  const deployer = await (choice.deployer ?? (await parts()).deployer).getAddress();
  return preflight({
    deployer,
    provider: ethers.provider,
    parameters,
    artifacts: choice.artifacts ?? testArtifacts,
  });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error).to.be.instanceOf(DeploymentError);
  return error?.message ?? "";
}

/** Contracts of which one has this many bytes of code. */
function grown(field: "bytecode" | "deployedBytecode", bytes: number): ArtifactSource {
  return async (name) => {
    const artifact = await testArtifacts(name);
    return name === "QSCFactory" ? { ...artifact, [field]: `0x${"01".repeat(bytes)}` } : artifact;
  };
}

describe("preflight", () => {
  it("announces no less than a deployment takes, and not half as much again", async () => {
    const parameters = await homeParameters();
    const { gas, missing, present } = await check(parameters);
    expect(present).to.deep.equal([]);
    let used = 0n;
    const observe = ({ gasUsed }: { readonly gasUsed?: bigint }): void => void (used += gasUsed ?? 0n);
    const { record } = await deploy({ ...(await optionsFor(parameters)), observe });
    expect(missing).to.have.members(Object.keys(record.contracts));
    expect(gas).to.be.at.least(used);
    expect(Number(gas) / Number(used)).to.be.below(1.5);
    const after = await check(parameters);
    expect(after).to.deep.include({ missing: [], present: missing, gas: 0n, cost: 0n });
  });

  it("counts the steps that are left where all contracts exist", async () => {
    const parameters = await businessParameters();
    await deployChain(await optionsFor(parameters));
    const { missing, gas } = await check(parameters);
    expect(missing).to.deep.equal([]);
    expect(gas).to.be.above(1_000_000n);
  });

  it("refuses a deployer that cannot pay for it, and says how much is missing", async () => {
    const deployer = new Wallet(id("a poor deployer"), ethers.provider);
    await setBalance(deployer.address, 1n);
    const message = await refusal(check(await businessParameters(), { deployer }));
    expect(message).to.contain("holds 0.000000000000000001 coins").and.contain("send it");
  });

  it("refuses another chain and parameters that are unsafe", async () => {
    expect(await refusal(check({ ...(await businessParameters()), chainId: 31_338n }))).to.contain("not 31338");
    const { deployer } = await parts();
    const own = { ...(await businessParameters()), multisig: await deployer.getAddress() };
    expect(await refusal(check(own))).to.match(/^MULTISIG: /);
  });

  it("refuses code and creation code that no chain takes", async () => {
    const parameters = await businessParameters();
    const artifacts = grown("deployedBytecode", 24_577);
    expect(await refusal(check(parameters, { artifacts }))).to.equal(
      "the code of QSCFactory has 24577 bytes, a chain takes 24576",
    );
    const initCode = await refusal(check(parameters, { artifacts: grown("bytecode", 49_152) }));
    expect(initCode).to.contain("the creation code of QSCFactory");
  });

  it("refuses a live chain without the proxy that creates", async () => {
    const secret = new Wallet(id("a deployer"), ethers.provider);
    await setBalance(secret.address, 10n ** 20n);
    const [multisig, guardian] = [new Wallet(id("multisig")).address, new Wallet(id("guardian")).address];
    const parameters = { ...(await businessParameters()), live: true, multisig, guardian };
    const code = await ethers.provider.getCode(CREATE2_PROXY);
    await setCode(CREATE2_PROXY, "0x");
    const message = await refusal(check(parameters, { deployer: secret })).finally(() => setCode(CREATE2_PROXY, code));
    expect(message).to.contain(CREATE2_PROXY);
  });
});
