import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ethers } from "hardhat";
import type { Vesting } from "../../typechain-types";
import { generator } from "../support/random";
import { DAY, SUPPLY, actors, deployCOS, errorOf } from "./support";

const ROUNDS = 10;
const OPERATIONS = 200;
const SEED = 20_261_124;
const GAS = { gasLimit: 500_000n };

interface ModelWallet {
  readonly contract: Vesting;
  readonly address: string;
  readonly beneficiary: HardhatEthersSigner;
  readonly start: bigint;
  readonly cliff: bigint;
  readonly duration: bigint;
  received: bigint;
  released: bigint;
}

/** The share of everything received that time has earned, as a fraction; nothing before the cliff. */
function earned({ start, cliff, duration, received }: ModelWallet, now: bigint): { over: bigint; under: bigint } {
  if (now < start + cliff) return { over: 0n, under: 1n };
  if (now >= start + duration) return { over: received, under: 1n };
  return { over: received * (now - start), under: duration };
}

describe("Vesting model", function () {
  it(`holds invariant 3 over ${ROUNDS * OPERATIONS} random operations (seed ${SEED})`, async function () {
    const below = generator(SEED);
    const seen = new Map<string, number>();
    const { admin, treasurer, alice, bob, carol } = await actors();
    const cos = await deployCOS(admin.address);
    let now = BigInt(await time.latest());
    const received = new Map<string, bigint>([alice, bob, carol].map(({ address }) => [address, 0n]));

    const { interface: known } = await ethers.getContractFactory("Vesting");
    const outcome = async (name: string, expected: string | undefined, call: () => Promise<unknown>): Promise<void> => {
      const label = `${name}: ${expected ?? "done"}`;
      expect(await errorOf([known], call), label).to.equal(expected);
      seen.set(label, (seen.get(label) ?? 0) + 1);
    };

    for (let round = 0; round < ROUNDS; ++round) {
      const wallets: ModelWallet[] = [];
      for (const beneficiary of [alice, bob, carol]) {
        const start = now + BigInt(below(100)) * DAY;
        const duration = BigInt(1 + below(800)) * DAY + BigInt(below(1_000));
        const cliff = (duration * BigInt(below(101))) / 100n;
        const contract = await ethers.deployContract("Vesting", [beneficiary, start, duration, cliff]);
        const address = await contract.getAddress();
        wallets.push({ contract, address, beneficiary, start, cliff, duration, received: 0n, released: 0n });
      }
      now = BigInt(await time.latest());

      for (let count = 0; count < OPERATIONS; ++count) {
        const wallet = wallets[below(3)]!;
        const edges = [wallet.start + wallet.cliff, wallet.start + wallet.duration].flatMap((at) => [at - 1n, at]);
        const edge = edges.find((at) => at > now);
        const by = 1n + (BigInt(below(1_000)) * 10n * DAY) / 1_000n;
        now = edge !== undefined && now + by > edge && below(3) > 0 ? edge : now + by;
        await time.setNextBlockTimestamp(now);
        const action = below(10);
        if (action < 3) {
          const amount = (SUPPLY / 100_000n) * BigInt(below(10)) + BigInt(below(1_000));
          await outcome("deposit", undefined, () => cos.transfer(wallet.address, amount, GAS));
          wallet.received += amount;
        } else if (action < 9) {
          const { over, under } = earned(wallet, now);
          const due = over / under - wallet.released;
          const name = now < wallet.start + wallet.cliff ? "release before the cliff" : "release";
          await outcome(name, undefined, () => wallet.contract.connect(treasurer)["release(address)"](cos, GAS));
          wallet.released += due;
          received.set(wallet.beneficiary.address, received.get(wallet.beneficiary.address)! + due);
        } else {
          const as = wallet.contract.connect(below(3) === 0 ? treasurer : wallet.beneficiary);
          const mine = as.runner === wallet.beneficiary;
          await outcome("give up", mine ? "BeneficiaryFixed" : "OwnableUnauthorizedAccount", () =>
            below(2) === 0 ? as.renounceOwnership(GAS) : as.transferOwnership(carol, GAS),
          );
        }

        const { over, under } = earned(wallet, now);
        const released = await wallet.contract["released(address)"](cos);
        expect(released).to.equal(wallet.released);
        expect(released * under <= over, "at most what time has earned").to.equal(true);
        expect(await cos.balanceOf(wallet.address)).to.equal(wallet.received - wallet.released);
        expect(await cos.balanceOf(wallet.beneficiary)).to.equal(received.get(wallet.beneficiary.address));
        expect(await wallet.contract.owner()).to.equal(wallet.beneficiary);
      }
      const last = wallets.reduce((at, { start, duration }) => (start + duration > at ? start + duration : at), now);
      now = last + 1n;
      for (const wallet of wallets) {
        await time.setNextBlockTimestamp(now++);
        await wallet.contract["release(address)"](cos);
        received.set(
          wallet.beneficiary.address,
          received.get(wallet.beneficiary.address)! + wallet.received - wallet.released,
        );
        expect(await cos.balanceOf(wallet.address)).to.equal(0n);
        expect(await cos.balanceOf(wallet.beneficiary)).to.equal(received.get(wallet.beneficiary.address));
      }
    }
    for (const label of [
      "deposit: done",
      "release: done",
      "release before the cliff: done",
      "give up: BeneficiaryFixed",
      "give up: OwnableUnauthorizedAccount",
    ]) {
      expect(seen.get(label) ?? 0, label).to.be.above(0);
    }
  });
});
