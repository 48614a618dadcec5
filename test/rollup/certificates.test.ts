import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { TypedDataEncoder, concat, type Wallet } from "ethers";
import type { CertificateSlashing } from "../../typechain-types";
import { deploy, proveQuorum, signBits, signDigest } from "../crosschain/support";
import { DEPOSIT, OFFENCE, SLASHER_ROLE, STATUS, deployPublished } from "../validators/support";
import { Layer2, PARAMS, commit, deployRollupFrom, loadPlayed, type Played, type PostedBatch } from "./support";

const TYPES = {
  BatchCertificate: [
    { name: "batchHash", type: "bytes32" },
    { name: "number", type: "uint64" },
    { name: "epoch", type: "uint64" },
  ],
};

const digestOf = ({ domain }: Pick<Played, "domain">, batchHash: string, number: bigint, epoch = 1n): string =>
  TypedDataEncoder.hash(domain, TYPES, { batchHash, number, epoch });

describe("certificates", () => {
  const digest = (played: Played, posted: PostedBatch) => digestOf(played, posted.hash, posted.batch.number);

  it("are EIP-712 over the rollup's domain", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, domain } = played;
    const posted = layer2.batches[0]!;
    expect(await rollup.domainSeparator()).to.equal(TypedDataEncoder.hashDomain(domain));
    expect(await rollup.certificateDigest(posted.hash, 1, 1)).to.equal(digest(played, posted));
  });

  it("confirm a batch by a quorum of the gateway's epoch, and shorten no window", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, wallets, stranger } = played;
    const posted = layer2.batches[0]!;
    const { signers, signatures } = proveQuorum(wallets, digest(played, posted));
    await expect(rollup.connect(stranger).certify(posted.batch, 1, signers, signatures))
      .to.emit(rollup, "BatchCertified")
      .withArgs(1, posted.hash, 1);
    expect(await rollup.isCertified(posted.hash)).to.equal(true);
    await expect(rollup.finalState(posted.batch)).to.be.revertedWithCustomError(rollup, "BatchNotFinal");
  });

  it("need exactly two thirds, of members who signed, in order", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, wallets, gateway } = played;
    const posted = layer2.batches[0]!;
    const certify = ({ signers, signatures }: { signers: bigint; signatures: string }) =>
      rollup.certify(posted.batch, 1, signers, signatures);
    const of = (signers: bigint, by: readonly Wallet[] = wallets) => signBits(by, signers, digest(played, posted));
    await expect(certify(of(0b11n)))
      .to.be.revertedWithCustomError(gateway, "SignaturesLength")
      .withArgs(128, 192);
    await expect(certify(of(0b1111n)))
      .to.be.revertedWithCustomError(gateway, "SignaturesLength")
      .withArgs(256, 192);
    await expect(certify({ ...of(0b111n), signers: 0b11n }))
      .to.be.revertedWithCustomError(gateway, "WrongSignatureCount")
      .withArgs(2, 3);
    await expect(certify({ ...of(0b111n), signers: 0b1111n }))
      .to.be.revertedWithCustomError(gateway, "WrongSignatureCount")
      .withArgs(4, 3);
    await expect(certify({ ...of(0b111n), signers: 0b10111n }))
      .to.be.revertedWithCustomError(gateway, "SignerBitOutOfRange")
      .withArgs(0b10111n, 4);
    const twice = concat([0, 0, 1].map((i) => signDigest(wallets[i]!, digest(played, posted))));
    await expect(certify({ signers: 0b111n, signatures: twice }))
      .to.be.revertedWithCustomError(gateway, "InvalidSignature")
      .withArgs(1, wallets[0]!.address, wallets[1]!.address);
    await expect(certify(of(0b1011n))).to.emit(rollup, "BatchCertified");
  });

  it("are for one batch, one number, one epoch", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, wallets, gateway } = played;
    const posted = layer2.batches[0]!;
    const other = await layer2.run([Uint8Array.of(0)]);
    for (const wrong of [
      digestOf(played, other.hash, 1n),
      digestOf(played, posted.hash, 2n),
      digestOf(played, posted.hash, 1n, 2n),
    ]) {
      const { signers, signatures } = proveQuorum(wallets, wrong);
      await expect(rollup.certify(posted.batch, 1, signers, signatures)).to.be.revertedWithCustomError(
        gateway,
        "InvalidSignature",
      );
    }
  });

  it("are of an epoch that is valid, and of a batch that is there", async () => {
    const played = await loadPlayed();
    const { rollup, layer2, wallets, gateway } = played;
    const posted = layer2.batches[0]!;
    const { signers, signatures } = proveQuorum(wallets, digest(played, posted));
    await expect(rollup.certify(posted.batch, 2, signers, signatures))
      .to.be.revertedWithCustomError(rollup, "CertificateFromOldEpoch")
      .withArgs(2, 0);
    const changed = { ...posted.batch, segments: 2 };
    await expect(rollup.certify(changed, 1, signers, signatures)).to.be.revertedWithCustomError(rollup, "NotCanonical");
    const validUntil = await gateway.epochValidUntil(1);
    await time.setNextBlockTimestamp(validUntil + 1n);
    await expect(rollup.certify(posted.batch, 1, signers, signatures))
      .to.be.revertedWithCustomError(rollup, "CertificateFromOldEpoch")
      .withArgs(1, validUntil);
  });
});

/** A rollup whose certifiers have deposits: two batches, of which the first is false, signed by the first member. */
async function deployCertified() {
  const registered = await deployPublished();
  const { manager, gateway, registry, members } = registered;
  const wallets = members.map(({ key }) => key).sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const fixture = await deployRollupFrom(await ethers.getSigners(), PARAMS, undefined, { manager, gateway, wallets });
  const slashing = await deploy<CertificateSlashing>("CertificateSlashing", [
    await registry.getAddress(),
    await fixture.rollup.getAddress(),
  ]);
  await manager.grantRole(SLASHER_ROLE, slashing, 0);
  const layer2 = new Layer2(fixture);
  const posted = await layer2.post(Layer2.lie(await layer2.draft([Uint8Array.of(0)]), 0));
  const above = await layer2.run([Uint8Array.of(0)]);
  const epoch = await registry.latestEpoch();
  return { ...registered, ...fixture, registry, members, slashing, layer2, posted, above, epoch };
}

describe("slashing of certifiers", () => {
  async function prove(fixture: Awaited<ReturnType<typeof deployCertified>>) {
    const { rollup, layer2, posted, prover } = fixture;
    await commit(fixture, posted, 0);
    await rollup.proveFraud(layer2.proofOf(posted, 0, await prover.getAddress()));
  }

  it("takes the deposit behind a key that certified what is proven false, once", async () => {
    const fixture = await loadFixture(deployCertified);
    const { registry, slashing, posted, members, epoch, stranger } = fixture;
    const { key, address } = members[0]!;
    const digest = digestOf(fixture, posted.hash, 1n, epoch);
    const signature = signDigest(key, digest);
    const call = () => slashing.connect(stranger).proveFalseCertificate(posted.hash, 1, epoch, signature);
    await expect(call()).to.be.revertedWithCustomError(slashing, "BatchNotProvenFalse").withArgs(posted.hash);
    await prove(fixture);
    const evidence = ethers.keccak256(concat([digest, ethers.ZeroHash]));

    await expect(call())
      .to.emit(registry, "OperatorSlashed")
      .withArgs(address, key.address, OFFENCE.falseCertificate, evidence, DEPOSIT);
    expect((await registry.operatorOf(address)).status).to.equal(STATUS.slashed);
    await expect(call()).to.be.revertedWithCustomError(registry, "NotSlashable").withArgs(address, STATUS.slashed);
  });

  it("leaves who certified a batch that fell with a false one", async () => {
    const fixture = await loadFixture(deployCertified);
    const { slashing, above, members, epoch } = fixture;
    await prove(fixture);
    const signature = signDigest(members[0]!.key, digestOf(fixture, above.hash, 2n, epoch));
    await expect(slashing.proveFalseCertificate(above.hash, 2, epoch, signature))
      .to.be.revertedWithCustomError(slashing, "BatchNotProvenFalse")
      .withArgs(above.hash);
  });

  it("refuses a signature that is none, of nobody, or of an epoch that the signer was not in", async () => {
    const fixture = await loadFixture(deployCertified);
    const { slashing, posted, members, others, epoch, registry } = fixture;
    await prove(fixture);
    const errors = await ethers.getContractAt("ISlashing", slashing);
    const signature = signDigest(members[0]!.key, digestOf(fixture, posted.hash, 1n, epoch));
    await expect(slashing.proveFalseCertificate(posted.hash, 1, epoch, signature.slice(0, -2)))
      .to.be.revertedWithCustomError(errors, "MalformedSignature")
      .withArgs(0);
    const nobody = others[0]!.key;
    const foreign = signDigest(nobody, digestOf(fixture, posted.hash, 1n, epoch));
    await expect(slashing.proveFalseCertificate(posted.hash, 1, epoch, foreign))
      .to.be.revertedWithCustomError(errors, "UnknownSigner")
      .withArgs(nobody.address);
    const later = signDigest(members[0]!.key, digestOf(fixture, posted.hash, 1n, epoch + 1n));
    await expect(slashing.proveFalseCertificate(posted.hash, 1, epoch + 1n, later))
      .to.be.revertedWithCustomError(errors, "NotInEpoch")
      .withArgs(members[0]!.key.address, epoch + 1n);
    // Changed in any part, it is another's signature, of nobody here.
    await expect(slashing.proveFalseCertificate(posted.hash, 2, epoch, signature)).to.be.revertedWithCustomError(
      errors,
      "UnknownSigner",
    );
    expect((await registry.operatorOf(members[0]!.address)).status).to.equal(STATUS.active);
  });
});
