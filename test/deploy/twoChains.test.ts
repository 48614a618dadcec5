import { expect } from "chai";
import { JsonRpcProvider, Network } from "ethers";
import { artifacts } from "hardhat";
import { resolve } from "node:path";
import { buildArtifacts } from "../../deploy/contracts";
import { CREATE2_PROXY } from "../../deploy/create2";
import { deployChain, handOver, openLane, type DeploymentOptions } from "../../deploy/deployment";
import { genesisOf, publishEpoch, registerOperator } from "../../deploy/operators";
import { localParameters } from "../../deploy/parameters";
import { LOCAL_LANE_LIMITS } from "../../deploy/parameters/lanes";
import { memoryRecorder } from "../../deploy/record";
import { verifyState } from "../../deploy/verifyState";
import { startAnvil, startHardhatNode, type LocalNode } from "../../scripts/local/nodes";
import { attesters } from "../support/deployment";

describe("deployment of two chains without a Hardhat network", () => {
  const nodes: LocalNode[] = [];
  const providers: JsonRpcProvider[] = [];
  after(async () => {
    for (const provider of providers) provider.destroy();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  async function connect(node: LocalNode): Promise<JsonRpcProvider> {
    nodes.push(node);
    const options = { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 } as const;
    const provider = new JsonRpcProvider(node.url, Network.from(node.chainId), options);
    providers.push(provider);
    return Promise.resolve(provider);
  }

  it("brings the home chain's first epoch and both lanes to two node programs", async () => {
    const [home, business] = [
      await connect(await startAnvil({ chainId: 31_337 })),
      await connect(await startHardhatNode({ chainId: 31_338 })),
    ];
    expect(await business.getCode(CREATE2_PROXY)).to.equal("0x");
    const [deployer, multisig, guardian, ...operators] = await home.listAccounts();
    if (deployer === undefined || multisig === undefined || guardian === undefined) throw new Error("no accounts");
    const holders = { multisig: multisig.address, guardian: guardian.address };
    const source = buildArtifacts(resolve((await artifacts.getBuildInfoPaths())[0] ?? "", "../.."));
    const genesis = { operators: operators.slice(0, 4).map(({ address }) => address) };

    const homeOptions: DeploymentOptions = {
      signer: deployer,
      parameters: localParameters({ chainId: 31_337n, ...holders, genesis }),
      recorder: memoryRecorder(),
      artifacts: source,
    };
    const deployment = await deployChain(homeOptions);
    const { gateway, validatorRegistry } = deployment;
    if (validatorRegistry === undefined) throw new Error("no registry");
    for (const [index, attester] of attesters().entries()) {
      const operator = operators[index];
      if (operator === undefined) throw new Error("too few accounts");
      await registerOperator(deployment, { operator, attester, endpoint: `http://127.0.0.1:${index + 1}` });
    }
    const epoch = await publishEpoch(validatorRegistry, deployer);
    expect(epoch.epoch).to.equal(1n);

    const businessOptions: DeploymentOptions = {
      signer: await business.getSigner(0),
      parameters: localParameters({ chainId: 31_338n, ...holders, genesis: await genesisOf(epoch, business) }),
      recorder: memoryRecorder(),
      artifacts: source,
    };
    const remote = await deployChain(businessOptions);
    expect(await remote.gateway.signersOf(1)).to.deep.equal(await gateway.signersOf(1));

    const limits = LOCAL_LANE_LIMITS;
    const [here, there] = [await gateway.getAddress(), await remote.gateway.getAddress()];
    await openLane(homeOptions, { chainId: 31_338n, gateway: there, limits });
    await openLane(businessOptions, { chainId: 31_337n, gateway: here, limits });
    for (const [options, provider] of [
      [homeOptions, home],
      [businessOptions, business],
    ] as const) {
      const { record, parameters } = await handOver(options);
      const findings = await verifyState({ provider, parameters, record, artifacts: source });
      expect(findings.filter(({ verdict }) => verdict !== "same")).to.deep.equal([]);
    }
  });
});
