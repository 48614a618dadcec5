import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Wallet, ZeroHash, id } from "ethers";
import { sortSigners } from "../../protocol/quorum";
import type { Delegation, ValidatorRegistry } from "../../typechain-types";
import { generator } from "../support/random";
import {
  DAY,
  INTERVAL,
  OFFENCE,
  RENEW_AFTER,
  RETURN,
  SLASHER_ROLE,
  STATUS,
  VALIDITY,
  VOTING,
  at,
  claim,
  deployRegistry,
  now,
  register,
  type Member,
  type RegistryFixture,
} from "./support";

const OPERATIONS = 700;
/** Few that admit many; and many, so that seats are contested from the beginning. */
const RUNS = [
  { seed: 1, genesis: 6 },
  { seed: 20, genesis: 14 },
  { seed: 300, genesis: 23 },
] as const;
/** What an absence and an offence cost, in parts of 10,000. */
const [MISSED_BPS, OFFENCE_BPS] = [1n, 2_000n];
const [OPERATORS, SEATS, MIN_SIGNERS] = [30, 21, 4];

interface ModelOperator {
  readonly member: Member;
  readonly genesis: boolean;
  readonly keys: Wallet[];
  status: bigint;
  since: bigint;
  shares: bigint;
  /** What is left of a share's first wei, exactly. */
  worth: { readonly over: bigint; readonly under: bigint };
  expiresAt: bigint;
  voters: Set<ModelOperator>;
}

function bondOf({ shares, worth }: ModelOperator): bigint {
  return (shares * worth.over) / worth.under;
}

/** Takes so many parts of 10,000 from every share. */
function devalue(operator: ModelOperator, bps: bigint): void {
  const { over, under } = operator.worth;
  operator.worth = { over: over * (10_000n - bps), under: under * 10_000n };
}

/** What the registry must do, said as plainly as possible: nothing is updated in place that can be looked up. */
class Model {
  readonly operators: ModelOperator[];
  readonly epochs: { readonly at: bigint; readonly signers: string[] }[] = [];
  changed = false;
  slashedInLatest = 0;

  constructor(members: readonly Member[], others: readonly Member[]) {
    const make = (member: Member, genesis: boolean): ModelOperator => ({
      member,
      genesis,
      keys: [member.key],
      status: STATUS.none,
      since: 0n,
      shares: 0n,
      worth: { over: 1n, under: 1n },
      expiresAt: 0n,
      voters: new Set(),
    });
    this.operators = [...members.map((one) => make(one, true)), ...others.map((one) => make(one, false))];
  }

  with(...statuses: bigint[]): ModelOperator[] {
    return this.operators.filter(({ status }) => statuses.includes(status));
  }

  get members(): ModelOperator[] {
    return this.with(STATUS.active, STATUS.standby);
  }

  get seats(): ModelOperator[] {
    const byKey = new Map(this.with(STATUS.active).map((one) => [one.keys.at(-1)!.address, one]));
    return sortSigners([...byKey.keys()]).map((key) => byKey.get(key)!);
  }

  get signers(): string[] {
    return this.seats.map(({ keys }) => keys.at(-1)!.address);
  }

  /** The last of the weakest. */
  get weakest(): ModelOperator | undefined {
    return this.seats.reduce<ModelOperator | undefined>(
      (weakest, seat) => (weakest === undefined || bondOf(seat) <= bondOf(weakest) ? seat : weakest),
      undefined,
    );
  }

  enter(operator: ModelOperator): void {
    operator.status = this.with(STATUS.active).length < SEATS ? STATUS.active : STATUS.standby;
    if (operator.status === STATUS.active) this.changed = true;
  }

  leave(operator: ModelOperator, status: bigint): void {
    if (operator.status === STATUS.active) this.changed = true;
    operator.status = status;
  }

  held(operator: ModelOperator): boolean {
    return operator.keys.some((key) => this.epochs.at(-1)?.signers.includes(key.address) === true);
  }

  closableAt(operator: ModelOperator): bigint {
    const free = operator.since + RETURN;
    const dutyUntil = this.held(operator) ? this.epochs.at(-1)!.at + VALIDITY : 0n;
    return free > dutyUntil ? free : dutyUntil;
  }

  get publishableFrom(): bigint {
    const latest = this.epochs.at(-1);
    if (latest === undefined || this.slashedInLatest > 0) return 0n;
    return latest.at + (this.changed ? INTERVAL : RENEW_AFTER);
  }

  votes(candidate: ModelOperator): number {
    return [...candidate.voters].filter((voter) => this.members.includes(voter)).length;
  }
}

describe("ValidatorRegistry against a model (invariants 1 to 7)", function () {
  this.timeout(900_000);

  /** How often each operation succeeded, over all seeds. */
  const done = new Map<string, number>();

  for (const { seed, genesis } of RUNS) {
    const deployModelled = (): Promise<RegistryFixture> =>
      deployRegistry({ genesis, others: OPERATORS - genesis, minSigners: MIN_SIGNERS });

    it(`agrees after each of ${OPERATIONS} operations of seed ${seed}, ${genesis} at genesis`, async () => {
      const { registry, gateway, nodes, delegation, manager, admin, backer, members, others } =
        await loadFixture(deployModelled);
      const bonds = delegation.connect(backer);
      await manager.grantRole(SLASHER_ROLE, await admin.getAddress(), 0);
      const model = new Model(members, others);
      const random = generator(seed);
      const pick = <Item>(list: readonly Item[]): Item => list[random(list.length)]!;
      /** Nine times in ten one for whom the operation is meant. */
      const aim = (...statuses: bigint[]): ModelOperator => {
        const meant = model.with(...statuses);
        return meant.length > 0 && random(10) > 0 ? pick(meant) : pick(model.operators);
      };
      let keys = 0;

      /** Succeeds, or fails with exactly the named error. */
      const attempt = async (
        sent: () => Promise<unknown>,
        error: string | undefined,
        by: ValidatorRegistry | Delegation = registry,
      ): Promise<boolean> => {
        if (error === undefined) await sent();
        else await expect(sent()).to.be.revertedWithCustomError(by, error);
        return error === undefined;
      };
      const as = (operator: ModelOperator) => registry.connect(operator.member.account);

      const operations: Record<string, () => Promise<boolean>> = {
        register: async () => {
          const operator = aim(STATUS.none);
          const next = (await now()) + 1n;
          await at(next);
          const error = operator.status === STATUS.none ? undefined : "WrongOperatorStatus";
          // A key that was registered is taken; the status is looked at first.
          if (!(await attempt(() => register(registry, operator.member), error))) return false;
          if (operator.genesis) model.enter(operator);
          else [operator.status, operator.expiresAt] = [STATUS.candidate, next + VOTING];
          return true;
        },
        propose: async () => {
          const operator = aim(STATUS.candidate);
          const next = (await now()) + 1n;
          await at(next);
          const open = next < operator.expiresAt ? "ProposalOpen" : undefined;
          const error = operator.status === STATUS.candidate ? open : "NotACandidate";
          if (!(await attempt(() => as(operator).propose(), error))) return false;
          operator.expiresAt = next + VOTING;
          operator.voters = new Set();
          return true;
        },
        vote: async () => {
          const candidates = model.with(STATUS.candidate).sort((a, b) => model.votes(b) - model.votes(a));
          const candidate = candidates.length > 0 && random(10) > 0 ? candidates[0]! : aim(STATUS.candidate);
          const fresh = model.members.filter((member) => !candidate.voters.has(member));
          const voter = fresh.length > 0 && random(10) > 0 ? pick(fresh) : aim(STATUS.active, STATUS.standby);
          const next = (await now()) + 1n;
          await at(next);
          const again = candidate.voters.has(voter) ? "VotedAlready" : undefined;
          const expired = next >= candidate.expiresAt ? "ProposalExpired" : again;
          const open = candidate.status === STATUS.candidate ? expired : "NotACandidate";
          const error = model.members.includes(voter) ? open : "NotAMember";
          if (!(await attempt(() => as(voter).vote(candidate.member.address), error))) return false;
          candidate.voters.add(voter);
          return true;
        },
        admit: async () => {
          const candidates = model.with(STATUS.candidate).sort((a, b) => model.votes(b) - model.votes(a));
          const candidate = candidates.length > 0 && random(10) > 0 ? candidates[0]! : aim(STATUS.candidate);
          const next = (await now()) + 1n;
          await at(next);
          const few = 2 * model.votes(candidate) <= Math.max(model.members.length, 4) ? "TooFewVotes" : undefined;
          const expired = next >= candidate.expiresAt ? "ProposalExpired" : few;
          const error = candidate.status === STATUS.candidate ? expired : "NotACandidate";
          if (!(await attempt(() => registry.admit(candidate.member.address), error))) return false;
          model.enter(candidate);
          return true;
        },
        bond: async () => {
          const operator = pick(model.operators);
          const { address } = operator.member;
          if (operator.shares > 0n) await bonds.undelegate(address, operator.shares);
          operator.shares = 0n;
          const amount = BigInt(random(12));
          if (amount === 0n) return true;
          const shut = ([STATUS.closed, STATUS.slashed] as readonly bigint[]).includes(operator.status);
          const error = operator.status === STATUS.none ? "UnknownPool" : shut ? "PoolClosed" : undefined;
          if (!(await attempt(() => bonds.delegate(address, amount), error, delegation))) return false;
          operator.shares = (amount * operator.worth.under) / operator.worth.over;
          return true;
        },
        takeSeat: async () => {
          const operator = aim(STATUS.standby);
          const weakest = model.seats.length === SEATS ? model.weakest : undefined;
          const outranked = weakest !== undefined && bondOf(operator) <= bondOf(weakest) ? "NotOutranking" : undefined;
          const error = operator.status === STATUS.standby ? outranked : "WrongOperatorStatus";
          if (!(await attempt(() => registry.takeSeat(operator.member.address), error))) return false;
          if (weakest !== undefined) weakest.status = STATUS.standby;
          operator.status = STATUS.active;
          model.changed = true;
          return true;
        },
        setSigner: async () => {
          const operator = pick(model.operators);
          const key = new Wallet(id(`model ${seed} ${++keys}`));
          const consent = await claim(registry, operator.member.address, key);
          const gone = [STATUS.none, STATUS.closed, STATUS.slashed] as readonly bigint[];
          const error = gone.includes(operator.status) ? "NotRegistered" : undefined;
          if (!(await attempt(() => as(operator).setSigner(key.address, consent), error))) return false;
          operator.keys.push(key);
          if (operator.status === STATUS.active) model.changed = true;
          return true;
        },
        leave: async () => {
          const operator = aim(STATUS.active, STATUS.standby);
          const next = (await now()) + 1n;
          await at(next);
          const by = random(3);
          const { address } = operator.member;
          const candidate = by === 0 && operator.status === STATUS.candidate;
          const again = by === 2 && operator.status === STATUS.inactive;
          const error = candidate || again || model.members.includes(operator) ? undefined : "NotAMember";
          const sent = [() => as(operator).revoke(), () => registry.jail(address), () => registry.jailMissing(address)];
          if (!(await attempt(sent[by]!, error))) return false;
          if (!again) {
            model.leave(operator, candidate ? STATUS.closed : STATUS.inactive);
            operator.since = next;
          }
          if (by === 2) devalue(operator, MISSED_BPS);
          return true;
        },
        unjail: async () => {
          const operator = aim(STATUS.inactive);
          const next = (await now()) + 1n;
          await at(next);
          const late = next >= operator.since + RETURN ? "ReturnTooLate" : undefined;
          const error = operator.status === STATUS.inactive ? late : "WrongOperatorStatus";
          if (!(await attempt(() => as(operator).unjail(), error))) return false;
          model.enter(operator);
          return true;
        },
        close: async () => {
          const operator = aim(STATUS.inactive);
          const next = (await now()) + 1n;
          await at(next);
          const early = next < model.closableAt(operator) ? "CloseTooEarly" : undefined;
          const error = operator.status === STATUS.inactive ? early : "WrongOperatorStatus";
          if (!(await attempt(() => registry.close(operator.member.address), error))) return false;
          operator.status = STATUS.closed;
          return true;
        },
        publish: async () => {
          const next = (await now()) + 1n;
          await at(next);
          const few = model.seats.length < MIN_SIGNERS ? "TooFewOperators" : undefined;
          const error = next < model.publishableFrom ? "PublishedTooEarly" : few;
          if (!(await attempt(() => registry.publishEpoch(), error))) return false;
          model.epochs.push({ at: next, signers: model.signers });
          model.changed = false;
          model.slashedInLatest = 0;
          return true;
        },
        slash: async () => {
          // Seldom: it is for good.
          if (random(5) > 0) return false;
          const operator = pick(model.operators);
          const stands = [STATUS.active, STATUS.standby, STATUS.inactive, STATUS.closed] as readonly bigint[];
          const error = stands.includes(operator.status) ? undefined : "NotSlashable";
          const key = pick(operator.keys).address;
          if (!(await attempt(() => registry.slash(key, OFFENCE.block, ZeroHash), error))) return false;
          if (model.held(operator)) ++model.slashedInLatest;
          model.leave(operator, STATUS.slashed);
          devalue(operator, OFFENCE_BPS);
          return true;
        },
        wait: async () => {
          await time.increase(pick([1n, 60n, INTERVAL, INTERVAL, RETURN, DAY, RENEW_AFTER]));
          return true;
        },
      };
      const often = [
        "register",
        "vote",
        "vote",
        "vote",
        "vote",
        "vote",
        "admit",
        "admit",
        "takeSeat",
        "publish",
        "bond",
      ];
      const weighted = [...Object.keys(operations), ...often, ...often];

      for (let step = 0; step < OPERATIONS; ++step) {
        const name = step < genesis ? "register" : pick(weighted);
        const where = `seed ${seed}, step ${step}, ${name}`;
        if (await operations[name]!()) done.set(name, (done.get(name) ?? 0) + 1);

        // Invariants 1 to 4
        expect(await registry.members(), where).to.equal(model.members.length);
        expect(await registry.activeSigners(), where).to.deep.equal(model.signers);
        expect(await registry.publishableFrom(), where).to.equal(model.publishableFrom);
        expect(await registry.latestEpoch(), where).to.equal(model.epochs.length);
        // Invariants 5 to 7
        const operator = pick(model.operators);
        const { address, position } = operator.member;
        expect((await registry.operatorOf(address)).status, where).to.equal(operator.status);
        const closable = operator.status === STATUS.inactive ? model.closableAt(operator) : 0n;
        expect(await registry.closableAt(address), where).to.equal(closable);
        expect(await registry.presentVotes(address), where).to.equal(model.votes(operator));
        expect((await nodes.principalOf(position)) === 0n, where).to.equal(operator.status === STATUS.slashed);
        const free = ([STATUS.none, STATUS.closed, STATUS.slashed] as readonly bigint[]).includes(operator.status);
        expect(await nodes.boundPosition(address), where).to.equal(free ? 0n : position);
        expect(await delegation.bondOf(address), where).to.equal(bondOf(operator));
      }

      for (const operator of model.operators) {
        const { status } = await registry.operatorOf(operator.member.address);
        expect(status, operator.member.address).to.equal(operator.status);
      }
      for (const [index, { at: publishedAt, signers }] of model.epochs.entries()) {
        const epoch = index + 1;
        expect(await registry.epochRecord(epoch)).to.deep.equal([publishedAt + VALIDITY, signers]);
        expect(await gateway.signersOf(epoch)).to.deep.equal(signers);
      }
    });
  }

  it("has done everything", () => {
    for (const name of [
      "register",
      "vote",
      "admit",
      "bond",
      "takeSeat",
      "leave",
      "unjail",
      "close",
      "publish",
      "slash",
      "setSigner",
    ]) {
      expect(done.get(name) ?? 0, name).to.be.greaterThan(1);
    }
  });
});
