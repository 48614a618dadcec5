import { expect } from "chai";
import hre, { ethers } from "hardhat";
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { Interface } from "ethers";
import solc from "solc";
import { buildCompilations, isCodeOf, type Compilation } from "../../deploy/compilation";
import type { ContractName } from "../../deploy/contracts";
import type { Deployment } from "../../deploy/deployment";
import { DeploymentError } from "../../deploy/deploymentError";
import { Explorer } from "../../deploy/explorer";
import { publishSources, type PublishedSource } from "../../deploy/publishSources";
import type { ContractRecord } from "../../deploy/record";
import { deployBusiness, deployHome, testArtifacts } from "../support/deployment";
import { answerOf, startExplorerStub, type ExplorerBehaviour, type ExplorerStub } from "../support/explorerStub";

const CHAIN = 97n;
const KEY = "a key";
const compilations = buildCompilations(hre.config.paths.artifacts);

interface SolcOutput {
  readonly contracts: Record<string, Record<string, { evm: { deployedBytecode: { object: string } } }>>;
}

describe("sources for an explorer", () => {
  let stub: ExplorerStub;
  afterEach(() => stub.stop());

  async function start(answer?: ExplorerBehaviour["answer"]): Promise<void> {
    stub = await startExplorerStub({ apiKey: KEY, chainId: `${CHAIN}`, ...(answer === undefined ? {} : { answer }) });
  }

  function publish(
    { record }: Deployment,
    choice: { readonly apiKey?: string; readonly chainId?: bigint; readonly only?: readonly ContractName[] } = {},
  ): Promise<readonly PublishedSource[]> {
    const { apiKey = KEY, chainId = CHAIN, only } = choice;
    const kept = Object.entries(record.contracts).filter(([name]) => only?.includes(name as ContractName) ?? true);
    return publishSources({
      provider: ethers.provider,
      record: { ...record, contracts: Object.fromEntries(kept) },
      artifacts: testArtifacts,
      compilations,
      explorer: new Explorer({ apiKey, chainId, url: stub.url, pauseMs: 0, attempts: 3 }),
      rounds: 3,
      pollMs: 1,
    });
  }

  it("hands in every contract once: name, exact compiler, settings, sources, constructor arguments, chain", async () => {
    const deployment = await loadFixture(deployHome);
    await start();
    const published = await publish(deployment);
    expect(published.filter(({ outcome }) => outcome !== "verified")).to.deep.equal([]);
    const contracts = Object.entries(deployment.record.contracts) as [ContractName, ContractRecord][];
    expect(published).to.have.lengthOf(contracts.length);
    for (const [name, { address, args }] of contracts) {
      const sent = stub.sources.get(address) ?? {};
      const { qualifiedName, input } = await compilations(name);
      const { abi, bytecode } = await testArtifacts(name);
      const { data = "" } = args.length === 0 ? {} : await creationOf(deployment, name);
      expect(sent.chainid, name).to.equal("97");
      expect(sent.contractname, name).to.equal(qualifiedName);
      expect(sent.codeformat, name).to.equal("solidity-standard-json-input");
      expect(sent.compilerversion, name).to.equal(`v${solc.version().replace(".Emscripten.clang", "")}`);
      expect(sent.constructorArguements, name).to.equal(sent.constructorArguments);
      // Behind the proxy's salt and the creation code, as the chain has it.
      if (args.length > 0) expect(data.slice(2 + 64 + bytecode.length - 2), name).to.equal(sent.constructorArguments);
      else expect(new Interface(abi).deploy.inputs, name).to.have.lengthOf(0);
      expect(JSON.parse(sent.sourceCode ?? ""), name).to.deep.equal(input);
    }
    const handedIn = stub.calls.filter(({ action }) => action === "verifysourcecode");
    expect(handedIn).to.have.lengthOf(contracts.length);
  });

  it("hands in what compiles to the code of the chain, with metadata and without", async () => {
    const deployment = await loadFixture(deployHome);
    await start();
    const names: readonly ContractName[] = ["ContributorsVesting", "TicTacToe"];
    await publish(deployment, { only: names });
    for (const name of names) {
      const address = deployment.record.contracts[name]?.address ?? "";
      const sent = stub.sources.get(address) ?? {};
      const [path, contract] = (sent.contractname ?? ":").split(":") as [string, string];
      const output = JSON.parse(solc.compile(sent.sourceCode ?? "")) as SolcOutput;
      const object = output.contracts[path]?.[contract]?.evm.deployedBytecode.object;
      const compiled: Compilation = { ...(await compilations(name)), deployedBytecode: `0x${object}` };
      expect(isCodeOf(await ethers.provider.getCode(address), compiled), name).to.equal(true);
    }
  });

  it("hands in nothing twice", async () => {
    const deployment = await loadFixture(deployBusiness);
    await start();
    await publish(deployment);
    const before = stub.calls.length;
    const again = await publish(deployment);
    expect(new Set(again.map(({ outcome }) => outcome))).to.deep.equal(new Set(["already verified"]));
    expect(stub.calls.slice(before).map(({ action }) => action)).to.deep.equal(again.map(() => "getsourcecode"));
  });

  it("takes for fine what somebody else has handed in meanwhile", async () => {
    const deployment = await loadFixture(deployBusiness);
    const { address } = deployment.record.contracts.Gateway as ContractRecord;
    await start((call) => {
      if (call.contractaddress === address) return answerOf("Contract source code already verified", "0");
      return call.guid?.startsWith("receipt-") === true ? answerOf("Already Verified", "0") : undefined;
    });
    const published = await publish(deployment);
    expect(published.map(({ outcome }) => outcome)).to.deep.equal(published.map(() => "already verified"));
  });

  it("calls again where it was too fast, or the explorer does not see the contract yet", async () => {
    const deployment = await loadFixture(deployBusiness);
    await start((call, count) => {
      if (call.action === "getsourcecode" && count < 3)
        return answerOf("Max calls per sec rate limit reached (3/sec)", "0");
      if (call.action !== "verifysourcecode" || count > 1) return undefined;
      return answerOf(`Unable to locate ContractCode at ${call.contractaddress}`, "0");
    });
    const published = await publish(deployment);
    expect(published.map(({ outcome }) => outcome)).to.deep.equal(published.map(() => "verified"));
  });

  it("tells which contract failed and why, and that one is pending still, beside those that are verified", async () => {
    const deployment = await loadFixture(deployBusiness);
    const { AccessManager, Gateway } = deployment.record.contracts;
    await start(({ guid }) => {
      if (guid === `receipt-${Gateway?.address}`) return answerOf("Fail - Unable to verify", "0");
      return guid === `receipt-${AccessManager?.address}` ? answerOf("Pending in queue", "0") : undefined;
    });
    const published = await publish(deployment);
    expect(published.map(({ name, outcome, reason }) => [name, outcome, reason])).to.deep.equal([
      ["AccessManager", "failed", "still pending: run this again later"],
      ["Gateway", "failed", "Fail - Unable to verify"],
      ["QSCFactory", "verified", undefined],
    ]);
    // Bounded: three rounds.
    expect(stub.calls.filter(({ guid }) => guid === `receipt-${AccessManager?.address}`)).to.have.lengthOf(3);
  });

  it("does not hand in a build that is not the one of the chain", async () => {
    const deployment = await loadFixture(deployBusiness);
    const { contracts } = deployment.record;
    const [gateway, factory] = [contracts.Gateway, contracts.QSCFactory];
    if (gateway === undefined || factory === undefined) throw new Error("not deployed");
    await start();
    const swapped = { ...contracts, Gateway: { ...gateway, address: factory.address, commit: "abc" } };
    const published = await publish({ ...deployment, record: { ...deployment.record, contracts: swapped } });
    expect(published.map(({ outcome }) => outcome)).to.deep.equal(["verified", "failed", "verified"]);
    expect(published[1]?.reason).to.contain("commit abc");
    expect(stub.calls.filter(({ contractname }) => contractname?.endsWith(":Gateway"))).to.deep.equal([]);
  });

  it("stops at a key that the explorer refuses, and at another chain than the key's owner meant", async () => {
    const deployment = await loadFixture(deployBusiness);
    await start();
    const error = await publish(deployment, { apiKey: "another" }).then(
      () => undefined,
      (reason: unknown) => reason as DeploymentError,
    );
    expect(error).to.be.instanceOf(DeploymentError);
    expect(error?.key).to.equal("ETHERSCAN_API_KEY");
    expect(stub.calls).to.have.lengthOf(1);
    const published = await publish(deployment, { chainId: 1n });
    expect(published.map(({ outcome }) => outcome)).to.deep.equal(published.map(() => "failed"));
  });
});

async function creationOf({ record }: Deployment, name: ContractName): Promise<{ readonly data?: string }> {
  return (await ethers.provider.getTransaction(record.contracts[name]?.transaction ?? "")) ?? {};
}
