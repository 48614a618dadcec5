import { task, types } from "hardhat/config";
import { buildCompilations } from "../deploy/compilation";
import { EnvironmentReader } from "../deploy/environment";
import { Explorer } from "../deploy/explorer";
import { publishSources, type PublishedSource } from "../deploy/publishSources";
import { Refusal } from "./refusal";
import { compileUnlessTold, inWords, loadRecord, openSession, withCommonParams, type BuildArgs } from "./session";

interface VerifyAllArgs extends BuildArgs {
  readonly minutes: number;
  readonly rate: number;
}

const POLL_MS = 3_000;
const MINUTE_MS = 60_000;
/** Where people read the sources of a chain. */
const PAGES: Readonly<Record<string, string>> = { "56": "https://bscscan.com", "97": "https://testnet.bscscan.com" };

withCommonParams(
  task("verify:all", "Publishes the source of every contract on the block explorer; what is there already is fine"),
)
  .addFlag("noCompile", "Take the contracts as they were compiled last")
  .addOptionalParam("minutes", "How long to wait for the explorer's verdicts", 5, types.float)
  .addOptionalParam("rate", "Calls a second that the key allows, at most; a free one three", 2.5, types.float)
  .setAction(async (args: VerifyAllArgs, hre): Promise<readonly PublishedSource[]> => {
    await compileUnlessTold(hre, args);
    const session = await openSession(hre, args);
    const { chainId, provider, artifacts, say } = session;
    if (!session.live) throw new Refusal(`no block explorer knows the local chain ${chainId}`);
    const record = await loadRecord(session);
    const read = new EnvironmentReader(process.env);
    const published = await inWords(session, async () => {
      const apiKey = read.required("ETHERSCAN_API_KEY", "a key of etherscan.io, which serves all its chains");
      const url = read.optional("ETHERSCAN_API_URL");
      return publishSources({
        provider,
        record,
        artifacts,
        compilations: buildCompilations(hre.config.paths.artifacts),
        explorer: new Explorer({ chainId, apiKey, pauseMs: 1_000 / args.rate, ...(url === undefined ? {} : { url }) }),
        rounds: Math.ceil((args.minutes * MINUTE_MS) / POLL_MS),
        pollMs: POLL_MS,
        observe: (name, what) => say(`  ${name}: ${what}`),
      });
    });

    const width = Math.max(...published.map(({ name }) => name.length));
    const page = PAGES[chainId.toString()];
    for (const { name, address, outcome, reason } of published) {
      const where = page === undefined ? address : `${page}/address/${address}#code`;
      say(`${outcome.padEnd(16)} ${name.padEnd(width)} ${where}${reason === undefined ? "" : `  ${reason}`}`);
    }
    const failed = published.filter(({ outcome }) => outcome === "failed");
    if (failed.length > 0) {
      const list = failed.map(({ name, reason }) => `${name}: ${reason}`);
      throw new Refusal(`${failed.length} of ${published.length} contracts are not verified:\n${list.join("\n")}`);
    }
    say(`${published.length} contracts are verified`);
    return published;
  });
