import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Wallet, getAddress, hexlify } from "ethers";
import fastify from "fastify";
import type { RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import { SCOPE } from "../../../protocol/ledger/transactions";
import { Refusal } from "../../../relayer/api/refusal";
import { SubmissionRate, addRollupRoutes } from "../../../relayer/rollup/api/routes";
import { systemClock } from "../../../relayer/systemClock";
import { SdkError } from "../../../sdk/errors";
import { nobleSignatures } from "../../../sdk/keys/nobleSignatures";
import { LedgerAccount, payable } from "../../../sdk/rollup/ledgerAccount";
import { SequencerApi } from "../../../sdk/rollup/sequencerApi";
import type { Fetch } from "../../../sdk/transport/fetch";
import { keySpeaker, walletSpeaker, type Speaker } from "../../../sdk/rollup/speaker";
import { DOMAIN, player } from "../../protocol/ledger/support";
import {
  MemoryChain,
  accountOf,
  balanceOf,
  fund,
  newDirectory,
  start,
  until,
} from "../../relayer/rollup/sequencer/support";

const VENUE = { chainId: DOMAIN.chainId, rollup: DOMAIN.verifyingContract };
const TERMS = { players: 2, moveSeconds: 7_200, lifeSeconds: 720_000, setup: new Uint8Array() };
const FUNDS = 1_000_000n;

/** Player 0 moves once, and has won. */
function oneMove(call: RulesCall): RulesAnswer {
  if (call.call === "start") return { state: Uint8Array.of(1) };
  if (call.call === "play") return call.move[0] === 7 ? undefined : { state: Uint8Array.of(2) };
  if (call.call === "outcome") return { over: call.state[0] === 2, shareBps: [10_000n, 0n] };
  return undefined;
}

const walletOf = (number: number): Wallet => new Wallet(player(number).key.privateKey);

interface Scene {
  readonly endpoint: string;
  readonly api: SequencerApi;
  readonly chain: MemoryChain;
  /** Of player `number`, spoken for by its wallet. */
  account(number: number): Promise<LedgerAccount>;
  readonly game: number;
}

/** A sequencer with its HTTP interface over a layer 1 in memory, three funded players and a game. */
async function withSequencer(play: (scene: Scene) => Promise<void>): Promise<void> {
  const chain = new MemoryChain();
  fund(chain, 3, FUNDS);
  const rules = new Uint8Array(20).fill(9);
  chain.enqueue({ kind: "ListGame", gameId: 1n, rules, asset: 0, rakeBps: 0 } as never);
  const running = await start(chain, newDirectory(), { answer: oneMove });
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof Refusal)) throw error;
    return reply.status(error.status).send({ error: error.code, message: error.message });
  });
  const rate = new SubmissionRate(1_000, 1_000, systemClock);
  addRollupRoutes(
    app,
    {
      chainId: DOMAIN.chainId,
      rollup: DOMAIN.verifyingContract.toLowerCase(),
      mode: "calldata",
      sequencer: running.sequencer,
    },
    rate,
  );
  await app.listen({ host: "127.0.0.1", port: 0 });
  try {
    const endpoint = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const api = new SequencerApi(endpoint, fetch);
    await until(async () => (await api.info()).pending.queue === 4n);
    const [game] = await api.games();
    await play({
      endpoint,
      api,
      chain,
      game: game?.index ?? 0,
      account: async (number) =>
        new LedgerAccount(api, accountOf(number), await walletSpeaker(walletOf(number), VENUE)),
    });
  } finally {
    await app.close();
    await running.stop();
  }
}

async function failure(action: Promise<unknown>): Promise<SdkError> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(SdkError);
  return error as SdkError;
}

describe("LedgerAccount", () => {
  it("finds the accounts of an owner and what they hold", () =>
    withSequencer(async ({ api, account }) => {
      const speaker = await walletSpeaker(walletOf(1), VENUE);
      const found = await LedgerAccount.of(api, speaker);
      expect(found.map(({ index }) => index)).to.deep.equal([accountOf(1)]);
      expect(await (await account(1)).balance(0)).to.include({ index: balanceOf(1), amount: FUNDS });
      expect(await (await account(1)).balance(5)).to.equal(undefined);
    }));

  it("pays, signed by a wallet that shows each field", () =>
    withSequencer(async ({ api, account }) => {
      const alice = await account(0);
      const receipt = await alice.transfer(balanceOf(0), balanceOf(1), 400n);
      expect(receipt.nonce).to.equal(0n);
      expect(await (await account(1)).balance(0)).to.include({ amount: FUNDS + 400n });
      const stranger = Wallet.createRandom().address;
      const opened = await alice.transferToNew(balanceOf(0), stranger, 600n);
      expect(opened.leaves).to.have.length(2);
      expect(await api.leavesOf(stranger.toLowerCase())).to.have.length(2);
      expect(await alice.balance(0)).to.include({ amount: FUNDS - 1_000n });
      const receiptNow = await alice.reached(receipt.hash, "posted", 20, AbortSignal.timeout(240_000));
      expect(["posted", "certified", "final"]).to.include(receiptNow.status);
    }));

  it("signs what is sent at once one after another", () =>
    withSequencer(async ({ account }) => {
      const alice = await account(0);
      const receipts = await Promise.all(
        [1n, 2n, 3n].map((amount) => alice.transfer(balanceOf(0), balanceOf(1), amount)),
      );
      expect(receipts.map(({ nonce }) => nonce)).to.deep.equal([0n, 1n, 2n]);
      expect(await alice.balance(0)).to.include({ amount: FUNDS - 6n });
    }));

  it("plays by a session key what the key may, and nothing else", () =>
    withSequencer(async ({ api, account, game }) => {
      const [alice, bob] = [await account(0), await account(1)];
      const secret = Wallet.createRandom();
      const key = keySpeaker(nobleSignatures.keyOf(secret.privateKey), VENUE);
      const expiry = BigInt(Math.floor(Date.now() / 1_000) + 3_600);
      await alice.grantKey({ key: secret.address, expiry, scope: SCOPE.Games, game });
      const [keyed] = await LedgerAccount.of(api, key);
      expect(keyed?.index).to.equal(accountOf(0));

      const opened = await (keyed as LedgerAccount).openSession(balanceOf(0), { ...TERMS, game, stake: 1_000n });
      const session = opened.leaves[0] as number;
      await bob.joinSession(session, balanceOf(1), 1_000n);
      expect(await api.session(session)).to.include({ phase: "running", seats: 2, state: "0x01" });
      const refused = await failure((keyed as LedgerAccount).play(session, 0, Uint8Array.of(7)));
      expect(refused.context).to.include({ error: "RULES_REFUSED" });
      await (keyed as LedgerAccount).play(session, 0, Uint8Array.of(1));
      await (keyed as LedgerAccount).settle(session);
      expect(await api.session(session)).to.equal(undefined);
      expect(await alice.balance(0)).to.include({ amount: FUNDS + 1_000n });

      const beyond = await failure((keyed as LedgerAccount).transfer(balanceOf(0), balanceOf(1), 1n));
      expect(beyond.code).to.equal("LEDGER_REFUSED");
      expect(beyond.context).to.include({ error: "WRONG_SCOPE" });
      await (keyed as LedgerAccount).revokeKey();
      expect(await LedgerAccount.of(api, key)).to.deep.equal([]);
    }));

  it("joins only at the stake that the player saw", () =>
    withSequencer(async ({ account, game }) => {
      const [alice, bob] = [await account(0), await account(1)];
      const opened = await alice.openSession(balanceOf(0), { ...TERMS, game, stake: 500n });
      const session = opened.leaves[0] as number;
      const error = await failure(bob.joinSession(session, balanceOf(1), 50n));
      expect(error.code).to.equal("OTHER_TERMS");
      expect(error.context).to.include({ found: 500n });
      await alice.leaveSession(session, 0);
      expect(await alice.balance(0)).to.include({ amount: FUNDS });
    }));

  it("leaves layer 2 with an exit of its own", () =>
    withSequencer(async ({ api, account }) => {
      const receipt = await (await account(2)).withdraw(balanceOf(2), 123_457n);
      const exit = await api.leaf(receipt.leaves[0] as number);
      expect(exit).to.include({ kind: "Exit", owner: hexlify(player(2).address), amount: 123_457n });
    }));

  it("refuses amounts that a transfer cannot carry, and says which can", () =>
    withSequencer(async ({ account }) => {
      const amount = 10n ** 18n + 1n;
      const error = await failure((await account(0)).transfer(balanceOf(0), balanceOf(1), amount));
      expect(error.code).to.equal("AMOUNT_NOT_PAYABLE");
      expect(error.context).to.include({ amount, nearest: payable(amount) });
      expect(payable(amount)).to.equal(10n ** 18n);
    }));

  it("says why the sequencer refuses a payment", () =>
    withSequencer(async ({ account }) => {
      const error = await failure((await account(0)).transfer(balanceOf(0), balanceOf(1), FUNDS + 1n));
      expect(error.context).to.include({ kind: "Transfer", error: "UNDERFUNDED" });
    }));

  it("names the transaction where the sequencer did not answer, for it may have been taken", () =>
    withSequencer(async ({ endpoint, api, account }) => {
      const deaf: Fetch = async (url, init) => {
        const response = await fetch(url, init);
        if (init.method === "POST") throw new TypeError("the line broke");
        return response;
      };
      const speaker: Speaker = await walletSpeaker(walletOf(0), VENUE);
      const alice = new LedgerAccount(new SequencerApi(endpoint, deaf), accountOf(0), speaker);
      const error = await failure(alice.transfer(balanceOf(0), balanceOf(1), 9n));
      expect(error.code).to.equal("SEQUENCER_SILENT");
      const receipt = await api.receipt(error.context.hash as string);
      expect(receipt?.nonce).to.equal(0n);
      expect(await (await account(1)).balance(0)).to.include({ amount: FUNDS + 9n });
    }));

  it("has the same signature from a wallet and from a key", async () => {
    const transaction = { kind: "SessionMove", session: 5, player: 1, move: Uint8Array.of(1, 2) } as const;
    const wallet = walletOf(3);
    const [byWallet, byKey] = [
      await walletSpeaker(wallet, VENUE),
      keySpeaker(nobleSignatures.keyOf(wallet.privateKey), VENUE),
    ];
    expect(getAddress(byKey.address)).to.equal(byWallet.address);
    expect(hexlify(await byKey.sign(transaction, 4n))).to.equal(hexlify(await byWallet.sign(transaction, 4n)));
  });
});
