import { task } from "hardhat/config";
import type { Finding } from "../deploy/finding";
import { verifyState } from "../deploy/verifyState";
import { networkParameters } from "./networkParameters";
import { Refusal } from "./refusal";
import { compileUnlessTold, inWords, loadRecord, openSession, withCommonParams, type BuildArgs } from "./session";

const MARKS = { same: "ok", different: "DIFFERS", unknown: "unknown" } as const;

withCommonParams(task("verify:state", "Compares the chain with the deployment's parameters; fails on a difference"))
  .addFlag("noCompile", "Take the contracts as they were compiled last")
  .setAction(async (args: BuildArgs, hre): Promise<readonly Finding[]> => {
    await compileUnlessTold(hre, args);
    const session = await openSession(hre, args);
    const [record, parameters] = [await loadRecord(session), await networkParameters(session)];
    const { provider, artifacts } = session;
    const findings = await inWords(session, () => verifyState({ provider, artifacts, parameters, record }));

    const width = Math.max(...findings.map(({ subject }) => subject.length));
    for (const { subject, expected, found, verdict } of findings) {
      const compared = verdict === "same" ? found : `expected ${expected}, found ${found}`;
      session.say(`${MARKS[verdict].padEnd(8)} ${subject.padEnd(width)} ${compared}`);
    }
    const different = findings.filter(({ verdict }) => verdict === "different");
    if (different.length > 0) {
      const list = different.map(({ subject, expected, found }) => `${subject}: expected ${expected}, found ${found}`);
      throw new Refusal(`${different.length} of ${findings.length} values differ:\n${list.join("\n")}`);
    }
    session.say(`${findings.length} values checked, none differs`);
    return findings;
  });
