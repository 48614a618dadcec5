import { writeFile } from "node:fs/promises";
import { task } from "hardhat/config";
import type { LeafEvidence } from "../../sdk/rollup/sequencerApi";
import { onLayer2, openLayer2, parseLeaf, SEQUENCER_HELP, type SequencerArgs } from "../l2/layer2";
import { Refusal } from "../refusal";
import { openSession, withCommonParams } from "../session";

interface ExitProofArgs extends SequencerArgs {
  readonly leaf: string;
  readonly at: string;
  readonly out?: string;
}

withCommonParams(task("rollup:exit-proof", "Fetches the proof of a leaf, checks it, and shows the call that pays it"))
  .addOptionalParam("sequencer", SEQUENCER_HELP)
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
    const proof = [batch, { index: leaf, leaf: evidence.leaf, siblings }] as const;
    const data = contracts.vault.interface.encodeFunctionData("claimExit", proof as never);
    session.say(`leaf ${leaf} of batch ${batch.number}, whose state has the root ${batch.state.root}`);
    session.say(`  to ${await contracts.vault.getAddress()}\n  data ${data}`);
    if (args.out !== undefined) {
      const text = JSON.stringify(evidence, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value), 2);
      await writeFile(args.out, `${text}\n`);
      session.say(`  written to ${args.out}`);
    }
    return evidence;
  });
