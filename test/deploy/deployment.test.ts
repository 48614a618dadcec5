import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, setCode, time } from "@nomicfoundation/hardhat-network-helpers";
import { Interface, ZeroAddress, keccak256, parseEther, type Fragment, type FunctionFragment } from "ethers";
import { CREATE2_PROXY, ensureCreate2Proxy } from "../../deploy/create2";
import type { ContractName } from "../../deploy/contracts";
import { deploy, handOver, openLane, type DeploymentEvent } from "../../deploy/deployment";
import { DeploymentError } from "../../deploy/deploymentError";
import { memoryRecorder, type DeploymentRecord } from "../../deploy/record";
import { ADMIN_ROLE, ROLES } from "../../deploy/roles";
import {
  REMOTE_CHAIN,
  REMOTE_GATEWAY,
  REMOTE_LANE,
  deployBusiness,
  deployHome,
  deployRunningHome,
  homeParameters,
  optionsFor,
  parts,
  testArtifacts,
} from "../support/deployment";

/** A record without what differs between two runs that end alike. */
function essence(record: DeploymentRecord): unknown {
  const contracts = Object.entries(record.contracts).map(([name, { address, args, codeHash }]) => {
    return [name, { address, args, codeHash }];
  });
  return { ...record, contracts: Object.fromEntries(contracts) as unknown };
}

async function mutators(name: ContractName): Promise<readonly FunctionFragment[]> {
  const { abi } = await testArtifacts(name);
  return new Interface(abi).fragments.filter(
    (fragment: Fragment): fragment is FunctionFragment =>
      fragment.type === "function" && !(fragment as FunctionFragment).constant,
  );
}

async function rejection(promise: Promise<unknown>): Promise<DeploymentError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(DeploymentError);
    return error as DeploymentError;
  }
  throw new Error("it did not refuse");
}

async function stopped(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error?.message).to.equal("the machine stopped");
}

describe("deployment", () => {
  it("creates every contract, opens the lane and records all", async () => {
    const { record, gateway, qscFactory, accessManager, validatorRegistry } = await loadFixture(deployHome);
    for (const { address, codeHash, block, transaction } of Object.values(record.contracts)) {
      expect(keccak256(await ethers.provider.getCode(address))).to.equal(codeHash);
      const receipt = await ethers.provider.getTransactionReceipt(transaction ?? "");
      expect(receipt?.blockNumber).to.equal(block);
    }
    expect(Object.keys(record.contracts)).to.have.members([
      "RevenueSplitter",
      "AccessManager",
      "Gateway",
      "EcosystemVault",
      "AirdropVault",
      "ContributorsVesting",
      "AdvisorsVesting",
      "InvestorsVesting",
      "COSToken",
      "MerkleAirdrop",
      "ReleaseSchedule",
      "COSStaking",
      "Delegation",
      "NodeStaking",
      "ValidatorRegistry",
      "Slashing",
      "Liveness",
      "GameRegistry",
      "GameRevenue",
      "GameEngine",
      "GameAssets",
      "GameQuests",
      "Marketplace",
      "StateChannels",
      "TicTacToe",
      "RockPaperScissors",
      "LiarsDice",
      "RollupVerifier",
      "CalldataSegments",
      "BlobSegments",
      "Rollup",
      "RollupVault",
      "CertificateSlashing",
      "QSCFactory",
    ]);
    expect(record.handedOver).to.equal(true);
    expect(record.lanes).to.deep.equal([{ chainId: "56", gateway: REMOTE_GATEWAY }]);
    expect(await gateway.authority()).to.equal(await accessManager.getAddress());
    expect(await qscFactory.GATEWAY()).to.equal(await gateway.getAddress());
    expect(await validatorRegistry?.GATEWAY()).to.equal(await gateway.getAddress());
    expect((await gateway.laneState(REMOTE_CHAIN)).remoteGateway).to.equal(REMOTE_GATEWAY);
    expect(await gateway.currentEpoch()).to.equal(0n);
  });

  it("lets the operators register with core nodes and publish epoch 1 after the hand-over", async () => {
    const { gateway, nodeStaking, validatorRegistry } = await loadFixture(deployRunningHome);
    expect(await gateway.currentEpoch()).to.equal(1n);
    expect(await gateway.signersOf(1)).to.have.lengthOf(4);
    expect(await validatorRegistry?.members()).to.equal(4);
    expect(await nodeStaking?.totalPrincipal()).to.equal(parseEther("400"));
  });

  it("mints COS to two vaults and three vesting wallets by the white paper's table", async () => {
    const { record, token, parameters } = await loadFixture(deployHome);
    if (token === undefined) throw new Error("no COS");
    for (const [name, millions] of [
      ["EcosystemVault", 500n],
      ["ContributorsVesting", 150n],
      ["AdvisorsVesting", 50n],
      ["InvestorsVesting", 100n],
      ["AirdropVault", 200n],
    ] as const) {
      const holder = record.contracts[name]?.address ?? ZeroAddress;
      expect(await token.cos.balanceOf(holder), name).to.equal(millions * 10n ** 24n);
    }
    for (const wallet of Object.values(token.vesting)) expect(await wallet.owner()).to.equal(parameters.multisig);
    const { budget } = parameters.token?.release ?? { budget: 0n };
    expect(budget).to.equal(250_000_000n * 10n ** 18n);
    expect(await token.cos.allowance(token.ecosystemVault, token.releaseSchedule)).to.equal(budget);
    expect(await token.vesting.contributors.cliff()).to.equal(1_700_000_000n + 365n * 86_400n);
    expect(await token.vesting.investors.end()).to.equal(1_700_000_000n + 730n * 86_400n);
  });

  it("bonds COS of the token that it created, funded by the ecosystem's vault", async () => {
    const { delegation, record, parameters } = await loadFixture(deployHome);
    expect(await delegation?.COS()).to.equal(record.contracts.COSToken?.address);
    expect(await delegation?.VAULT()).to.equal(record.contracts.EcosystemVault?.address);
    expect(await delegation?.treasury()).to.equal(parameters.delegation?.treasury);
    expect(await delegation?.community()).to.equal(parameters.delegation?.community);
    expect(await delegation?.EPOCH_SECONDS()).to.equal(60n);
  });

  it("takes pledges of the token that it created, rewarded by the ecosystem's vault", async () => {
    const { cosStaking, record, parameters } = await loadFixture(deployHome);
    expect(await cosStaking?.COS()).to.equal(record.contracts.COSToken?.address);
    expect(await cosStaking?.ECOSYSTEM()).to.equal(record.contracts.EcosystemVault?.address);
    expect(await cosStaking?.MINIMUM()).to.equal(parameters.pledges?.minimum);
    expect(await cosStaking?.COOLDOWN_SECONDS()).to.equal(600n);
    expect(await cosStaking?.termCount()).to.equal(6n);
    expect(await cosStaking?.termOf(5)).to.deep.equal([730n * 86_400n, 40_000n]);
  });

  it("divides revenue in BNB and COS between the pools that it created", async () => {
    const { revenueSplitter: splitter, record, parameters } = await loadFixture(deployHome);
    expect(await splitter?.NODE_POOL()).to.equal(record.contracts.NodeStaking?.address);
    expect(await splitter?.COS_POOL()).to.equal(record.contracts.COSStaking?.address);
    expect(await splitter?.treasury()).to.equal(parameters.multisig);
    expect(await splitter?.nodeShareBps(5_000)).to.equal(6_000n);
    for (const token of [ZeroAddress, record.contracts.COSToken?.address ?? "none"]) {
      expect(await splitter?.isTokenAllowed(token), token).to.equal(true);
    }
  });

  it("divides what games earn by the splitter that it created", async () => {
    const { games, record, parameters } = await loadFixture(deployHome);
    expect(parameters.games).to.include({ developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n });
    expect(await games?.registry.currentShares()).to.deep.equal([7_000n, 2_000n, 1_000n]);
    expect(await games?.revenue.SPLITTER()).to.equal(record.contracts.RevenueSplitter?.address);
    expect(await games?.revenue.REGISTRY()).to.equal(record.contracts.GameRegistry?.address);
    expect(await games?.engine.REGISTRY()).to.equal(record.contracts.GameRegistry?.address);
    expect(await games?.engine.REVENUE()).to.equal(record.contracts.GameRevenue?.address);
    expect(await games?.quests.ENGINE()).to.equal(record.contracts.GameEngine?.address);
    expect(await games?.quests.ASSETS()).to.equal(record.contracts.GameAssets?.address);
    expect(await games?.marketplace.REVENUE()).to.equal(record.contracts.GameRevenue?.address);
    expect(await games?.channels.REGISTRY()).to.equal(record.contracts.GameRegistry?.address);
  });

  it("begins layer 2 over the contracts that it created, and tells it its vault, its price and its sequencer", async () => {
    const { rollup, record, parameters } = await loadFixture(deployHome);
    if (rollup === undefined || parameters.rollup === undefined) throw new Error("no rollup");
    const { Gateway, RollupVerifier, CalldataSegments, BlobSegments, COSToken, GameAssets } = record.contracts;
    expect(await rollup.rollup.GATEWAY()).to.equal(Gateway?.address);
    expect(await rollup.rollup.VERIFIER()).to.equal(RollupVerifier?.address);
    expect(await rollup.rollup.CALLDATA_SEGMENTS()).to.equal(CalldataSegments?.address);
    expect(await rollup.rollup.BLOB_SEGMENTS()).to.equal(BlobSegments?.address);
    expect(await rollup.rollup.vault()).to.equal(record.contracts.RollupVault?.address);
    expect(await rollup.rollup.entryPrice()).to.equal(parameters.rollup.entryPrice);
    const { sequencer } = await parts();
    expect((await rollup.rollup.posterOf(sequencer)).sequencer).to.equal(true);
    expect(await rollup.vault.ROLLUP()).to.equal(record.contracts.Rollup?.address);
    expect(await rollup.vault.ASSETS()).to.equal(GameAssets?.address);
    expect(await rollup.vault.tokenOf(1)).to.equal(COSToken?.address);
  });

  it("lets nobody name another vault of layer 2 after the hand-over, not even the admin", async () => {
    const { rollup, accessManager } = await loadFixture(deployHome);
    if (rollup === undefined) throw new Error("no rollup");
    const { multisig } = await parts();
    const target = await rollup.rollup.getAddress();
    const data = rollup.rollup.interface.encodeFunctionData("setVault", [target]);
    const manager = accessManager.connect(multisig);
    await manager.schedule(target, data, 0);
    await time.increase(61);
    await expect(manager.execute(target, data))
      .to.be.revertedWithCustomError(rollup.rollup, "VaultIsSet")
      .withArgs(await rollup.vault.getAddress());
  });

  it("registers the sample games of a local chain, of which the deployer is the developer", async () => {
    const { games, parameters, record } = await loadFixture(deployHome);
    const { deployer } = await parts();
    const samples = parameters.games?.samples ?? [];
    expect(samples).not.to.deep.equal([]);
    expect(await games?.registry.gameCount()).to.equal(samples.length);
    for (const [index, name] of samples.entries()) {
      const game = await games?.registry.gameOf(index + 1);
      expect(game?.developer).to.equal(deployer);
      const code = await ethers.provider.getCode(game?.rules ?? ZeroAddress);
      expect(keccak256(code), name).to.equal(record.contracts[name]?.codeHash);
    }
  });

  it("starts a business chain with the epoch of its parameters, without a registry and without COS", async () => {
    const { gateway, record, validatorRegistry, token } = await loadFixture(deployBusiness);
    expect(await gateway.currentEpoch()).to.equal(1n);
    expect(validatorRegistry).to.equal(undefined);
    expect(token).to.equal(undefined);
    expect(Object.keys(record.contracts)).to.have.members(["AccessManager", "Gateway", "QSCFactory"]);
  });

  describe("hand-over", () => {
    it("leaves the deployer no role", async () => {
      const { accessManager } = await loadFixture(deployHome);
      const { deployer } = await parts();
      const account = await deployer.getAddress();
      const granted = await accessManager.queryFilter(accessManager.filters.RoleGranted());
      const roles = new Set([...ROLES.map(({ id }) => id), ...granted.map(({ args }) => args.roleId)]);
      for (const role of roles) {
        const [isMember] = await accessManager.hasRole(role, account);
        expect(isMember, `role ${role}`).to.equal(false);
      }
    });

    it("lets the deployer call no restricted function", async () => {
      const { accessManager, record } = await loadFixture(deployHome);
      const { deployer } = await parts();
      const account = await deployer.getAddress();
      for (const name of Object.keys(record.contracts) as ContractName[]) {
        const target = record.contracts[name]?.address ?? ZeroAddress;
        for (const fragment of await mutators(name)) {
          const [immediate, delay] = await accessManager.canCall(account, target, fragment.selector);
          expect([immediate, delay], `${name}.${fragment.name}`).to.deep.equal([false, 0n]);
        }
      }
    });

    it("assigns every restricted function to a role of the table", async () => {
      const { record } = await loadFixture(deployHome);
      const { user } = await parts();
      for (const name of Object.keys(record.contracts) as ContractName[]) {
        if (name === "AccessManager") continue;
        const { abi } = await testArtifacts(name);
        const target = record.contracts[name]?.address ?? ZeroAddress;
        const contract = new ethers.Contract(target, abi, user);
        const restricted: string[] = [];
        for (const fragment of await mutators(name)) {
          if (fragment.name === "setAuthority") continue;
          const zeros = fragment.inputs.map(({ type, components }) => zeroOf(type, components));
          const data = contract.interface.encodeFunctionData(fragment, zeros);
          const answer = await ethers.provider
            .call({ from: await user.getAddress(), to: target, data })
            .catch((error: { data?: string }) => error.data ?? "0x");
          if (answer === "0x") continue;
          if (contract.interface.parseError(answer)?.name === "AccessManagedUnauthorized")
            restricted.push(fragment.name);
        }
        const assigned = ROLES.flatMap(({ functions }) => functions[name] ?? []);
        expect(restricted, name).to.have.members(assigned);
      }
    });

    it("gives each role to its holder with its delay", async () => {
      const deployment = await loadFixture(deployHome);
      const { accessManager, parameters, validatorRegistry, slashing, liveness, games, rollup } = deployment;
      const registry = await validatorRegistry?.getAddress();
      const { multisig, guardian } = parameters;
      const expected: readonly (readonly [string, string | undefined, bigint])[] = [
        ["ADMIN", multisig, 60n],
        ["LANE_ADMIN", multisig, 60n],
        ["GUARDIAN", guardian, 0n],
        ["PAUSER", guardian, 0n],
        ["PAUSER", registry, 0n],
        ["TIMELOCK", multisig, 60n],
        ["REGISTRY", registry, 0n],
        ["CERTIFIER", multisig, 0n],
        ["SLASHER", await slashing?.getAddress(), 0n],
        ["SLASHER", await rollup?.certificateSlashing.getAddress(), 0n],
        ["LIVENESS", await liveness?.getAddress(), 0n],
        ["CREDITOR", await games?.revenue.getAddress(), 0n],
        ["GAME_CREDITOR", await games?.engine.getAddress(), 0n],
        ["GAME_CREDITOR", await games?.marketplace.getAddress(), 0n],
        ["GAME_CREDITOR", await rollup?.vault.getAddress(), 0n],
        ["TREASURER", multisig, 60n],
        ["ROLLUP_ADMIN", multisig, 60n],
      ];
      for (const [name, account, delay] of expected) {
        const role = ROLES.find((each) => each.name === name);
        const held = await accessManager.hasRole(role?.id ?? 99n, account ?? ZeroAddress);
        expect([...held], `${name} of ${account}`).to.deep.equal([true, delay]);
      }
    });

    it("refuses a lane afterwards and names who can open it", async () => {
      const options = await optionsFor(await homeParameters());
      await deploy(options);
      const error = await rejection(openLane(options, { ...REMOTE_LANE, chainId: 97n }));
      expect(error.message).to.contain(options.parameters.multisig).and.contain("qcp:add-lane");
    });
  });

  describe("second run", () => {
    it("sends nothing", async () => {
      const options = await optionsFor(await homeParameters());
      const first = await deploy(options);
      const height = await ethers.provider.getBlockNumber();
      const second = await deploy(options);
      expect(await ethers.provider.getBlockNumber()).to.equal(height);
      expect(second.record).to.deep.equal(first.record);
    });

    it("finds everything again where the record was lost", async () => {
      const options = await optionsFor(await homeParameters());
      const first = await deploy(options);
      const height = await ethers.provider.getBlockNumber();
      const second = await deploy({ ...options, recorder: memoryRecorder() });
      expect(await ethers.provider.getBlockNumber()).to.equal(height);
      expect(essence(second.record)).to.deep.equal(essence(first.record));
      for (const [name, { block }] of Object.entries(first.record.contracts)) {
        expect(second.record.contracts[name as ContractName]?.block, name).to.equal(block);
      }
    });

    it("refuses parameters that lead to other addresses than the record's", async () => {
      const options = await optionsFor(await homeParameters());
      await deploy(options);
      const parameters = { ...options.parameters, rotationDelay: 30n };
      const error = await rejection(deploy({ ...options, parameters }));
      expect(error.message).to.contain("Gateway is recorded at").and.contain("DEPLOYMENT_SALT");
    });

    it("sets the fees of its lanes before the hand-over, and leaves them alone after it", async () => {
      const fees = { base: 5n, perGas: 6n, perByte: 7n };
      const options = await optionsFor(await homeParameters({ lanes: [{ ...REMOTE_LANE, fees }] }));
      const { gateway } = await deploy(options);
      expect(await gateway.laneFees(REMOTE_CHAIN)).to.deep.equal([5n, 6n, 7n]);
      await deploy({ ...options, parameters: { ...options.parameters, lanes: [REMOTE_LANE] } });
      expect(await gateway.laneFees(REMOTE_CHAIN)).to.deep.equal([5n, 6n, 7n]);
    });

    it("refuses another lane gateway than the one that is open for good", async () => {
      const options = await optionsFor(await homeParameters());
      await deploy(options);
      const error = await rejection(openLane(options, { ...REMOTE_LANE, gateway: options.parameters.multisig }));
      expect(error.key).to.equal("LANES");
    });
  });

  it("resumes after a failure at any step", async () => {
    const parameters = await homeParameters();
    const start: unknown = await ethers.provider.send("evm_snapshot", []);
    const steps = new Set<string>();
    const keyOf = ({ step, phase }: DeploymentEvent): string => `${step} ${phase}`;
    const complete = await deploy({
      ...(await optionsFor(parameters)),
      observe: (event) => void steps.add(keyOf(event)),
    });
    expect(steps.size).to.be.greaterThan(15);

    // Every run goes on after the last one and stops where none has stopped before.
    await ethers.provider.send("evm_revert", [start]);
    const options = await optionsFor(parameters);
    const stops = new Set<string>();
    const observe = (event: DeploymentEvent): void => {
      const key = keyOf(event);
      if (event.phase === "done" || stops.has(key)) return;
      stops.add(key);
      throw new Error("the machine stopped");
    };
    for (let size = -1; stops.size > size;) {
      size = stops.size;
      const run = deploy({ ...options, observe });
      await run.catch((error: Error) => expect(error.message).to.equal("the machine stopped"));
    }
    for (const step of steps) if (!step.endsWith(" done")) expect(stops).to.include(step);
    const resumed = await deploy(options);
    expect(essence(resumed.record)).to.deep.equal(essence(complete.record));
    const { deployer } = await parts();
    const [isAdmin] = await resumed.accessManager.hasRole(ADMIN_ROLE, await deployer.getAddress());
    expect(isAdmin).to.equal(false);
  });

  it("goes on only with the deployer that began", async () => {
    const options = await optionsFor(await homeParameters());
    let seen = 0;
    const observe = (): void => {
      if (++seen === 6) throw new Error("the machine stopped");
    };
    await stopped(deploy({ ...options, observe }));
    const { user } = await parts();
    expect((await rejection(deploy({ ...options, signer: user }))).key).to.equal("DEPLOYER_KEY");
  });

  it("shares no contract with another deployer of the same parameters and salt", async () => {
    const first = await loadFixture(deployHome);
    const { user } = await parts();
    const second = await deploy({ ...(await optionsFor(await homeParameters())), signer: user });
    const taken = new Set(Object.values(first.record.contracts).map(({ address }) => address));
    for (const [name, { address, transaction }] of Object.entries(second.record.contracts)) {
      expect(taken.has(address), name).to.equal(false);
      expect(transaction, name).to.be.a("string");
    }
  });

  it("starts over where a local chain was started anew", async () => {
    const parameters = await homeParameters();
    const options = await optionsFor(parameters);
    const start = (await ethers.provider.send("evm_snapshot", [])) as string;
    const first = await deploy(options);
    await ethers.provider.send("evm_revert", [start]);
    const second = await deploy(options);
    expect(essence(second.record)).to.deep.equal(essence(first.record));
  });

  it("tells why a constructor refuses its parameters", async () => {
    const parameters = await homeParameters({ overlap: 21n });
    const error = await rejection(deploy(await optionsFor(parameters)));
    expect(error.message).to.contain("constructor of Gateway").and.contain("OverlapTooLong(21, 20)");
  });

  it("refuses an endpoint of another chain", async () => {
    const error = await rejection(deploy(await optionsFor(await homeParameters({ chainId: 97n }))));
    expect(error.message).to.contain("chain 31337, not 97");
  });

  it("refuses to hand over before the contracts exist", async () => {
    const error = await rejection(handOver(await optionsFor(await homeParameters())));
    expect(error.message).to.contain("AccessManager is not deployed yet");
  });

  it("refuses a live chain without the deterministic deployment proxy", async () => {
    await loadFixture(deployHome);
    const code = await ethers.provider.getCode(CREATE2_PROXY);
    await setCode(CREATE2_PROXY, "0x");
    const { deployer } = await parts();
    const error = await rejection(ensureCreate2Proxy(deployer, ethers.provider, true));
    await setCode(CREATE2_PROXY, code);
    expect(error.message).to.contain(CREATE2_PROXY).and.contain("0.01 native coin");
  });

  it("asks for admission before it sends anything", async () => {
    const options = await optionsFor(await homeParameters({ salt: ethers.id("admission") }));
    const height = await ethers.provider.getBlockNumber();
    const admit = (): Promise<void> => Promise.reject(new DeploymentError("balance too low"));
    await rejection(deploy({ ...options, admit }));
    expect(await ethers.provider.getBlockNumber()).to.equal(height);
  });
});

function zeroOf(type: string, components: readonly { type: string }[] | null): unknown {
  if (type.endsWith("[]")) return [];
  if (type === "tuple") {
    return (components ?? []).map((each) => zeroOf(each.type, (each as { components?: never }).components ?? null));
  }
  if (type === "address") return ZeroAddress;
  if (type === "bool") return false;
  if (type === "string") return "";
  if (type === "bytes") return "0x";
  const size = /^bytes(\d+)$/.exec(type)?.[1];
  return size === undefined ? 0 : `0x${"00".repeat(Number(size))}`;
}
