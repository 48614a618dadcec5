import { isAddress, isHexString, parseUnits } from "ethers";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import type { LaneEnds } from "../protocol/hashChain";
import { RelayerError } from "./errors";
import type { StoreLocation } from "./store/store";

const chainName = z.string().regex(/^[a-z0-9-]{1,32}$/, "give 1 to 32 of a-z, 0-9 and -");

const address = z
  .string()
  .refine((value) => isAddress(value), "give a 20-byte address, 0x-prefixed, in lowercase or with a right checksum");

const httpUrl = z
  .string()
  .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), "give an http:// or https:// URL");

const port = z
  .int("give a port number")
  .min(0, "give a port from 0 to 65535")
  .max(65_535, "give a port from 0 to 65535");

const milliseconds = (least: number, most: number): z.ZodInt =>
  z.int("give whole milliseconds").min(least, `give at least ${least} ms`).max(most, `give at most ${most} ms`);

/** Gwei as a number or a decimal string, in wei. */
const gwei = z.union([z.number(), z.string()], "give gwei, such as 0.05").transform((value, context) => {
  try {
    const wei = parseUnits(`${value}`, "gwei");
    if (wei > 0n) return wei;
  } catch {
    // Reported below.
  }
  context.addIssue({ code: "custom", message: "give more than 0 gwei with at most 9 decimals" });
  return z.NEVER;
});

const keystore = z.strictObject({
  keystore: z.string("give the path of an encrypted JSON keystore (relayer keys new)").min(1),
  passwordFile: z.string().min(1).optional(),
});

const rawKey = z.strictObject({
  privateKey: z.string().refine((value) => isHexString(value, 32), "give 32 bytes of hex, 0x-prefixed"),
});

const key = z.union([keystore, rawKey], "give either keystore (with passwordFile, else it is asked for) or privateKey");

const chain = z
  .strictObject({
    name: chainName,
    chainId: z
      .int("give the chain id as a number")
      .positive("give the chain id as a positive number")
      .transform((value) => BigInt(value)),
    endpoints: z.array(httpUrl).min(1, "give at least one RPC endpoint"),
    quorum: z.int("give how many endpoints must agree").positive("give how many endpoints must agree").optional(),
    finality: z.enum(["finalized", "safe", "latest"], "give finalized, safe or latest").default("finalized"),
    gateway: address,
    registry: address.optional(),
    liveness: address.optional(),
    stateChannels: address.optional(),
    startBlock: z
      .int("give a block number")
      .nonnegative("give a block number")
      .default(0)
      .transform((value) => BigInt(value)),
    pollMs: milliseconds(10, 60_000).default(450),
    requestTimeoutMs: milliseconds(100, 60_000).default(5_000),
    logRange: z.int("give a number of blocks").positive("give a number of blocks").default(1_000),
    maxGasPriceGwei: gwei.default(parseUnits("5", "gwei")),
    maxBlobGasPriceGwei: gwei.default(parseUnits("5", "gwei")),
    payout: address.optional(),
  })
  .superRefine((value, context) => {
    if (value.quorum !== undefined && value.quorum > value.endpoints.length) {
      context.addIssue({
        code: "custom",
        path: ["quorum"],
        message: `${value.quorum} of ${value.endpoints.length} endpoints can never agree: lower it or add endpoints`,
      });
    }
    if (value.liveness !== undefined && value.registry === undefined) {
      const message = "liveness stands beside the registry: give that too, or remove it";
      context.addIssue({ code: "custom", path: ["liveness"], message });
    }
    if (new Set(value.endpoints).size !== value.endpoints.length) {
      context.addIssue({ code: "custom", path: ["endpoints"], message: "an endpoint stands there twice: remove one" });
    }
  });

const whole = (least: number, most: number): z.ZodInt =>
  z.int("give a whole number").min(least, `give at least ${least}`).max(most, `give at most ${most}`);

const perSecond = z.number("give transfers a second").nonnegative("give at least 0");

const sequencer = z.strictObject({
  directory: z.string().min(1).default("data/sequencer"),
  mode: z.enum(["calldata", "blobs", "cheapest"], "give calldata, blobs or cheapest").default("calldata"),
  staking: address.optional(),
  batch: z
    .strictObject({
      transactions: whole(1, 1_000_000).default(4_096),
      bytes: whole(1_024, 1_000_000).optional(),
      blobs: whole(1, 6).default(3),
      entries: whole(128, 4_096).default(512),
      ageMs: milliseconds(50, 600_000).default(15_000),
    })
    .prefault({}),
  mempool: z
    .strictObject({
      transactions: whole(16, 1_000_000).default(20_000),
      bytes: whole(4_096, 2 ** 30).default(8_388_608),
    })
    .prefault({}),
  quotas: z
    .strictObject({
      free: perSecond.default(2),
      perStakedCos: perSecond.default(0.01),
      most: perSecond.default(200),
      burstSeconds: z.number("give seconds").min(1, "give at least 1").default(30),
      sponsored: z
        .array(z.strictObject({ gameId: whole(1, Number.MAX_SAFE_INTEGER), transfersPerSecond: perSecond }))
        .default([]),
    })
    .prefault({}),
  perAddress: whole(1, 1_000_000).default(500),
  threads: whole(1, 64).default(2),
  kzgThreads: whole(1, 16).default(1),
  receipts: whole(1_000, 10_000_000).default(200_000),
  mostUnposted: whole(1, 10_000).default(64),
  checkpointBytes: whole(1_000_000, 2 ** 40).default(256_000_000),
  takeOver: z.boolean("give true or false").default(false),
});

const rollup = z.strictObject({
  chain: chainName,
  address,
  startBlock: z
    .int("give the block in which the rollup was deployed")
    .nonnegative("give the block in which the rollup was deployed")
    .transform((value) => BigInt(value)),
  pollMs: milliseconds(10, 60_000).default(2_000),
  snapshots: z.string().min(1).optional(),
  snapshotHours: z.int("give whole hours").min(1, "give at least 1 hour").max(8_760, "give at most 8760").default(24),
  peers: z.array(httpUrl).default([]),
  payout: address.optional(),
  freeze: z.boolean("give true or false").default(true),
  sequencer: sequencer.optional(),
});

const file = z
  .strictObject({
    operator: z.string("give a name for logs and metrics").min(1, "give a name for logs and metrics"),
    roles: z
      .strictObject({
        attestor: z.boolean().default(false),
        deliverer: z.boolean().default(false),
        watchtower: z.boolean().default(false),
        certifier: z.boolean().default(false),
        challenger: z.boolean().default(false),
        sequencer: z.boolean().default(false),
      })
      .prefault({}),
    send: z.boolean("give true or false").default(false),
    chains: z.array(chain).min(1, "give at least one chain"),
    lanes: z.array(z.tuple([chainName, chainName], "give two names of chains, such as [bsc, games]")).default([]),
    rollup: rollup.optional(),
    signer: key.optional(),
    sender: key.optional(),
    store: z
      .union(
        [z.strictObject({ sqlite: z.string().min(1) }), z.strictObject({ postgres: z.string().min(1) })],
        "give either sqlite: <path> or postgres: <url>",
      )
      .default({ sqlite: "relayer.sqlite" }),
    api: z
      .strictObject({
        host: z.string().min(1).default("127.0.0.1"),
        port: port.default(7_400),
        publicEndpoint: httpUrl.optional(),
      })
      .default({ host: "127.0.0.1", port: 7_400 }),
    peers: z
      .strictObject({ static: z.array(httpUrl).default([]), fromRegistry: z.boolean().default(false) })
      .default({ static: [], fromRegistry: false }),
    logLevel: z
      .enum(["trace", "debug", "info", "warn", "error"], "give trace, debug, info, warn or error")
      .default("info"),
  })
  .superRefine((value, context) => {
    const issue = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    for (const field of ["name", "chainId"] as const) {
      value.chains.forEach((each, index) => {
        if (value.chains.findIndex((other) => other[field] === each[field]) !== index) {
          issue(["chains", index, field], `${each[field]} stands for another chain already: every chain needs its own`);
        }
      });
    }
    const names = new Set(value.chains.map(({ name }) => name));
    const pairs = new Set<string>();
    value.lanes.forEach((pair, index) => {
      pair.forEach((name, side) => {
        if (!names.has(name))
          issue(["lanes", index, side], `no chain is named ${name}: name one of ${[...names].join(", ")}`);
      });
      if (pair[0] === pair[1]) issue(["lanes", index], "a lane joins two different chains");
      const sorted = [...pair].sort().join(" ");
      if (pairs.has(sorted)) issue(["lanes", index], "this pair stands there twice: each stands for both directions");
      pairs.add(sorted);
    });
    value.chains.forEach((each, index) => {
      if (each.finality === "latest" && !isLocalChain(each.chainId)) {
        issue(["chains", index, "finality"], "latest is for local chains only: use finalized");
      }
    });
    if (value.chains.filter(({ registry }) => registry !== undefined).length > 1) {
      issue(["chains"], "registry stands on several chains: there is one validator registry");
    }
    if (value.lanes.length === 0 && (value.rollup === undefined || value.roles.attestor || value.roles.deliverer)) {
      issue(["lanes"], "give at least one pair of chains; only who follows nothing but a rollup needs none");
    }
    if (value.rollup !== undefined && !names.has(value.rollup.chain)) {
      issue(["rollup", "chain"], `no chain is named ${value.rollup.chain}: name one of ${[...names].join(", ")}`);
    }
    for (const role of ["certifier", "challenger"] as const) {
      if (value.roles[role] && value.rollup === undefined) issue(["rollup"], `roles.${role} is on: give the rollup`);
    }
    if (value.roles.certifier && value.signer === undefined)
      issue(["signer"], "roles.certifier is on: give its signing key");
    if (value.roles.challenger) {
      if (!value.send) issue(["send"], "roles.challenger is on: set send to true, since it proves by transactions");
      if (value.sender === undefined) issue(["sender"], "roles.challenger is on: give the key that pays for proofs");
    }
    if (value.roles.sequencer) {
      if (value.rollup === undefined) issue(["rollup"], "roles.sequencer is on: give the rollup");
      // Whoever is given a receipt relies on its batch being posted.
      if (!value.send) issue(["send"], "roles.sequencer is on: set send to true, since what it takes has to be posted");
      if (value.sender === undefined)
        issue(["sender"], "roles.sequencer is on: give the key that posts and has the bond");
    }
    if (value.roles.attestor && value.signer === undefined)
      issue(["signer"], "roles.attestor is on: give its signing key");
    if (value.roles.deliverer && value.send && value.sender === undefined) {
      issue(["sender"], "roles.deliverer and send are on: give the key that pays for transactions");
    }
    if (value.roles.watchtower) {
      // Who gives it a state relies on the answer: one that cannot send must not take any.
      if (!value.send) issue(["send"], "roles.watchtower is on: set send to true, since it answers by transactions");
      if (value.sender === undefined) issue(["sender"], "roles.watchtower is on: give the key that pays for answers");
      if (value.chains.every(({ stateChannels }) => stateChannels === undefined)) {
        issue(["chains"], "roles.watchtower is on: give stateChannels of the chains to watch");
      }
    }
    if (value.peers.fromRegistry && value.chains.every(({ registry }) => registry === undefined)) {
      issue(["peers", "fromRegistry"], "no chain has a registry: give its address, or list peers.static");
    }
    for (const name of ["signer", "sender"] as const) {
      const given = value[name];
      if (given !== undefined && "privateKey" in given && !value.chains.every(({ chainId }) => isLocalChain(chainId))) {
        issue(
          [name, "privateKey"],
          "a raw key is for local chains only (1337, 31337 to 31399): make a keystore with `relayer keys import`",
        );
      }
    }
  });

/** Chain ids that no public chain uses. */
export function isLocalChain(chainId: bigint): boolean {
  return chainId === 1_337n || (chainId >= 31_337n && chainId <= 31_399n);
}

export type KeySource =
  { readonly keystore: string; readonly passwordFile: string | undefined } | { readonly privateKey: string };

export interface ChainConfig {
  readonly name: string;
  readonly chainId: bigint;
  readonly endpoints: readonly string[];
  /** Endpoints that must agree; more than half of them where it is not given. */
  readonly quorum: number;
  readonly finality: "finalized" | "safe" | "latest";
  readonly gateway: string;
  readonly registry: string | undefined;
  /** The `Liveness` of that registry; undefined: this operator shows nobody's attendance. */
  readonly liveness: string | undefined;
  /** The `StateChannels` whose channels the watchtower watches. */
  readonly stateChannels: string | undefined;
  readonly startBlock: bigint;
  readonly pollMs: number;
  readonly requestTimeoutMs: number;
  /** Blocks per `eth_getLogs`. */
  readonly logRange: number;
  /** Wei. */
  readonly maxGasPrice: bigint;
  /** Wei per blob gas. */
  readonly maxBlobGasPrice: bigint;
  /** Where the deliverer is paid on this chain; its sender's address where it is not given. */
  readonly payout: string | undefined;
}

/** How batches' data goes to layer 1; `cheapest` decides batch by batch. */
export type DataRoute = "calldata" | "blobs" | "cheapest";

/** How a sequencer orders, and what it admits; `config.example.yaml` explains each. */
export interface SequencerConfig {
  readonly directory: string;
  readonly mode: DataRoute;
  /** `COSStaking`; undefined: nobody has a quota by stake. */
  readonly staking: string | undefined;
  readonly batch: {
    readonly transactions: number;
    /** Undefined: as many as layer 1 takes. */
    readonly bytes: number | undefined;
    readonly blobs: number;
    readonly entries: number;
    readonly ageMs: number;
  };
  readonly mempool: { readonly transactions: number; readonly bytes: number };
  readonly quotas: {
    readonly free: number;
    readonly perStakedCos: number;
    readonly most: number;
    readonly burstSeconds: number;
    readonly sponsored: ReadonlyMap<bigint, number>;
  };
  /** Transactions a second of one network address. */
  readonly perAddress: number;
  readonly threads: number;
  readonly kzgThreads: number;
  readonly receipts: number;
  readonly mostUnposted: number;
  readonly checkpointBytes: number;
  readonly takeOver: boolean;
}

/** The rollup that certifiers and challengers follow. */
export interface RollupConfig {
  readonly chainId: bigint;
  readonly address: string;
  /** Block of its deployment. */
  readonly startBlock: bigint;
  readonly pollMs: number;
  /** Folder of snapshots; undefined: none are written. */
  readonly snapshots: string | undefined;
  readonly snapshotHours: number;
  /** Nodes that serve snapshots and entries, besides the relayer's peers. */
  readonly peers: readonly string[];
  /** Where rewards go; the sender's address where it is not given. */
  readonly payout: string | undefined;
  readonly freeze: boolean;
  /** For the role sequencer. */
  readonly sequencer?: SequencerConfig;
}

export interface RelayerConfig {
  readonly operator: string;
  readonly roles: {
    readonly attestor: boolean;
    readonly deliverer: boolean;
    readonly watchtower: boolean;
    readonly certifier: boolean;
    readonly challenger: boolean;
    readonly sequencer: boolean;
  };
  readonly rollup: RollupConfig | undefined;
  readonly send: boolean;
  readonly chains: readonly ChainConfig[];
  /** Both directions of every pair. */
  readonly lanes: readonly LaneEnds[];
  readonly signer: KeySource | undefined;
  readonly sender: KeySource | undefined;
  readonly store: StoreLocation;
  readonly api: { readonly host: string; readonly port: number; readonly publicEndpoint: string | undefined };
  readonly peers: { readonly static: readonly string[]; readonly fromRegistry: boolean };
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
}

/** Variables that take the place of what the file says. */
export type ConfigEnvironment = Readonly<
  Partial<Record<"DATABASE_URL" | "RELAYER_SIGNER_PASSWORD_FILE" | "RELAYER_SENDER_PASSWORD_FILE", string>>
>;

function refuse(problems: readonly string[], cause?: unknown): RelayerError {
  return new RelayerError(
    "CONFIG_INVALID",
    `the configuration is refused\n${problems.map((each) => `  ${each}`).join("\n")}`,
    {
      context: { problems },
      cause,
    },
  );
}

function describe(issue: z.core.$ZodIssue): readonly string[] {
  const at = (path: readonly PropertyKey[]): string => (path.length === 0 ? "(top)" : path.map(String).join("."));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => `${at([...issue.path, name])}: no such key: remove it or correct its name`);
  }
  // The branch of a union that the given keys point to says more than the union itself.
  if (issue.code === "invalid_union") {
    const closest = issue.errors.find((branch) => branch.every((each) => each.path.length > 0));
    if (closest !== undefined) {
      return closest.flatMap((each) => describe({ ...each, path: [...issue.path, ...each.path] }));
    }
  }
  return [`${at(issue.path)}: ${issue.message}`];
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

function postgresUrl(name: string, value: string): string {
  if (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return value;
  throw refuse([`${name}: give a URL such as postgres://user:password@host:5432/database`]);
}

/** Parses the text of a configuration file; `directory` is where its relative paths start. */
export function parseConfig(text: string, directory: string, environment: ConfigEnvironment = {}): RelayerConfig {
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw refuse([`(file): not YAML: ${error instanceof Error ? error.message : String(error)}`], error);
  }
  const parsed = file.safeParse(document ?? {});
  if (!parsed.success) throw refuse(parsed.error.issues.flatMap(describe));
  const given = parsed.data;

  const keySource = (
    source: z.output<typeof key> | undefined,
    passwordFile: string | undefined,
  ): KeySource | undefined => {
    if (source === undefined || "privateKey" in source) return source;
    const password = passwordFile ?? source.passwordFile;
    return {
      keystore: resolve(directory, source.keystore),
      passwordFile: password === undefined ? undefined : resolve(directory, password),
    };
  };
  const store = (): StoreLocation => {
    if (environment.DATABASE_URL) return { postgres: postgresUrl("DATABASE_URL", environment.DATABASE_URL) };
    if ("postgres" in given.store) return { postgres: postgresUrl("store.postgres", given.store.postgres) };
    return { sqlite: resolve(directory, given.store.sqlite) };
  };
  const chains = given.chains.map(
    ({
      maxGasPriceGwei,
      maxBlobGasPriceGwei,
      quorum,
      registry,
      liveness,
      stateChannels,
      payout,
      gateway,
      ...rest
    }) => ({
      ...rest,
      gateway: gateway.toLowerCase(),
      quorum: quorum ?? Math.floor(rest.endpoints.length / 2) + 1,
      maxGasPrice: maxGasPriceGwei,
      maxBlobGasPrice: maxBlobGasPriceGwei,
      registry: registry?.toLowerCase(),
      liveness: liveness?.toLowerCase(),
      stateChannels: stateChannels?.toLowerCase(),
      payout: payout?.toLowerCase(),
    }),
  );
  const byName = new Map(chains.map((each) => [each.name, each]));
  const lane = (source: string, target: string): LaneEnds => {
    const [from, to] = [byName.get(source) as ChainConfig, byName.get(target) as ChainConfig];
    return {
      sourceChainId: from.chainId,
      sourceGateway: from.gateway,
      targetChainId: to.chainId,
      targetGateway: to.gateway,
    };
  };

  const sequencing = (own: z.output<typeof sequencer>): SequencerConfig => ({
    ...own,
    directory: resolve(directory, own.directory),
    staking: own.staking?.toLowerCase(),
    batch: { ...own.batch, bytes: own.batch.bytes },
    quotas: {
      ...own.quotas,
      sponsored: new Map(own.quotas.sponsored.map((each) => [BigInt(each.gameId), each.transfersPerSecond])),
    },
  });
  const followed = (): RollupConfig | undefined => {
    if (given.rollup === undefined) return undefined;
    const { chain: name, address: contract, snapshots, payout, sequencer: own, ...rest } = given.rollup;
    return {
      ...rest,
      chainId: (byName.get(name) as ChainConfig).chainId,
      address: contract.toLowerCase(),
      snapshots: snapshots === undefined ? undefined : resolve(directory, snapshots),
      payout: payout?.toLowerCase(),
      ...(given.roles.sequencer && { sequencer: sequencing(own ?? sequencer.parse({})) }),
    };
  };

  return freeze({
    operator: given.operator,
    roles: given.roles,
    rollup: followed(),
    send: given.send,
    chains,
    lanes: given.lanes.flatMap(([one, other]) => [lane(one, other), lane(other, one)]),
    signer: keySource(given.signer, environment.RELAYER_SIGNER_PASSWORD_FILE),
    sender: keySource(given.sender, environment.RELAYER_SENDER_PASSWORD_FILE),
    store: store(),
    api: { ...given.api, publicEndpoint: given.api.publicEndpoint },
    peers: given.peers,
    logLevel: given.logLevel,
  });
}

/** Reads and parses a configuration file. */
export function loadConfig(path: string, environment: ConfigEnvironment): RelayerConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw refuse(
      [`(file): ${path} cannot be read: copy relayer/config.example.yaml, or name another with --config`],
      error,
    );
  }
  return parseConfig(text, dirname(resolve(path)), environment);
}
