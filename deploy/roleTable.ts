import { Interface, type FunctionFragment, type Provider } from "ethers";
import { buildArtifacts, type ArtifactSource, type ContractName } from "./contracts";
import { connectContracts, expectedHolders, type DeployedContracts } from "./deployment";
import { grantsOf } from "./grants";
import type { DeploymentParameters } from "./parameters";
import type { DeploymentRecord } from "./record";
import { ADMIN_ROLE, ROLES } from "./roles";

/** Who may do what, and after how long: one line for each role, function and holder. */
export interface RoleRow {
  readonly role: string;
  /** `Contract.function`; of the manager itself, what the role decides there. */
  readonly ability: string;
  /** Whoever holds the role: an account with its name; empty, and "nobody", where there is none. */
  readonly account: string;
  readonly holder: string;
  readonly delay: string;
  /** extra: on the chain, not in `roles.ts`. missing: the other way round. differs: with another delay. */
  readonly verdict: "same" | "extra" | "missing" | "differs";
}

export interface RoleTable {
  readonly rows: readonly RoleRow[];
  /** Whether the manager's logs were served: without them an unknown account with a role would not be seen. */
  readonly complete: boolean;
}

export interface RoleTableOptions {
  readonly provider: Provider;
  readonly parameters: DeploymentParameters;
  readonly record: DeploymentRecord;
  readonly artifacts?: ArtifactSource;
}

/** AccessManager's role that everybody has. */
const PUBLIC_ROLE = 2n ** 64n - 1n;
const NOBODY = "nobody";
const ADMINISTRATION = "AccessManager: roles, delays, members";

/** The abilities of each role, and its holders with their delays in words. */
interface Side {
  readonly abilities: Map<bigint, Set<string>>;
  readonly holders: Map<bigint, Map<string, string>>;
}

/** Reads roles from the access manager, and compares them with the table that the deployment applies. */
export async function readRoleTable(options: RoleTableOptions): Promise<RoleTable> {
  const { provider, parameters, record } = options;
  const artifacts = options.artifacts ?? buildArtifacts();
  const contracts = await connectContracts(record, provider, artifacts);
  const granted = await grantsOf(contracts.accessManager, record, provider);
  const expected = expectedSide(parameters, record);
  const ids = [...new Set([...ROLES.map(({ id }) => id), ...(granted ?? []).map(([role]) => role)])];
  const abilities = await foundAbilities(contracts, ids, artifacts);
  const candidates = new Map<bigint, Set<string>>();
  const suspect = (role: bigint, account: string): void => {
    candidates.set(role, (candidates.get(role) ?? new Set()).add(account));
  };
  for (const [role, account] of granted ?? []) suspect(role, account);
  for (const [role, holders] of expected.holders) for (const account of holders.keys()) suspect(role, account);
  for (const role of ids) suspect(role, record.deployer);
  const found: Side = { abilities, holders: await foundHolders(contracts, candidates) };
  if (abilities.has(PUBLIC_ROLE)) found.holders.set(PUBLIC_ROLE, new Map([["anyone", seconds(0n)]]));

  const names = accountNames(parameters, record);
  const roles = [...new Set([...ids, ...abilities.keys()])].sort((one, other) => (one < other ? -1 : 1));
  return { rows: roles.flatMap((role) => rowsOf(role, expected, found, names)), complete: granted !== undefined };
}

/** What `roles.ts` gives, of the contracts that this chain has. */
function expectedSide(parameters: DeploymentParameters, record: DeploymentRecord): Side {
  const side: Side = { abilities: new Map(), holders: new Map() };
  add(side.abilities, ADMIN_ROLE, ADMINISTRATION);
  for (const role of ROLES) {
    for (const [name, functions] of Object.entries(role.functions) as [ContractName, readonly string[]][]) {
      if (record.contracts[name] === undefined) continue;
      for (const wanted of functions) add(side.abilities, role.id, `${name}.${wanted}`);
    }
    if (role.cancelledBy !== undefined) add(side.abilities, role.cancelledBy, cancelling(role.id));
    const holders = expectedHolders(role, parameters, record.contracts);
    side.holders.set(role.id, new Map(holders.map(({ account, delay }) => [account, seconds(delay)])));
  }
  return side;
}

async function foundAbilities(
  { accessManager, record }: DeployedContracts,
  roles: readonly bigint[],
  artifacts: ArtifactSource,
): Promise<Map<bigint, Set<string>>> {
  const found = new Map<bigint, Set<string>>();
  add(found, ADMIN_ROLE, ADMINISTRATION);
  // What no role was given to is the admin's; for a function that is not restricted that means nothing.
  const administered = new Set(
    Object.entries(ROLES.find(({ id }) => id === ADMIN_ROLE)?.functions ?? {}).flatMap(([name, functions]) =>
      functions.map((wanted) => `${name}.${wanted}`),
    ),
  );
  for (const [name, contract] of Object.entries(record.contracts) as [ContractName, { readonly address: string }][]) {
    if (name === "AccessManager") continue;
    const functions = changing(new Interface((await artifacts(name)).abi));
    const holders = await Promise.all(
      functions.map(({ selector }) => accessManager.getTargetFunctionRole(contract.address, selector)),
    );
    for (const [index, fragment] of functions.entries()) {
      const role = holders[index] ?? ADMIN_ROLE;
      const ability = `${name}.${fragment.name}`;
      if (role !== ADMIN_ROLE || administered.has(ability)) add(found, role, ability);
    }
  }
  for (const role of roles) {
    if (role === ADMIN_ROLE) continue;
    const [guardian, admin] = [await accessManager.getRoleGuardian(role), await accessManager.getRoleAdmin(role)];
    if (guardian !== ADMIN_ROLE) add(found, guardian, cancelling(role));
    if (admin !== ADMIN_ROLE) add(found, admin, `AccessManager: members of ${nameOf(role)}`);
  }
  return found;
}

async function foundHolders(
  { accessManager }: DeployedContracts,
  candidates: ReadonlyMap<bigint, ReadonlySet<string>>,
): Promise<Map<bigint, Map<string, string>>> {
  const found = new Map<bigint, Map<string, string>>();
  for (const [role, accounts] of candidates) {
    const holders = new Map<string, string>();
    for (const account of accounts) {
      const { since, currentDelay, pendingDelay, effect } = await accessManager.getAccess(role, account);
      if (since === 0n) continue;
      const [isMember] = await accessManager.hasRole(role, account);
      const change = effect === 0n ? "" : `, ${pendingDelay} s from ${instant(effect)}`;
      holders.set(account, `${seconds(currentDelay)}${change}${isMember ? "" : `, member from ${instant(since)}`}`);
    }
    found.set(role, holders);
  }
  return found;
}

function rowsOf(role: bigint, expected: Side, found: Side, names: ReadonlyMap<string, string>): readonly RoleRow[] {
  const wanted = expected.abilities.get(role) ?? new Set<string>();
  const present = found.abilities.get(role) ?? new Set<string>();
  const meant = expected.holders.get(role) ?? new Map<string, string>();
  const held = found.holders.get(role) ?? new Map<string, string>();
  const rows: RoleRow[] = [];
  for (const ability of [...new Set([...wanted, ...present])].sort()) {
    const row = { role: nameOf(role), ability };
    const [isWanted, isPresent] = [wanted.has(ability), present.has(ability)];
    const verdict = isWanted ? (isPresent ? "same" : "missing") : "extra";
    if (meant.size === 0 && held.size === 0) rows.push({ ...row, account: "", holder: NOBODY, delay: "", verdict });
    for (const account of new Set([...meant.keys(), ...held.keys()])) {
      const [delay, actual] = [meant.get(account), held.get(account)];
      const holder = names.has(account) ? `${account} ${names.get(account)}` : account;
      const line = { ...row, account, holder, delay: actual ?? delay ?? "" };
      if (isPresent && actual !== undefined) {
        if (!isWanted || delay === undefined) rows.push({ ...line, verdict: "extra" });
        else if (actual === delay) rows.push({ ...line, verdict: "same" });
        else rows.push({ ...line, delay: `${actual}, not ${delay}`, verdict: "differs" });
      } else if (isWanted && delay !== undefined) {
        rows.push({ ...line, delay, verdict: "missing" });
      }
    }
  }
  return rows;
}

/** Functions that change something. */
function changing(contract: Interface): readonly FunctionFragment[] {
  const found: FunctionFragment[] = [];
  contract.forEachFunction((fragment) => {
    if (!fragment.constant) found.push(fragment);
  });
  return found;
}

function accountNames(parameters: DeploymentParameters, record: DeploymentRecord): ReadonlyMap<string, string> {
  const contracts = Object.entries(record.contracts).map(([name, { address }]) => [address, name] as const);
  const { multisig, guardian } = parameters;
  return new Map([...contracts, [record.deployer, "deployer"], [guardian, "guardian"], [multisig, "multisig"]]);
}

function add(abilities: Map<bigint, Set<string>>, role: bigint, ability: string): void {
  abilities.set(role, (abilities.get(role) ?? new Set()).add(ability));
}

function cancelling(role: bigint): string {
  return `AccessManager.cancel, what ${nameOf(role)} scheduled`;
}

function nameOf(role: bigint): string {
  if (role === PUBLIC_ROLE) return "PUBLIC";
  return ROLES.find(({ id }) => id === role)?.name ?? `role ${role}`;
}

function seconds(delay: bigint): string {
  return delay === 0n ? "at once" : `${delay} s`;
}

function instant(time: bigint): string {
  return new Date(Number(time) * 1_000).toISOString();
}
