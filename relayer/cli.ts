import { Command, InvalidArgumentError } from "commander";
import { hexlify, isHexString, randomBytes } from "ethers";
import { readFileSync } from "node:fs";
import { loadConfig, type RelayerConfig } from "./config";
import { RelayerError } from "./errors";
import { terminalPrompt, keystoreAddress, writeKeystore, type KeyOptions } from "./keystore";

/** Longest that a relayer takes to stop. */
const DRAIN_MS = 15_000;

const out = (line: string): void => void process.stdout.write(`${line}\n`);

const withConfig = (command: Command): Command =>
  command.option("-c, --config <path>", "configuration file", "relayer.yaml");

const configOf = (options: { readonly config: string }): RelayerConfig => loadConfig(options.config, process.env);

async function run(config: RelayerConfig): Promise<number> {
  const { createLog } = await import("./log");
  const { runUntilStopped } = await import("./lifecycle");
  const { startRelayer } = await import("./run");
  const { useFastKeccak } = await import("./fastKeccak");
  await useFastKeccak();
  const log = createLog({ operator: config.operator, level: config.logLevel });
  const relayer = await startRelayer(config, log, terminalPrompt());
  const work = async (signal: AbortSignal): Promise<void> => {
    log.info({ address: relayer.address, ...config.roles, send: config.send }, "started");
    await relayer.work(signal);
  };
  return runUntilStopped(work, relayer.closables, { log, drainMs: DRAIN_MS, signals: process });
}

async function doctor(config: RelayerConfig): Promise<number> {
  const { diagnose, renderFindings } = await import("./doctor");
  const warnings: string[] = [];
  const keys: KeyOptions = {
    prompt: terminalPrompt(),
    warn: (message, context) => warnings.push(`! ${String(context.path)}: ${message}`),
  };
  const findings = await diagnose(config, keys, new AbortController().signal);
  out(renderFindings(findings));
  for (const warning of warnings) out(warning);
  const wrong = findings.filter(({ ok }) => !ok).length;
  out(wrong === 0 ? "all is well" : `${wrong} of ${findings.length} checks failed`);
  return wrong === 0 ? 0 : 1;
}

async function status(config: RelayerConfig): Promise<number> {
  const { describeStatus } = await import("./status");
  const { Store } = await import("./store/store");
  const { addressOf } = await import("./doctor");
  const store = await Store.open(config.store);
  try {
    const sender = config.sender && (await addressOf(config.sender));
    for (const line of await describeStatus(config, store, sender, new AbortController().signal)) out(line);
  } finally {
    await store.close();
  }
  return 0;
}

async function inspect(config: RelayerConfig, words: readonly string[]): Promise<number> {
  const { describeMessage, findMessage } = await import("./status");
  const { Store } = await import("./store/store");
  const found = findMessage(config, words);
  if (found === undefined) {
    out("name a message by its id, or by source chain, target chain and sequence, of a configured lane");
    return 1;
  }
  const store = await Store.open(config.store);
  try {
    for (const line of await describeMessage(config, store, found.lane, found.seq)) out(line);
  } finally {
    await store.close();
  }
  return 0;
}

async function newPassword(passwordFile: string | undefined): Promise<string> {
  if (passwordFile !== undefined) return readFileSync(passwordFile, "utf8").replace(/\r?\n$/, "");
  const prompt = terminalPrompt();
  if (prompt === undefined) {
    throw new RelayerError("KEYSTORE_INVALID", "there is no terminal to ask at: give --password-file");
  }
  const password = await prompt("Password: ");
  if (password !== (await prompt("Again: "))) {
    throw new RelayerError("KEYSTORE_INVALID", "the two passwords differ");
  }
  return password;
}

async function importedKey(keyFile: string | undefined): Promise<string> {
  const prompt = terminalPrompt();
  const given = keyFile !== undefined ? readFileSync(keyFile, "utf8") : await prompt?.("Private key: ");
  const key = given?.trim();
  if (key === undefined || !isHexString(key, 32)) {
    throw new RelayerError("KEYSTORE_INVALID", "a private key is 32 bytes of hex, 0x-prefixed, typed or in --key-file");
  }
  return key;
}

interface KeyCommandOptions {
  readonly passwordFile?: string;
  readonly keyFile?: string;
  readonly light?: boolean;
}

const keyPath = (value: string): string => {
  if (value.length === 0) throw new InvalidArgumentError("give a path");
  return value;
};

function keysCommand(exit: (code: number) => void): Command {
  const keys = new Command("keys").description("make, import and name encrypted keystores");
  const write = (command: Command, keyOf: (options: KeyCommandOptions) => Promise<string>): Command =>
    command
      .argument("<path>", "keystore to write; never over another file", keyPath)
      .option("--password-file <path>", "else the password is asked for")
      .option("--light", "a weak but fast encryption, for local chains only")
      .action(async (path: string, options: KeyCommandOptions) => {
        const password = await newPassword(options.passwordFile);
        out(await writeKeystore(path, await keyOf(options), password, { light: options.light === true }));
        exit(0);
      });
  keys.addCommand(
    write(new Command("new").description("write a new random key"), async () => hexlify(randomBytes(32))),
  );
  keys.addCommand(
    write(
      new Command("import")
        .description("write a given key")
        .option("--key-file <path>", "file that holds the private key, else it is asked for"),
      (options) => importedKey(options.keyFile),
    ),
  );
  keys.addCommand(
    new Command("address")
      .description("name the address of a keystore")
      .argument("<path>")
      .action(async (path: string) => {
        out(await keystoreAddress(path));
        exit(0);
      }),
  );
  return keys;
}

/** The command line; `exit` hears the exit code of what was run. */
export function buildCli(exit: (code: number) => void): Command {
  const program = new Command("relayer").description("Relays messages between chains by a quorum of signatures.");
  withConfig(program.command("run").description("run the configured roles")).action(
    async (options: { readonly config: string }) => exit(await run(configOf(options))),
  );
  withConfig(program.command("doctor").description("check everything that a relayer depends on")).action(
    async (options: { readonly config: string }) => exit(await doctor(configOf(options))),
  );
  withConfig(program.command("status").description("show lanes, signers and balances")).action(
    async (options: { readonly config: string }) => exit(await status(configOf(options))),
  );
  withConfig(
    program
      .command("inspect")
      .description("show everything that is known of a message")
      .argument("<words...>", "message id, or: source chain, target chain, sequence"),
  ).action(async (words: readonly string[], options: { readonly config: string }) =>
    exit(await inspect(configOf(options), words)),
  );
  program.addCommand(keysCommand(exit));
  return program;
}

if (require.main === module) {
  buildCli((code) => {
    process.exitCode = code;
  })
    .parseAsync(process.argv)
    .catch((error: unknown) => {
      const known = error instanceof RelayerError;
      process.stderr.write(`${known ? `${error.code}: ${error.message}` : String((error as Error).stack ?? error)}\n`);
      process.exitCode = 1;
    });
}
