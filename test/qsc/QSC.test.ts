import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash } from "ethers";
import { ethers } from "hardhat";
import { QSC__factory } from "../../typechain-types";
import { type ERC20Subject, shouldBehaveLikeERC20 } from "../behaviors/erc20";
import { shouldBehaveLikeERC2612 } from "../behaviors/erc2612";
import { shouldBehaveLikeERC5805 } from "../behaviors/erc5805";
import {
  ADMIN_DELAY,
  CAP,
  HOME,
  LOCAL,
  REMOTE,
  SUPPLY,
  at,
  deployEnds,
  paramsOf,
  remoteParamsOf,
  rolesOf,
  UNLIMITED,
} from "./support";

const MAX_SUPPLY = 2n ** 208n - 1n;

async function subject(): Promise<ERC20Subject> {
  const { home, alice, bob, carol } = await deployEnds();
  return {
    address: await home.getAddress(),
    holder: alice,
    recipient: bob,
    spender: carol,
    name: "Chaos",
    symbol: "CHAOS",
    decimals: 6n,
    supply: SUPPLY,
  };
}

describe("QSC", function () {
  shouldBehaveLikeERC20(subject);
  shouldBehaveLikeERC2612(subject);
  shouldBehaveLikeERC5805(subject);

  describe("constructor", function () {
    it("reverts with a name that EIP-712 cannot carry", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const name = "a name of more than 31 bytes, so: no";
      const factory = await ethers.getContractFactory("QSC");
      await expect(factory.deploy(paramsOf(of, { name }), homeGateway))
        .to.be.revertedWithCustomError(factory, "StringTooLong")
        .withArgs(name);
    });

    it("reverts without an admin", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const factory = await ethers.getContractFactory("QSC");
      const roles = { ...rolesOf(of), admin: ZeroAddress };
      await expect(factory.deploy(paramsOf(of, { roles }), homeGateway))
        .to.be.revertedWithCustomError(factory, "AccessControlInvalidDefaultAdmin")
        .withArgs(ZeroAddress);
    });

    it("reverts with a cap that votes cannot count", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const factory = await ethers.getContractFactory("QSC");
      await expect(factory.deploy(paramsOf(of, { cap: MAX_SUPPLY + 1n }), homeGateway))
        .to.be.revertedWithCustomError(factory, "CapOutOfRange")
        .withArgs(MAX_SUPPLY + 1n, MAX_SUPPLY);
    });

    it("reverts with holdings above the cap", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const factory = await ethers.getContractFactory("QSC");
      const holdings = [
        { account: of.alice.address, amount: CAP - 1n },
        { account: of.bob.address, amount: 2n },
      ];
      await expect(factory.deploy(paramsOf(of, { holdings }), homeGateway))
        .to.be.revertedWithCustomError(factory, "CapExceeded")
        .withArgs(2n, 1n);
    });

    it("reverts with a cap or with holdings away from home", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const factory = await ethers.getContractFactory("QSC");
      for (const changes of [{ holdings: [] }, { cap: 0n }]) {
        await expect(factory.deploy(paramsOf(of, { homeChainId: HOME, ...changes }), homeGateway))
          .to.be.revertedWithCustomError(factory, "HomeChainOnly")
          .withArgs(LOCAL, HOME);
      }
    });

    it("counts the holdings as issuance", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const holdings = [
        { account: of.alice.address, amount: 10n },
        { account: of.bob.address, amount: CAP - 10n },
      ];
      const token = await ethers.deployContract("QSC", [paramsOf(of, { holdings }), homeGateway], of.admin);
      const deployment = token.deploymentTransaction();
      await expect(deployment).to.emit(token, "Issued").withArgs(of.alice, 10n);
      await expect(deployment)
        .to.emit(token, "Issued")
        .withArgs(of.bob, CAP - 10n);
      expect(await token.issued()).to.equal(CAP);
      expect(await token.totalSupply()).to.equal(CAP);
      expect(await token.balanceOf(of.bob)).to.equal(CAP - 10n);
    });

    it("takes no cap as all that votes can count", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const token = await ethers.deployContract(
        "QSC",
        [paramsOf(of, { cap: 0n, holdings: [] }), homeGateway],
        of.admin,
      );
      expect(await token.CAP()).to.equal(MAX_SUPPLY);
      await token.connect(of.banker).issue(of.alice, MAX_SUPPLY);
      await expect(token.connect(of.banker).issue(of.alice, 1n))
        .to.be.revertedWithCustomError(token, "CapExceeded")
        .withArgs(1n, 0n);
    });

    it("says where it is at home, through which gateway, and who has which role", async function () {
      const { home, remote, homeGateway, ...of } = await loadFixture(deployEnds);
      expect(await home.HOME_CHAIN_ID()).to.equal(LOCAL);
      expect(await home.GATEWAY()).to.equal(homeGateway);
      expect(await home.CAP()).to.equal(CAP);
      expect(await remote.HOME_CHAIN_ID()).to.equal(HOME);
      expect(await remote.CAP()).to.equal(0n);
      expect(await home.defaultAdmin()).to.equal(of.admin);
      expect(await home.defaultAdminDelay()).to.equal(86_400n);
      expect(await home.hasRole(await home.FREEZER_ROLE(), of.freezer)).to.equal(true);
      expect(await home.hasRole(await home.PAUSER_ROLE(), of.pauser)).to.equal(true);
      expect(await home.hasRole(await home.BANKER_ROLE(), of.banker)).to.equal(true);
      expect(await home.hasRole(await home.LINKER_ROLE(), of.linker)).to.equal(true);
    });

    it("leaves a role of the zero address to nobody", async function () {
      const { homeGateway, ...of } = await loadFixture(deployEnds);
      const roles = { ...rolesOf(of), freezer: ZeroAddress };
      const token = await ethers.deployContract("QSC", [paramsOf(of, { roles }), homeGateway], of.admin);
      expect(await token.hasRole(await token.FREEZER_ROLE(), ZeroAddress)).to.equal(false);
    });
  });

  describe("roles", function () {
    it("are each needed for their own functions, and suffice for no other", async function () {
      const { home, ...of } = await loadFixture(deployEnds);
      const calls = [
        { role: await home.FREEZER_ROLE(), holder: of.freezer, data: home.interface.encodeFunctionData("frozen", [of.bob.address, 1n]) },
        { role: await home.FREEZER_ROLE(), holder: of.freezer, data: home.interface.encodeFunctionData("unfrozen", [of.bob.address, 1n]) },
        { role: await home.FREEZER_ROLE(), holder: of.freezer, data: home.interface.encodeFunctionData("setFrozenTokens", [of.bob.address, 1n]) },
        { role: await home.PAUSER_ROLE(), holder: of.pauser, data: home.interface.encodeFunctionData("pause") },
        { role: await home.PAUSER_ROLE(), holder: of.pauser, data: home.interface.encodeFunctionData("unpause") },
        { role: await home.BANKER_ROLE(), holder: of.banker, data: home.interface.encodeFunctionData("issue", [of.bob.address, 1n]) },
        { role: await home.LINKER_ROLE(), holder: of.linker, data: home.interface.encodeFunctionData("link", [7n, of.bob.address, UNLIMITED]) },
      ]; // prettier-ignore
      const everybody: readonly HardhatEthersSigner[] = Object.values(of).filter(
        (value): value is HardhatEthersSigner => "signTypedData" in value,
      );
      expect(everybody).to.have.lengthOf(8);
      const to = await home.getAddress();
      for (const { role, holder, data } of calls) {
        for (const caller of everybody.filter((one) => one.address !== holder.address)) {
          await expect(caller.sendTransaction({ to, data }))
            .to.be.revertedWithCustomError(home, "AccessControlUnauthorizedAccount")
            .withArgs(caller, role);
        }
        await holder.sendTransaction({ to, data });
      }
    });

    it("are granted by the admin, who changes with a delay", async function () {
      const { home, admin, alice, banker, carol } = await loadFixture(deployEnds);
      const role = await home.BANKER_ROLE();
      await expect(home.connect(banker).grantRole(role, carol)).to.be.revertedWithCustomError(
        home,
        "AccessControlUnauthorizedAccount",
      );
      await home.grantRole(role, carol);
      await home.revokeRole(role, banker);
      await home.connect(carol).issue(carol, 1n);
      await expect(home.connect(banker).issue(carol, 1n)).to.be.revertedWithCustomError(
        home,
        "AccessControlUnauthorizedAccount",
      );

      await home.beginDefaultAdminTransfer(alice);
      await expect(home.connect(alice).acceptDefaultAdminTransfer()).to.be.revertedWithCustomError(
        home,
        "AccessControlEnforcedDefaultAdminDelay",
      );
      await time.increase(86_401);
      await home.connect(alice).acceptDefaultAdminTransfer();
      expect(await home.defaultAdmin()).to.equal(alice);
      expect(await home.hasRole(ZeroHash, admin)).to.equal(false);
    });
  });

  describe("frozen", function () {
    it("reverts where the sum overflows", async function () {
      const { home, freezer, bob } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(bob, MaxUint256);
      await expect(home.connect(freezer).frozen(bob, 1n))
        .to.be.revertedWithCustomError(home, "FreezeOverflow")
        .withArgs(1n, 0n);
    });

    it("adds to what is frozen, also beyond the balance", async function () {
      const { home, freezer, alice } = await loadFixture(deployEnds);
      const asFreezer = home.connect(freezer);
      const first = asFreezer.frozen(alice, SUPPLY - 5n);
      await expect(first)
        .to.emit(home, "Frozen")
        .withArgs(alice, SUPPLY - 5n);
      await expect(first).not.to.emit(home, "Unfrozen");
      expect(await home.spendable(alice)).to.equal(5n);
      await expect(asFreezer.frozen(alice, 10n))
        .to.emit(home, "Frozen")
        .withArgs(alice, SUPPLY + 5n);
      expect(await home.frozenAmount(alice)).to.equal(SUPPLY + 5n);
      expect(await home.getFrozenTokens(alice)).to.equal(SUPPLY + 5n);
      expect(await home.spendable(alice)).to.equal(0n);
      expect(await home.balanceOf(alice)).to.equal(SUPPLY);
    });
  });

  describe("unfrozen", function () {
    it("reverts above what is frozen", async function () {
      const { home, freezer, alice } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(alice, 3n);
      await expect(home.connect(freezer).unfrozen(alice, 4n))
        .to.be.revertedWithCustomError(home, "UnfreezeExceedsFrozen")
        .withArgs(4n, 3n);
    });

    it("releases a part", async function () {
      const { home, freezer, alice } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(alice, 30n);
      const release = home.connect(freezer).unfrozen(alice, 10n);
      await expect(release).to.emit(home, "Frozen").withArgs(alice, 20n);
      await expect(release).to.emit(home, "Unfrozen").withArgs(alice, 10n);
      expect(await home.frozenAmount(alice)).to.equal(20n);
    });
  });

  describe("setFrozenTokens", function () {
    it("returns true and sets what is frozen, up and down", async function () {
      const { home, freezer, alice } = await loadFixture(deployEnds);
      const asFreezer = home.connect(freezer);
      expect(await asFreezer.setFrozenTokens.staticCall(alice, MaxUint256)).to.equal(true);
      await expect(asFreezer.setFrozenTokens(alice, MaxUint256)).to.emit(home, "Frozen").withArgs(alice, MaxUint256);
      const down = asFreezer.setFrozenTokens(alice, 1n);
      await expect(down).to.emit(home, "Frozen").withArgs(alice, 1n);
      await expect(down)
        .to.emit(home, "Unfrozen")
        .withArgs(alice, MaxUint256 - 1n);
      expect(await home.getFrozenTokens(alice)).to.equal(1n);
    });
  });

  describe("a frozen account", function () {
    it("reverts on every way out above what it may spend", async function () {
      const { home, freezer, alice, bob, carol } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(alice, SUPPLY - 10n);
      await home.connect(alice).approve(carol, MaxUint256);
      const ways = [
        () => home.connect(alice).transfer(bob, 11n),
        () => home.connect(alice).transfer(alice, 11n),
        () => home.connect(carol).transferFrom(alice, bob, 11n),
        () => home.connect(alice).qcpExchange(at(REMOTE, bob), 11n),
        () => home.connect(alice).qcpExchangeUntil(at(REMOTE, bob), 11n, 2_000_000_000n),
      ];
      for (const way of ways) {
        await expect(way())
          .to.be.revertedWithCustomError(home, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(alice, 11n, 10n);
      }
    });

    it("reverts with ERC-20's own error above the balance", async function () {
      const { home, freezer, alice, bob } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(alice, MaxUint256);
      await expect(home.connect(alice).transfer(bob, SUPPLY + 1n))
        .to.be.revertedWithCustomError(home, "ERC20InsufficientBalance")
        .withArgs(alice, SUPPLY, SUPPLY + 1n);
    });

    it("spends what is not frozen, and receives", async function () {
      const { home, banker, freezer, alice, bob } = await loadFixture(deployEnds);
      await home.connect(freezer).frozen(alice, SUPPLY - 10n);
      await home.connect(alice).transfer(bob, 10n);
      await home.connect(freezer).setFrozenTokens(alice, MaxUint256);
      await home.connect(bob).transfer(alice, 4n);
      await home.connect(banker).issue(alice, 6n);
      await home.connect(alice).transfer(bob, 0n);
      expect(await home.balanceOf(alice)).to.equal(SUPPLY);
      expect(await home.spendable(alice)).to.equal(0n);
    });
  });

  describe("pause", function () {
    it("reverts when paused, and unpause when not", async function () {
      const { home, pauser } = await loadFixture(deployEnds);
      await expect(home.connect(pauser).unpause()).to.be.revertedWithCustomError(home, "ExpectedPause");
      await expect(home.connect(pauser).pause()).to.emit(home, "Paused").withArgs(pauser);
      await expect(home.connect(pauser).pause()).to.be.revertedWithCustomError(home, "EnforcedPause");
      await expect(home.connect(pauser).unpause()).to.emit(home, "Unpaused").withArgs(pauser);
    });

    it("stops transfers, issue and exchange until it ends", async function () {
      const { home, banker, pauser, alice, bob, carol } = await loadFixture(deployEnds);
      await home.connect(alice).approve(carol, 10n);
      await home.connect(pauser).pause();
      const ways = [
        () => home.connect(alice).transfer(bob, 1n),
        () => home.connect(carol).transferFrom(alice, bob, 1n),
        () => home.connect(banker).issue(bob, 1n),
        () => home.connect(alice).qcpExchange(at(REMOTE, bob), 1n),
        () => home.connect(alice).qcpExchangeUntil(at(REMOTE, bob), 1n, 2_000_000_000n),
      ];
      for (const way of ways) await expect(way()).to.be.revertedWithCustomError(home, "EnforcedPause");
      await home.connect(pauser).unpause();
      for (const way of ways) await way();
    });

    it("leaves approvals, delegation and freezing alone", async function () {
      const { home, freezer, pauser, alice, bob } = await loadFixture(deployEnds);
      await home.connect(pauser).pause();
      await home.connect(alice).approve(bob, 3n);
      await home.connect(alice).delegate(bob);
      await home.connect(freezer).frozen(alice, 3n);
      expect(await home.getVotes(bob)).to.equal(SUPPLY);
    });
  });

  describe("issue", function () {
    it("reverts away from home", async function () {
      const { remote, banker, bob } = await loadFixture(deployEnds);
      await expect(remote.connect(banker).issue(bob, 1n))
        .to.be.revertedWithCustomError(remote, "HomeChainOnly")
        .withArgs(LOCAL, HOME);
    });

    it("reverts above what the cap leaves", async function () {
      const { home, banker, bob } = await loadFixture(deployEnds);
      await expect(home.connect(banker).issue(bob, CAP - SUPPLY + 1n))
        .to.be.revertedWithCustomError(home, "CapExceeded")
        .withArgs(CAP - SUPPLY + 1n, CAP - SUPPLY);
    });

    it("reverts to the zero address", async function () {
      const { home, banker } = await loadFixture(deployEnds);
      await expect(home.connect(banker).issue(ZeroAddress, 1n))
        .to.be.revertedWithCustomError(home, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("mints up to the cap", async function () {
      const { home, banker, bob } = await loadFixture(deployEnds);
      const issue = home.connect(banker).issue(bob, CAP - SUPPLY);
      await expect(issue)
        .to.emit(home, "Transfer")
        .withArgs(ZeroAddress, bob, CAP - SUPPLY);
      await expect(issue)
        .to.emit(home, "Issued")
        .withArgs(bob, CAP - SUPPLY);
      expect(await home.issued()).to.equal(CAP);
      expect(await home.totalSupply()).to.equal(CAP);
    });
  });

  describe("balanceOfAt", function () {
    it("reverts for the present", async function () {
      const { home, alice } = await loadFixture(deployEnds);
      const now = await home.clock();
      await expect(home.balanceOfAt(alice, now))
        .to.be.revertedWithCustomError(home, "ERC5805FutureLookup")
        .withArgs(now, now);
    });

    it("remembers every second, whoever has the votes", async function () {
      const { home, alice, bob, carol } = await loadFixture(deployEnds);
      const start = await home.clock();
      await time.increase(10);
      await home.connect(alice).delegate(carol);
      await home.connect(alice).transfer(bob, 7n);
      const moved = await home.clock();
      await time.increase(10);
      await home.connect(bob).transfer(bob, 7n);
      await home.connect(bob).transfer(alice, 0n);
      await home.connect(bob).qcpExchange(at(REMOTE, bob), 2n);
      const burned = await home.clock();
      await mine(1, { interval: 2 });
      expect(await home.balanceOfAt(alice, start - ADMIN_DELAY - 100n)).to.equal(0n);
      expect(await home.balanceOfAt(alice, start)).to.equal(SUPPLY);
      expect(await home.balanceOfAt(alice, moved - 1n)).to.equal(SUPPLY);
      expect(await home.balanceOfAt(alice, moved)).to.equal(SUPPLY - 7n);
      expect(await home.balanceOfAt(bob, moved)).to.equal(7n);
      expect(await home.balanceOfAt(bob, burned)).to.equal(5n);
      expect(await home.balanceOfAt(ZeroAddress, burned)).to.equal(0n);
    });
  });

  describe("supportsInterface", function () {
    it("claims access control and not ERC-7943, of which it has only the freezing", async function () {
      const { home } = await loadFixture(deployEnds);
      expect(await home.supportsInterface("0x01ffc9a7")).to.equal(true);
      expect(await home.supportsInterface("0x7965db0b")).to.equal(true);
      const erc7943 = [
        "forcedTransfer(address,address,uint256)",
        "setFrozenTokens(address,uint256)",
        "canSend(address)",
        "canReceive(address)",
        "getFrozenTokens(address)",
        "canTransfer(address,address,uint256)",
      ].reduce((id, signature) => id ^ BigInt(ethers.id(signature).slice(0, 10)), 0n);
      expect(await home.supportsInterface(ethers.toBeHex(erc7943, 4))).to.equal(false);
    });
  });

  describe("the code", function () {
    it("fits into a contract, and its constructor into a transaction", async function () {
      // The typed factory's code is the build's, also where coverage instruments the artifacts.
      const { remoteGateway, ...of } = await loadFixture(deployEnds);
      const token = await new QSC__factory(of.admin).deploy(remoteParamsOf(of), remoteGateway);
      expect(ethers.dataLength(await ethers.provider.getCode(token))).to.be.at.most(24_576);
      expect(ethers.dataLength(token.deploymentTransaction()!.data)).to.be.at.most(49_152);
    });
  });
});
