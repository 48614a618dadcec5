import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, ZeroHash, id, keccak256 } from "ethers";
import { ethers } from "hardhat";
import { QSCFactory__factory, QSC__factory } from "../../typechain-types";
import { CAP, HOME, LOCAL, SUPPLY, actors, paramsOf, remoteParamsOf } from "./support";

const SUBJECT = id("Chaos Foundation, register no. 1");
const CERTIFIER_ROLE = 7n;

async function deployFactory() {
  const of = await actors();
  const certifier = of.carol;
  const manager = await ethers.deployContract("AccessManager", [of.admin], of.admin);
  const gateway = await ethers.deployContract("GatewayMock", [HOME], of.admin);
  const { bytecode: code } = await ethers.getContractFactory("QSC");
  const factory = await ethers.deployContract("QSCFactory", [manager, gateway, keccak256(code)], of.admin);
  const selectors = [factory.interface.getFunction("certify"), factory.interface.getFunction("revoke")];
  await manager.setTargetFunctionRole(
    factory,
    selectors.map(({ selector }) => selector),
    CERTIFIER_ROLE,
  );
  await manager.grantRole(CERTIFIER_ROLE, certifier, 0);
  const validUntil = BigInt(await time.latest()) + 1_000n;
  return { ...of, certifier, manager, gateway, factory, code, validUntil };
}

async function deployCertified() {
  const fixture = await deployFactory();
  await fixture.factory.connect(fixture.certifier).certify(fixture.alice, fixture.validUntil, SUBJECT);
  return { ...fixture, issuer: fixture.alice, asIssuer: fixture.factory.connect(fixture.alice) };
}

describe("QSCFactory", function () {
  describe("certify", function () {
    it("reverts for anybody without the role", async function () {
      const { factory, admin, alice, validUntil } = await loadFixture(deployFactory);
      for (const caller of [admin, alice]) {
        await expect(factory.connect(caller).certify(alice, validUntil, SUBJECT))
          .to.be.revertedWithCustomError(factory, "AccessManagedUnauthorized")
          .withArgs(caller);
      }
    });

    it("reverts for the zero address", async function () {
      const { factory, certifier, validUntil } = await loadFixture(deployFactory);
      await expect(factory.connect(certifier).certify(ZeroAddress, validUntil, SUBJECT))
        .to.be.revertedWithCustomError(factory, "InvalidIssuer")
        .withArgs(ZeroAddress);
    });

    it("reverts with an end that has come", async function () {
      const { factory, certifier, alice } = await loadFixture(deployFactory);
      const now = BigInt(await time.latest()) + 10n;
      await time.setNextBlockTimestamp(now);
      await expect(factory.connect(certifier).certify(alice, now, SUBJECT))
        .to.be.revertedWithCustomError(factory, "CertificateEnded")
        .withArgs(now, now);
    });

    it("grants a certificate, and renews it", async function () {
      const { factory, certifier, alice, validUntil } = await loadFixture(deployFactory);
      expect(await factory.certificateOf(alice)).to.deep.equal([0n, ZeroHash]);
      await expect(factory.connect(certifier).certify(alice, validUntil, SUBJECT))
        .to.emit(factory, "IssuerCertified")
        .withArgs(alice, validUntil, SUBJECT);
      await factory.connect(certifier).certify(alice, validUntil + 5n, SUBJECT);
      expect(await factory.certificateOf(alice)).to.deep.equal([validUntil + 5n, SUBJECT]);
    });
  });

  describe("revoke", function () {
    it("reverts for anybody without the role", async function () {
      const { factory, issuer, admin } = await loadFixture(deployCertified);
      for (const caller of [admin, issuer]) {
        await expect(factory.connect(caller).revoke(issuer))
          .to.be.revertedWithCustomError(factory, "AccessManagedUnauthorized")
          .withArgs(caller);
      }
    });

    it("reverts where there is no certificate", async function () {
      const { factory, certifier, bob } = await loadFixture(deployCertified);
      await expect(factory.connect(certifier).revoke(bob))
        .to.be.revertedWithCustomError(factory, "NotCertified")
        .withArgs(bob, 0n);
    });

    it("withdraws the certificate and leaves the issuer's tokens their roles", async function () {
      const { code, factory, asIssuer, certifier, issuer, banker, bob, ...of } = await loadFixture(deployCertified);
      await asIssuer.createQSC(paramsOf({ ...of, banker, bob, alice: issuer }), code);
      const token = QSC__factory.connect(await factory.tokenOf("CHAOS"), banker);
      await expect(factory.connect(certifier).revoke(issuer)).to.emit(factory, "IssuerRevoked").withArgs(issuer);
      expect(await factory.certificateOf(issuer)).to.deep.equal([0n, ZeroHash]);
      await token.issue(bob, 1n);
      expect(await token.balanceOf(bob)).to.equal(1n);
    });
  });

  describe("createQSC", function () {
    it("reverts for anybody without a certificate, whatever role it has", async function () {
      const { code, factory, certifier, admin, bob, ...of } = await loadFixture(deployCertified);
      for (const caller of [bob, certifier, admin]) {
        await expect(factory.connect(caller).createQSC(paramsOf({ ...of, admin, bob }), code))
          .to.be.revertedWithCustomError(factory, "NotCertified")
          .withArgs(caller, 0n);
      }
    });

    it("reverts from the certificate's end on, and not a second before", async function () {
      const { code, factory, asIssuer, issuer, validUntil, ...of } = await loadFixture(deployCertified);
      await time.setNextBlockTimestamp(validUntil - 1n);
      await asIssuer.createQSC(paramsOf(of, { symbol: "A" }), code);
      await time.setNextBlockTimestamp(validUntil);
      await expect(asIssuer.createQSC(paramsOf(of, { symbol: "B" }), code))
        .to.be.revertedWithCustomError(factory, "NotCertified")
        .withArgs(issuer, validUntil);
    });

    it("reverts after a revocation", async function () {
      const { code, factory, asIssuer, certifier, issuer, ...of } = await loadFixture(deployCertified);
      await factory.connect(certifier).revoke(issuer);
      await expect(asIssuer.createQSC(paramsOf(of), code))
        .to.be.revertedWithCustomError(factory, "NotCertified")
        .withArgs(issuer, 0n);
    });

    for (const symbol of ["", "ABCDEFGHIJKL", "chaos", "CHAoS", "CHA OS", "CH@", "A/", "A:", "A[", "ÄB", "CHАOS"]) {
      it(`reverts with the symbol "${symbol}"`, async function () {
        const { code, factory, asIssuer, ...of } = await loadFixture(deployCertified);
        await expect(asIssuer.createQSC(paramsOf(of, { symbol }), code))
          .to.be.revertedWithCustomError(factory, "InvalidSymbol")
          .withArgs(symbol);
      });
    }

    it("reverts with a symbol that is taken, also by another issuer or for another home", async function () {
      const { code, factory, asIssuer, certifier, bob, validUntil, ...of } = await loadFixture(deployCertified);
      await asIssuer.createQSC(paramsOf({ ...of, bob }), code);
      const taken = await factory.tokenOf("CHAOS");
      await factory.connect(certifier).certify(bob, validUntil, SUBJECT);
      for (const again of [
        asIssuer.createQSC.populateTransaction(paramsOf({ ...of, bob }), code),
        asIssuer.createQSC.populateTransaction(remoteParamsOf({ ...of, bob }), code),
      ]) {
        for (const caller of [of.alice, bob]) {
          await expect(caller.sendTransaction({ ...(await again), from: caller.address }))
            .to.be.revertedWithCustomError(factory, "SymbolTaken")
            .withArgs("CHAOS", taken);
        }
      }
    });

    it("reverts with any other code than the QSC's", async function () {
      const { code, factory, asIssuer, ...of } = await loadFixture(deployCertified);
      const other = `${code}00`;
      await expect(asIssuer.createQSC(paramsOf(of), other))
        .to.be.revertedWithCustomError(factory, "CreationCodeMismatch")
        .withArgs(keccak256(other), keccak256(code));
    });

    it("reverts with the token's own errors", async function () {
      const { code, asIssuer, ...of } = await loadFixture(deployCertified);
      const token = await ethers.getContractFactory("QSC");
      const holdings = [{ account: of.alice.address, amount: CAP + 1n }];
      await expect(asIssuer.createQSC(paramsOf(of, { holdings }), code))
        .to.be.revertedWithCustomError(token, "CapExceeded")
        .withArgs(CAP + 1n, CAP);
      await expect(asIssuer.createQSC(paramsOf(of, { homeChainId: HOME, holdings: [] }), code))
        .to.be.revertedWithCustomError(token, "HomeChainOnly")
        .withArgs(LOCAL, HOME);
    });

    it("creates a token at home, with its holders, in the registry", async function () {
      const { code, factory, gateway, asIssuer, issuer, ...of } = await loadFixture(deployCertified);
      const expected = await factory.addressOf(issuer, "CHAOS", LOCAL);
      expect(await factory.tokenOf("CHAOS")).to.equal(ZeroAddress);
      expect(await asIssuer.createQSC.staticCall(paramsOf(of), code)).to.equal(expected);
      const creation = asIssuer.createQSC(paramsOf(of), code);
      await expect(creation).to.emit(factory, "QSCCreated").withArgs(expected, issuer, "CHAOS", LOCAL);
      expect(await factory.tokenOf("CHAOS")).to.equal(expected);
      expect(await factory.issuerOf(expected)).to.equal(issuer);
      const token = QSC__factory.connect(expected, of.admin);
      expect(await token.GATEWAY()).to.equal(gateway);
      expect(await token.name()).to.equal("Chaos");
      expect(await token.decimals()).to.equal(6n);
      expect(await token.balanceOf(of.alice)).to.equal(SUPPLY);
      expect(await token.issued()).to.equal(SUPPLY);
      const receipt = await (await creation).wait();
      // One transaction of the target chain's 16.78 M gas.
      expect(receipt?.gasUsed).to.be.below(16_777_216n);
    });

    it("keeps no role of the token", async function () {
      const { code, factory, asIssuer, issuer, ...of } = await loadFixture(deployCertified);
      await asIssuer.createQSC(paramsOf(of), code);
      const token = QSC__factory.connect(await factory.addressOf(issuer, "CHAOS", LOCAL), of.admin);
      const roles = [
        ZeroHash,
        await token.FREEZER_ROLE(),
        await token.PAUSER_ROLE(),
        await token.BANKER_ROLE(),
        await token.LINKER_ROLE(),
      ];
      for (const role of roles) expect(await token.hasRole(role, factory)).to.equal(false);
    });

    it("creates a counterpart away from home", async function () {
      const { code, factory, asIssuer, issuer, ...of } = await loadFixture(deployCertified);
      await asIssuer.createQSC(remoteParamsOf(of), code);
      const token = QSC__factory.connect(await factory.addressOf(issuer, "CHAOS", HOME), of.admin);
      expect(await factory.tokenOf("CHAOS")).to.equal(token);
      expect(await token.HOME_CHAIN_ID()).to.equal(HOME);
      expect(await token.totalSupply()).to.equal(0n);
    });
  });

  describe("addressOf", function () {
    it("depends on the factory, issuer, symbol and home, and on nothing else", async function () {
      const { code, factory, asIssuer, issuer, bob, ...of } = await loadFixture(deployCertified);
      const address = await factory.addressOf(issuer, "CHAOS", LOCAL);
      expect(await factory.addressOf(bob, "CHAOS", LOCAL)).not.to.equal(address);
      expect(await factory.addressOf(issuer, "CHAOS1", LOCAL)).not.to.equal(address);
      expect(await factory.addressOf(issuer, "CHAOS", HOME)).not.to.equal(address);
      await asIssuer.createQSC(paramsOf({ ...of, bob }, { name: "Other", cap: 0n, holdings: [] }), code);
      expect(await factory.tokenOf("CHAOS")).to.equal(address);
    });
  });

  describe("the code", function () {
    it("fits into a contract", async function () {
      const { admin, manager, gateway, code, factory } = await loadFixture(deployFactory);
      expect(await factory.CREATION_CODE_HASH()).to.equal(keccak256(code));
      // The typed factory's code is the build's, also where coverage instruments the artifacts.
      const built = await new QSCFactory__factory(admin).deploy(manager, gateway, keccak256(code));
      expect(ethers.dataLength(await ethers.provider.getCode(built))).to.be.at.most(24_576);
    });
  });
});
