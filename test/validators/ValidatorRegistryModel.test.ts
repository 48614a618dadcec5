import { loadFixture, setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { Wallet, id } from "ethers";
import { sortSigners } from "../../protocol/quorum";
import {
  DAY,
  DEPOSIT,
  INTERVAL,
  RENEW_AFTER,
  STATUS,
  UNBONDING,
  VALIDITY,
  at,
  claim,
  deployRegistry,
  messagesEvidence,
  now,
  register,
  type Member,
  type RegistryFixture,
} from "./support";

const OPERATIONS = 260;
const SEEDS = [1, 20, 300];
const GENESIS = 8;
const MIN_SIGNERS = 4;

/** mulberry32: the same numbers for the same seed, everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface ModelOperator {
  readonly member: Member;
  status: bigint;
  key: Wallet;
  /** Every key it ever had, with the epochs whose set held it. */
  readonly keys: { readonly key: Wallet; readonly epochs: Set<bigint> }[];
  exitedAt: bigint;
}

/** What the registry must do, said as plainly as possible: sets are remembered whole, nothing is updated in place. */
class Model {
  readonly operators: ModelOperator[];
  readonly epochs: { readonly at: bigint; readonly signers: string[] }[] = [];
  unswept = 0n;
  forced = 0n;
  swept = 0n;

  constructor(members: readonly Member[]) {
    this.operators = members.map((member) => ({
      member,
      status: STATUS.none,
      key: member.key,
      keys: [{ key: member.key, epochs: new Set<bigint>() }],
      exitedAt: 0n,
    }));
  }

  get deposits(): bigint {
    const held = this.operators.filter(({ status }) => status === STATUS.active || status === STATUS.exiting);
    return BigInt(held.length) * DEPOSIT;
  }

  get activeSigners(): string[] {
    const active = this.operators.filter(({ status }) => status === STATUS.active);
    return sortSigners(active.map(({ key }) => key.address));
  }

  get publishableFrom(): bigint {
    const latest = this.epochs.at(-1);
    if (latest === undefined || this.slashedIn(latest.signers) > 0) return 0n;
    const unchanged = latest.signers.join() === this.activeSigners.join();
    return latest.at + (unchanged ? RENEW_AFTER : INTERVAL);
  }

  withdrawableAt(operator: ModelOperator): bigint {
    let from = operator.exitedAt;
    for (const [index, { at: publishedAt, signers }] of this.epochs.entries()) {
      if (!operator.keys.some(({ key }) => signers.includes(key.address))) continue;
      const next = this.epochs[index + 1];
      const ended = publishedAt + VALIDITY;
      const left = next !== undefined && next.at < ended ? next.at : ended;
      if (left > from) from = left;
    }
    return from + UNBONDING;
  }

  slashedIn(signers: readonly string[]): number {
    const slashed = this.operators.filter(({ status }) => status === STATUS.slashed);
    return slashed.filter(({ keys }) => keys.some(({ key }) => signers.includes(key.address))).length;
  }
}

const deployModelled = (): Promise<RegistryFixture> => deployRegistry(GENESIS, MIN_SIGNERS);

describe("ValidatorRegistry against a model (invariants 1 to 4)", () => {
  for (const seed of SEEDS) {
    it(`agrees after each of ${OPERATIONS} operations of seed ${seed}`, async () => {
      const { registry, slashing, gateway, members, treasury } = await loadFixture(deployModelled);
      const address = await registry.getAddress();
      const treasuryBefore = await ethers.provider.getBalance(treasury);
      const model = new Model(members);
      const random = generator(seed);
      const pick = (): ModelOperator => model.operators[random(GENESIS)]!;
      const done = new Map<string, number>();
      let keys = 0;

      /** Succeeds or fails with exactly the named error. */
      const attempt = async (sent: () => Promise<unknown>, error: string | undefined): Promise<boolean> => {
        if (error === undefined) await sent();
        else {
          const thrower = registry.interface.getError(error) === null ? slashing : registry;
          await expect(sent()).to.be.revertedWithCustomError(thrower, error);
        }
        return error === undefined;
      };

      const operations: Record<string, () => Promise<boolean>> = {
        register: async () => {
          const operator = pick();
          const error = operator.status === STATUS.none ? undefined : "WrongOperatorStatus";
          if (!(await attempt(() => register(registry, operator.member), error))) return false;
          operator.status = STATUS.active;
          return true;
        },
        setSigner: async () => {
          const operator = pick();
          const key = new Wallet(id(`model ${seed} ${++keys}`));
          const proof = await claim(registry, operator.member.address, key);
          const error = operator.status === STATUS.active ? undefined : "WrongOperatorStatus";
          const as = registry.connect(operator.member.account);
          if (!(await attempt(() => as.setSigner(key.address, proof), error))) return false;
          operator.key = key;
          operator.keys.push({ key, epochs: new Set() });
          return true;
        },
        exit: async () => {
          // Seldom enough that sets are published in between.
          if (random(4) !== 0) return false;
          const operator = pick();
          const error = operator.status === STATUS.active ? undefined : "WrongOperatorStatus";
          if (!(await attempt(() => registry.connect(operator.member.account).exit(), error))) return false;
          operator.status = STATUS.exiting;
          operator.exitedAt = await now();
          return true;
        },
        withdraw: async () => {
          const operator = pick();
          const next = (await now()) + 1n;
          const early = next < model.withdrawableAt(operator);
          const error = operator.status !== STATUS.exiting ? "WrongOperatorStatus" : early ? "StillBonded" : undefined;
          await at(next);
          const as = registry.connect(operator.member.account);
          if (!(await attempt(() => as.withdraw(operator.member.payout), error))) return false;
          operator.status = STATUS.withdrawn;
          return true;
        },
        publish: async () => {
          const next = (await now()) + 1n;
          const signers = model.activeSigners;
          const few = signers.length < MIN_SIGNERS ? "TooFewOperators" : undefined;
          const error = next < model.publishableFrom ? "PublishedTooEarly" : few;
          await at(next);
          if (!(await attempt(() => registry.publishEpoch(), error))) return false;
          model.epochs.push({ at: next, signers });
          const epoch = BigInt(model.epochs.length);
          for (const operator of model.operators) {
            for (const key of operator.keys) if (signers.includes(key.key.address)) key.epochs.add(epoch);
          }
          return true;
        },
        slash: async () => {
          if (random(6) !== 0) return false;
          const operator = pick();
          const key = operator.keys[random(operator.keys.length)]!;
          const epoch = BigInt(random(model.epochs.length + 2));
          const known = operator.status !== STATUS.none || operator.keys.length > 1;
          const held = operator.status === STATUS.active || operator.status === STATUS.exiting;
          const member = key.epochs.has(epoch) ? undefined : "NotInEpoch";
          const error = !known ? "UnknownSigner" : (member ?? (held ? undefined : "NotSlashable"));
          const evidence = messagesEvidence(key.key, epoch);
          if (!(await attempt(() => slashing.proveMessages(...evidence), error))) return false;
          operator.status = STATUS.slashed;
          model.unswept += DEPOSIT;
          return true;
        },
        sweep: async () => {
          const error = model.unswept === 0n ? "NothingToSweep" : undefined;
          if (!(await attempt(() => registry.sweepSlashed(), error))) return false;
          model.swept += model.unswept;
          model.unswept = 0n;
          return true;
        },
        force: async () => {
          const amount = BigInt(random(1_000_000)) + 1n;
          await setBalance(address, (await ethers.provider.getBalance(address)) + amount);
          model.forced += amount;
          return true;
        },
        wait: async () => {
          await time.increase([1n, INTERVAL, DAY, RENEW_AFTER, 16n * DAY][random(5)]!);
          return true;
        },
      };
      const weighted = Object.keys(operations).flatMap((name) => (name === "publish" ? [name, name, name] : [name]));

      for (let step = 0; step < OPERATIONS; ++step) {
        const name = weighted[random(weighted.length)]!;
        const where = `seed ${seed}, step ${step}, ${name}`;
        if (await operations[name]!()) done.set(name, (done.get(name) ?? 0) + 1);

        // Invariants 1 and 2
        const balance = await ethers.provider.getBalance(address);
        expect(balance, where).to.equal(model.deposits + model.unswept + model.forced);
        expect(await registry.totalDeposits(), where).to.equal(model.deposits);
        expect(await registry.unswept(), where).to.equal(model.unswept);
        expect((await ethers.provider.getBalance(treasury)) - treasuryBefore, where).to.equal(model.swept);
        // Invariants 3 and 4
        expect(await registry.activeSigners(), where).to.deep.equal(model.activeSigners);
        expect(await registry.publishableFrom(), where).to.equal(model.publishableFrom);
        expect(await registry.latestEpoch(), where).to.equal(model.epochs.length);
        const operator = pick();
        const exiting = operator.status === STATUS.exiting;
        const withdrawable = exiting ? model.withdrawableAt(operator) : 0n;
        expect(await registry.withdrawableAt(operator.member.address), where).to.equal(withdrawable);
        expect((await registry.operatorOf(operator.member.address)).status, where).to.equal(operator.status);
      }

      for (const [index, { at: publishedAt, signers }] of model.epochs.entries()) {
        const epoch = index + 1;
        expect(await registry.epochRecord(epoch)).to.deep.equal([publishedAt + VALIDITY, signers]);
        expect(await gateway.signersOf(epoch)).to.deep.equal(signers);
      }
      for (const name of ["register", "setSigner", "exit", "publish", "slash", "force"]) {
        expect(done.get(name) ?? 0, `${name} of seed ${seed}`).to.be.greaterThan(0);
      }
    });
  }
});
