import { setTimeout as delay } from "node:timers/promises";
import { Wallet, formatEther, parseEther, type HDNodeWallet } from "ethers";
import { encodeTransaction, type Transaction } from "../../protocol/ledger/transactions";
import { ASSET, RollupClient } from "../../sdk/rollup/rollupClient";
import { LedgerAccount } from "../../sdk/rollup/ledgerAccount";
import { SequencerApi, type LeafNamed, type Receipt } from "../../sdk/rollup/sequencerApi";
import { walletSpeaker, type Speaker } from "../../sdk/rollup/speaker";
import { ACCOUNTS, type LocalNetwork } from "./network";

/** What `npm start -- --once` prints of layer 2. */
export interface Layer2Summary {
  /** Signed by players, and in batches on layer 1. */
  readonly transactions: number;
  readonly batches: number;
  readonly certified: number;
  /** Paid on layer 1. */
  readonly exits: number;
  /** Of layer 1, for a transaction of layer 2. */
  readonly gasPerTx: number;
}

/** The first sample. */
const TIC_TAC_TOE = 1n;
const DEPOSIT = parseEther("1");
const STAKE = parseEther("0.25");
const EXIT = parseEther("0.4");
const TERMS = { players: 2, moveSeconds: 7_200, lifeSeconds: 720_000, setup: new Uint8Array() };
/** The first player's upper row, while the second one looks elsewhere. */
const MOVES: readonly (readonly [player: 0 | 1, cell: number])[] = [
  [0, 0],
  [1, 3],
  [0, 1],
  [1, 4],
  [0, 2],
];
/** Payments of the winner's afterwards: a batch costs layer 1 about as much with them as without. */
const PAYMENTS = 200;
const PAYMENT = parseEther("0.0001");
const LOOK_MS = 250;
const TIMEOUT_MS = 240_000;

interface Player {
  readonly wallet: HDNodeWallet;
  readonly account: LedgerAccount;
  readonly balance: number;
  readonly speaker: Speaker;
}

/**
 * A game between two who have no BNB on layer 1 and never will need any to play: alice pays in for them, they play and settle on
 * layer 2, and the winner takes a part of it out again, once the batch is final.
 */
export async function playOnLayer2(
  network: LocalNetwork,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Layer2Summary> {
  const { home, sequencer } = network;
  const { rollup: contracts } = home.deployment;
  if (sequencer === undefined || contracts === undefined) throw new Error("the local network has no layer 2");
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const venue = { chainId: BigInt(home.node.chainId), rollup: await contracts.rollup.getAddress() };
  const client = new RollupClient({ ...venue, vault: await contracts.vault.getAddress() }, home.provider);
  const api = new SequencerApi(sequencer.url, fetch);
  const alice = home.account(ACCOUNTS.alice);

  const wallets = [Wallet.createRandom(), Wallet.createRandom()];
  await client.listGame(alice, TIC_TAC_TOE, ASSET.BNB);
  for (const { address } of wallets) await client.deposit(alice, ASSET.BNB, DEPOSIT, address);
  const players = await Promise.all(
    wallets.map(async (wallet): Promise<Player> => {
      const speaker = await walletSpeaker(wallet, venue);
      for (;;) {
        const [account] = await LedgerAccount.of(api, speaker);
        const balance = await account?.balance(ASSET.BNB);
        if (account !== undefined && balance !== undefined) return { wallet, account, balance: balance.index, speaker };
        await delay(LOOK_MS, undefined, { signal: deadline });
      }
    }),
  );
  const [first, second] = players as [Player, Player];
  say("layer 2: two players without BNB have been paid in for");

  const receipts: Receipt[] = [];
  const keep = async (sent: Promise<Receipt>): Promise<Receipt> => {
    const receipt = await sent;
    receipts.push(receipt);
    return receipt;
  };
  const game = await gameOf(api, deadline);
  const open = await keep(first.account.openSession(first.balance, { game: game.index, stake: STAKE, ...TERMS }));
  const session = open.leaves[0] as number;
  await keep(second.account.joinSession(session, second.balance, STAKE));
  for (const [player, cell] of MOVES) {
    await keep((players[player] as Player).account.play(session, player, Uint8Array.of(cell)));
  }
  await keep(first.account.settle(session));
  receipts.push(...(await payAtOnce(api, first, second.balance)));
  const exit = await keep(first.account.withdraw(first.balance, EXIT));
  const leaf = exit.leaves[0] as number;
  say(`layer 2: ${receipts.length} transactions without gas: a game, then payments; ${formatEther(EXIT)} BNB leave`);

  await first.account.reached(exit.hash, "certified", LOOK_MS, deadline);
  say("layer 2: posted, and certified by two thirds of the validators");
  await first.account.reached(exit.hash, "final", LOOK_MS, deadline);
  const evidence = await proofOf(api, leaf, deadline);
  await client.claimExit(alice, evidence);
  const paid = await home.provider.getBalance(first.wallet.address);
  say(`layer 2: final; the winner has ${formatEther(paid)} BNB on layer 1`);
  return summarize(network, receipts, paid === EXIT ? 1 : 0);
}

/** Many payments in one request, each signed for itself. */
async function payAtOnce(
  api: SequencerApi,
  { account, balance, speaker }: Player,
  to: number,
): Promise<readonly Receipt[]> {
  const nonce = await api.nonce(account.index);
  const transaction: Transaction = { kind: "Transfer", from: balance, to, amount: PAYMENT };
  const body = encodeTransaction(transaction);
  const signed = await Promise.all(
    Array.from({ length: PAYMENTS }, async (_, i) =>
      Uint8Array.from([...body, ...(await speaker.sign(transaction, nonce + BigInt(i)))]),
    ),
  );
  return (await api.submit(signed)).map((result) => {
    if ("status" in result) return result;
    throw new Error(`the sequencer refuses a payment: ${result.error}: ${result.message}`);
  });
}

/** Where layer 2 stands, in a line. */
export async function standOf({ sequencer }: LocalNetwork): Promise<string> {
  if (sequencer === undefined) return "no sequencer";
  const { pending, posted, certified, final } = await new SequencerApi(sequencer.url, fetch).info();
  return `batch ${pending.batch} is being filled; on layer 1 up to ${posted}, certified up to ${certified}, final up to ${final}`;
}

async function gameOf(api: SequencerApi, signal: AbortSignal): Promise<LeafNamed<"Game">> {
  for (;;) {
    const game = (await api.games()).find(({ gameId, asset }) => gameId === TIC_TAC_TOE && asset === ASSET.BNB);
    if (game !== undefined) return game;
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** The sequencer may know of the final batch a moment before it can prove its leaves. */
async function proofOf(api: SequencerApi, leaf: number, signal: AbortSignal) {
  for (;;) {
    const evidence = await api.proof(leaf, "final");
    if (evidence !== undefined) return evidence;
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** As the chain has it. */
async function summarize({ home }: LocalNetwork, receipts: readonly Receipt[], exits: number): Promise<Layer2Summary> {
  const { rollup: contracts, record } = home.deployment;
  if (contracts === undefined) throw new Error("no rollup");
  const { rollup } = contracts;
  const from = record.contracts.Rollup?.block ?? 0;
  const posted = (await rollup.queryFilter(rollup.filters.BatchPosted(), from)).filter(({ args }) => args.number > 0n);
  const certified = await rollup.queryFilter(rollup.filters.BatchCertified(), from);
  let gas = 0n;
  for (const { transactionHash } of posted) {
    gas += (await home.provider.getTransactionReceipt(transactionHash))?.gasUsed ?? 0n;
  }
  return {
    transactions: receipts.length,
    batches: posted.length,
    certified: new Set(certified.map(({ args }) => args.batchHash)).size,
    exits,
    gasPerTx: Math.round(Number(gas) / receipts.length),
  };
}
