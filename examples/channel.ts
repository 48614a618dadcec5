import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Wallet, formatEther } from "ethers";
import type { Channel } from "../protocol/channel";
import { ChannelContract } from "../sdk/channel/channelContract";
import { toWire } from "../sdk/channel/wire";
import { freePort } from "../scripts/local/nodes";
import { BNB, secretOf, startLocalChain, type LocalChain } from "./localChain";

/**
 * Two players in two processes: a game, a rematch and a close that both sign; then a game whose loser shows an old state on
 * chain, and loses all the same. Exit code 0 only if the chain paid both channels as they were played.
 */
const ETHER = 10n ** 18n;
const DEPOSIT = 10n * ETHER;
const CHALLENGE_SECONDS = 300n;
const NAMES = ["Alice", "Bob"] as const;

/** What the script of `player.ts` comes to: Bob wins one more in the friendly games, and loses 5 in the other. */
const FRIENDLY_PAYOUTS = [DEPOSIT - ETHER, DEPOSIT + ETHER];
const DISPUTED_PAYOUTS = [DEPOSIT + 5n * ETHER, DEPOSIT - 5n * ETHER];

async function main(): Promise<boolean> {
  const chain = await startLocalChain();
  const folder = mkdtempSync(join(tmpdir(), "example-channel-"));
  const children: ChildProcess[] = [];
  try {
    const accounts = [secretOf(1), secretOf(2)].map((secret) => new Wallet(secret));
    const sessionKeys = NAMES.map(() => Wallet.createRandom());
    const channelOf = (nonce: bigint): Channel => ({
      gameId: chain.gameId,
      rules: chain.rules,
      token: BNB,
      participants: accounts.map(({ address }, index) => ({
        account: address,
        signer: sessionKeys[index]?.address as string,
        deposit: DEPOSIT,
      })),
      challengeSeconds: CHALLENGE_SECONDS,
      lifeSeconds: 100n * CHALLENGE_SECONDS,
      nonce,
    });
    const [friendly, disputed] = [channelOf(BigInt(Date.now())), channelOf(BigInt(Date.now()) + 1n)];
    const venue = { chainId: chain.chainId, channels: chain.channels };
    console.log(`Tic-tac-toe is game ${chain.gameId} at ${chain.rules}; channels are at ${chain.channels}.`);

    const port = await freePort();
    for (const [me, name] of NAMES.entries()) {
      const config = {
        name,
        me,
        rpc: chain.rpc,
        account: accounts[me]?.privateKey,
        sessionKey: sessionKeys[me]?.privateKey,
        folder: join(folder, name),
        port,
        ...venue,
        friendly,
        disputed,
      };
      const env = { ...process.env, PLAYER: JSON.stringify(toWire(config)) };
      children.push(fork(join(__dirname, "player.ts"), { env, execArgv: ["--require", "tsx/cjs"] }));
    }
    const ended = Promise.all(children.map((child) => once(child, "exit")));
    await skipWindow(chain, new ChannelContract(disputed, venue, chain.provider), children);
    const codes = (await ended).map(([code]) => code as number | null);
    if (codes.some((code) => code !== 0)) throw new Error(`the players ended with ${codes.join(" and ")}`);

    const paid = await Promise.all(
      [friendly, disputed].map((channel) => new ChannelContract(channel, venue, chain.provider).payouts()),
    );
    const balances = await Promise.all(accounts.map(({ address }) => chain.provider.getBalance(address)));
    for (const [index, title] of ["friendly", "disputed"].entries()) {
      console.log(
        `The ${title} channel paid ${NAMES.map((name, at) => `${name} ${formatEther(paid[index]?.[at] ?? 0n)}`).join(", ")} BNB.`,
      );
    }
    console.log(`Balances: ${NAMES.map((name, at) => `${name} ${formatEther(balances[at] ?? 0n)}`).join(", ")} BNB.`);
    const isRight = same(paid[0], FRIENDLY_PAYOUTS) && same(paid[1], DISPUTED_PAYOUTS);
    console.log(isRight ? "The cheat lost." : "The chain did not pay as it was played.");
    return isRight;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nobody waits five minutes for an example: once the stale state is answered, the local chain's clock goes on. */
async function skipWindow(
  chain: LocalChain,
  contract: ChannelContract,
  children: readonly ChildProcess[],
): Promise<void> {
  while (children.every(({ exitCode }) => exitCode === null || exitCode === 0)) {
    const { phase, version } = await contract.status();
    if (phase === "closed") return;
    if (phase === "disputed" && version > 1n) break;
    await delay(100);
  }
  await chain.wait(CHALLENGE_SECONDS + 1n);
}

function same(paid: readonly bigint[] | undefined, expected: readonly bigint[]): boolean {
  return paid?.length === expected.length && expected.every((amount, index) => amount === paid[index]);
}

main()
  .then((isRight) => {
    process.exitCode = isRight ? 0 : 1;
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
