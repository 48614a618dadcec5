import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Wallet, formatEther } from "ethers";
import { SCOPE } from "../protocol/ledger/transactions";
import { ACCOUNTS, startLocalNetwork, type LocalNetwork } from "../scripts/local/network";
import { SdkError } from "../sdk/errors";
import { nobleSignatures } from "../sdk/keys/nobleSignatures";
import { LedgerAccount } from "../sdk/rollup/ledgerAccount";
import { ASSET, RollupClient } from "../sdk/rollup/rollupClient";
import { SequencerApi } from "../sdk/rollup/sequencerApi";
import { keySpeaker, walletSpeaker } from "../sdk/rollup/speaker";

/**
 * A studio pays two players in, who own no BNB on layer 1. Each grants a session key once; from then on the game is played by
 * keys that can do nothing else, and no move costs anything. The winner takes the money out, and a stranger pays for that one
 * transaction on layer 1. Exit code 0 only if the chain paid what was won.
 */
const ETHER = 10n ** 18n;
const DEPOSIT = ETHER;
const STAKE = ETHER / 2n;
const GAME_ID = 1n;
const OPERATORS = 4;
const EVERY_MS = 200;
const DAY_SECONDS = 86_400;
const NAMES = ["Alice", "Bob"] as const;
/** Player and cell: the left column, while Bob looks elsewhere. */
const MOVES = [
  [0, 0],
  [1, 1],
  [0, 3],
  [1, 4],
  [0, 6],
] as const;

interface Player {
  readonly name: string;
  readonly wallet: { readonly address: string };
  /** Spoken for by the wallet. */
  readonly owner: LedgerAccount;
  /** The same account, spoken for by the session key. */
  readonly keyed: LedgerAccount;
  readonly balance: number;
}

async function main(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "example-layer2-"));
  const network = await startLocalNetwork({
    directory,
    operators: OPERATORS,
    blockTime: 0.45,
    layer2: true,
    onProgress: console.log,
  });
  try {
    return await play(network);
  } finally {
    await network.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function play({ home, sequencer }: LocalNetwork): Promise<boolean> {
  const { rollup } = home.deployment;
  if (sequencer === undefined || rollup === undefined) throw new Error("the local network has no layer 2");
  const venue = { chainId: BigInt(home.node.chainId), rollup: await rollup.rollup.getAddress() };
  const layer1 = new RollupClient({ ...venue, vault: await rollup.vault.getAddress() }, home.provider);
  const layer2 = new SequencerApi(sequencer.url, fetch);
  const studio = home.account(ACCOUNTS.alice);

  await layer1.listGame(studio, GAME_ID, ASSET.BNB);
  const wallets = NAMES.map(() => Wallet.createRandom());
  for (const { address } of wallets) await layer1.deposit(studio, ASSET.BNB, DEPOSIT, address);
  const game = await seen(async () => (await layer2.games()).find(({ gameId }) => gameId === GAME_ID));
  const players = await Promise.all(
    wallets.map((wallet, i) => enter(NAMES[i] as string, wallet, venue, layer2, game.index)),
  );
  const [alice, bob] = players as [Player, Player];

  const terms = { players: 2, moveSeconds: 7_200, lifeSeconds: 720_000, setup: new Uint8Array() };
  const opened = await alice.keyed.openSession(alice.balance, { ...terms, game: game.index, stake: STAKE });
  const session = opened.leaves[0] as number;
  await bob.keyed.joinSession(session, bob.balance, STAKE);
  console.log(`Alice and Bob play session ${session} for ${formatEther(STAKE)} BNB each, by keys without a coin.`);
  for (const [player, cell] of MOVES) {
    const { name, keyed } = players[player] as Player;
    await keyed.play(session, player, Uint8Array.of(cell));
    console.log(`${name}: cell ${cell + 1}`);
  }
  const stolen = await refusal(bob.keyed.transfer(bob.balance, alice.balance, 1n));
  console.log(`Bob's key tries to pay somebody: ${stolen}`);
  await alice.keyed.settle(session);

  const purse = await alice.owner.balance(ASSET.BNB);
  const won = purse?.amount ?? 0n;
  console.log(`Alice has ${formatEther(won)} BNB on layer 2, and takes it out.`);
  const left = await alice.owner.withdraw(alice.balance, won);
  for (const status of ["posted", "certified", "final"] as const) {
    await alice.owner.reached(left.hash, status, EVERY_MS, AbortSignal.timeout(180_000));
    console.log(`  ${status}`);
  }
  const exit = await seen(() => layer2.proof(left.leaves[0] as number, "final"));
  await layer1.claimExit(studio, exit);
  const paid = await home.provider.getBalance(alice.wallet.address);
  console.log(`Alice has ${formatEther(paid)} BNB on layer 1; she never paid for gas.`);
  return stolen === "WRONG_SCOPE" && won === paid && paid > DEPOSIT && paid <= DEPOSIT + STAKE;
}

/** Waits for the deposit, and grants a session key for this game alone. */
async function enter(
  name: string,
  wallet: Wallet | ReturnType<typeof Wallet.createRandom>,
  venue: { readonly chainId: bigint; readonly rollup: string },
  layer2: SequencerApi,
  game: number,
): Promise<Player> {
  const speaker = await walletSpeaker(wallet, venue);
  const owner = await seen(async () => (await LedgerAccount.of(layer2, speaker))[0]);
  const { index: balance } = await seen(() => owner.balance(ASSET.BNB));
  const secret = Wallet.createRandom();
  const expiry = BigInt(Math.floor(Date.now() / 1_000) + DAY_SECONDS);
  await owner.grantKey({ key: secret.address, expiry, scope: SCOPE.Games, game });
  const key = keySpeaker(nobleSignatures.keyOf(secret.privateKey), venue);
  return { name, wallet, owner, keyed: new LedgerAccount(layer2, owner.index, key), balance };
}

/** Asks until there is an answer. */
async function seen<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(EVERY_MS);
  }
}

async function refusal(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
    return "it is paid";
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    return error.context.error;
  }
}

main().then(
  (isPaid) => {
    process.exitCode = isPaid ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
