import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Wallet } from "ethers";
import { quorumOf } from "../../../protocol/quorum";
import { RelayerError } from "../../../relayer/errors";
import { KeySigner } from "../../../relayer/keystore";
import { CertificateCollector, type CertificatePeer } from "../../../relayer/rollup/certificateCollector";
import { Certifier } from "../../../relayer/rollup/certifier";
import { CertifierEpochs } from "../../../relayer/rollup/certifierEpochs";
import type { RollupEvent } from "../../../relayer/rollup/events";
import { RollupView } from "../../../relayer/rollup/rollupView";
import { Store } from "../../../relayer/store/store";
import { Layer2, bodyOf, deployRollup } from "../support";
import { ChallengerRig } from "./support";

async function twoBatches() {
  const fixture = await deployRollup();
  const layer2 = new Layer2(fixture);
  await layer2.deposit(0, 1_000n);
  await layer2.post(await layer2.draft([bodyOf(layer2, 1)]));
  await layer2.post(await layer2.draft([bodyOf(layer2, 0)]));
  return { fixture, layer2 };
}

describe("certifiers of a rollup", () => {
  it("sign what they re-executed, collect from each other, and one brings a quorum to the contract", async () => {
    const { fixture, layer2 } = await loadFixture(twoBatches);
    const { rollup, gateway, wallets } = fixture;
    const rig = await ChallengerRig.start(fixture);
    await rig.node.step(rig.signal);
    const { node, reader, sender } = rig;
    const target = { chainId: 31_337n, rollup: (await rollup.getAddress()).toLowerCase() };
    const view = new RollupView(target.rollup, reader);
    const epochs = new CertifierEpochs(await gateway.getAddress(), reader);
    const events: RollupEvent[] = [];
    const emit = (event: RollupEvent): void => void events.push(event);
    const clock = { now: () => 0 };

    const signers = wallets.slice(0, quorumOf(wallets.length)).map(({ privateKey }) => new KeySigner(privateKey));
    const stores = await Promise.all(signers.map(() => Store.open({ sqlite: ":memory:" })));
    for (const [i, signer] of signers.entries()) {
      const store = stores[i] as Store;
      await new Certifier(target, { node, epochs, view, signer, reader, store, clock, emit }).step(rig.signal);
    }
    const sending = new Certifier(target, {
      node,
      epochs,
      view,
      sender,
      reader,
      store: rig.store,
      clock,
      emit,
      staggerMs: 0,
    });
    await sending.step(rig.signal);
    expect(await rollup.isCertified(layer2.latest.hash)).to.equal(false);

    for (const store of stores) {
      const peer: CertificatePeer = {
        endpoint: "memory",
        certificates: ({ after }) => store.rollup.certificates(target, after, { own: true, limit: 256 }),
      };
      const collector = new CertificateCollector(target, peer, {
        node,
        certifier: sending,
        epochs,
        store: rig.store,
        emit,
      });
      await collector.step(rig.signal);
    }
    await sending.step(rig.signal);
    await sending.step(rig.signal);
    const logs = await rollup.queryFilter(rollup.filters.BatchCertified());
    // The newest stands for those before it.
    expect(logs.map(({ args }) => [...args])).to.deep.equal([[2n, layer2.latest.hash, 1n]]);
    expect(sending.pending).to.deep.equal([]);
    expect(events.filter(({ kind }) => kind === "certificate_signed")).to.have.length(2 * signers.length);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("believe no forged certificate, and none of a stranger", async () => {
    const { fixture } = await loadFixture(twoBatches);
    const rig = await ChallengerRig.start(fixture);
    await rig.node.step(rig.signal);
    const { node, reader, store } = rig;
    const target = { chainId: 31_337n, rollup: (await fixture.rollup.getAddress()).toLowerCase() };
    const epochs = new CertifierEpochs(await fixture.gateway.getAddress(), reader);
    const view = new RollupView(target.rollup, reader);
    const events: RollupEvent[] = [];
    const emit = (event: RollupEvent): void => void events.push(event);
    const certifier = new Certifier(target, { node, epochs, view, reader, store, clock: { now: () => 0 }, emit });
    const { batch, hash } = node.replica.at;
    const certificate = { batchHash: hash, number: batch.number, epoch: 1n };
    const stranger = new KeySigner(Wallet.createRandom().privateKey);
    const member = new KeySigner((fixture.wallets[0] as Wallet).privateKey);
    const signature = stranger.signCertificate(certificate, target);
    const peer: CertificatePeer = {
      endpoint: "memory",
      certificates: () =>
        Promise.resolve([
          { ...certificate, signer: stranger.address, signature },
          { ...certificate, signer: member.address, signature },
          { ...certificate, number: 1n, signer: member.address, signature },
        ]),
    };
    await new CertificateCollector(target, peer, { node, certifier, epochs, store, emit }).step(rig.signal);
    const reasons = events.flatMap((event) => (event.kind === "peer_misbehaved" ? [event.reason] : []));
    expect(reasons).to.deep.equal(["not a member", "forged", "wrong number"]);
    expect(await store.rollup.certificates(target, 0n, { own: false, limit: 9 })).to.deep.equal([]);
  });

  it("never sign two batches of one number, whatever the epoch", async () => {
    const store = await Store.open({ sqlite: ":memory:" });
    const target = { chainId: 31_337n, rollup: `0x${"cd".repeat(20)}` };
    const signer = new KeySigner(Wallet.createRandom().privateKey);
    const [one, other] = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`];
    const first = await store.rollup.sign(target, { batchHash: one, number: 5n, epoch: 1n }, signer);
    expect(await store.rollup.sign(target, { batchHash: one, number: 5n, epoch: 1n }, signer)).to.deep.equal(first);
    await store.rollup.sign(target, { batchHash: one, number: 5n, epoch: 2n }, signer);
    for (const epoch of [1n, 2n, 3n]) {
      const refused = await store.rollup
        .sign(target, { batchHash: other, number: 5n, epoch }, signer)
        .catch((e: unknown) => e);
      expect(refused).to.be.instanceOf(RelayerError).with.property("code", "SIGNING_CONFLICT");
    }
    expect(await store.rollup.certificates(target, 4n, { own: true, limit: 9 })).to.have.length(2);
    await store.close();
  });
});
