import { writeFile } from "node:fs/promises";
import { formatEther } from "ethers";
import { task } from "hardhat/config";
import { airdropFile, parseAirdropList, writeAirdropFile, type AirdropFile } from "../../protocol/airdropList";
import { Refusal } from "../refusal";
import { readText } from "./treeFile";

interface BuildArgs {
  readonly csv: string;
  readonly out: string;
  readonly quiet?: boolean;
}

const MOST_LINES = 20;

task("airdrop:build", "Builds a round's tree from a list; the same list gives the same file, byte for byte")
  .addParam("csv", "The list: a line account,amount for each account, amounts in COS")
  .addParam("out", "Where the tree goes: root, total and proofs as JSON")
  .addFlag("quiet", "Print nothing but errors")
  .setAction(async (args: BuildArgs): Promise<AirdropFile> => {
    const list = parseAirdropList(await readText("csv", args.csv));
    if ("bad" in list) {
      const shown = list.bad.slice(0, MOST_LINES).map(({ line, reason }) => `  line ${line}: ${reason}`);
      const more = list.bad.length > MOST_LINES ? [`  and ${list.bad.length - MOST_LINES} more`] : [];
      throw new Refusal([`--csv ${args.csv}: nothing was built`, ...shown, ...more].join("\n"));
    }
    const file = airdropFile(list.entries);
    try {
      await writeFile(args.out, writeAirdropFile(file));
    } catch (cause) {
      throw new Refusal(`--out ${args.out}: cannot be written`, cause);
    }
    if (args.quiet !== true) {
      console.log(`${file.entries.length} accounts, ${formatEther(file.total)} COS in all`);
      console.log(`root ${file.root}`);
      console.log(`written to ${args.out}: publish it with the list, and open the round with airdrop:open`);
    }
    return file;
  });
