import type { StateHeader } from "../../../protocol/ledger/batch";
import { stateHash } from "../../../protocol/ledger/segment";
import { crypto } from "../../protocol/ledger/support";
import { Layer2, type Draft } from "../support";
import { ALICE, BOB, expectCaught, openScene, type Scene } from "./lies";

/** Three segments of one transfer each. */
async function threeTransfers({ draft, body }: Scene): Promise<Draft> {
  const transfer = { kind: "Transfer", from: ALICE.balance, to: BOB.balance, amount: 5n } as const;
  return draft([1n, 2n, 3n].map((nonce) => body([ALICE.number, transfer, nonce])));
}

/** Claims another state after the last segment. */
function ending(draft: Draft, state: StateHeader): Draft {
  const claimed = stateHash(crypto, state.root, state.nextLeaf, state.queue);
  const segments = draft.segments.map((segment, i) =>
    i + 1 === draft.segments.length ? { ...segment, claimed } : segment,
  );
  return { ...draft, segments, state };
}

describe("a sequencer that claims a state that is none", () => {
  for (const [position, segment] of Object.entries({ first: 0, middle: 1, last: 2 })) {
    it(`is caught with a wrong root after the ${position} segment`, async () => {
      const scene = await openScene();
      const posted = await scene.layer2.post(Layer2.lie(await threeTransfers(scene), segment));
      await expectCaught(scene, posted, segment);
    });
  }

  it("is caught with a root after the only segment", async () => {
    const scene = await openScene();
    const posted = await scene.layer2.post(Layer2.lie(await scene.draft([scene.body()]), 0));
    await expectCaught(scene, posted, 0);
  });

  it("is caught with a state hash in the middle that no state has", async () => {
    const scene = await openScene();
    const draft = await threeTransfers(scene);
    const segments = draft.segments.map((segment, i) =>
      i === 1 ? { ...segment, claimed: crypto.keccak256(segment.claimed) } : segment,
    );
    await expectCaught(scene, await scene.layer2.post({ ...draft, segments }), 1);
  });

  it("is caught with a first unused leaf that is another", async () => {
    const scene = await openScene();
    const draft = await threeTransfers(scene);
    const posted = await scene.layer2.post(ending(draft, { ...draft.state, nextLeaf: draft.state.nextLeaf + 1 }));
    await expectCaught(scene, posted, 2);
  });

  it("is caught where it says that it consumed an entry, and did not", async () => {
    const scene = await openScene();
    await scene.layer2.deposit(ALICE.number, 77n);
    const draft = await threeTransfers(scene);
    const posted = await scene.layer2.post(ending(draft, { ...draft.state, queue: draft.state.queue + 1n }));
    await expectCaught(scene, posted, 2);
  });

  it("is caught in the second of two batches, and the first stays", async () => {
    const scene = await openScene();
    await scene.layer2.post(await threeTransfers(scene));
    const posted = await scene.layer2.post(Layer2.lie(await scene.draft([scene.body()]), 0));
    await expectCaught(scene, posted, 0);
  });

  it("is caught under batches that are built on its lie, which go with it", async () => {
    const scene = await openScene();
    const { layer2, draft, body } = scene;
    const lie = await layer2.post(Layer2.lie(await draft([body()]), 0));
    await layer2.post(await draft([body()]));
    await expectCaught(scene, lie, 0);
  });

  it("is caught with a root that only its hash gives away", async () => {
    const scene = await openScene();
    const draft = await threeTransfers(scene);
    const root = Uint8Array.from(draft.state.root);
    root[31] = (root[31] as number) ^ 1;
    await expectCaught(scene, await scene.layer2.post(ending(draft, { ...draft.state, root })), 2);
  });
});
