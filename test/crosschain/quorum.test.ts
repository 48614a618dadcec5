import { expect } from "chai";
import { Signature, ZeroAddress, concat, dataLength, dataSlice, toBeHex, type Wallet } from "ethers";
import { ethers } from "hardhat";
import { encodeDelivery } from "../../protocol/delivery";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { headerDigest, rotationDigest, type Rotation } from "../../protocol/header";
import { quorumOf } from "../../protocol/quorum";
import type { Gateway } from "../../typechain-types";
import { startAnvil } from "../../scripts/local/nodes";
import {
  DAY,
  MIN_SIGNERS,
  OVERLAP,
  REMOTE_CHAIN,
  ROTATION_DELAY,
  deploy,
  deployGateway,
  deployGatewayWithReceiver,
  load,
  proveQuorum,
  signBits,
  signRotation,
  signerWallets,
  type GatewayFixture,
} from "./support";

/** Bytes of a packed delivery before its signatures. */
const DELIVERY_HEAD_BYTES = 163;
const WEEK = 7n * DAY;
/** With zero bytes behind, up to `length`. */
const zeroPadBytes = (data: string, length: number): string =>
  concat([data, `0x${"00".repeat(length - dataLength(data))}`]);
const lowest = (count: number): bigint => (1n << BigInt(count)) - 1n;
const addresses = (wallets: readonly Wallet[]): string[] => wallets.map((wallet) => wallet.address);

async function nextRotation(
  epoch: bigint,
  wallets: readonly Wallet[],
  change: Partial<Rotation> = {},
): Promise<Rotation & { signers: string[] }> {
  const validUntil = BigInt(await time.latest()) + 6n * DAY;
  return { epoch, validUntil, ...change, signers: [...(change.signers ?? addresses(wallets))] };
}

/** One message that a quorum of four may deliver, and the rotation delay behind us. */
async function ready(): Promise<GatewayFixture> {
  const fixture = await deployGatewayWithReceiver();
  fixture.remote.send({ recipient: fixture.recipient });
  await time.increase(ROTATION_DELAY);
  return fixture;
}

/** Rotates to a set of its own for each epoch. */
async function rotateTo(
  { gateway, target }: GatewayFixture,
  epoch: bigint,
  from: readonly Wallet[],
): Promise<{ wallets: Wallet[]; at: bigint }> {
  const wallets = signerWallets(5, `epoch ${epoch}`);
  const rotation = await nextRotation(epoch, wallets);
  const { signers, signatures } = signRotation(from, rotation, target);
  await gateway.rotate(rotation, signers, signatures);
  return { wallets, at: BigInt(await time.latest()) };
}

async function genesisWith(
  change: Partial<Rotation> & { minSigners?: number; delay?: bigint; overlap?: bigint },
): Promise<Gateway> {
  const { minSigners = MIN_SIGNERS, delay = ROTATION_DELAY, overlap = OVERLAP, ...rotation } = change;
  const [owner] = await ethers.getSigners();
  const genesis = await nextRotation(1n, signerWallets(4), rotation);
  return deploy<Gateway>("Gateway", [owner!.address, minSigners, delay, overlap, genesis]);
}

describe("Quorum", () => {
  describe("of n signers", () => {
    for (let n = 4; n <= 21; n++) {
      it(`takes exactly the least k with 3k ≥ 2n for n = ${n}, and no other number (invariant 6)`, async () => {
        const { gateway, remote, wallets, target } = await deployGateway(n);
        remote.send({ recipient: "0x1111111111111111111111111111111111111111" });
        const needed = Array.from({ length: n + 1 }, (_, k) => k).find((k) => 3 * k >= 2 * n)!;
        expect(quorumOf(n)).to.equal(needed);
        const base = remote.delivery(wallets);
        const digest = headerDigest(base.header, target);
        for (let k = 0; k <= n; k++) {
          if (k === needed) continue;
          const proof = signBits(wallets, lowest(k), digest);
          // Room for as many as are needed: nothing but the number of bits is wrong.
          const signatures = zeroPadBytes(proof.signatures, Math.max(k, needed) * 64);
          await expect(gateway.deliver.staticCall(encodeDelivery({ ...base, signers: proof.signers, signatures })))
            .to.be.revertedWithCustomError(gateway, "WrongSignatureCount")
            .withArgs(Math.min(k, needed + 1), needed);
        }
        const highest = lowest(needed) << BigInt(n - needed);
        await gateway.deliver.staticCall(encodeDelivery({ ...base, ...signBits(wallets, highest, digest) }));
        const odd = (lowest(needed - 1) << BigInt(n - needed + 1)) | 1n;
        await gateway.deliver(encodeDelivery({ ...base, ...signBits(wallets, odd, digest) }));
        expect((await gateway.laneState(REMOTE_CHAIN)).inSeq).to.equal(1n);
      });
    }

    it("reverts when a bit is set beyond the set", async () => {
      const { gateway, remote, wallets, target } = await load(ready);
      const base = remote.delivery(wallets);
      const digest = headerDigest(base.header, target);
      for (const bit of [4n, 20n, 23n]) {
        const signers = 0b11n | (1n << bit);
        const { signatures } = signBits(wallets, 0b111n, digest);
        await expect(gateway.deliver(encodeDelivery({ ...base, signers, signatures })))
          .to.be.revertedWithCustomError(gateway, "SignerBitOutOfRange")
          .withArgs(signers, 4);
      }
    });

    it("reverts when signatures are missing, truncated or surplus", async () => {
      const { gateway, remote, wallets, target } = await load(ready);
      const base = remote.delivery(wallets);
      const all = signBits(wallets, 0b1111n, headerDigest(base.header, target)).signatures;
      const rest = dataLength(encodeDelivery({ ...base, signatures: "0x" })) - DELIVERY_HEAD_BYTES;
      for (const length of [0, 64, 128]) {
        await expect(gateway.deliver(encodeDelivery({ ...base, signatures: dataSlice(all, 0, length) })))
          .to.be.revertedWithCustomError(gateway, "SignaturesLength")
          .withArgs(length + rest, 192);
      }
      await expect(
        gateway.deliver(encodeDelivery({ ...base, signatures: dataSlice(all, 0, 191) })),
      ).to.be.revertedWithCustomError(gateway, "InvalidSignature");
      for (const length of [193, 256]) {
        await expect(
          gateway.deliver(encodeDelivery({ ...base, signatures: dataSlice(all, 0, length) })),
        ).to.be.revertedWithCustomError(gateway, "DeliveryMalformed");
      }
    });

    it("reverts when a signature is not of the member at its bit", async () => {
      const { gateway, remote, wallets, target } = await load(ready);
      const base = remote.delivery(wallets);
      const { signatures } = signBits(wallets, 0b0111n, headerDigest(base.header, target));
      await expect(gateway.deliver(encodeDelivery({ ...base, signers: 0b1101n, signatures })))
        .to.be.revertedWithCustomError(gateway, "InvalidSignature")
        .withArgs(2, wallets[1]!.address, wallets[2]!.address);
    });
  });

  describe("constructor", () => {
    it("reverts when the least set is empty", async () => {
      const { gateway } = await load(deployGateway);
      await expect(genesisWith({ minSigners: 0 }))
        .to.be.revertedWithCustomError(gateway, "MinSignersTooFew")
        .withArgs(0, 1);
    });

    it("reverts when the overlap exceeds the delay, so that three epochs could be valid (invariant 7)", async () => {
      const { gateway } = await load(deployGateway);
      await expect(genesisWith({ delay: 10n, overlap: 11n }))
        .to.be.revertedWithCustomError(gateway, "OverlapTooLong")
        .withArgs(11n, 10n);
      const equal = await genesisWith({ delay: 10n, overlap: 10n });
      expect([await equal.ROTATION_DELAY(), await equal.OVERLAP()]).to.deep.equal([10n, 10n]);
    });

    it("takes a set of one on a local chain, and on no other fewer than four", async () => {
      const local = await genesisWith({ minSigners: 1, signers: addresses(signerWallets(1)) });
      expect(await local.MIN_SIGNERS()).to.equal(1n);
      const node = await startAnvil({ chainId: 97, args: ["--disable-code-size-limit"] });
      try {
        const provider = new ethers.JsonRpcProvider(node.url, undefined, { batchMaxCount: 1 });
        // Its first block has the time of now.
        await node.rpc("evm_mine");
        const owner = await provider.getSigner();
        const genesis = await nextRotation(1n, signerWallets(4), {
          validUntil: BigInt((await provider.getBlock("latest"))!.timestamp) + DAY,
        });
        const factory = await ethers.getContractFactory("Gateway", owner);
        const parameters = (min: number): [string, number, bigint, bigint, typeof genesis] => [
          owner.address,
          min,
          ROTATION_DELAY,
          OVERLAP,
          genesis,
        ];
        for (const min of [0, 1, 3]) {
          const { data } = await factory.getDeployTransaction(...parameters(min));
          await expect(provider.call({ from: owner.address, data }))
            .to.be.revertedWithCustomError(local, "MinSignersTooFew")
            .withArgs(min, 4);
        }
        const { data } = await factory.getDeployTransaction(...parameters(4));
        expect(await provider.call({ from: owner.address, data })).to.have.length.greaterThan(2);
        provider.destroy();
      } finally {
        await node.stop();
      }
    });

    it("starts without any epoch where the genesis is 0, which no signature can pass", async () => {
      const gateway = await genesisWith({ epoch: 0n });
      expect(await gateway.currentEpoch()).to.equal(0n);
      expect(await gateway.signersOf(0n)).to.deep.equal([]);
      const rotation = await nextRotation(1n, signerWallets(4));
      await time.increase(ROTATION_DELAY);
      await expect(gateway.rotate(rotation, 0n, "0x")).to.be.revertedWithCustomError(gateway, "EpochNotAccepted");
    });

    it("reports the first epoch", async () => {
      const { gateway, wallets } = await load(deployGateway);
      expect(await gateway.currentEpoch()).to.equal(1n);
      expect(await gateway.signersOf(1n)).to.deep.equal(addresses(wallets));
      expect(await gateway.signersOf(2n)).to.deep.equal([]);
      expect(await gateway.epochValidUntil(2n)).to.equal(0n);
      expect(await gateway.MIN_SIGNERS()).to.equal(4n);
    });
  });

  describe("a new set", () => {
    it("reverts when it is smaller than the least or larger than 21", async () => {
      const { gateway } = await load(deployGateway);
      for (const size of [0, 3, 22]) {
        await expect(genesisWith({ signers: addresses(signerWallets(size)) }))
          .to.be.revertedWithCustomError(gateway, "SetSizeOutOfRange")
          .withArgs(size, 4, 21);
      }
    });

    it("reverts when its signers do not ascend strictly", async () => {
      const { gateway } = await load(deployGateway);
      const [a, b, c, d] = addresses(signerWallets(4)) as [string, string, string, string];
      const unordered: readonly [string[], number][] = [
        [[b, a, c, d], 1],
        [[a, b, d, c], 3],
        [[a, b, b, c], 2],
        [[a, a, b, c], 1],
      ];
      for (const [signers, index] of unordered) {
        await expect(genesisWith({ signers }))
          .to.be.revertedWithCustomError(gateway, "SignersNotAscending")
          .withArgs(index, signers[index]);
      }
    });

    it("reverts when one of its signers is zero", async () => {
      const { gateway } = await load(deployGateway);
      const rest = addresses(signerWallets(3));
      await expect(genesisWith({ signers: [ZeroAddress, ...rest] }))
        .to.be.revertedWithCustomError(gateway, "SignersNotAscending")
        .withArgs(0, ZeroAddress);
      await expect(genesisWith({ signers: [...rest, ZeroAddress] }))
        .to.be.revertedWithCustomError(gateway, "SignersNotAscending")
        .withArgs(3, ZeroAddress);
    });

    it("keeps sets of every size in their order", async () => {
      for (let size = 4; size <= 21; size++) {
        const signers = addresses(signerWallets(size, "order"));
        expect(await (await genesisWith({ signers })).signersOf(1n)).to.deep.equal(signers);
      }
    });
  });

  describe("rotate", () => {
    it("reverts when it comes before the delay is over", async () => {
      const fixture = await load(deployGateway);
      const { gateway, wallets, target } = fixture;
      const installed = (await ethers.provider.getBlock(
        (await gateway.queryFilter(gateway.filters.EpochRotated()))[0]!.blockNumber,
      ))!;
      const earliest = BigInt(installed.timestamp) + ROTATION_DELAY;
      const rotation = await nextRotation(2n, signerWallets(5, "next"));
      const { signers, signatures } = signRotation(wallets, rotation, target);
      await time.setNextBlockTimestamp(earliest - 1n);
      await expect(gateway.rotate(rotation, signers, signatures))
        .to.be.revertedWithCustomError(gateway, "RotationTooEarly")
        .withArgs(earliest - 1n, earliest);
      await time.setNextBlockTimestamp(earliest);
      await gateway.rotate(rotation, signers, signatures);
    });

    it("reverts when the current set has expired", async () => {
      const fixture = await load(ready);
      const { gateway, wallets, target } = fixture;
      const validUntil = await gateway.epochValidUntil(1n);
      const rotation = await nextRotation(2n, wallets, { validUntil: validUntil + DAY });
      const { signers, signatures } = signRotation(wallets, rotation, target);
      await time.setNextBlockTimestamp(validUntil + 1n);
      await expect(gateway.rotate(rotation, signers, signatures))
        .to.be.revertedWithCustomError(gateway, "EpochNotAccepted")
        .withArgs(1n, validUntil, validUntil + 1n);
    });

    it("reverts when fewer or more than a quorum of the current set signed", async () => {
      const { gateway, wallets, target } = await load(ready);
      const rotation = await nextRotation(2n, signerWallets(5, "next"));
      const digest = rotationDigest(rotation, target);
      const { signers, signatures } = signBits(wallets, 0b11n, digest);
      await expect(gateway.rotate(rotation, signers, signatures))
        .to.be.revertedWithCustomError(gateway, "SignaturesLength")
        .withArgs(128, 192);
      await expect(gateway.rotate(rotation, signers, zeroPadBytes(signatures, 192)))
        .to.be.revertedWithCustomError(gateway, "WrongSignatureCount")
        .withArgs(2, 3);
      const { signatures: all } = signBits(wallets, 0b1111n, digest);
      await expect(gateway.rotate(rotation, 0b1111n, all))
        .to.be.revertedWithCustomError(gateway, "WrongSignatureCount")
        .withArgs(4, 3);
      for (const surplus of [all, concat([dataSlice(all, 0, 192), toBeHex(0, 1)])]) {
        await expect(gateway.rotate(rotation, 0b111n, surplus))
          .to.be.revertedWithCustomError(gateway, "SignaturesLength")
          .withArgs(dataLength(surplus), 192);
      }
      await expect(gateway.rotate(rotation, 1n << 200n, dataSlice(all, 0, 192)))
        .to.be.revertedWithCustomError(gateway, "SignerBitOutOfRange")
        .withArgs(1n << 200n, 4);
    });

    it("reverts when the next set signed for itself, or the one before the current did", async () => {
      const fixture = await load(ready);
      const { gateway, wallets, target } = fixture;
      const next = signerWallets(4, "epoch 2");
      let rotation = await nextRotation(2n, next);
      let proof = signRotation(next, rotation, target);
      await expect(gateway.rotate(rotation, proof.signers, proof.signatures)).to.be.revertedWithCustomError(
        gateway,
        "InvalidSignature",
      );
      const { wallets: current } = await rotateTo(fixture, 2n, wallets);
      await time.increase(ROTATION_DELAY);
      rotation = await nextRotation(3n, wallets);
      proof = signRotation(wallets, rotation, target);
      await expect(gateway.rotate(rotation, proof.signers, proof.signatures))
        .to.be.revertedWithCustomError(gateway, "SignaturesLength")
        .withArgs(3 * 64, quorumOf(current.length) * 64);
    });

    it("reverts when anything that was signed was changed", async () => {
      const { gateway, wallets, target } = await load(ready);
      const rotation = await nextRotation(2n, signerWallets(5, "next"));
      const { signers, signatures } = signRotation(wallets, rotation, target);
      for (const forged of [
        { ...rotation, epoch: 3n },
        { ...rotation, validUntil: rotation.validUntil - 1n },
        { ...rotation, signers: rotation.signers.slice(1) },
        { ...rotation, signers: addresses(signerWallets(5, "thief")) },
      ]) {
        await expect(gateway.rotate(forged, signers, signatures)).to.be.revertedWithCustomError(
          gateway,
          "InvalidSignature",
        );
      }
    });

    it("reverts when the epoch is not above the current one", async () => {
      const { gateway, wallets, target } = await load(ready);
      for (const epoch of [0n, 1n]) {
        const rotation = await nextRotation(epoch, signerWallets(5, "next"));
        const { signers, signatures } = signRotation(wallets, rotation, target);
        await expect(gateway.rotate(rotation, signers, signatures))
          .to.be.revertedWithCustomError(gateway, "EpochNotNewer")
          .withArgs(epoch, 1n);
      }
    });

    it("reverts when the epoch is more than 2^32 above the current one, lest no number be left", async () => {
      const { gateway, wallets, target } = await load(deployGateway);
      const farthest = 1n + (1n << 32n);
      await time.increase(ROTATION_DELAY);
      const far = await nextRotation(farthest + 1n, wallets);
      const refused = signRotation(wallets, far, target);
      await expect(gateway.rotate(far, refused.signers, refused.signatures))
        .to.be.revertedWithCustomError(gateway, "EpochTooFar")
        .withArgs(farthest + 1n, farthest);
      const last = await nextRotation(farthest, wallets);
      const { signers, signatures } = signRotation(wallets, last, target);
      await gateway.rotate(last, signers, signatures);
      expect(await gateway.currentEpoch()).to.equal(farthest);
    });

    it("reverts when the new validity is not ahead, or beyond seven days", async () => {
      const { gateway, wallets, target } = await load(ready);
      const now = BigInt(await time.latest()) + 100n;
      for (const validUntil of [0n, now, now + WEEK + 1n, (1n << 64n) - 1n]) {
        const rotation = await nextRotation(2n, signerWallets(5, "next"), { validUntil });
        const { signers, signatures } = signRotation(wallets, rotation, target);
        await time.setNextBlockTimestamp(now);
        await expect(gateway.rotate.staticCall(rotation, signers, signatures, { blockTag: "pending" }))
          .to.be.revertedWithCustomError(gateway, "ValidityOutOfRange")
          .withArgs(validUntil, now + WEEK);
      }
      for (const validUntil of [now + 1n, now + WEEK]) {
        const rotation = await nextRotation(2n, signerWallets(5, "next"), { validUntil });
        const { signers, signatures } = signRotation(wallets, rotation, target);
        await time.setNextBlockTimestamp(now);
        await gateway.rotate.staticCall(rotation, signers, signatures, { blockTag: "pending" });
      }
    });

    it("reverts when the new set is invalid", async () => {
      const { gateway, wallets, target } = await load(ready);
      const rotation = await nextRotation(2n, signerWallets(3, "next"));
      const { signers, signatures } = signRotation(wallets, rotation, target);
      await expect(gateway.rotate(rotation, signers, signatures))
        .to.be.revertedWithCustomError(gateway, "SetSizeOutOfRange")
        .withArgs(3, 4, 21);
    });

    it("installs the set for anyone who brings a quorum's signatures, also while the lane is paused", async () => {
      const { gateway, wallets, target } = await load(ready);
      const [, stranger] = await ethers.getSigners();
      await gateway.pauseAll();
      const next = signerWallets(7, "next");
      const rotation = await nextRotation(5n, next);
      expect(await gateway.rotationDigest(rotation)).to.equal(rotationDigest(rotation, target));
      const { signers, signatures } = signRotation(wallets, rotation, target);
      await expect(gateway.connect(stranger!).rotate(rotation, signers, signatures))
        .to.emit(gateway, "EpochRotated")
        .withArgs(5n, rotation.validUntil, rotation.signers);
      expect(await gateway.currentEpoch()).to.equal(5n);
      expect(await gateway.signersOf(5n)).to.deep.equal(addresses(next));
      expect(await gateway.epochValidUntil(5n)).to.equal(rotation.validUntil);
    });

    it("keeps the set before for the overlap, to the second", async () => {
      const fixture = await load(ready);
      const { gateway, wallets, remote } = fixture;
      const { at } = await rotateTo(fixture, 2n, wallets);
      expect(await gateway.epochValidUntil(1n)).to.equal(at + OVERLAP);
      const delivery = remote.delivery(wallets);
      await time.setNextBlockTimestamp(at + OVERLAP);
      await gateway.deliver.staticCall(encodeDelivery(delivery), { blockTag: "pending" });
      await time.setNextBlockTimestamp(at + OVERLAP + 1n);
      await expect(gateway.deliver(encodeDelivery(delivery)))
        .to.be.revertedWithCustomError(gateway, "EpochNotAccepted")
        .withArgs(1n, at + OVERLAP, at + OVERLAP + 1n);
    });

    it("never lengthens the validity of the set before", async () => {
      const fixture = await load(ready);
      const { gateway, wallets } = fixture;
      const validUntil = await gateway.epochValidUntil(1n);
      await time.increaseTo(validUntil - 10n);
      await rotateTo(fixture, 2n, wallets);
      expect(await gateway.epochValidUntil(1n)).to.equal(validUntil);
    });

    it("lets the new set deliver at once, and only under its own epoch", async () => {
      const fixture = await load(ready);
      const { gateway, wallets, remote } = fixture;
      const { wallets: next } = await rotateTo(fixture, 2n, wallets);
      await expect(gateway.deliver(encodeDelivery(remote.delivery(next)))).to.be.revertedWithCustomError(
        gateway,
        "InvalidSignature",
      );
      remote.epoch = 2n;
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets))))
        .to.be.revertedWithCustomError(gateway, "SignaturesLength")
        .withArgs(3 * 64 + 61, 4 * 64);
      await gateway.deliver(encodeDelivery(remote.delivery(next)));
    });

    it("accepts a set until its last second and not after it", async () => {
      const { gateway, wallets, remote } = await load(ready);
      const validUntil = await gateway.epochValidUntil(1n);
      const delivery = remote.delivery(wallets);
      await time.setNextBlockTimestamp(validUntil);
      await gateway.deliver.staticCall(encodeDelivery(delivery), { blockTag: "pending" });
      await time.setNextBlockTimestamp(validUntil + 1n);
      await expect(gateway.deliver(encodeDelivery(delivery)))
        .to.be.revertedWithCustomError(gateway, "EpochNotAccepted")
        .withArgs(1n, validUntil, validUntil + 1n);
    });
  });

  describe("setEpoch", () => {
    it("reverts when the epoch is not above the current one", async () => {
      const { gateway } = await load(deployGateway);
      await expect(gateway.setEpoch(await nextRotation(1n, signerWallets(4))))
        .to.be.revertedWithCustomError(gateway, "EpochNotNewer")
        .withArgs(1n, 1n);
    });

    it("never leaves more than two epochs valid, however fast they follow (invariant 7)", async () => {
      const { gateway } = await load(deployGateway);
      for (const epoch of [2n, 3n, 7n]) {
        const rotation = await nextRotation(epoch, signerWallets(4, `epoch ${epoch}`));
        await expect(gateway.setEpoch(rotation))
          .to.emit(gateway, "EpochRotated")
          .withArgs(epoch, rotation.validUntil, rotation.signers);
        const now = BigInt(await time.latest());
        const valid: bigint[] = [];
        for (let past = 0n; past <= epoch; past++) {
          if ((await gateway.epochValidUntil(past)) >= now) valid.push(past);
        }
        expect(valid).to.have.length(2);
        expect(valid[1]).to.equal(epoch);
      }
      expect(await gateway.epochValidUntil(1n)).to.equal(0n);
      expect(await gateway.epochValidUntil(2n)).to.equal(0n);
    });

    it("opens a gateway that started without an epoch", async () => {
      const [owner] = await ethers.getSigners();
      const { manager } = await load(deployGateway);
      const none = { epoch: 0n, validUntil: 0n, signers: [] };
      const gateway = await deploy<Gateway>("Gateway", [await manager.getAddress(), 4, 3600, 600, none]);
      expect(await manager.hasRole(0n, owner!.address)).to.deep.equal([true, 0n]);
      await gateway.setEpoch(await nextRotation(1n, signerWallets(4)));
      expect(await gateway.currentEpoch()).to.equal(1n);
      expect(await gateway.epochValidUntil(0n)).to.equal(0n);
    });
  });

  describe("restoreEpoch", () => {
    it("reverts while the current set is valid, its last second included", async () => {
      const { gateway } = await load(ready);
      const validUntil = await gateway.epochValidUntil(1n);
      const rotation = await nextRotation(2n, signerWallets(4, "restored"), { validUntil: validUntil + DAY });
      await time.setNextBlockTimestamp(validUntil);
      await expect(gateway.restoreEpoch(rotation))
        .to.be.revertedWithCustomError(gateway, "EpochStillValid")
        .withArgs(1n, validUntil);
      await time.setNextBlockTimestamp(validUntil + 1n);
      await expect(gateway.restoreEpoch(rotation))
        .to.emit(gateway, "EpochRotated")
        .withArgs(2n, rotation.validUntil, rotation.signers);
    });

    it("reverts when the epoch is not above the current one", async () => {
      const { gateway } = await load(ready);
      await time.increaseTo((await gateway.epochValidUntil(1n)) + 1n);
      await expect(gateway.restoreEpoch(await nextRotation(1n, signerWallets(4))))
        .to.be.revertedWithCustomError(gateway, "EpochNotNewer")
        .withArgs(1n, 1n);
    });

    it("brings a dead lane back, without the old set", async () => {
      const { gateway, wallets, remote, target } = await load(ready);
      await time.increaseTo((await gateway.epochValidUntil(1n)) + 1n);
      const restored = signerWallets(4, "restored");
      await gateway.restoreEpoch(await nextRotation(2n, restored));
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets)))).to.be.revertedWithCustomError(
        gateway,
        "EpochNotAccepted",
      );
      remote.epoch = 2n;
      const delivery = remote.delivery(restored);
      expect(delivery.signatures).to.equal(proveQuorum(restored, headerDigest(delivery.header, target)).signatures);
      await gateway.deliver(encodeDelivery(delivery));
    });
  });

  describe("raiseFloor", () => {
    it("reverts when the floor is above the current epoch", async () => {
      const { gateway } = await load(ready);
      await expect(gateway.raiseFloor(2n)).to.be.revertedWithCustomError(gateway, "FloorAboveCurrent").withArgs(2n, 1n);
    });

    it("ends the overlap at once and leaves the current set", async () => {
      const fixture = await load(ready);
      const { gateway, wallets, remote } = fixture;
      const { wallets: next } = await rotateTo(fixture, 2n, wallets);
      await gateway.raiseFloor(1n);
      await gateway.deliver.staticCall(encodeDelivery(remote.delivery(wallets)));
      const validUntil = await gateway.epochValidUntil(2n);
      await expect(gateway.raiseFloor(2n)).to.emit(gateway, "FloorRaised").withArgs(2n);
      expect(await gateway.epochValidUntil(1n)).to.equal(0n);
      expect(await gateway.epochValidUntil(2n)).to.equal(validUntil);
      await expect(gateway.deliver(encodeDelivery(remote.delivery(wallets)))).to.be.revertedWithCustomError(
        gateway,
        "EpochNotAccepted",
      );
      remote.epoch = 2n;
      await gateway.deliver(encodeDelivery(remote.delivery(next)));
    });
  });

  it("refuses a signature whose recovery id was flipped", async () => {
    const { gateway, wallets, remote, target } = await load(ready);
    const base = remote.delivery(wallets);
    const digest = headerDigest(base.header, target);
    const first = Signature.from(dataSlice(base.signatures, 0, 64));
    const flipped = Signature.from({ r: first.r, s: first.s, yParity: first.yParity === 0 ? 1 : 0 }).compactSerialized;
    const signatures = `${flipped}${base.signatures.slice(2 + 128)}`;
    expect(digest).to.have.length(66);
    await expect(gateway.deliver(encodeDelivery({ ...base, signatures }))).to.be.revertedWithCustomError(
      gateway,
      "InvalidSignature",
    );
  });
});
