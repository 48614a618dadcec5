import { HardhatEthersProvider } from "@nomicfoundation/hardhat-ethers/internal/hardhat-ethers-provider";
import { expect } from "chai";
import { ZeroAddress, concat, dataSlice, id, toBeHex, type Signer, type Wallet } from "ethers";
import hre, { ethers } from "hardhat";
import { createProvider } from "hardhat/internal/core/providers/construction";
import { encodeDelivery } from "../../protocol/delivery";
import {
  DEFAULT_GAS_LIMIT,
  encodeMessage,
  interoperableAddress,
  parseInteroperableAddress,
} from "../../protocol/message";
import type { Gateway, QSC } from "../../typechain-types";
import type {} from "../../typechain-types/hardhat";
import { DAY, LIMITS, MIN_SIGNERS, OVERLAP, ROTATION_DELAY, RemoteChain, signerWallets } from "./support";

const OTHER_CHAIN = 56n;
const SUPPLY = 1_000n;
const STATUS = { pending: 1n, succeeded: 2n, failed: 3n, failedFinal: 4n } as const;

/** One of two real chains with a real gateway each. */
interface End {
  readonly chainId: bigint;
  readonly admin: Signer;
  readonly user: Signer;
  readonly gateway: Gateway;
}

/** An ERC-7930 address of a contract or account on an end. */
async function on(end: End, account: { getAddress(): Promise<string> }): Promise<string> {
  return interoperableAddress(end.chainId, await account.getAddress());
}

/** A second chain in this process, with its own state, accounts and chain id. */
async function otherChain(): Promise<HardhatEthersProvider> {
  // Other tests may have moved this chain's clock: both start at one time.
  const now = (await ethers.provider.getBlock("latest"))!.timestamp;
  const initialDate = new Date(now * 1_000).toISOString();
  const hardhat = { ...hre.config.networks.hardhat, chainId: Number(OTHER_CHAIN), initialDate };
  const config = { ...hre.config, networks: { ...hre.config.networks, hardhat } };
  return new HardhatEthersProvider(await createProvider(config, "hardhat", hre.artifacts), "hardhat");
}

async function deployEnd(admin: Signer, user: Signer, wallets: readonly Wallet[]): Promise<End> {
  const provider = admin.provider!;
  const manager = await ethers.deployContract("AccessManager", [await admin.getAddress()], admin);
  const now = BigInt((await provider.getBlock("latest"))!.timestamp);
  const genesis = { epoch: 1n, validUntil: now + 6n * DAY, signers: wallets.map(({ address }) => address) };
  const parameters = [manager, MIN_SIGNERS, ROTATION_DELAY, OVERLAP, genesis];
  const gateway = await ethers.deployContract("Gateway", parameters, admin);
  return { chainId: (await provider.getNetwork()).chainId, admin, user, gateway };
}

/** What relayers do for one direction: read the source, sign its state, deliver to the target. */
class Direction {
  private readonly mirror: RemoteChain;
  private results = 0;

  private constructor(
    readonly source: End,
    readonly target: End,
    private readonly wallets: readonly Wallet[],
    sourceGateway: string,
    targetGateway: string,
  ) {
    const end = { chainId: target.chainId, gateway: targetGateway };
    this.mirror = new RemoteChain(end, source.chainId, sourceGateway);
  }

  static async open(source: End, target: End, wallets: readonly Wallet[]): Promise<Direction> {
    return new Direction(source, target, wallets, await source.gateway.getAddress(), await target.gateway.getAddress());
  }

  /** Delivers all that is new at the source: messages and results. */
  async relay(): Promise<void> {
    const { gateway } = this.source;
    const delivered = BigInt(this.mirror.messages.length);
    for (const { args } of (await gateway.queryFilter(gateway.filters.MessageSent())).slice(Number(delivered))) {
      const words = new Map(args.attributes.map((data) => [dataSlice(data, 0, 4), BigInt(dataSlice(data, 4))]));
      const word = (signature: string) => words.get(id(signature).slice(0, 10));
      this.mirror.send({
        sender: parseInteroperableAddress(args.sender).account,
        recipient: parseInteroperableAddress(args.recipient).account,
        payload: args.payload,
        gasLimit: word("gasLimit(uint256)") ?? DEFAULT_GAS_LIMIT,
        deadline: word("deadline(uint256)") ?? 0n,
        reclaimable: word("reclaimable(bool)") === 1n,
      });
    }
    for (const { args } of (await gateway.queryFilter(gateway.filters.BatchDelivered())).slice(this.results)) {
      this.mirror.record({ first: args.first, last: args.last, failures: args.failures, payout: args.payout });
    }
    const lane = await gateway.laneState(this.target.chainId);
    expect(this.mirror.accs.at(-1)).to.equal(lane.outAcc);
    expect(this.mirror.resAccs.at(-1)).to.equal(lane.resAcc);

    const delivery = this.mirror.delivery([...this.wallets], { from: delivered + 1n, resultsFrom: this.results });
    await (await this.target.gateway.deliver(encodeDelivery(delivery))).wait();
    this.results = this.mirror.results.length;
  }

  /** Packed bytes of the `seq`-th message. */
  message(seq: bigint): string {
    return encodeMessage(this.mirror.messages[Number(seq) - 1]!);
  }
}

interface Chains {
  readonly here: End;
  readonly there: End;
  readonly outward: Direction;
  readonly back: Direction;
}

async function connect(): Promise<Chains> {
  const wallets = signerWallets(4);
  const [hereAdmin, hereUser] = await ethers.getSigners();
  const provider = await otherChain();
  const here = await deployEnd(hereAdmin!, hereUser!, wallets);
  const there = await deployEnd(await provider.getSigner(0), await provider.getSigner(1), wallets);
  await here.gateway.addLane(there.chainId, there.gateway, LIMITS);
  await there.gateway.addLane(here.chainId, here.gateway, LIMITS);
  return {
    here,
    there,
    outward: await Direction.open(here, there, wallets),
    back: await Direction.open(there, here, wallets),
  };
}

async function lastSendId({ gateway }: End): Promise<string> {
  return (await gateway.queryFilter(gateway.filters.MessageSent())).at(-1)!.args.sendId;
}

describe("Applications over two gateways", function () {
  let chains: Chains;

  beforeEach(async function () {
    chains = await connect();
  });

  describe("OpenZeppelin's ERC20Crosschain", function () {
    it("crosses both ways", async function () {
      const { here, there, outward, back } = chains;
      const tokenHere = await ethers.deployContract("OpenZeppelinERC20CrosschainMock", [here.user, SUPPLY], here.user);
      const tokenThere = await ethers.deployContract("OpenZeppelinERC20CrosschainMock", [there.user, 0n], there.user);
      await tokenHere.link(here.gateway, await on(there, tokenThere));
      await tokenThere.link(there.gateway, await on(here, tokenHere));

      await tokenHere.crosschainTransfer(await on(there, there.user), 400n);
      const sendId = await lastSendId(here);
      expect(await here.gateway.statusOf(sendId)).to.equal(STATUS.pending);
      expect(await tokenHere.totalSupply()).to.equal(600n);
      await outward.relay();
      expect(await tokenThere.balanceOf(there.user)).to.equal(400n);

      await tokenThere.crosschainTransfer(await on(here, here.admin), 150n);
      await back.relay();
      expect(await here.gateway.statusOf(sendId)).to.equal(STATUS.succeeded);
      expect(await tokenHere.balanceOf(here.admin)).to.equal(150n);
      expect(await tokenThere.totalSupply()).to.equal(250n);
      expect(await tokenHere.totalSupply()).to.equal(750n);
    });
  });

  describe("OpenZeppelin's BridgeERC20", function () {
    it("locks and releases against a cross-chain token, and a failed release is retried", async function () {
      const { here, there, outward, back } = chains;
      const token = await ethers.deployContract("OpenZeppelinERC20CrosschainMock", [here.user, SUPPLY], here.user);
      const bridge = await ethers.deployContract("OpenZeppelinBridgeERC20Mock", [token], here.user);
      const wrapped = await ethers.deployContract("OpenZeppelinERC20CrosschainMock", [there.user, 5n], there.user);
      await bridge.link(here.gateway, await on(there, wrapped));
      await wrapped.link(there.gateway, await on(here, bridge));

      await token.approve(bridge, 300n);
      await bridge.crosschainTransfer(await on(there, there.user), 300n);
      expect(await token.balanceOf(bridge)).to.equal(300n);
      await outward.relay();
      expect(await wrapped.balanceOf(there.user)).to.equal(305n);

      // More than is in custody: the 5 that were minted there.
      await wrapped.crosschainTransfer(await on(here, here.admin), 305n);
      const sendId = await lastSendId(there);
      await back.relay();
      await outward.relay();
      expect(await there.gateway.statusOf(sendId)).to.equal(STATUS.failed);
      expect(await token.balanceOf(here.admin)).to.equal(0n);
      await token.transfer(bridge, 5n);
      await here.gateway.retry(there.chainId, back.message(1n));
      expect(await token.balanceOf(here.admin)).to.equal(305n);
      expect(await token.balanceOf(bridge)).to.equal(0n);
    });

    async function bridgeOdd() {
      const { here, there } = chains;
      const token = await ethers.deployContract("OddTokenMock", [here.user, SUPPLY], here.user);
      const bridge = await ethers.deployContract("OpenZeppelinBridgeERC20Mock", [token], here.user);
      const wrapped = await ethers.deployContract("OpenZeppelinERC20CrosschainMock", [there.user, 0n], there.user);
      await bridge.link(here.gateway, await on(there, wrapped));
      await wrapped.link(there.gateway, await on(here, bridge));
      await token.approve(bridge, SUPPLY);
      return { token, bridge, wrapped };
    }

    it("cannot send over a lane that takes fees: it has no way to pay them", async function () {
      const { here, there } = chains;
      const { token, bridge } = await bridgeOdd();
      await here.gateway.setFees(there.chainId, { base: 1n, perGas: 0n, perByte: 0n });
      await expect(bridge.crosschainTransfer(await on(there, there.user), 300n))
        .to.be.revertedWithCustomError(here.gateway, "WrongFee")
        .withArgs(0, 1_000_000);
      expect(await token.balanceOf(bridge)).to.equal(0n);
    });

    it("sends nothing of a token that returns false, and retries what such a token did not release", async function () {
      const { here, there, outward, back } = chains;
      const { token, bridge, wrapped } = await bridgeOdd();
      await token.setRefuses(true);
      await expect(bridge.crosschainTransfer(await on(there, there.user), 300n))
        .to.be.revertedWithCustomError(bridge, "SafeERC20FailedOperation")
        .withArgs(await token.getAddress());
      expect((await here.gateway.laneState(there.chainId)).outSeq).to.equal(0n);

      await token.setRefuses(false);
      await bridge.crosschainTransfer(await on(there, there.user), 300n);
      await outward.relay();
      await wrapped.crosschainTransfer(await on(here, here.admin), 300n);
      const sendId = await lastSendId(there);
      await token.setRefuses(true);
      await back.relay();
      await outward.relay();
      expect(await there.gateway.statusOf(sendId)).to.equal(STATUS.failed);
      await expect(here.gateway.retry(there.chainId, back.message(1n)))
        .to.be.revertedWithCustomError(here.gateway, "RetryFailed")
        .withArgs(1);
      await token.setRefuses(false);
      await here.gateway.retry(there.chainId, back.message(1n));
      expect(await token.balanceOf(here.admin)).to.equal(300n);
    });

    it("keeps for a retry what the fee of a token left uncovered, and goes on with the lane", async function () {
      const { here, there, outward, back } = chains;
      const { token, bridge, wrapped } = await bridgeOdd();
      await token.setFeeBps(1_000n);
      await bridge.crosschainTransfer(await on(there, there.user), 300n);
      await outward.relay();
      expect([await token.balanceOf(bridge), await wrapped.balanceOf(there.user)]).to.deep.equal([270n, 300n]);
      await token.setFeeBps(0n);

      for (const amount of [280n, 20n]) await wrapped.crosschainTransfer(await on(here, here.admin), amount);
      await back.relay();
      await outward.relay();
      const ids = (await there.gateway.queryFilter(there.gateway.filters.MessageSent())).map(({ args }) => args.sendId);
      expect(await there.gateway.statusOf(ids[0]!)).to.equal(STATUS.failed);
      expect(await there.gateway.statusOf(ids[1]!)).to.equal(STATUS.succeeded);
      await token.transfer(bridge, 30n);
      await here.gateway.retry(there.chainId, back.message(1n));
      expect([await token.balanceOf(here.admin), await token.balanceOf(bridge)]).to.deep.equal([300n, 0n]);
    });
  });

  describe("QSC", function () {
    async function deployQSC(end: End, homeChainId: bigint): Promise<QSC> {
      const admin = await end.admin.getAddress();
      const home = homeChainId === end.chainId;
      return ethers.deployContract(
        "QSC",
        [
          {
            name: "Chaos",
            symbol: "CHAOS",
            decimals: 18n,
            homeChainId,
            cap: home ? SUPPLY : 0n,
            roles: { admin, adminDelay: 0n, freezer: admin, pauser: admin, banker: admin, linker: admin },
            holdings: home ? [{ account: await end.user.getAddress(), amount: SUPPLY }] : [],
          },
          end.gateway,
        ],
        end.admin,
      );
    }

    async function deployBoth(): Promise<{ readonly home: QSC; readonly remote: QSC }> {
      const { here, there } = chains;
      const home = await deployQSC(here, here.chainId);
      const remote = await deployQSC(there, here.chainId);
      await home.link(there.chainId, remote, { capacity: SUPPLY, window: DAY });
      await remote.link(here.chainId, home, { capacity: SUPPLY, window: DAY });
      return { home: home.connect(here.user), remote: remote.connect(there.user) };
    }

    it("crosses both ways, with votes, and its supply is constant", async function () {
      const { here, there, outward, back } = chains;
      const { home, remote } = await deployBoth();
      await remote.delegate(there.admin);

      await home.qcpExchange(await on(there, there.user), 400n);
      await outward.relay();
      expect(await remote.balanceOf(there.user)).to.equal(400n);
      expect(await remote.getVotes(there.admin)).to.equal(400n);
      const received = (await remote.queryFilter(remote.filters.ExchangeReceived())).at(-1)!.args;
      expect(received.receiveId).to.equal(await lastSendId(here));
      expect(received.from).to.equal((await on(here, here.user)).toLowerCase());

      await remote.qcpExchange(await on(here, here.admin), 150n);
      await back.relay();
      expect(await home.balanceOf(here.admin)).to.equal(150n);
      expect((await home.totalSupply()) + (await remote.totalSupply())).to.equal(SUPPLY);
      expect(await home.issued()).to.equal(SUPPLY);
    });

    it("reclaims what the other end refused, once, and never what arrived", async function () {
      const { here, there, outward, back } = chains;
      const { home, remote } = await deployBoth();
      await home.qcpExchange(await on(there, there.user), 100n);
      const arrived = await lastSendId(here);
      await outward.relay();

      await remote.connect(there.admin).pause();
      await home.qcpExchange(await on(there, there.user), 300n);
      const refused = await lastSendId(here);
      await outward.relay();
      await expect(home.qcpReclaim(refused))
        .to.be.revertedWithCustomError(home, "NotReclaimable")
        .withArgs(refused, STATUS.pending);

      await back.relay();
      expect(await here.gateway.statusOf(refused)).to.equal(STATUS.failedFinal);
      await home.connect(here.admin).pause();
      await expect(home.connect(here.admin).qcpReclaim(refused)).to.changeTokenBalance(home, here.user, 300n);
      await expect(home.qcpReclaim(refused)).to.be.revertedWithCustomError(home, "NothingToReclaim").withArgs(refused);
      await expect(home.qcpReclaim(arrived))
        .to.be.revertedWithCustomError(home, "NotReclaimable")
        .withArgs(arrived, STATUS.succeeded);
      expect((await home.totalSupply()) + (await remote.totalSupply())).to.equal(SUPPLY);
      // Nobody can execute the refused message later.
      await remote.connect(there.admin).unpause();
      expect(await there.gateway.retriable(here.chainId, 2n)).to.equal(`0x${"0".repeat(64)}`);
    });

    it("reclaims what expired", async function () {
      const { here, there, outward, back } = chains;
      const { home, remote } = await deployBoth();
      const deadline = BigInt((await here.user.provider!.getBlock("latest"))!.timestamp) + 1_000n;
      await home.qcpExchangeUntil(await on(there, there.user), 300n, deadline);
      const sendId = await lastSendId(here);
      await (there.admin.provider as HardhatEthersProvider).send("evm_setNextBlockTimestamp", [Number(deadline) + 1]);
      await outward.relay();
      await back.relay();
      expect(await remote.totalSupply()).to.equal(0n);
      await home.qcpReclaim(sendId);
      expect(await home.balanceOf(here.user)).to.equal(SUPPLY);
      expect(await home.exchangeOf(sendId)).to.deep.equal([ZeroAddress, 0n]);
    });

    it("pays the lane's fee, exactly, to whom the result names", async function () {
      const { here, there, outward, back } = chains;
      const { home } = await deployBoth();
      await here.gateway.setFees(there.chainId, { base: 5_000_000n, perGas: 100n, perByte: 6_400n });
      const fee = (5_000_000n + 100n * 250_000n + 6_400n * 52n) * 1_000_000n;
      expect(await home.qcpFee(there.chainId)).to.equal(fee);
      const to = await on(there, there.user);
      for (const value of [0n, fee - 1n, fee + 1n]) {
        await expect(home.qcpExchange(to, 10n, { value }))
          .to.be.revertedWithCustomError(here.gateway, "WrongFee")
          .withArgs(value, fee);
      }
      await expect(home.qcpExchange(to, 10n, { value: fee })).to.changeEtherBalance(here.gateway, fee);
      await outward.relay();
      await back.relay();
      expect(await here.gateway.earnedBy("0x000000000000000000000000000000000000dEaD")).to.equal(fee);
    });

    it("refuses an exchange that the counterpart did not send", async function () {
      const { here, there, outward, back } = chains;
      const { remote } = await deployBoth();
      const thief = await there.user.getAddress();
      const payload = concat([thief, thief, toBeHex(SUPPLY, 12)]);
      await here.gateway.connect(here.user).sendMessage(await on(there, remote), payload, []);
      const sendId = await lastSendId(here);
      await outward.relay();
      await back.relay();
      expect(await here.gateway.statusOf(sendId)).to.equal(STATUS.failed);
      expect(await remote.totalSupply()).to.equal(0n);
    });
  });
});
