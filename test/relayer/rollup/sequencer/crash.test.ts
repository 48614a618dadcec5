import { expect } from "chai";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { generator } from "../../../support/random";
import { newDirectory } from "./support";
import { FUNDS, SENDERS, type Found } from "./victim";

const KILLS = 4;

interface Life {
  readonly found: Found;
  /** Highest acknowledged nonce of each sender. */
  readonly taken: ReadonlyMap<number, bigint>;
}

/** Runs a victim until some time after its first acknowledgements, then kills it in the middle of what it does. */
async function live(directory: string, milliseconds: number): Promise<Life> {
  const program = ["--require", require.resolve("tsx/cjs"), join(__dirname, "victim.ts"), directory];
  const victim = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
  const taken = new Map<number, bigint>();
  let found: Found | undefined;
  let begun: () => void = () => undefined;
  const beginning = new Promise<void>((resolve) => (begun = resolve));
  const lines = createInterface({ input: victim.stdout });
  lines.on("line", (line) => {
    const [word, ...rest] = line.split(" ");
    if (word === "found") found = JSON.parse(rest.join(" ")) as Found;
    if (word !== "taken") return;
    taken.set(Number(rest[0]), BigInt(rest[1] as string));
    if (taken.size === SENDERS) begun();
  });
  const ended = new Promise<number | null>((resolve) => victim.once("exit", resolve));
  const read = new Promise<void>((resolve) => lines.once("close", resolve));
  const code = await Promise.race([beginning, ended]);
  if (code !== undefined) throw new Error(`the victim ended by itself with ${code}`);
  await delay(milliseconds);
  victim.kill("SIGKILL");
  await Promise.all([ended, read]);
  if (found === undefined) throw new Error("the victim found nothing");
  return { found, taken };
}

describe("a sequencer that is killed", () => {
  it("has lost nothing that it acknowledged, and comes to the state that follows from it", async () => {
    const directory = newDirectory();
    const random = generator(5);
    let taken: ReadonlyMap<number, bigint> = new Map();
    for (let kill = 0; kill <= KILLS; kill++) {
      const life = await live(directory, random(300));
      for (let sender = 0; sender < SENDERS; sender++) {
        const nonce = BigInt(life.found.nonces[sender] as string);
        const acknowledged = taken.get(sender);
        if (acknowledged !== undefined)
          expect(nonce > acknowledged, `sender ${sender} after kill ${kill}`).to.equal(true);
        // Transfer number n is of n + 1.
        const sent = (nonce * (nonce + 1n)) / 2n;
        expect(BigInt(life.found.balances[sender] as string)).to.equal(FUNDS - sent);
      }
      taken = life.taken;
    }
  });
});
