import { task } from "hardhat/config";
import { readRoleTable, type RoleRow, type RoleTable } from "../deploy/roleTable";
import { networkParameters } from "./networkParameters";
import { Refusal } from "./refusal";
import { compileUnlessTold, inWords, loadRecord, openSession, withCommonParams, type BuildArgs } from "./session";

const MARKS = { same: "ok", extra: "EXTRA", missing: "MISSING", differs: "DIFFERS" } as const;
const HEAD = { role: "role", ability: "may call", holder: "holder", delay: "delay" } as const;

withCommonParams(
  task("roles", "Shows who may call what after which delay, read from the chain; fails where deploy/roles.ts differs"),
)
  .addFlag("noCompile", "Take the contracts as they were compiled last")
  .setAction(async (args: BuildArgs, hre): Promise<RoleTable> => {
    await compileUnlessTold(hre, args);
    const session = await openSession(hre, args);
    const [record, parameters] = [await loadRecord(session), await networkParameters(session)];
    const { provider, artifacts, say } = session;
    const table = await inWords(session, () => readRoleTable({ provider, artifacts, parameters, record }));
    const { rows, complete } = table;

    const width = (key: keyof typeof HEAD): number => Math.max(...[HEAD, ...rows].map((row) => row[key].length));
    const widths = { role: width("role"), ability: width("ability"), holder: width("holder") };
    const line = (mark: string, row: Omit<RoleRow, "verdict" | "account">): string =>
      `${mark.padEnd(7)} ${row.role.padEnd(widths.role)} ${row.ability.padEnd(widths.ability)} ` +
      `${row.holder.padEnd(widths.holder)} ${row.delay}`;
    say(line("", HEAD).trimEnd());
    for (const row of rows) say(line(MARKS[row.verdict], row).trimEnd());
    if (!complete) say("the endpoint does not serve the manager's logs: accounts that it does not name are not seen");

    const different = rows.filter(({ verdict }) => verdict !== "same");
    if (different.length > 0) {
      const list = different.map((row) => line(MARKS[row.verdict], row).trimEnd());
      throw new Refusal(`${different.length} of ${rows.length} lines differ from deploy/roles.ts:\n${list.join("\n")}`);
    }
    say(`${rows.length} lines, as in deploy/roles.ts`);
    return table;
  });
