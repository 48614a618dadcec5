import { Interface, ZeroAddress, keccak256, type Provider } from "ethers";
import { buildArtifacts, type ArtifactSource, type ContractName } from "./contracts";
import { connectContracts, expectedHolders, type Deployment, type TokenContracts } from "./deployment";
import { finding, type Finding } from "./finding";
import { grantsOf } from "./grants";
import type { DeploymentParameters } from "./parameters";
import { NO_FEES, type LaneFees } from "./parameters/lanes";
import { COS_SHARES, COS_SUPPLY, VESTING_GROUPS } from "./parameters/token";
import type { RegistryParameters } from "./parameters/validators";
import type { DeploymentRecord } from "./record";
import { ADMIN_ROLE, ROLES } from "./roles";
import { verifyGames } from "./verifyGames";
import { verifyRollup } from "./verifyRollup";

export interface VerifyOptions {
  readonly provider: Provider;
  readonly parameters: DeploymentParameters;
  readonly record: DeploymentRecord;
  readonly artifacts?: ArtifactSource;
}

/** Later than any: in it holds what was decided last, whether it is in force already or not. */
const LATER_EPOCH = 2n ** 64n;

/** Re-reads everything that the deployment set: code, parameters, roles with delays and members, lanes. */
export async function verifyState(options: VerifyOptions): Promise<readonly Finding[]> {
  const artifacts = options.artifacts ?? buildArtifacts();
  const { parameters, provider, record } = options;
  const deployment = { parameters, ...(await connectContracts(record, provider, artifacts)) };
  const groups = await Promise.all([
    verifyCode(options),
    verifyValues(deployment),
    verifyToken(deployment),
    verifyRevenue(deployment),
    verifyGames(deployment),
    verifyRollup(deployment),
    verifyDelegation(deployment),
    verifyPledges(deployment),
    verifyFunctions(deployment, artifacts),
    verifyMembers(deployment, options.provider),
    verifyLanes(deployment),
  ]);
  return groups.flat();
}

async function verifyCode({ provider, record }: VerifyOptions): Promise<readonly Finding[]> {
  const contracts = Object.entries(record.contracts).map(async ([name, { address, codeHash }]) => {
    const code = await provider.getCode(address);
    return finding(`${name} code`, codeHash, code === "0x" ? "none" : keccak256(code));
  });
  return Promise.all(contracts);
}

async function verifyValues(deployment: Deployment): Promise<readonly Finding[]> {
  const { gateway, qscFactory, validatorRegistry, slashing, parameters, record } = deployment;
  const manager = await deployment.accessManager.getAddress();
  const gatewayAddress = await gateway.getAddress();
  const findings = [
    finding("Gateway authority", manager, await gateway.authority()),
    finding("Gateway MIN_SIGNERS", parameters.minSigners, await gateway.MIN_SIGNERS()),
    finding("Gateway ROTATION_DELAY", parameters.rotationDelay, await gateway.ROTATION_DELAY()),
    finding("Gateway OVERLAP", parameters.overlap, await gateway.OVERLAP()),
    finding("QSCFactory authority", manager, await qscFactory.authority()),
    finding("QSCFactory GATEWAY", gatewayAddress, await qscFactory.GATEWAY()),
    finding("handed over", true, record.handedOver),
  ];
  if (validatorRegistry === undefined || parameters.registry === undefined) return findings;
  const { renewAfter, votingSeconds, admissionBps } = parameters.registry;
  return [
    ...findings,
    ...(await verifyStakes(deployment, parameters.registry)),
    finding("ValidatorRegistry authority", manager, await validatorRegistry.authority()),
    finding("ValidatorRegistry GATEWAY", gatewayAddress, await validatorRegistry.GATEWAY()),
    finding("ValidatorRegistry NODES", record.contracts.NodeStaking?.address, await validatorRegistry.NODES()),
    finding("ValidatorRegistry DELEGATION", record.contracts.Delegation?.address, await validatorRegistry.DELEGATION()),
    finding("ValidatorRegistry RENEW_AFTER", renewAfter, await validatorRegistry.RENEW_AFTER()),
    finding("ValidatorRegistry VOTING_SECONDS", votingSeconds, await validatorRegistry.VOTING_SECONDS()),
    finding("ValidatorRegistry ADMISSION_BPS", admissionBps, await validatorRegistry.ADMISSION_BPS()),
    finding("Slashing REGISTRY", await validatorRegistry.getAddress(), await slashing?.REGISTRY()),
  ];
}

/** What stands behind the validators, and who counts them. */
async function verifyStakes(deployment: Deployment, registry: RegistryParameters): Promise<readonly Finding[]> {
  const { nodeStaking, liveness, record } = deployment;
  if (nodeStaking === undefined || liveness === undefined) return [];
  const { nodes, treasury, genesisOperators } = registry;
  const { COSToken, AccessManager, ValidatorRegistry } = record.contracts;
  const kept = await Promise.all(genesisOperators.map((account) => nodeStaking.isGenesisOperator(account)));
  return [
    finding("NodeStaking authority", AccessManager?.address, await nodeStaking.authority()),
    finding("NodeStaking COS", COSToken?.address, await nodeStaking.COS()),
    finding("NodeStaking ECOSYSTEM", record.contracts.EcosystemVault?.address, await nodeStaking.ECOSYSTEM()),
    finding("NodeStaking CELLULAR_CAP", nodes.cellularCap, await nodeStaking.CELLULAR_CAP()),
    finding("NodeStaking CORE_CAP", nodes.coreCap, await nodeStaking.CORE_CAP()),
    finding("NodeStaking IDLE_SECONDS", nodes.idleSeconds, await nodeStaking.IDLE_SECONDS()),
    finding("NodeStaking treasury", treasury, await nodeStaking.treasury()),
    ...genesisOperators.map((account, index) => finding(`genesis operator ${account}`, true, kept[index])),
    finding("Liveness REGISTRY", ValidatorRegistry?.address, await liveness.REGISTRY()),
    finding("Liveness SCHEDULE", record.contracts.ReleaseSchedule?.address, await liveness.SCHEDULE()),
    finding("Liveness SLOTS", registry.liveness.slots, await liveness.SLOTS()),
    finding("Liveness GRACE", registry.liveness.grace, await liveness.GRACE()),
  ];
}

async function verifyToken({ token, accessManager, parameters, record }: Deployment): Promise<readonly Finding[]> {
  if (token === undefined || parameters.token === undefined) return [];
  const manager = await accessManager.getAddress();
  const findings = [
    finding("COSToken supply", COS_SUPPLY, await token.cos.totalSupply()),
    finding("EcosystemVault authority", manager, await token.ecosystemVault.authority()),
    finding("AirdropVault authority", manager, await token.airdropVault.authority()),
  ];
  for (const group of VESTING_GROUPS) {
    const { beneficiary, start, cliff, duration } = parameters.token.vesting[group];
    const wallet = token.vesting[group];
    findings.push(
      finding(`vesting of the ${group}: beneficiary`, beneficiary, await wallet.owner()),
      finding(`vesting of the ${group}: start`, start, await wallet.start()),
      finding(`vesting of the ${group}: cliff`, start + cliff, await wallet.cliff()),
      finding(`vesting of the ${group}: end`, start + duration, await wallet.end()),
    );
  }
  const { airdrop, releaseSchedule, cos } = token;
  const { budget, start } = parameters.token.release;
  const open = (await cos.allowance(token.ecosystemVault, releaseSchedule)) + (await releaseSchedule.released());
  findings.push(
    finding("MerkleAirdrop authority", manager, await airdrop.authority()),
    finding("MerkleAirdrop TOKEN", await cos.getAddress(), await airdrop.TOKEN()),
    finding("MerkleAirdrop VAULT", await token.airdropVault.getAddress(), await airdrop.VAULT()),
    finding("ReleaseSchedule authority", manager, await releaseSchedule.authority()),
    finding("ReleaseSchedule TOKEN", await cos.getAddress(), await releaseSchedule.TOKEN()),
    finding("ReleaseSchedule VAULT", await token.ecosystemVault.getAddress(), await releaseSchedule.VAULT()),
    finding("ReleaseSchedule BUDGET", budget, await releaseSchedule.BUDGET()),
    finding("ReleaseSchedule START", start, await releaseSchedule.START()),
    finding("ReleaseSchedule recipient", record.contracts.Delegation?.address, await releaseSchedule.recipient()),
    finding("ReleaseSchedule released or approved", budget, open),
  );
  return [...findings, ...(await verifyMinting(cos, record))];
}

async function verifyPledges(deployment: Deployment): Promise<readonly Finding[]> {
  const { cosStaking, accessManager, parameters, record } = deployment;
  if (cosStaking === undefined || parameters.pledges === undefined) return [];
  const { minimum, cooldownSeconds, termSeconds } = parameters.pledges;
  const count = Number(await cosStaking.termCount());
  const terms = await Promise.all(Array.from({ length: count }, (_, index) => cosStaking.termOf(index)));
  return [
    finding("COSStaking authority", await accessManager.getAddress(), await cosStaking.authority()),
    finding("COSStaking COS", record.contracts.COSToken?.address, await cosStaking.COS()),
    finding("COSStaking ECOSYSTEM", record.contracts.EcosystemVault?.address, await cosStaking.ECOSYSTEM()),
    finding("COSStaking MINIMUM", minimum, await cosStaking.MINIMUM()),
    finding("COSStaking COOLDOWN_SECONDS", cooldownSeconds, await cosStaking.COOLDOWN_SECONDS()),
    finding(
      "COSStaking terms",
      termSeconds,
      terms.map(([length]) => length),
    ),
  ];
}

async function verifyDelegation(deployment: Deployment): Promise<readonly Finding[]> {
  const { delegation, accessManager, parameters, record } = deployment;
  if (delegation === undefined || parameters.delegation === undefined) return [];
  const { treasury, community, epochSeconds } = parameters.delegation;
  return [
    finding("Delegation authority", await accessManager.getAddress(), await delegation.authority()),
    finding("Delegation COS", record.contracts.COSToken?.address, await delegation.COS()),
    finding("Delegation VAULT", record.contracts.EcosystemVault?.address, await delegation.VAULT()),
    finding("Delegation EPOCH_SECONDS", epochSeconds, await delegation.EPOCH_SECONDS()),
    finding("Delegation treasury", treasury, await delegation.treasury()),
    finding("Delegation community", community, await delegation.community()),
  ];
}

async function verifyRevenue(deployment: Deployment): Promise<readonly Finding[]> {
  const { revenueSplitter: splitter, accessManager, parameters, record } = deployment;
  if (splitter === undefined || parameters.revenue === undefined) return [];
  const { treasury, nodeShareBps, tokens } = parameters.revenue;
  const { NodeStaking, COSStaking, COSToken } = record.contracts;
  const allowed = [ZeroAddress, COSToken?.address ?? ZeroAddress, ...tokens].map(async (token) =>
    finding(`RevenueSplitter takes ${token}`, true, await splitter.isTokenAllowed(token)),
  );
  return [
    finding("RevenueSplitter authority", await accessManager.getAddress(), await splitter.authority()),
    finding("RevenueSplitter NODE_POOL", NodeStaking?.address, await splitter.NODE_POOL()),
    finding("RevenueSplitter COS_POOL", COSStaking?.address, await splitter.COS_POOL()),
    finding("RevenueSplitter treasury", treasury, await splitter.treasury()),
    finding("RevenueSplitter node share", nodeShareBps, await splitter.nodeShareBps(LATER_EPOCH)),
    ...(await Promise.all(allowed)),
  ];
}

/** What the token's constructor minted, and to whom. */
async function verifyMinting(cos: TokenContracts["cos"], record: DeploymentRecord): Promise<readonly Finding[]> {
  const block = record.contracts.COSToken?.block ?? 0;
  const minted = await cos.queryFilter(cos.filters.Transfer(ZeroAddress), block, block).catch(() => []);
  return COS_SHARES.map(({ holder, bps }, index) => {
    const expected = `${(COS_SUPPLY * bps) / 10_000n} to ${record.contracts[holder]?.address}`;
    const transfer = minted[index]?.args;
    const subject = `COSToken minted for ${holder}`;
    if (transfer === undefined) return { subject, expected, found: "logs are pruned", verdict: "unknown" } as const;
    return finding(subject, expected, `${transfer.value} to ${transfer.to}`);
  });
}

async function verifyFunctions(deployment: Deployment, artifacts: ArtifactSource): Promise<readonly Finding[]> {
  const { accessManager, record } = deployment;
  const findings: Finding[] = [];
  for (const role of ROLES) {
    for (const [name, functions] of Object.entries(role.functions) as [ContractName, readonly string[]][]) {
      const target = record.contracts[name]?.address;
      if (target === undefined) continue;
      const contract = new Interface((await artifacts(name)).abi);
      for (const wanted of functions) {
        const selector = contract.getFunction(wanted)?.selector ?? "0x00000000";
        const found = await accessManager.getTargetFunctionRole(target, selector);
        findings.push(finding(`${name}.${wanted} role`, role.name, nameOf(found)));
      }
    }
    if (role.cancelledBy !== undefined) {
      const found = await accessManager.getRoleGuardian(role.id);
      findings.push(finding(`${role.name} cancelled by`, nameOf(role.cancelledBy), nameOf(found)));
    }
    if (role.id !== ADMIN_ROLE) {
      findings.push(finding(`${role.name} admin`, "ADMIN", nameOf(await accessManager.getRoleAdmin(role.id))));
    }
  }
  for (const [name, contract] of Object.entries(record.contracts)) {
    if (name === "AccessManager") continue;
    findings.push(finding(`${name} closed`, false, await accessManager.isTargetClosed(contract.address)));
  }
  return findings;
}

async function verifyMembers(deployment: Deployment, provider: Provider): Promise<readonly Finding[]> {
  const { accessManager, parameters, record } = deployment;
  const findings: Finding[] = [];
  const expected = new Map<bigint, ReadonlySet<string>>();
  for (const role of ROLES) {
    const holders = expectedHolders(role, parameters, record.contracts);
    expected.set(role.id, new Set(holders.map(({ account }) => account)));
    for (const { account, delay } of holders) {
      const [isMember, found] = await accessManager.hasRole(role.id, account);
      const present = isMember ? `member, delay ${found} s` : "no member";
      findings.push(finding(`${role.name} of ${account}`, `member, delay ${delay} s`, present));
    }
    const [isMember] = await accessManager.hasRole(role.id, record.deployer);
    findings.push(finding(`${role.name} of the deployer`, "no member", isMember ? "member" : "no member"));
  }

  const granted = await grantsOf(accessManager, record, provider);
  if (granted === undefined) {
    findings.push({ subject: "other members", expected: "none", found: "logs are pruned", verdict: "unknown" });
    return findings;
  }
  const others: string[] = [];
  for (const [role, account] of granted) {
    if (expected.get(role)?.has(account) === true || account === record.deployer) continue;
    const [isMember] = await accessManager.hasRole(role, account);
    if (isMember) others.push(`${account} has ${nameOf(role)}`);
  }
  findings.push(finding("other members", "none", others.length === 0 ? "none" : others.join("; ")));
  return findings;
}

async function verifyLanes({ gateway, parameters, record }: Deployment): Promise<readonly Finding[]> {
  const open = await gateway.laneChainIds();
  const findings: Finding[] = [];
  const known = new Map(record.lanes.map(({ chainId, gateway: remote }) => [BigInt(chainId), remote]));
  for (const lane of parameters.lanes) known.set(lane.chainId, lane.gateway);
  for (const [chainId, remote] of known) {
    if (!open.includes(chainId)) {
      findings.push(finding(`lane ${chainId}`, remote, "none"));
      continue;
    }
    const state = await gateway.laneState(chainId);
    findings.push(finding(`lane ${chainId}`, remote, state.remoteGateway));
    findings.push(finding(`lane ${chainId} paused`, false, state.paused));
    const lane = parameters.lanes.find((each) => each.chainId === chainId);
    if (lane === undefined) continue;
    const { limits, fees = NO_FEES } = lane;
    const prices = ({ base, perGas, perByte }: LaneFees): string => `${base} + ${perGas}/gas + ${perByte}/byte mwei`;
    findings.push(finding(`lane ${chainId} fees`, prices(fees), prices(await gateway.laneFees(chainId))));
    const text = (value: { cadence: bigint; maxGas: bigint; maxBytes: bigint }): string =>
      `cadence ${value.cadence}, ${value.maxGas} gas, ${value.maxBytes} bytes`;
    findings.push(finding(`lane ${chainId} limits`, text(limits), text(state)));
  }
  for (const chainId of open) {
    if (!known.has(chainId)) {
      const { remoteGateway } = await gateway.laneState(chainId);
      findings.push(finding(`lane ${chainId}`, "none", remoteGateway));
    }
  }
  return findings;
}

function nameOf(role: bigint): string {
  return ROLES.find(({ id }) => id === role)?.name ?? `role ${role}`;
}
