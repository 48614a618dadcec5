import { Interface, concat, isError, keccak256, type Provider, type Signer, type TransactionReceipt } from "ethers";
import { buildArtifacts, connect, type ArtifactSource, type ContractName, type ContractTypes } from "./contracts";
import { create2Address, create2Call, ensureCreate2Proxy, saltOf } from "./create2";
import { creationsOf, type Creation } from "./creations";
import { DeploymentError } from "./deploymentError";
import { validateParameters, type DeploymentParameters } from "./parameters";
import { NO_FEES, type LaneParameters } from "./parameters/lanes";
import type { VestingGroup } from "./parameters/token";
import { rollupSetup } from "./rollupSetup";
import { recordableArgs, type ContractRecord, type DeploymentRecord, type Origin, type Recorder } from "./record";
import {
  ADMIN_ROLE,
  HOLDER_CONTRACTS,
  LANE_ADMIN_ROLE,
  ROLES,
  type DelayName,
  type Holder,
  type RoleDefinition,
} from "./roles";

/** What a run does, told as it happens. An observer that throws stops the run there; the next run goes on. */
export interface DeploymentEvent {
  readonly step: string;
  /** done: found on the chain, nothing to do. sending → mined → recorded otherwise. */
  readonly phase: "done" | "sending" | "mined" | "recorded";
  readonly transaction?: string;
  readonly gasUsed?: bigint;
}

/** What is about to be created: for a check of the deployer's balance before anything is sent. */
export interface DeploymentPlan {
  readonly deployer: string;
  readonly contracts: readonly { readonly name: ContractName; readonly initCodeBytes: number }[];
}

export interface DeploymentOptions {
  /** The deployer, connected to the chain. It ends with nothing. */
  readonly signer: Signer;
  readonly parameters: DeploymentParameters;
  readonly recorder: Recorder;
  /** The build's by default. */
  readonly artifacts?: ArtifactSource;
  /** Recorded beside each contract. */
  readonly origin?: (name: ContractName) => Promise<Origin>;
  readonly observe?: (event: DeploymentEvent) => void | Promise<void>;
  /** Called once before the first transaction; throws to refuse. */
  readonly admit?: (plan: DeploymentPlan) => Promise<void>;
}

/** The contracts of a deployed chain. */
export interface DeployedContracts {
  readonly record: DeploymentRecord;
  readonly accessManager: ContractTypes["AccessManager"];
  readonly gateway: ContractTypes["Gateway"];
  readonly qscFactory: ContractTypes["QSCFactory"];
  /** On the home chain. */
  readonly validatorRegistry: ContractTypes["ValidatorRegistry"] | undefined;
  /** On the home chain. */
  readonly slashing: ContractTypes["Slashing"] | undefined;
  /** On the home chain. */
  readonly liveness: ContractTypes["Liveness"] | undefined;
  /** On the home chain. */
  readonly nodeStaking: ContractTypes["NodeStaking"] | undefined;
  readonly token: TokenContracts | undefined;
  /** On the home chain. */
  readonly cosStaking: ContractTypes["COSStaking"] | undefined;
  /** On the home chain. */
  readonly delegation: ContractTypes["Delegation"] | undefined;
  /** On the home chain. */
  readonly revenueSplitter: ContractTypes["RevenueSplitter"] | undefined;
  /** On the home chain. */
  readonly games: GameContracts | undefined;
  /** On the home chain. */
  readonly rollup: RollupContracts | undefined;
}

/** Layer 2. */
export interface RollupContracts {
  readonly rollup: ContractTypes["Rollup"];
  readonly vault: ContractTypes["RollupVault"];
  readonly verifier: ContractTypes["RollupVerifier"];
  readonly calldataSegments: ContractTypes["CalldataSegments"];
  readonly blobSegments: ContractTypes["BlobSegments"];
  readonly certificateSlashing: ContractTypes["CertificateSlashing"];
}

/** Games, and what they earn. */
export interface GameContracts {
  readonly registry: ContractTypes["GameRegistry"];
  readonly revenue: ContractTypes["GameRevenue"];
  readonly engine: ContractTypes["GameEngine"];
  readonly assets: ContractTypes["GameAssets"];
  readonly quests: ContractTypes["GameQuests"];
  readonly marketplace: ContractTypes["Marketplace"];
  readonly channels: ContractTypes["StateChannels"];
}

/** COS and who holds it. */
export interface TokenContracts {
  readonly cos: ContractTypes["COSToken"];
  readonly ecosystemVault: ContractTypes["EcosystemVault"];
  readonly airdropVault: ContractTypes["AirdropVault"];
  readonly vesting: Readonly<Record<VestingGroup, ContractTypes["ContributorsVesting"]>>;
  readonly airdrop: ContractTypes["MerkleAirdrop"];
  readonly releaseSchedule: ContractTypes["ReleaseSchedule"];
}

export interface Deployment extends DeployedContracts {
  readonly parameters: DeploymentParameters;
}

const RECEIPT_TIMEOUT_MS = 10 * 60_000;

/** Creates the contracts and gives all roles but the admin's and the lanes', which the deployer needs until `handOver`. */
export async function deployChain(options: DeploymentOptions): Promise<Deployment> {
  const run = await Run.start(options);
  await run.createContracts();
  await run.approveBudget();
  await run.registerSamples();
  await run.setUpRollup();
  await run.grantRoles(
    ROLES.filter((role) => role.id !== ADMIN_ROLE && role.id !== LANE_ADMIN_ROLE),
    "roles",
  );
  return run.deployment();
}

/** Opens a lane, as the deployer before its hand-over. */
export async function openLane(options: DeploymentOptions, lane: LaneParameters): Promise<Deployment> {
  const run = await Run.start(options);
  await run.openLane(lane);
  return run.deployment();
}

/** Gives the rest away in one transaction: the lanes' role and the admin's; then the deployer holds nothing. */
export async function handOver(options: DeploymentOptions): Promise<Deployment> {
  const run = await Run.start(options);
  await run.handOver();
  return run.deployment();
}

/** The whole deployment of one chain: contracts, roles, the parameters' lanes, hand-over. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  await deployChain(options);
  for (const lane of options.parameters.lanes) await openLane(options, lane);
  return handOver(options);
}

/** Connects to what a record names. */
export async function connectContracts(
  record: DeploymentRecord,
  runner: Signer | Provider,
  artifacts: ArtifactSource = buildArtifacts(),
): Promise<DeployedContracts> {
  const address = (name: ContractName): string => {
    const found = record.contracts[name]?.address;
    if (found === undefined) {
      throw new DeploymentError(`${name} is not deployed on ${record.network}: run \`npx hardhat deploy\``);
    }
    return found;
  };
  const contract = <Name extends ContractName>(name: Name): Promise<ContractTypes[Name]> =>
    connect(name, address(name), runner, artifacts);
  const ifDeployed = async <Name extends ContractName>(name: Name): Promise<ContractTypes[Name] | undefined> =>
    record.contracts[name] === undefined ? undefined : contract(name);
  return {
    record,
    accessManager: await contract("AccessManager"),
    gateway: await contract("Gateway"),
    qscFactory: await contract("QSCFactory"),
    validatorRegistry: await ifDeployed("ValidatorRegistry"),
    slashing: await ifDeployed("Slashing"),
    liveness: await ifDeployed("Liveness"),
    nodeStaking: await ifDeployed("NodeStaking"),
    delegation: await ifDeployed("Delegation"),
    revenueSplitter: await ifDeployed("RevenueSplitter"),
    cosStaking: await ifDeployed("COSStaking"),
    games:
      record.contracts.GameRegistry === undefined
        ? undefined
        : {
            registry: await contract("GameRegistry"),
            revenue: await contract("GameRevenue"),
            engine: await contract("GameEngine"),
            assets: await contract("GameAssets"),
            quests: await contract("GameQuests"),
            marketplace: await contract("Marketplace"),
            channels: await contract("StateChannels"),
          },
    rollup:
      record.contracts.Rollup === undefined
        ? undefined
        : {
            rollup: await contract("Rollup"),
            vault: await contract("RollupVault"),
            verifier: await contract("RollupVerifier"),
            calldataSegments: await contract("CalldataSegments"),
            blobSegments: await contract("BlobSegments"),
            certificateSlashing: await contract("CertificateSlashing"),
          },
    token:
      record.contracts.COSToken === undefined
        ? undefined
        : {
            cos: await contract("COSToken"),
            ecosystemVault: await contract("EcosystemVault"),
            airdropVault: await contract("AirdropVault"),
            vesting: {
              contributors: await contract("ContributorsVesting"),
              advisors: await contract("AdvisorsVesting"),
              investors: await contract("InvestorsVesting"),
            },
            airdrop: await contract("MerkleAirdrop"),
            releaseSchedule: await contract("ReleaseSchedule"),
          },
  };
}

/** Accounts that hold `role` under `parameters`, with their delays in seconds. */
export function expectedHolders(
  role: RoleDefinition,
  parameters: DeploymentParameters,
  contracts: DeploymentRecord["contracts"],
): readonly { readonly account: string; readonly delay: bigint }[] {
  const account = (holder: Holder): string | undefined => {
    if (holder === "multisig" || holder === "guardian") return parameters[holder];
    const name = HOLDER_CONTRACTS[holder];
    return name === undefined ? undefined : contracts[name]?.address;
  };
  const delay: Readonly<Record<DelayName, bigint>> = { none: 0n, ...parameters.delays };
  return role.holders.flatMap((entry) => {
    const holder = account(entry.holder);
    return holder === undefined ? [] : [{ account: holder, delay: delay[entry.delay] }];
  });
}

class Run {
  private constructor(
    private readonly options: DeploymentOptions,
    private readonly artifacts: ArtifactSource,
    private readonly provider: Provider,
    private readonly deployer: string,
    private record: DeploymentRecord,
  ) {}

  static async start(options: DeploymentOptions): Promise<Run> {
    const { signer, parameters, recorder } = options;
    const { provider } = signer;
    if (provider === null) throw new DeploymentError("the deployer's signer is not connected to a chain");
    const deployer = await signer.getAddress();
    validateParameters(parameters, deployer);
    const { chainId } = await provider.getNetwork();
    if (chainId !== parameters.chainId) {
      throw new DeploymentError(`the endpoint serves chain ${chainId}, not ${parameters.chainId}: check its URL`);
    }
    const empty: DeploymentRecord = {
      network: parameters.network,
      chainId: Number(chainId),
      deployer,
      contracts: {},
      lanes: [],
      handedOver: false,
    };
    const record = (await recorder.load()) ?? empty;
    const run = new Run(options, options.artifacts ?? buildArtifacts(), provider, deployer, record);
    await run.checkRecord(empty);
    return run;
  }

  async deployment(): Promise<Deployment> {
    const { parameters, signer } = this.options;
    return { parameters, ...(await connectContracts(this.record, signer, this.artifacts)) };
  }

  async createContracts(): Promise<void> {
    const { parameters } = this.options;
    const creations = creationsOf(parameters, this.deployer, this.artifacts);
    let admitted = false;
    const addresses: Partial<Record<ContractName, string>> = {};
    for (const { name, args } of creations) {
      const values = await args(addresses);
      const initCode = await this.initCode(name, values);
      const address = create2Address(saltOf(parameters.salt, this.deployer, name), initCode);
      addresses[name] = address;
      const recorded = this.record.contracts[name];
      if (recorded !== undefined && recorded.address !== address) {
        throw new DeploymentError(
          `${name} is recorded at ${recorded.address}, but the present parameters, code and deployer lead to ${address}: ` +
            "restore them, or set DEPLOYMENT_SALT and remove the record to deploy a second time",
        );
      }
      if (recorded !== undefined) {
        await this.observe({ step: `create ${name}`, phase: "done" });
        continue;
      }
      if (!admitted) {
        await this.options.admit?.(await this.plan(creations));
        await ensureCreate2Proxy(this.options.signer, this.provider, parameters.live);
        admitted = true;
      }
      await this.create(name, address, values, initCode);
    }
  }

  /** Function roles, labels, guardians and members that the chain does not have yet, in one transaction. */
  async grantRoles(roles: readonly RoleDefinition[], step: string): Promise<void> {
    const calls = await this.missingGrants(roles);
    if (calls.length === 0) return this.observe({ step, phase: "done" });
    await this.requireAdmin(step);
    await this.multicall(step, calls);
  }

  /** Lets the release schedule take its budget from the ecosystem's vault, while that is still the deployer's to decide. */
  async approveBudget(): Promise<void> {
    const { token } = this.options.parameters;
    if (token === undefined) return;
    const step = "release budget";
    const [vault, cos, schedule] = [
      await this.contract("EcosystemVault"),
      await this.contract("COSToken"),
      await this.contract("ReleaseSchedule"),
    ];
    const manager = await this.contract("AccessManager");
    const { selector } = vault.interface.getFunction("approve");
    const role = await manager.getTargetFunctionRole(await vault.getAddress(), selector);
    const allowance = await cos.allowance(vault, schedule);
    if (role !== ADMIN_ROLE || allowance === token.release.budget) return this.observe({ step, phase: "done" });
    await this.requireAdmin(step);
    const args = [await cos.getAddress(), await schedule.getAddress(), token.release.budget] as const;
    const data = vault.interface.encodeFunctionData("approve", [...args]);
    await this.send(step, { to: await vault.getAddress(), data });
  }

  /** Registers the sample games of a local chain: the deployer is their developer, which is no role. */
  async registerSamples(): Promise<void> {
    for (const [index, name] of (this.options.parameters.games?.samples ?? []).entries()) {
      const step = `register ${name}`;
      const registry = await this.contract("GameRegistry");
      if ((await registry.gameCount()) > index) {
        await this.observe({ step, phase: "done" });
        continue;
      }
      const rules = this.record.contracts[name]?.address ?? "";
      const uri = `data:application/json,${encodeURIComponent(JSON.stringify({ name }))}`;
      const data = registry.interface.encodeFunctionData("registerGame", [rules, 0, uri]);
      await this.send(step, { to: await registry.getAddress(), data });
    }
  }

  /** Names the rollup's vault, its price and its sequencer in one transaction, while they are the deployer's to decide. */
  async setUpRollup(): Promise<void> {
    const parameters = this.options.parameters.rollup;
    if (parameters === undefined) return;
    const step = "rollup";
    const [rollup, vault, manager] = [
      await this.contract("Rollup"),
      await this.contract("RollupVault"),
      await this.contract("AccessManager"),
    ];
    const target = await rollup.getAddress();
    const { selector } = rollup.interface.getFunction("setSequencer");
    const role = await manager.getTargetFunctionRole(target, selector);
    const calls = await rollupSetup(rollup, await vault.getAddress(), parameters);
    if (role !== ADMIN_ROLE || calls.length === 0) return this.observe({ step, phase: "done" });
    await this.requireAdmin(step);
    await this.multicall(
      step,
      calls.map((data) => manager.interface.encodeFunctionData("execute", [target, data])),
    );
  }

  async openLane(lane: LaneParameters): Promise<void> {
    const step = `lane ${lane.chainId}`;
    const gateway = await this.contract("Gateway");
    const open = await gateway.laneChainIds();
    if (open.includes(lane.chainId)) {
      const { remoteGateway } = await gateway.laneState(lane.chainId);
      if (remoteGateway !== lane.gateway) {
        throw new DeploymentError(
          `the lane to chain ${lane.chainId} leads to ${remoteGateway} for good, not to ${lane.gateway}`,
          { key: "LANES" },
        );
      }
    } else {
      await this.requireAdmin(step);
      const data = gateway.interface.encodeFunctionData("addLane", [lane.chainId, lane.gateway, lane.limits]);
      await this.send(step, { to: await gateway.getAddress(), data });
    }
    if (!this.record.lanes.some((known) => known.chainId === lane.chainId.toString())) {
      const added = { chainId: lane.chainId.toString(), gateway: lane.gateway };
      await this.save({ ...this.record, lanes: [...this.record.lanes, added] });
      await this.observe({ step, phase: "recorded" });
    } else {
      await this.observe({ step, phase: "done" });
    }
    await this.setFees(lane);
  }

  /** A lane opens without fees; once the multisig has it, they are the multisig's. */
  private async setFees({ chainId, fees = NO_FEES }: LaneParameters): Promise<void> {
    if (this.record.handedOver) return;
    const gateway = await this.contract("Gateway");
    const { base, perGas, perByte } = await gateway.laneFees(chainId);
    if (base === fees.base && perGas === fees.perGas && perByte === fees.perByte) return;
    const step = `fees of lane ${chainId}`;
    await this.requireAdmin(step);
    const data = gateway.interface.encodeFunctionData("setFees", [chainId, fees]);
    await this.send(step, { to: await gateway.getAddress(), data });
  }

  async handOver(): Promise<void> {
    const step = "hand over";
    const manager = await this.contract("AccessManager");
    const [isAdmin] = await manager.hasRole(ADMIN_ROLE, this.deployer);
    if (isAdmin) {
      const calls = [...(await this.missingGrants(ROLES))];
      calls.push(manager.interface.encodeFunctionData("renounceRole", [ADMIN_ROLE, this.deployer]));
      await this.multicall(step, calls);
    } else {
      await this.observe({ step, phase: "done" });
    }
    if (!this.record.handedOver) {
      await this.save({ ...this.record, handedOver: true });
      await this.observe({ step, phase: "recorded" });
    }
  }

  /** A record of another chain is refused; one of a local chain that has been started anew is dropped. */
  private async checkRecord(empty: DeploymentRecord): Promise<void> {
    const { record } = this;
    if (record.chainId !== empty.chainId) {
      throw new DeploymentError(
        `the record is of chain ${record.chainId}, this is chain ${empty.chainId}: record it under another name`,
      );
    }
    if (record.deployer !== this.deployer && Object.keys(record.contracts).length > 0 && !record.handedOver) {
      throw new DeploymentError(
        `${record.deployer} began this deployment: go on with its key, not ${this.deployer}'s`,
        {
          key: "DEPLOYER_KEY",
        },
      );
    }
    for (const [name, { address }] of Object.entries(record.contracts)) {
      if ((await this.provider.getCode(address)) !== "0x") continue;
      if (this.options.parameters.live) {
        throw new DeploymentError(`${name} is recorded at ${address}, where there is no code: check the endpoint`);
      }
      this.record = empty;
      return;
    }
  }

  private async create(name: ContractName, address: string, args: readonly unknown[], initCode: string): Promise<void> {
    const step = `create ${name}`;
    const { parameters } = this.options;
    let receipt: TransactionReceipt | undefined;
    if ((await this.provider.getCode(address)) === "0x") {
      await this.rehearse(name, initCode);
      receipt = await this.send(step, create2Call(saltOf(parameters.salt, this.deployer, name), initCode));
    }
    const code = await this.provider.getCode(address);
    if (code === "0x") throw new DeploymentError(`${name} was not created at ${address}: see ${receipt?.hash}`);
    const created: ContractRecord = {
      address,
      block: receipt?.blockNumber ?? (await this.creationBlock(address)),
      ...(receipt === undefined ? {} : { transaction: receipt.hash }),
      args: recordableArgs(args),
      codeHash: keccak256(code),
      ...(await this.options.origin?.(name)),
    };
    await this.save({ ...this.record, contracts: { ...this.record.contracts, [name]: created } });
    await this.observe({ step, phase: "recorded" });
  }

  /** The proxy hides why a constructor reverts; a call without a recipient shows it. */
  private async rehearse(name: ContractName, initCode: string): Promise<void> {
    try {
      await this.provider.call({ from: this.deployer, data: initCode });
    } catch (cause) {
      const data = isError(cause, "CALL_EXCEPTION") ? cause.data : undefined;
      const { abi } = await this.artifacts(name);
      const known = data == null ? null : new Interface(abi).parseError(data);
      const reason = known === null ? (cause as Error).message : `${known.name}(${known.args.join(", ")})`;
      throw new DeploymentError(`the constructor of ${name} refuses its parameters: ${reason}`, { cause });
    }
  }

  /** First block with code at `address`, by bisection: for a creation whose record was lost. */
  private async creationBlock(address: string): Promise<number> {
    let [without, has] = [-1, await this.provider.getBlockNumber()];
    try {
      while (has - without > 1) {
        const middle = Math.floor((without + has) / 2);
        if ((await this.provider.getCode(address, middle)) === "0x") without = middle;
        else has = middle;
      }
    } catch {
      // The endpoint keeps no old state: where it began to be missing is a lower bound only of what it can serve.
      throw new DeploymentError(
        `${address} exists, but its creation block is not in reach of this endpoint: restore the record, or use an ` +
          "endpoint that keeps old state",
      );
    }
    return has;
  }

  private async missingGrants(roles: readonly RoleDefinition[]): Promise<readonly string[]> {
    const manager = await this.contract("AccessManager");
    const encode = manager.interface;
    const { contracts } = this.record;
    const checks = roles.map(async (role): Promise<readonly string[]> => {
      const calls: string[] = [];
      for (const [name, functions] of Object.entries(role.functions) as [ContractName, readonly string[]][]) {
        const target = this.record.contracts[name]?.address;
        if (target === undefined) continue;
        const all = await this.selectors(name, functions);
        const present = await Promise.all(all.map((selector) => manager.getTargetFunctionRole(target, selector)));
        const missing = all.filter((_, index) => present[index] !== role.id);
        if (missing.length > 0)
          calls.push(encode.encodeFunctionData("setTargetFunctionRole", [target, missing, role.id]));
      }
      if (role.cancelledBy !== undefined && (await manager.getRoleGuardian(role.id)) !== role.cancelledBy) {
        calls.push(encode.encodeFunctionData("setRoleGuardian", [role.id, role.cancelledBy]));
      }
      for (const { account, delay } of expectedHolders(role, this.options.parameters, contracts)) {
        const [isMember] = await manager.hasRole(role.id, account);
        if (!isMember) calls.push(encode.encodeFunctionData("grantRole", [role.id, account, delay]));
      }
      if (calls.length > 0 && role.id !== ADMIN_ROLE) {
        calls.push(encode.encodeFunctionData("labelRole", [role.id, role.name]));
      }
      return calls;
    });
    return (await Promise.all(checks)).flat();
  }

  private async selectors(name: ContractName, functions: readonly string[]): Promise<readonly string[]> {
    const { abi } = await this.artifacts(name);
    const contract = new Interface(abi);
    return functions.map((wanted) => {
      const found = contract.getFunction(wanted);
      if (found === null) throw new DeploymentError(`${name} has no function ${wanted}: correct deploy/roles.ts`);
      return found.selector;
    });
  }

  private async requireAdmin(step: string): Promise<void> {
    const manager = await this.contract("AccessManager");
    const [isAdmin, delay] = await manager.hasRole(ADMIN_ROLE, this.deployer);
    if (isAdmin && delay === 0n) return;
    throw new DeploymentError(
      `${step}: the deployment is handed over, ${this.deployer} may not do this any more: the multisig ` +
        `${this.options.parameters.multisig} can (for a lane, see \`npx hardhat qcp:add-lane\`)`,
    );
  }

  private async multicall(step: string, calls: readonly string[]): Promise<void> {
    const manager = await this.contract("AccessManager");
    const data = manager.interface.encodeFunctionData("multicall", [[...calls]]);
    await this.send(step, { to: await manager.getAddress(), data });
  }

  private async send(step: string, transaction: { to: string; data: string }): Promise<TransactionReceipt> {
    await this.observe({ step, phase: "sending" });
    const { hash } = await this.options.signer.sendTransaction(transaction);
    const receipt = await this.receiptOf(hash);
    if (receipt.status !== 1) throw new DeploymentError(`${step}: the transaction ${hash} reverted`);
    await this.observe({ step, phase: "mined", transaction: hash, gasUsed: receipt.gasUsed });
    return receipt;
  }

  /** Looks for the receipt itself: ethers looks only once per 4 s. */
  private async receiptOf(hash: string): Promise<TransactionReceipt> {
    const { confirmations, pollMs } = this.options.parameters;
    const deadline = Date.now() + RECEIPT_TIMEOUT_MS;
    for (;;) {
      const receipt = await this.provider.getTransactionReceipt(hash);
      if (receipt !== null) {
        const depth = confirmations === 1 ? 1 : (await this.provider.getBlockNumber()) - receipt.blockNumber + 1;
        if (depth >= confirmations) return receipt;
      }
      if (Date.now() > deadline) {
        throw new DeploymentError(`the transaction ${hash} is not mined after 10 minutes: run again once it is`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  private async contract<Name extends ContractName>(name: Name): Promise<ContractTypes[Name]> {
    const address = this.record.contracts[name]?.address;
    if (address === undefined) throw new DeploymentError(`${name} is not deployed yet: deploy the chain first`);
    return connect(name, address, this.options.signer, this.artifacts);
  }

  private async initCode(name: ContractName, args: readonly unknown[]): Promise<string> {
    const { abi, bytecode } = await this.artifacts(name);
    return concat([bytecode, new Interface(abi).encodeDeploy(args)]);
  }

  private async plan(creations: readonly Creation[]): Promise<DeploymentPlan> {
    const contracts = creations
      .filter(({ name }) => this.record.contracts[name] === undefined)
      .map(async ({ name }) => ({ name, initCodeBytes: ((await this.artifacts(name)).bytecode.length - 2) / 2 }));
    return { deployer: this.deployer, contracts: await Promise.all(contracts) };
  }

  private async save(record: DeploymentRecord): Promise<void> {
    await this.options.recorder.save(record);
    this.record = record;
  }

  private async observe(event: DeploymentEvent): Promise<void> {
    await this.options.observe?.(event);
  }
}
