import { expect } from "chai";
import { N, Signature, ZeroAddress, ZeroHash, concat, dataSlice, toBeHex, type Wallet } from "ethers";
import { ethers } from "hardhat";
import { takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import { encodeDelivery } from "../../protocol/delivery";
import { headerDigest, type Header } from "../../protocol/header";
import { encodeMessage, messageLeaf } from "../../protocol/message";
import type { Gateway } from "../../typechain-types";
import { startAnvil } from "../../scripts/local/nodes";
import {
  DAY,
  OVERLAP,
  PAYLOAD,
  REMOTE_CHAIN,
  REMOTE_GATEWAY,
  ROTATION_DELAY,
  RemoteChain,
  deploy,
  deployGateway,
  deployGatewayFrom,
  deployGatewayWithReceiver,
  load,
  onRemote,
  sendBurst,
  sendIdOf,
  signBits,
  signDigest,
  signRotation,
  signerWallets,
  type ReceiverFixture,
} from "./support";

const PAYOUT = "0x000000000000000000000000000000000000dEaD";
const LIVE_GAS = 16_777_216;

async function two(): Promise<ReceiverFixture> {
  const fixture = await deployGatewayWithReceiver();
  for (let count = 0; count < 2; count++) fixture.remote.send({ recipient: fixture.recipient });
  return fixture;
}

async function inSeqOf(gateway: Gateway): Promise<bigint> {
  return (await gateway.laneState(REMOTE_CHAIN)).inSeq;
}

/** The delivery of everything under `header`, with the signatures that `sign` makes of its digest. */
function signedBy(
  { remote, wallets, target }: ReceiverFixture,
  header: Header,
  sign: (digest: string) => string,
): string {
  return encodeDelivery({
    ...remote.delivery(wallets, { header }),
    signers: 0b111n,
    signatures: sign(headerDigest(header, target)),
  });
}

// A token that takes a fee or returns false: the gateway knows no tokens; openzeppelin.test.ts has them behind a bridge.
describe("Known attacks on the message protocol", () => {
  describe("headers", () => {
    it("refuses a replay of a header at the current sequence", async () => {
      const { gateway, remote, wallets, receiver } = await load(two);
      const packed = encodeDelivery(remote.delivery(wallets));
      await gateway.deliver(packed);
      await expect(gateway.deliver(packed)).to.be.revertedWithCustomError(gateway, "StaleHeader").withArgs(2n, 2n);
      expect(await receiver.executions(remote.receiveId(2n))).to.equal(1n);
    });

    it("refuses the results of a replayed header", async () => {
      const { gateway, remote, wallets, recipient } = await load(two);
      await gateway.sendMessage(onRemote(recipient), "0x", []);
      remote.deliverBatch(1n, 1n);
      const packed = encodeDelivery(remote.delivery(wallets, { from: 3n, resultsFrom: 0 }));
      await gateway.deliver(packed);
      await expect(gateway.deliver(packed))
        .to.be.revertedWithCustomError(gateway, "ResultOutOfOrder")
        .withArgs(1n, 1n, 2n);
    });

    it("refuses an older header after a newer one, and messages of it that were executed", async () => {
      const { gateway, remote, wallets, recipient } = await load(two);
      const old = remote.header();
      remote.send({ recipient });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      for (const from of [1n, 2n]) {
        await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: old, from }))))
          .to.be.revertedWithCustomError(gateway, "StaleHeader")
          .withArgs(2n, 3n);
      }
    });

    it("refuses old messages under a newer header", async () => {
      const { gateway, remote, wallets, recipient } = await load(two);
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      for (let count = 0; count < 2; count++) remote.send({ recipient });
      await expect(
        gateway.deliver(encodeDelivery({ ...remote.delivery(wallets, { from: 1n, to: 2n }), messagesAfter: [] })),
      )
        .to.be.revertedWithCustomError(gateway, "MessageOutOfOrder")
        .withArgs(1n, 3n);
    });

    it("refuses a zero accumulator, whatever it is said to hold", async () => {
      const { gateway, remote, wallets } = await load(two);
      for (const toSeq of [1n, 2n]) {
        const header = remote.headerAt(toSeq, { acc: ZeroHash });
        await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets, { header }))))
          .to.be.revertedWithCustomError(gateway, "AccumulatorMismatch")
          .withArgs(remote.accs[Number(toSeq)], ZeroHash);
      }
    });

    it("refuses epoch 0 and epochs that never were", async () => {
      const { gateway, remote, wallets } = await load(two);
      for (const epoch of [0n, 2n, (1n << 64n) - 1n]) {
        const header = remote.header({ epoch });
        for (const proof of [{}, { signers: 0n, signatures: "0x" }]) {
          await expect(gateway.deliver(encodeDelivery({ ...remote.delivery(wallets, { header }), ...proof })))
            .to.be.revertedWithCustomError(gateway, "EpochNotAccepted")
            .withArgs(epoch, 0n, (value: bigint) => value > 0n);
        }
      }
    });

    it("refuses on a fresh lane a header that holds nothing, its end before its start, and a lane that is none", async () => {
      const { gateway, target, wallets, remote } = await load(two);
      const [one] = remote.delivery(wallets).messages;
      for (const [toSeq, acc] of [
        [0n, remote.accs[0]!],
        [0n, ZeroHash],
        [1n, remote.accs[0]!],
        [1n, ZeroHash],
      ] as const) {
        const header = remote.header({ toSeq, acc });
        const delivery = { ...remote.delivery(wallets, { header }), messages: [one!], messagesAfter: [] };
        await expect(gateway.deliver(encodeDelivery(delivery))).to.be.revertedWithCustomError(
          gateway,
          toSeq === 0n ? "StaleHeader" : "AccumulatorMismatch",
        );
      }
      const empty = new RemoteChain(target).header();
      await expect(
        gateway.deliver(encodeDelivery(new RemoteChain(target).delivery(wallets, { header: empty }))),
      ).to.be.revertedWithCustomError(gateway, "NothingToDeliver");
      const none = { ...empty, source: 57n, toSeq: 1n, acc: ZeroHash };
      await expect(
        gateway.deliver(encodeDelivery({ ...remote.delivery(wallets), header: none })),
      ).to.be.revertedWithCustomError(gateway, "UnknownLane");
    });
  });

  describe("signatures", () => {
    it("refuses those of a removed signer after the overlap, and of one of another epoch in it", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets, target } = fixture;
      await time.increase(ROTATION_DELAY);
      const thief = wallets[1]!;
      const next = [...wallets.filter((wallet) => wallet !== thief), ...signerWallets(1, "new")].sort((a, b) =>
        BigInt(a.address) < BigInt(b.address) ? -1 : 1,
      );
      const validUntil = BigInt(await time.latest()) + DAY;
      const rotation = { epoch: 2n, validUntil, signers: next.map((wallet) => wallet.address) };
      const proof = signRotation(wallets, rotation, target);
      await gateway.rotate(rotation, proof.signers, proof.signatures);
      const header = remote.header({ epoch: 2n });
      const digest = headerDigest(header, target);
      const forged = concat([signDigest(next[0]!, digest), signDigest(next[1]!, digest), signDigest(thief, digest)]);
      await expect(gateway.deliver(signedBy(fixture, header, () => forged)))
        .to.be.revertedWithCustomError(gateway, "InvalidSignature")
        .withArgs(2, thief.address, next[2]!.address);
      await time.increase(OVERLAP + 1n);
      await expect(
        gateway.deliver(encodeDelivery(remote.delivery(wallets, { header: remote.header({ epoch: 1n }) }))),
      ).to.be.revertedWithCustomError(gateway, "EpochNotAccepted");
      await gateway.deliver(encodeDelivery(remote.delivery(next, { header })));
    });

    it("refuses those of an expired epoch", async () => {
      const { gateway, remote, wallets } = await load(two);
      const packed = encodeDelivery(remote.delivery(wallets));
      await time.increaseTo((await gateway.epochValidUntil(1n)) + 1n);
      await expect(gateway.deliver(packed)).to.be.revertedWithCustomError(gateway, "EpochNotAccepted");
    });

    it("refuses one signer twice or thrice", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets } = fixture;
      const [a, b] = wallets as [Wallet, Wallet];
      for (const [signers, index, wrong] of [
        [[a, a, b], 1, a],
        [[a, b, b], 2, b],
        [[a, a, a], 1, a],
      ] as const) {
        const packed = signedBy(fixture, remote.header(), (digest) =>
          concat(signers.map((wallet) => signDigest(wallet, digest))),
        );
        await expect(gateway.deliver(packed))
          .to.be.revertedWithCustomError(gateway, "InvalidSignature")
          .withArgs(index, wrong.address, wallets[index]!.address);
      }
    });

    it("refuses signatures that recover to zero", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets } = fixture;
      const worthless = [
        concat([ZeroHash, ZeroHash]),
        concat([toBeHex(N, 32), toBeHex(1n, 32)]),
        concat([toBeHex(1n, 32), ZeroHash]),
        concat([toBeHex((1n << 256n) - 1n, 32), toBeHex(1n, 32)]),
      ];
      for (const zero of worthless) {
        const packed = signedBy(fixture, remote.header(), () => concat([zero, zero, zero]));
        await expect(gateway.deliver(packed))
          .to.be.revertedWithCustomError(gateway, "InvalidSignature")
          .withArgs(0, ZeroAddress, wallets[0]!.address);
      }
    });

    it("refuses the high-s twin of a good signature", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets } = fixture;
      const header = remote.header();
      const packed = signedBy(fixture, header, (digest) => {
        const { r, s, yParity } = Signature.from(signDigest(wallets[0]!, digest));
        // EIP-2098 has 255 bits for s: the twin of most signatures fits, so this one would be another valid form.
        const twin = (BigInt(yParity === 0 ? 1 : 0) << 255n) | ((N - BigInt(s)) & ((1n << 255n) - 1n));
        return concat([r, toBeHex(twin, 32), ...wallets.slice(1, 3).map((wallet) => signDigest(wallet, digest))]);
      });
      await expect(gateway.deliver(packed)).to.be.revertedWithCustomError(gateway, "InvalidSignature");
    });

    it("refuses the high-s twin where it is the only fault: s just above half the order fits 255 bits", async () => {
      const { gateway, target } = await load(two);
      const half = N >> 1n;
      const mock = await deploy<{ recover(digest: string, signature: string): Promise<string> }>(
        "CrosschainVectorsMock",
      );
      const digest = headerDigest(new RemoteChain(target).header(), target);
      // r = 1 is on the curve: any s yields somebody. Only the bound separates the two.
      const at = (s: bigint): Promise<string> => mock.recover(digest, concat([toBeHex(1n, 32), toBeHex(s, 32)]));
      expect(await at(half)).to.not.equal(ZeroAddress);
      expect(await at(half + 1n)).to.equal(ZeroAddress);
      expect(await gateway.currentEpoch()).to.equal(1n);
    });

    it("refuses truncated ones", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets, target } = fixture;
      const header = remote.header();
      const all = signBits(wallets, 0b111n, headerDigest(header, target)).signatures;
      for (const length of [0, 63, 64, 127, 191]) {
        const packed = signedBy(fixture, header, () => dataSlice(all, 0, length));
        await expect(gateway.deliver(packed)).to.be.reverted;
      }
      expect(await inSeqOf(gateway)).to.equal(0n);
    });

    it("refuses q − 1 signatures and an owner's, as the bit of a member or beyond the set", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets, target } = fixture;
      const [owner] = await ethers.getSigners();
      const header = remote.header();
      const digest = headerDigest(header, target);
      const ownerSignature = Signature.from(
        await ethers.provider.send("eth_sign", [owner!.address, digest]),
      ).compactSerialized;
      const signatures = concat([signBits(wallets, 0b11n, digest).signatures, ownerSignature]);
      for (const [signers, error] of [
        [0b00111n, "InvalidSignature"],
        [0b10011n, "SignerBitOutOfRange"],
        [0b00011n, "WrongSignatureCount"],
      ] as const) {
        const packed = encodeDelivery({ ...remote.delivery(wallets, { header }), signers, signatures });
        await expect(gateway.connect(owner!).deliver(packed)).to.be.revertedWithCustomError(gateway, error);
      }
    });

    it("refuses signatures for another lane, gateway, chain or header", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets, target, recipient } = fixture;
      await gateway.addLane(57n, REMOTE_GATEWAY, { cadence: 4, maxGas: 200_000, maxBytes: 10 });
      const header = remote.header();
      const others: readonly string[] = [
        headerDigest({ ...header, source: 57n }, target),
        headerDigest(header, { ...target, gateway: recipient }),
        headerDigest(header, { ...target, chainId: target.chainId + 1n }),
        headerDigest({ ...header, sourceBlock: header.sourceBlock + 4n }, target),
        headerDigest({ ...header, epoch: 2n }, target),
        headerDigest({ ...header, toSeq: 1n }, target),
        headerDigest({ ...header, acc: ZeroHash }, target),
        headerDigest({ ...header, ackSeq: 1n }, target),
        headerDigest({ ...header, resAcc: ZeroHash }, target),
      ];
      for (const digest of others) {
        const packed = signedBy(fixture, header, () => signBits(wallets, 0b111n, digest).signatures);
        await expect(gateway.deliver(packed)).to.be.revertedWithCustomError(gateway, "InvalidSignature");
      }
      const other = new RemoteChain(target, 57n);
      other.send({ recipient });
      await expect(
        gateway.deliver(
          encodeDelivery({ ...other.delivery(wallets), header: { ...other.header(), source: REMOTE_CHAIN } }),
        ),
      ).to.be.revertedWithCustomError(gateway, "InvalidSignature");
    });

    it("refuses a rotation's signatures as a header's, and the other way round", async () => {
      const fixture = await load(two);
      const { gateway, remote, wallets, target } = fixture;
      await time.increase(ROTATION_DELAY);
      const validUntil = BigInt(await time.latest()) + DAY;
      const rotation = { epoch: 2n, validUntil, signers: signerWallets(4, "next").map((wallet) => wallet.address) };
      const header = remote.header();
      const rotationProof = signRotation(wallets, rotation, target);
      await expect(
        gateway.deliver(signedBy(fixture, header, () => rotationProof.signatures)),
      ).to.be.revertedWithCustomError(gateway, "InvalidSignature");
      const { signers, signatures } = signBits(wallets, 0b111n, headerDigest(header, target));
      await expect(gateway.rotate(rotation, signers, signatures)).to.be.revertedWithCustomError(
        gateway,
        "InvalidSignature",
      );
    });

    it("refuses every signature of before a fork that changes the chain id", async () => {
      const node = await startAnvil({ chainId: 31_337, args: ["--disable-code-size-limit"] });
      const open = (): InstanceType<typeof ethers.JsonRpcProvider> =>
        new ethers.JsonRpcProvider(node.url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
      const before = open();
      let after: typeof before | undefined;
      try {
        const fixture = await deployGatewayFrom(await before.getSigner());
        const { gateway, remote, wallets, target } = fixture;
        remote.send({ recipient: PAYOUT });
        const header = remote.header();
        const packed = encodeDelivery(remote.delivery(wallets, { header }));
        await gateway.deliver.staticCall(packed);
        expect(await gateway.headerDigest(header)).to.equal(headerDigest(header, target));

        await node.rpc("anvil_setChainId", [31_338]);
        after = open();
        const forked = gateway.connect(await after.getSigner());
        const fork = { ...target, chainId: 31_338n };
        expect(await forked.headerDigest(header)).to.equal(headerDigest(header, fork));
        await expect(forked.deliver.staticCall(packed)).to.be.revertedWithCustomError(gateway, "InvalidSignature");
        const proof = signBits(wallets, 0b111n, headerDigest(header, fork));
        await forked.deliver.staticCall(encodeDelivery({ ...remote.delivery(wallets, { header }), ...proof }));
        expect(await forked.statusOf(sendIdOf(target, 1n))).to.equal(0n);
      } finally {
        before.destroy();
        after?.destroy();
        await node.stop();
      }
    });
  });

  describe("results", () => {
    it("refuses a false result under a true accumulator, and takes nothing of such a delivery", async () => {
      const { gateway, remote, wallets, recipient, target } = await load(two);
      for (let count = 0; count < 2; count++) await gateway.sendMessage(onRemote(recipient), "0x", []);
      remote.deliverBatch(2n, 0n);
      const delivery = remote.delivery(wallets, { resultsFrom: 0 });
      for (const results of [
        [{ ...remote.results[0]!, failures: 0b01n }],
        [{ ...remote.results[0]!, payout: recipient }],
        [{ ...remote.results[0]!, last: 1n }],
        [
          { ...remote.results[0]!, last: 1n },
          { ...remote.results[0]!, first: 2n },
        ],
      ]) {
        await expect(gateway.deliver(encodeDelivery({ ...delivery, results }))).to.be.revertedWithCustomError(
          gateway,
          "ResultMismatch",
        );
      }
      expect(await inSeqOf(gateway)).to.equal(0n);
      expect(await gateway.statusOf(sendIdOf(target, 1n))).to.equal(1n);
    });
  });

  describe("targets", () => {
    it("records a message to the gateway itself as failed, whatever it carries", async () => {
      const { gateway, remote, wallets, target } = await load(deployGatewayWithReceiver);
      // It is not even called: no gas that it names is asked for.
      const gasLimit = (1n << 32n) - 1n;
      remote.send({ recipient: target.gateway, gasLimit, payload: gateway.interface.encodeFunctionData("pauseAll") });
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
        .to.emit(gateway, "BatchDelivered")
        .withArgs(REMOTE_CHAIN, 1n, 1n, 1n, PAYOUT);
    });

    it("records a message to a system contract, a precompile or nobody as failed", async () => {
      const { gateway, manager, remote, wallets } = await load(deployGatewayWithReceiver);
      const [set] = [await ethers.provider.getCode(await gateway.getAddress())];
      const targets = [await manager.getAddress(), ZeroAddress, PAYOUT, wallets[0]!.address];
      for (let precompile = 1n; precompile <= 0x11n; precompile++) targets.push(toBeHex(precompile, 20));
      targets.push(toBeHex(0x100n, 20));
      for (const recipient of targets) remote.send({ recipient: ethers.getAddress(recipient), gasLimit: 50_000n });
      const all = (1n << BigInt(targets.length)) - 1n;
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
        .to.emit(gateway, "BatchDelivered")
        .withArgs(REMOTE_CHAIN, 1n, BigInt(targets.length), all, PAYOUT);
      expect(await ethers.provider.getCode(await gateway.getAddress())).to.equal(set);
    });

    it("never lets the identity precompile echo the selector", async () => {
      const { gateway, remote, wallets } = await load(deployGatewayWithReceiver);
      const selector = ethers.id("receiveMessage(bytes32,bytes,bytes)").slice(0, 10);
      for (const payload of ["0x", concat([selector, toBeHex(0, 28)]), `0x${"00".repeat(64)}`]) {
        remote.send({ recipient: toBeHex(4n, 20), payload });
      }
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
        .to.emit(gateway, "BatchDelivered")
        .withArgs(REMOTE_CHAIN, 1n, 3n, 0b111n, PAYOUT);
    });
  });

  describe("recipients", () => {
    const faults: Readonly<Record<string, string>> = {
      reverts: PAYLOAD.revert,
      "burns all gas": PAYLOAD.burnGas,
      "returns 1 MB": PAYLOAD.returnBomb,
      "reverts with 1 MB": PAYLOAD.revertBomb,
      "returns another selector": PAYLOAD.wrongSelector,
      "returns less than a word": PAYLOAD.shortReturn,
      "returns more than the selector in its word": PAYLOAD.dirtySelector,
    };
    for (const [fault, payload] of Object.entries(faults)) {
      it(`goes on after a recipient that ${fault}`, async () => {
        const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
        remote.send({ recipient });
        remote.send({ recipient, payload, gasLimit: 3_000_000n });
        remote.send({ recipient });
        const packed = encodeDelivery(remote.delivery(wallets));
        await expect(gateway.deliver(packed, { gasLimit: 4_500_000 }))
          .to.emit(gateway, "BatchDelivered")
          .withArgs(REMOTE_CHAIN, 1n, 3n, 0b010n, PAYOUT);
        expect(await receiver.executions(remote.receiveId(3n))).to.equal(1n);
        expect(await gateway.retriable(REMOTE_CHAIN, 2n)).to.equal(messageLeaf(remote.messages[1]!));
      });
    }

    it("never copies a bomb: it costs what the recipient was given, and no more", async () => {
      const { gateway, remote, wallets, recipient } = await load(deployGatewayWithReceiver);
      const gasOf = async (payload: string): Promise<bigint> => {
        const snapshot = await takeSnapshot();
        const chain = remote.copy();
        chain.send({ recipient, payload, gasLimit: 3_000_000n });
        const sent = await gateway.deliver(encodeDelivery(chain.delivery(wallets)), { gasLimit: 16_000_000 });
        const { gasUsed } = (await sent.wait())!;
        await snapshot.restore();
        return gasUsed;
      };
      // 1 MB of memory costs the recipient some 2.2 million; a copy would cost the gateway as much again.
      const spent = await gasOf(PAYLOAD.returnBomb);
      expect(spent - (await gasOf(PAYLOAD.revert))).to.be.lessThan(2_600_000n);
    });

    it("refuses a recipient that re-enters deliver or retry, and goes on", async () => {
      const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
      remote.send({ recipient, payload: PAYLOAD.revert });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      const calls = [
        gateway.interface.encodeFunctionData("deliver", [encodeDelivery(remote.delivery(wallets))]),
        gateway.interface.encodeFunctionData("retry", [REMOTE_CHAIN, encodeMessage(remote.messages[0]!)]),
      ];
      const locked = gateway.interface.getError("ReentrancyGuardReentrantCall")!.selector;
      for (const call of calls) {
        const { seq } = remote.send({ recipient, payload: PAYLOAD.reenter(call), gasLimit: 2_000_000n });
        await gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: seq })));
        expect([await receiver.reentered(), await receiver.reentryAnswer()]).to.deep.equal([false, locked]);
        expect(await receiver.executions(remote.receiveId(seq))).to.equal(1n);
      }
    });

    it("refuses a recipient that re-enters from a retry", async () => {
      const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
      remote.send({ recipient, payload: PAYLOAD.reenter("0x"), gasLimit: 30_000n });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      const call = gateway.interface.encodeFunctionData("retry", [REMOTE_CHAIN, encodeMessage(remote.messages[0]!)]);
      remote.send({ recipient, payload: PAYLOAD.reenter(call), gasLimit: 30_000n });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { from: 2n })));
      await gateway.retry(REMOTE_CHAIN, encodeMessage(remote.messages[1]!));
      expect(await receiver.reentered()).to.equal(false);
      expect(await receiver.reentryAnswer()).to.equal(
        gateway.interface.getError("ReentrancyGuardReentrantCall")!.selector,
      );
    });

    it("lets a recipient send while it receives, and keeps both directions right", async () => {
      const { gateway, remote, wallets, recipient, receiver, target } = await load(deployGatewayWithReceiver);
      const answer = gateway.interface.encodeFunctionData("sendMessage", [onRemote(PAYOUT), "0xc0ffee", []]);
      remote.send({ recipient, payload: PAYLOAD.reenter(answer), gasLimit: 2_000_000n });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets)));
      expect(await receiver.reentered()).to.equal(true);
      const state = await gateway.laneState(REMOTE_CHAIN);
      expect([state.inSeq, state.outSeq]).to.deep.equal([1n, 1n]);
      expect(await gateway.statusOf(sendIdOf(target, 1n))).to.equal(1n);
    });
  });

  describe("relayers", () => {
    it("cannot force a fake failure with any gas limit: all executes, or nothing happened", async function () {
      const fixture = await load(deployGatewayWithReceiver);
      const { gateway, remote, wallets, recipient, receiver } = fixture;
      // The recipient needs every unit of what its message names.
      const limits = [300_000n, 1_000_000n, 260_000n];
      const needs: bigint[] = [];
      for (const gasLimit of limits) {
        const snapshot = await takeSnapshot();
        const probe = remote.copy();
        probe.send({ recipient, gasLimit, payload: PAYLOAD.needGas(0n) });
        await gateway.deliver(encodeDelivery(probe.delivery(wallets)));
        needs.push(await receiver.lastGas());
        await snapshot.restore();
      }
      for (const [index, gasLimit] of limits.entries()) {
        remote.send({ recipient, gasLimit, payload: PAYLOAD.needGas(needs[index]!) });
      }
      const packed = encodeDelivery(remote.delivery(wallets));
      const snapshot = await takeSnapshot();
      const outcomes = { executed: 0, reverted: 0 };
      const attempt = async (gasLimit: number): Promise<boolean> => {
        let executed = true;
        try {
          await gateway.deliver(packed, { gasLimit });
        } catch {
          executed = false;
        }
        if (executed) {
          const [delivered] = await gateway.queryFilter(gateway.filters.BatchDelivered(), "latest");
          expect(delivered!.args.failures, `failures with ${gasLimit} gas`).to.equal(0n);
          outcomes.executed++;
          await snapshot.restore();
        } else {
          expect(await inSeqOf(gateway)).to.equal(0n);
          outcomes.reverted++;
        }
        return executed;
      };
      for (let gasLimit = 60_000; gasLimit <= 2_200_000; gasLimit += 21_111) await attempt(gasLimit);
      // Then unit by unit around the least gas with which it goes through.
      let [low, high] = [60_000, 2_200_000];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (await attempt(middle)) high = middle;
        else low = middle;
      }
      for (let gasLimit = high - 15; gasLimit <= high + 15; gasLimit++) await attempt(gasLimit);
      expect(outcomes.executed).to.be.greaterThan(10);
      expect(outcomes.reverted).to.be.greaterThan(10);
    });
  });

  describe("blocks", () => {
    it("delivers 300 messages of one block in two batches under one header", async () => {
      const { gateway, remote, wallets, recipient, receiver } = await load(deployGatewayWithReceiver);
      for (let count = 0; count < 300; count++) remote.send({ recipient, gasLimit: 170_000n });
      const header = remote.header();
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { header, to: 256n })), { gasLimit: 59_000_000 });
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { header, from: 257n })), { gasLimit: 59_000_000 });
      expect(await inSeqOf(gateway)).to.equal(300n);
      expect(await receiver.received()).to.deep.equal(
        Array.from({ length: 300 }, (_, index) => remote.receiveId(BigInt(index) + 1n)),
      );
    });

    it("sends 300 messages in one block without a gap, and acknowledges them in two batches", async () => {
      const { gateway, remote, wallets } = await load(deployGateway);
      await sendBurst(gateway, 300);
      remote.deliverBatch(256n);
      remote.deliverBatch(300n);
      expect((await gateway.laneState(REMOTE_CHAIN)).outSeq).to.equal(300n);
      await gateway.deliver(encodeDelivery(remote.delivery(wallets, { resultsFrom: 0 })), { gasLimit: LIVE_GAS });
      expect((await gateway.laneState(REMOTE_CHAIN)).ackSeq).to.equal(300n);
    });
  });
});
