import { writeFile } from "node:fs/promises";
import { task } from "hardhat/config";
import type { LeafEvidence } from "../../sdk/rollup/sequencerApi";
import { openLayer2, parseLeaf, withSequencer, type SequencerArgs } from "../l2/layer2";
import { onLayer2 } from "../l2/onLayer2";
import { Refusal } from "../refusal";
import { openSession, withCommonParams } from "../session";

interface ExitProofArgs extends SequencerArgs {
  readonly leaf: string;
  readonly at: string;
  readonly out?: string;
}

/** First bytes of leaves that the vault pays: an exit of money, one of items. */
const EXITS: ReadonlySet<string> = new Set(["0x07", "0x08"]);

withSequencer(
  withCommonParams(
    task("rollup:exit-proof", "Fetches the proof of a leaf, checks it, and shows the call that pays it"),
  ),
)
  .addParam("leaf", "Number of the leaf: an exit")
  .addOptionalParam("at", "Against which state: `final`, which pays, or `posted`", "final")
  .addOptionalParam("out", "Write it to this file, as JSON")
  .setAction(async (args: ExitProofArgs, hre): Promise<LeafEvidence> => {
    const session = await openSession(hre, args);
    const { contracts, sequencer } = await openLayer2(session, args);
    const { at } = args;
    if (at !== "final" && at !== "posted") throw new Refusal(`--at ${at}: "final" or "posted"`);
    const leaf = parseLeaf("leaf", args.leaf);
    const evidence = await onLayer2(() => sequencer.proof(leaf, at));
    if (evidence === undefined) throw new Refusal(`leaf ${leaf} is in no ${at} batch yet`);
    const { batch, hash, siblings } = evidence;
    const canonical = await contracts.rollup.batchHashOf(batch.number);
    if (canonical !== hash) throw new Refusal(`layer 1 has another batch ${batch.number}: ${canonical}, not ${hash}`);
    session.say(`Leaf ${leaf} of batch ${batch.number}, whose state has the root ${batch.state.root}`);
    if (await contracts.vault.isClaimed(leaf)) {
      session.say("  it is paid");
    } else if (EXITS.has(evidence.leaf.slice(0, 4))) {
      const proof = [batch, { index: leaf, leaf: evidence.leaf, siblings }] as const;
      const data = contracts.vault.interface.encodeFunctionData("claimExit", proof as never);
      const when =
        at === "final" ? "Anyone may send this call, which pays it" : "Once that batch is final, this pays it";
      session.say(`  ${when}:\n  to ${await contracts.vault.getAddress()}\n  data ${data}`);
    } else {
      session.say("  it is no exit: nothing is paid for it while layer 2 runs");
    }
    if (args.out !== undefined) {
      const text = JSON.stringify(evidence, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value), 2);
      await writeFile(args.out, `${text}\n`);
      session.say(`  written to ${args.out}`);
    }
    return evidence;
  });
