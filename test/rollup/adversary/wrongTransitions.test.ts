import { encodeTransaction } from "../../../protocol/ledger/transactions";
import { player, segmentOf } from "../../protocol/ledger/support";
import { bodyOf } from "../support";
import { ALICE, BOB, FUNDS, GAME, SESSION, STAKE, change, expectCaught, openScene, tampered } from "./lies";

const TRANSFER = { kind: "Transfer", from: ALICE.balance, to: BOB.balance, amount: 100_000n } as const;

describe("a sequencer whose states do not follow from its transactions", () => {
  it("is caught where it applies a transfer whose signature is forged", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    const forged = segmentOf(0, [TRANSFER, layer2.sign(player(7).key, TRANSFER, 1n)]);
    const draft = await tampered(scene, [forged], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - TRANSFER.amount }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + TRANSFER.amount }));
      change(ledger, ALICE.account, "Account", (leaf) => ({ ...leaf, nonce: leaf.nonce + 1n }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where it applies a transfer again whose nonce is used", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const once = body([ALICE.number, TRANSFER, 1n]);
    const draft = await tampered(scene, [once, once], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - TRANSFER.amount }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + TRANSFER.amount }));
      change(ledger, ALICE.account, "Account", (leaf) => ({ ...leaf, nonce: leaf.nonce + 1n }));
    });
    await expectCaught(scene, await layer2.post(draft), 1);
  });

  it("is caught where it applies a transfer of more than there is", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const amount = 2n * FUNDS;
    const draft = await tampered(scene, [body([ALICE.number, { ...TRANSFER, amount }, 1n])], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: 0n }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + amount }));
      change(ledger, ALICE.account, "Account", (leaf) => ({ ...leaf, nonce: leaf.nonce + 1n }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where it leaves out a transfer that is valid", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const draft = await tampered(scene, [body([ALICE.number, TRANSFER, 1n])], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + TRANSFER.amount }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - TRANSFER.amount }));
      change(ledger, ALICE.account, "Account", (leaf) => ({ ...leaf, nonce: leaf.nonce - 1n }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught with a move that the rules refuse", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const move = { kind: "SessionMove", session: SESSION, player: 0, move: Uint8Array.of(9) } as const;
    const draft = await tampered(scene, [body([ALICE.number, move, 1n])], (ledger) =>
      change(ledger, SESSION, "Session", (leaf) => ({ ...leaf, state: Uint8Array.of(0, 0, 7) })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught with a move by the player whose turn it is not", async () => {
    const scene = await openScene();
    const { layer2, draft, body } = scene;
    const move = { kind: "SessionMove", session: SESSION, player: 1, move: Uint8Array.of(4) } as const;
    // The model of the test lets anybody move: what it makes of that is the lie.
    await expectCaught(scene, await layer2.post(await draft([body([BOB.number, move, 1n])])), 0);
  });

  it("is caught where it settles a session for more than its pot", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    const settle = segmentOf(0, [{ kind: "SessionSettle", session: SESSION }]);
    const draft = await tampered(scene, [settle], (ledger) => {
      ledger.put(SESSION, undefined);
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + 20n * STAKE }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where it ends a session by a time-out that is not due", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    const timeOut = segmentOf(0, [{ kind: "SessionTimeout", session: SESSION }]);
    const draft = await tampered(scene, [timeOut], (ledger) =>
      change(ledger, SESSION, "Session", (leaf) => ({ ...leaf, state: Uint8Array.of(4, 0, 0) })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught with an exit of more than was withdrawn", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const withdraw = { kind: "Withdraw", from: ALICE.balance, amount: 1_000n } as const;
    const draft = await tampered(scene, [body([ALICE.number, withdraw, 1n])], (ledger) =>
      change(ledger, SESSION + 1, "Exit", (leaf) => ({ ...leaf, amount: 1_000_000_000n })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught with an exit of its own out of nothing", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const draft = await tampered(scene, [body()], (ledger) => {
      ledger.append({ kind: "Exit", owner: player(9).address, asset: 0, amount: FUNDS });
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught with fees of a game that nobody has paid", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    const collect = segmentOf(0, [{ kind: "CollectFees", game: GAME }]);
    const draft = await tampered(scene, [collect], (ledger) => {
      ledger.append({ kind: "FeeExit", gameId: 1n, asset: 0, amount: FUNDS });
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where it credits less than was deposited", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    await layer2.deposit(ALICE.number, 500n, ALICE.balance);
    const draft = await tampered(scene, [bodyOf(layer2, 1)], (ledger) =>
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - 500n })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where it consumes a forced transaction without its effect", async () => {
    const scene = await openScene();
    const { fixture, layer2 } = scene;
    const owner = fixture.stranger;
    const to = Uint8Array.from(Buffer.from((await owner.getAddress()).slice(2), "hex"));
    await layer2.enqueue({ kind: "Deposit", queuedAt: 0n, to, balance: 0, asset: 0, amount: 9_000n });
    const balance = SESSION + 2;
    await layer2.force(owner, encodeTransaction({ kind: "Withdraw", from: balance, amount: 9_000n }));
    const draft = await tampered(scene, [bodyOf(layer2, 2)], (ledger) =>
      change(ledger, balance, "Balance", (leaf) => ({ ...leaf, amount: 9_000n })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught at the segment of the lie, however much is built on it", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const spend = { kind: "Transfer", from: BOB.balance, to: ALICE.balance, amount: 3n * FUNDS } as const;
    const draft = await tampered(
      scene,
      [body([ALICE.number, TRANSFER, 1n]), body()],
      (ledger) => change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: 5n * FUNDS })),
      [body([BOB.number, spend, 1n]), body()],
    );
    await expectCaught(scene, await layer2.post(draft), 1);
  });

  it("is caught with data that is garbage and a state that is not the one before", async () => {
    const scene = await openScene();
    const { layer2 } = scene;
    const garbage = Uint8Array.from({ length: 300 }, (_, i) => (i * 89 + 200) & 255);
    garbage[0] = 0;
    const draft = await tampered(scene, [garbage], (ledger) =>
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: 9n * FUNDS })),
    );
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where a transaction is cut short and counts nevertheless", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const cut = body([ALICE.number, TRANSFER, 1n]).subarray(0, -1);
    const draft = await tampered(scene, [cut], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - TRANSFER.amount }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + TRANSFER.amount }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });

  it("is caught where a seventeenth transaction counts", async () => {
    const scene = await openScene();
    const { layer2, body } = scene;
    const small = { ...TRANSFER, amount: 1n };
    const seventeen = Array.from({ length: 17 }, (_, i) => [ALICE.number, small, BigInt(1 + i)] as const);
    const draft = await tampered(scene, [body(...seventeen)], (ledger) => {
      change(ledger, ALICE.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount - 1n }));
      change(ledger, BOB.balance, "Balance", (leaf) => ({ ...leaf, amount: leaf.amount + 1n }));
      change(ledger, ALICE.account, "Account", (leaf) => ({ ...leaf, nonce: leaf.nonce + 1n }));
    });
    await expectCaught(scene, await layer2.post(draft), 0);
  });
});
