import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, concat, id, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { interoperableAddress } from "../../protocol/message";
import {
  ADMIN_DELAY,
  CAP,
  HOME,
  LOCAL,
  REMOTE,
  STATUS,
  SUPPLY,
  UNLIMITED,
  at,
  deployEnds,
  paramsOf,
  sendIdOf,
} from "./support";

const MAX_AMOUNT = 2n ** 96n - 1n;
const RECEIVE_ID = id("receive");
const NEVER_SENT = id("never sent");

function payloadOf(from: string, to: string, amount: bigint): string {
  return concat([from, to, toBeHex(amount, 12)]);
}

describe("QSC exchange", function () {
  describe("link", function () {
    it("reverts for the zero address and for its own chain", async function () {
      const { home, linker, bob } = await loadFixture(deployEnds);
      await expect(home.connect(linker).link(7n, ZeroAddress, UNLIMITED))
        .to.be.revertedWithCustomError(home, "InvalidLink")
        .withArgs(7n, ZeroAddress);
      await expect(home.connect(linker).link(LOCAL, bob, UNLIMITED))
        .to.be.revertedWithCustomError(home, "InvalidLink")
        .withArgs(LOCAL, bob);
    });

    it("reverts where there is a counterpart already", async function () {
      const { home, linker, bob } = await loadFixture(deployEnds);
      await expect(home.connect(linker).link(REMOTE, bob, UNLIMITED)).to.be.revertedWithCustomError(
        home,
        "LinkAlreadyRegistered",
      );
    });

    it("names a counterpart through the one gateway", async function () {
      const { home, homeGateway, linker, bob } = await loadFixture(deployEnds);
      await expect(home.connect(linker).link(7n, bob, UNLIMITED))
        .to.emit(home, "LinkRegistered")
        .withArgs(homeGateway, at(7n, bob));
      expect(await home.getLink("0x000100000107" + "00")).to.deep.equal([await homeGateway.getAddress(), at(7n, bob)]);
    });
  });

  describe("qcpExchange", function () {
    it("reverts on what is no ERC-7930 address of an EVM chain", async function () {
      const { home, alice } = await loadFixture(deployEnds);
      for (const to of ["0x", "0x1234", at(REMOTE, alice).replace("0x00010000", "0x00010002")]) {
        await expect(home.connect(alice).qcpExchange(to, 1n))
          .to.be.revertedWithCustomError(home, "InteroperableAddressParsingError")
          .withArgs(to);
      }
    });

    it("reverts to nobody", async function () {
      const { home, alice } = await loadFixture(deployEnds);
      for (const to of [interoperableAddress(REMOTE, ZeroAddress), "0x0001000002109200"]) {
        await expect(home.connect(alice).qcpExchange(to, 1n))
          .to.be.revertedWithCustomError(home, "InvalidExchangeRecipient")
          .withArgs(to);
      }
    });

    it("reverts to a chain without a counterpart, its own included", async function () {
      const { home, alice } = await loadFixture(deployEnds);
      for (const chainId of [REMOTE + 1n, LOCAL, 0n, 2n ** 255n]) {
        await expect(home.connect(alice).qcpExchange(at(chainId, alice), 1n))
          .to.be.revertedWithCustomError(home, "ChainNotLinked")
          .withArgs(chainId);
      }
    });

    it("reverts with nothing and with more than a record holds", async function () {
      const { home, alice } = await loadFixture(deployEnds);
      for (const amount of [0n, MAX_AMOUNT + 1n, MaxUint256]) {
        await expect(home.connect(alice).qcpExchange(at(REMOTE, alice), amount))
          .to.be.revertedWithCustomError(home, "ExchangeAmountOutOfRange")
          .withArgs(amount, MAX_AMOUNT);
      }
    });

    it("reverts above the balance", async function () {
      const { home, alice, bob } = await loadFixture(deployEnds);
      await expect(home.connect(bob).qcpExchange(at(REMOTE, alice), 1n))
        .to.be.revertedWithCustomError(home, "ERC20InsufficientBalance")
        .withArgs(bob, 0n, 1n);
    });

    it("burns, sends a reclaimable message to the counterpart and records it", async function () {
      const { home, remote, homeGateway, alice, bob } = await loadFixture(deployEnds);
      const exchange = home.connect(alice).qcpExchange(at(REMOTE, bob), 30n);
      await expect(exchange).to.changeTokenBalance(home, alice, -30n);
      const sendId = await sendIdOf(home, exchange);
      await expect(exchange).to.emit(home, "Transfer").withArgs(alice, ZeroAddress, 30n);
      await expect(exchange).to.emit(home, "Exchanged").withArgs(sendId, alice, at(REMOTE, bob), 30n);
      expect(await home.totalSupply()).to.equal(SUPPLY - 30n);
      expect(await home.exchangeOf(sendId)).to.deep.equal([alice.address, 30n]);
      const sent = await homeGateway.messageOf(sendId);
      expect(sent.sender).to.equal(home);
      expect(sent.recipient).to.equal(remote);
      expect(sent.payload).to.equal(payloadOf(alice.address, bob.address, 30n).toLowerCase());
      expect(sent.reclaimable).to.equal(true);
      expect(sent.deadline).to.equal(0n);
      expect(sent.gasLimit).to.equal(250_000n);
      expect(sent.value).to.equal(0n);
    });

    it("hands value on to the gateway", async function () {
      const { home, homeGateway, alice, bob } = await loadFixture(deployEnds);
      const exchange = home.connect(alice).qcpExchange(at(REMOTE, bob), 30n, { value: 5n });
      await expect(exchange).to.changeEtherBalances([home, homeGateway], [0n, 5n]);
      expect((await homeGateway.messageOf(await sendIdOf(home, exchange))).value).to.equal(5n);
    });

    it("takes a chain reference with leading zeros as the same chain", async function () {
      const { home, remote, homeGateway, alice, bob } = await loadFixture(deployEnds);
      const to = concat(["0x0001000004", toBeHex(REMOTE, 4), "0x14", bob.address]);
      const sendId = await sendIdOf(home, home.connect(alice).qcpExchange(to, 2n));
      expect((await homeGateway.messageOf(sendId)).recipient).to.equal(remote);
    });

    it("carries the largest amount there and back", async function () {
      const { homeGateway, remoteGateway, remote, ...of } = await loadFixture(deployEnds);
      const holdings = [{ account: of.alice.address, amount: MAX_AMOUNT + 1n }];
      const token = await ethers.deployContract("QSC", [paramsOf(of, { cap: 0n, holdings }), homeGateway], of.admin);
      const counterpart = await ethers.deployContract(
        "QSC",
        [paramsOf(of, { homeChainId: HOME, cap: 0n, holdings: [] }), remoteGateway],
        of.admin,
      );
      await token.connect(of.linker).link(REMOTE, counterpart, UNLIMITED);
      await counterpart.connect(of.linker).link(HOME, token, UNLIMITED);
      await time.increase(ADMIN_DELAY);
      const there = await sendIdOf(token, token.connect(of.alice).qcpExchange(at(REMOTE, of.bob), MAX_AMOUNT));
      await homeGateway.deliver(there, remoteGateway);
      expect(await counterpart.balanceOf(of.bob)).to.equal(MAX_AMOUNT);
      const back = await sendIdOf(counterpart, counterpart.connect(of.bob).qcpExchange(at(HOME, of.carol), MAX_AMOUNT));
      await remoteGateway.deliver(back, homeGateway);
      expect(await token.balanceOf(of.carol)).to.equal(MAX_AMOUNT);
      expect(await remote.totalSupply()).to.equal(0n);
    });
  });

  describe("qcpExchangeUntil", function () {
    it("sends the deadline along, after which the exchange fails and is reclaimed", async function () {
      const { home, remote, homeGateway, remoteGateway, alice, bob } = await loadFixture(deployEnds);
      const deadline = BigInt(await time.latest()) + 100n;
      const exchange = home.connect(alice).qcpExchangeUntil(at(REMOTE, bob), 30n, deadline);
      const sendId = await sendIdOf(home, exchange);
      const sent = await homeGateway.messageOf(sendId);
      expect(sent.deadline).to.equal(deadline);
      expect(sent.reclaimable).to.equal(true);
      await time.increaseTo(deadline + 1n);
      await homeGateway.deliver(sendId, remoteGateway);
      expect(await remote.totalSupply()).to.equal(0n);
      await expect(home.qcpReclaim(sendId)).to.changeTokenBalance(home, alice, 30n);
    });
  });

  describe("receiveMessage", function () {
    async function asGateway() {
      const ends = await deployEnds();
      const payload = payloadOf(ends.alice.address, ends.bob.address, 9n);
      const source = await ends.home.getAddress();
      const target = await ends.remote.getAddress();
      return { ...ends, payload, source, target };
    }

    it("reverts for anybody but the gateway", async function () {
      const { remote, homeGateway, alice, payload, source, target } = await loadFixture(asGateway);
      const sender = interoperableAddress(HOME, source);
      await expect(remote.connect(alice).receiveMessage(RECEIVE_ID, sender, payload))
        .to.be.revertedWithCustomError(remote, "ERC7786RecipientUnauthorizedGateway")
        .withArgs(alice, sender);
      await expect(homeGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, payload))
        .to.be.revertedWithCustomError(remote, "ERC7786RecipientUnauthorizedGateway")
        .withArgs(homeGateway, sender);
    });

    it("reverts for any sender but the counterpart on its chain", async function () {
      const { remote, remoteGateway, alice, payload, source, target } = await loadFixture(asGateway);
      for (const [chainId, sender] of [
        [HOME, alice.address],
        [HOME, target],
        [HOME + 1n, source],
        [LOCAL, source],
        [0n, ZeroAddress],
      ] as const) {
        await expect(remoteGateway.executeOrRevert(RECEIVE_ID, chainId, sender, target, payload))
          .to.be.revertedWithCustomError(remote, "ERC7786RecipientUnauthorizedGateway")
          .withArgs(remoteGateway, interoperableAddress(chainId, sender));
      }
    });

    it("reverts on a payload of another length", async function () {
      const { remote, remoteGateway, payload, source, target } = await loadFixture(asGateway);
      for (const malformed of ["0x", payload.slice(0, -2), `${payload}00`]) {
        await expect(remoteGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, malformed))
          .to.be.revertedWithCustomError(remote, "ExchangePayloadMalformed")
          .withArgs(malformed.toLowerCase());
      }
    });

    it("reverts to the zero address", async function () {
      const { remote, remoteGateway, alice, source, target } = await loadFixture(asGateway);
      const payload = payloadOf(alice.address, ZeroAddress, 9n);
      await expect(remoteGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, payload))
        .to.be.revertedWithCustomError(remote, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("reverts while paused", async function () {
      const { remote, remoteGateway, pauser, payload, source, target } = await loadFixture(asGateway);
      await remote.connect(pauser).pause();
      await expect(
        remoteGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, payload),
      ).to.be.revertedWithCustomError(remote, "EnforcedPause");
    });

    it("reverts where votes could not count the supply", async function () {
      const { homeGateway, source: _source, target: _target, ...of } = await loadFixture(asGateway);
      const supply = 2n ** 208n - 1n;
      const holdings = [{ account: of.alice.address, amount: supply }];
      const token = await ethers.deployContract("QSC", [paramsOf(of, { cap: 0n, holdings }), homeGateway], of.admin);
      await token.connect(of.linker).link(REMOTE, of.remote, UNLIMITED);
      await time.increase(ADMIN_DELAY);
      // Only a counterpart that mints what nobody burned comes here.
      const call = homeGateway.executeOrRevert(RECEIVE_ID, REMOTE, of.remote, token, of.payload);
      await expect(call)
        .to.be.revertedWithCustomError(token, "ERC20ExceededSafeSupply")
        .withArgs(supply + 9n, supply);
    });

    it("mints, and says where it came from", async function () {
      const { remote, remoteGateway, alice, bob, payload, source, target } = await loadFixture(asGateway);
      const mint = remoteGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, payload);
      await expect(mint).to.changeTokenBalance(remote, bob, 9n);
      await expect(mint).to.emit(remote, "Transfer").withArgs(ZeroAddress, bob, 9n);
      await expect(mint).to.emit(remote, "ExchangeReceived").withArgs(RECEIVE_ID, at(HOME, alice), bob, 9n);
    });

    it("mints to a frozen account", async function () {
      const { remote, remoteGateway, freezer, bob, payload, source, target } = await loadFixture(asGateway);
      await remote.connect(freezer).frozen(bob, MaxUint256);
      await remoteGateway.executeOrRevert(RECEIVE_ID, HOME, source, target, payload);
      expect(await remote.balanceOf(bob)).to.equal(9n);
      expect(await remote.spendable(bob)).to.equal(0n);
    });

    it("fits into its message's gas with every slot fresh", async function () {
      const { home, remote, homeGateway, remoteGateway, alice, bob, carol } = await loadFixture(deployEnds);
      await remote.connect(bob).delegate(carol);
      const sendId = await sendIdOf(home, home.connect(alice).qcpExchange(at(REMOTE, bob), 1n));
      await homeGateway.deliver(sendId, remoteGateway);
      expect(await homeGateway.statusOf(sendId)).to.equal(STATUS.succeeded);
      expect(await remote.getVotes(carol)).to.equal(1n);
    });
  });

  describe("qcpReclaim", function () {
    async function exchanged() {
      const ends = await deployEnds();
      const exchange = ends.home.connect(ends.alice).qcpExchange(at(REMOTE, ends.bob), 30n);
      return { ...ends, sendId: await sendIdOf(ends.home, exchange) };
    }

    it("reverts for what was never exchanged", async function () {
      const { home, homeGateway } = await loadFixture(exchanged);
      await homeGateway.setStatus(NEVER_SENT, STATUS.failedFinal);
      await expect(home.qcpReclaim(NEVER_SENT))
        .to.be.revertedWithCustomError(home, "NothingToReclaim")
        .withArgs(NEVER_SENT);
    });

    for (const status of ["unknown", "pending", "succeeded", "failed"] as const) {
      it(`reverts while the message is ${status}`, async function () {
        const { home, homeGateway, sendId } = await loadFixture(exchanged);
        await homeGateway.setStatus(sendId, STATUS[status]);
        await expect(home.qcpReclaim(sendId))
          .to.be.revertedWithCustomError(home, "NotReclaimable")
          .withArgs(sendId, STATUS[status]);
      });
    }

    it("reverts after the exchange succeeded", async function () {
      const { home, remote, homeGateway, remoteGateway, bob, sendId } = await loadFixture(exchanged);
      await homeGateway.deliver(sendId, remoteGateway);
      expect(await remote.balanceOf(bob)).to.equal(30n);
      await expect(home.qcpReclaim(sendId))
        .to.be.revertedWithCustomError(home, "NotReclaimable")
        .withArgs(sendId, STATUS.succeeded);
    });

    it("gives the tokens back to their holder, once, whoever calls", async function () {
      const { home, homeGateway, alice, carol, sendId } = await loadFixture(exchanged);
      await homeGateway.fail(sendId);
      const reclaim = home.connect(carol).qcpReclaim(sendId);
      await expect(reclaim).to.changeTokenBalances(home, [alice, carol], [30n, 0n]);
      await expect(reclaim).to.emit(home, "Transfer").withArgs(ZeroAddress, alice, 30n);
      await expect(reclaim).to.emit(home, "Reclaimed").withArgs(sendId, alice, 30n);
      expect(await home.exchangeOf(sendId)).to.deep.equal([ZeroAddress, 0n]);
      await expect(home.qcpReclaim(sendId)).to.be.revertedWithCustomError(home, "NothingToReclaim").withArgs(sendId);
      expect(await home.totalSupply()).to.equal(SUPPLY);
    });

    it("goes on while paused and for a frozen holder, and keeps votes and history", async function () {
      const { home, homeGateway, freezer, pauser, alice, sendId } = await loadFixture(exchanged);
      await home.connect(alice).delegate(alice);
      await home.connect(freezer).frozen(alice, MaxUint256);
      await home.connect(pauser).pause();
      await homeGateway.fail(sendId);
      await home.qcpReclaim(sendId);
      const then = await home.clock();
      await time.increase(1);
      expect(await home.getPastVotes(alice, then)).to.equal(SUPPLY);
      expect(await home.balanceOfAt(alice, then)).to.equal(SUPPLY);
    });

    it("follows an inbound exchange that a pause refused", async function () {
      const { home, remote, homeGateway, remoteGateway, pauser, alice, sendId } = await loadFixture(exchanged);
      await remote.connect(pauser).pause();
      await homeGateway.deliver(sendId, remoteGateway);
      expect(await homeGateway.statusOf(sendId)).to.equal(STATUS.failedFinal);
      await expect(home.qcpReclaim(sendId)).to.changeTokenBalance(home, alice, 30n);
      expect((await remote.totalSupply()) + (await home.totalSupply())).to.equal(SUPPLY);
    });
  });

  describe("the cap", function () {
    it("counts issuance only: neither exchange, return nor reclaim makes room or takes it", async function () {
      const { home, remote, homeGateway, remoteGateway, banker, alice, bob } = await loadFixture(deployEnds);
      const there = await sendIdOf(home, home.connect(alice).qcpExchange(at(REMOTE, bob), SUPPLY));
      await home.connect(banker).issue(alice, CAP - SUPPLY);
      expect(await home.issued()).to.equal(CAP);
      await expect(home.connect(banker).issue(alice, 1n)).to.be.revertedWithCustomError(home, "CapExceeded");
      await homeGateway.deliver(there, remoteGateway);
      const back = await sendIdOf(remote, remote.connect(bob).qcpExchange(at(HOME, bob), SUPPLY));
      await remoteGateway.deliver(back, homeGateway);
      const lost = await sendIdOf(home, home.connect(bob).qcpExchange(at(REMOTE, bob), 5n));
      await homeGateway.fail(lost);
      await home.qcpReclaim(lost);
      expect(await home.issued()).to.equal(CAP);
      expect(await home.totalSupply()).to.equal(CAP);
      await expect(home.connect(banker).issue(alice, 1n))
        .to.be.revertedWithCustomError(home, "CapExceeded")
        .withArgs(1n, 0n);
    });
  });

  describe("a lying gateway", function () {
    it("is the only one that a token listens to, so another one's status does not count", async function () {
      const { home, remoteGateway, alice, bob } = await loadFixture(deployEnds);
      const sendId = await sendIdOf(home, home.connect(alice).qcpExchange(at(REMOTE, bob), 30n));
      await remoteGateway.setStatus(sendId, STATUS.failedFinal);
      await expect(home.qcpReclaim(sendId))
        .to.be.revertedWithCustomError(home, "NotReclaimable")
        .withArgs(sendId, STATUS.pending);
      expect(await ethers.provider.getBalance(home)).to.equal(0n);
    });
  });
});
