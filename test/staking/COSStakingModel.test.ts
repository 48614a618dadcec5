import { expect } from "chai";
import { ZeroAddress, parseEther, toBeHex, zeroPadValue } from "ethers";
import type { COSStaking } from "../../typechain-types";
import { ModelRun, type Player } from "./modelRun";
import { COOLDOWN, FOREVER, MINIMUM, TERMS, deployCOSPool } from "./support";

const OPERATIONS = 2_000;
const SEED = 20_261_122;
const UNIT = parseEther("10000");
/** Per account and pledge; small numbers of units keep the exact denominators short. */
const MAX_UNITS = 4;
const MAX_HELD = 24;

interface Pledge {
  readonly id: number;
  readonly owner: Player;
  readonly term: number;
  readonly amount: bigint;
  /** Undefined for an open-ended one that was not left. */
  end: bigint | undefined;
  withdrawn: boolean;
  claimed: boolean;
}

class COSRun extends ModelRun<COSStaking> {
  readonly pledges: Pledge[] = [];
  readonly multipliers = TERMS.map((term) => 10_000n + (30_000n * term) / (730n * 86_400n));
  readonly delegates = new Map<Player, Player>();
  private receivers = 0;

  constructor(
    players: readonly Player[],
    readonly timelock: Player,
    seed: number,
  ) {
    super(players, seed);
  }

  async step(): Promise<void> {
    this.pass();
    const operations = [
      () => this.pledge(),
      () => this.pledge(),
      () => this.pledge(),
      () => this.onPledge((pledge) => this.leave(pledge)),
      () => this.onPledge((pledge) => this.claim(pledge)),
      () => this.onPledge((pledge) => this.claim(pledge)),
      () => this.onPledge((pledge) => this.withdraw(pledge)),
      () => this.onPledge((pledge) => this.withdraw(pledge)),
      () => this.onPledge((pledge) => this.withdraw(pledge)),
      () => this.delegate(),
      () => (this.below(10) === 0 ? this.setMultiplier() : this.sync()),
      () => this.fund(),
      () => this.poke(),
    ];
    await operations[this.below(operations.length)]!();
  }

  /** The numbered invariants of the room that concern pledges, and those of every pool. */
  async verify(): Promise<void> {
    const ids = this.inspected();
    const held = this.pledges.filter(({ withdrawn }) => !withdrawn);
    const sum = (pledges: readonly Pledge[]): bigint => pledges.reduce((total, { amount }) => total + amount, 0n);
    const staked = sum(held);
    const values = await this.check(
      ids,
      [
        this.view("totalStaked"),
        ...this.players.map(({ address }) => this.view("stakedOf", BigInt(address))),
        ...this.players.map(({ address }) => this.view("getVotes", BigInt(address))),
        ...ids.map((id) => this.view("principalOf", id)),
        ...ids.map((id) => this.view("withdrawableAt", id)),
      ],
      staked,
    );
    let index = 0;
    const next = (): bigint => values[index++]!;
    expect(next()).to.equal(staked);
    const stakedOf = this.players.map((player) => sum(held.filter(({ owner }) => owner === player)));
    for (const amount of stakedOf) expect(next()).to.equal(amount);
    // 10: votes follow the delegates
    for (const player of this.players) {
      const votes = this.players.reduce(
        (total, owner, of) => total + (this.delegates.get(owner) === player ? stakedOf[of]! : 0n),
        0n,
      );
      expect(next()).to.equal(votes);
    }
    for (const id of ids) expect(next()).to.equal(this.of(id).withdrawn ? 0n : this.of(id).amount);
    for (const id of ids) expect(next()).to.equal(this.freeAt(this.of(id)));
  }

  protected openIds(): readonly number[] {
    return this.pledges.filter(({ withdrawn, claimed }) => !withdrawn || !claimed).map(({ id }) => id);
  }

  protected isClaimed(id: number): boolean {
    return this.of(id).claimed;
  }

  protected deadlines(): readonly bigint[] {
    const held = this.pledges.filter(({ withdrawn }) => !withdrawn);
    return held.flatMap((pledge) => [pledge.end ?? 0n, this.freeAt(pledge)]);
  }

  private of(id: number): Pledge {
    return this.pledges[id - 1]!;
  }

  private freeAt({ term, end }: Pledge): bigint {
    if (end === undefined) return FOREVER;
    return term === 0 ? end + COOLDOWN : end;
  }

  private async onPledge(operation: (pledge: Pledge) => Promise<void>): Promise<void> {
    if (this.pledges.length === 0) return this.pledge();
    const open = this.openIds();
    const ended = open.filter((id) => (this.of(id).end ?? FOREVER) <= this.clock);
    const from = this.below(10);
    const id =
      from < 6 && ended.length > 0 ? this.one(ended) : from < 9 && open.length > 0 ? this.one(open) : undefined;
    return operation(id === undefined ? this.one(this.pledges) : this.of(id));
  }

  private ownerOr(pledge: Pledge): Player {
    return this.below(15) === 0 ? this.one(this.players) : pledge.owner;
  }

  private async pledge(): Promise<void> {
    const owner = this.one(this.players);
    const term = this.below(30) === 0 ? TERMS.length : this.below(TERMS.length);
    const many = this.pledges.filter(({ withdrawn }) => !withdrawn).length >= MAX_HELD;
    const usual = UNIT * BigInt(1 + this.below(MAX_UNITS));
    const amount = many || this.below(20) === 0 ? MINIMUM - 1n : usual;
    const minEnd = this.below(8) === 0 ? this.exact.emissionEnd + BigInt(this.below(2)) : 0n;
    let expected: string | undefined;
    if (term >= TERMS.length) expected = "UnknownTerm";
    else if (amount < MINIMUM) expected = "PledgeBelowMinimum";
    else if (this.exact.emissionEnd < minEnd) expected = "EmissionEndsTooEarly";
    if (!(await this.operate("pledge", owner, [term, amount, minEnd], expected))) return;
    this.advance();
    const id = this.pledges.length + 1;
    const end = term === 0 ? undefined : this.clock + TERMS[term]!;
    this.pledges.push({ id, owner, term, amount, end, withdrawn: false, claimed: false });
    this.exact.open(id, (amount * this.multipliers[term]!) / 10_000n, end, term);
    const atToken = this.tokenDelegates.get(owner);
    if (!this.delegates.has(owner) && atToken !== undefined) this.delegates.set(owner, atToken);
  }

  /** Chosen at the token, before anything is pledged. */
  readonly tokenDelegates = new Map<Player, Player>();

  private async leave(pledge: Pledge): Promise<void> {
    const caller = this.ownerOr(pledge);
    let expected: string | undefined;
    if (caller !== pledge.owner) expected = "NotPositionOwner";
    else if (pledge.term !== 0) expected = "NoEarlyExit";
    else if (pledge.end !== undefined) expected = "AlreadyLeft";
    if (!(await this.operate("leave", caller, [pledge.id], expected))) return;
    this.advance();
    this.exact.end(pledge.id);
    pledge.end = this.clock;
  }

  private async claim(pledge: Pledge): Promise<void> {
    const caller = this.ownerOr(pledge);
    const receiver = zeroPadValue(toBeHex(0x10_000 + ++this.receivers), 20);
    let expected: string | undefined;
    if (caller !== pledge.owner) expected = "NotPositionOwner";
    else if (pledge.end === undefined || this.clock < pledge.end) expected = "NotEnded";
    else if (pledge.claimed || this.rewardAtEnd(pledge) === 0n) expected = "NothingToClaim";
    const walks = this.exact.positions.get(pledge.id)!.to === 0n;
    if (!(await this.operate("claim", caller, [pledge.id, receiver], expected))) return;
    if (walks) this.advance();
    pledge.claimed = true;
    await this.claimed(pledge.id, receiver);
  }

  private rewardAtEnd({ id }: Pledge): bigint {
    if (this.exact.positions.get(id)!.to !== 0n) return this.exact.reward(id).exact;
    const future = this.exact.copy();
    future.advance(this.clock);
    return future.reward(id).exact;
  }

  private async withdraw(pledge: Pledge): Promise<void> {
    const caller = this.ownerOr(pledge);
    const to = this.below(20) === 0 ? ZeroAddress : pledge.owner.address;
    let expected: string | undefined;
    if (caller !== pledge.owner) expected = "NotPositionOwner";
    else if (to === ZeroAddress) expected = "ZeroReceiver";
    else if (pledge.withdrawn) expected = "AlreadyWithdrawn";
    else if (this.clock < this.freeAt(pledge)) expected = "PledgeLocked";
    const before = await this.cos.balanceOf(pledge.owner.address);
    if (!(await this.operate("withdraw", caller, [pledge.id, to], expected))) return;
    expect((await this.cos.balanceOf(pledge.owner.address)) - before).to.equal(pledge.amount);
    pledge.withdrawn = true;
  }

  private async delegate(): Promise<void> {
    const [owner, to] = [this.one(this.players), this.one(this.players)];
    if (await this.operate("delegate", owner, [to.address], undefined)) this.delegates.set(owner, to);
  }

  private async setMultiplier(): Promise<void> {
    const term = this.below(TERMS.length);
    const multiplier = BigInt(9_000 + 500 * this.below(190));
    const expected = multiplier < 10_000n || multiplier > 100_000n ? "MultiplierOutOfRange" : undefined;
    if (await this.operate("setMultiplier", this.timelock, [term, multiplier], expected)) {
      this.multipliers[term] = multiplier;
    }
  }
}

describe("COSStaking: model", function () {
  this.timeout(900_000);

  it(`agrees with exact fractions through ${OPERATIONS} random operations`, async () => {
    const fixture = await deployCOSPool();
    const { alice, bob, carol, timelock, cos } = fixture;
    const [first, second, third] = await Promise.all(
      [alice, bob, carol].map(async (account): Promise<Player> => ({ address: await account.getAddress() })),
    );
    const players = [first!, second!, third!];
    const run = new COSRun(players, { address: await timelock.getAddress() }, SEED);
    await cos.connect(alice).delegate(alice);
    await cos.connect(bob).delegate(alice);
    run.tokenDelegates.set(first!, first!).set(second!, first!);
    await run.prepare(fixture, fixture.pool);
    for (let index = 0; index < OPERATIONS; index++) {
      await run.step();
      await run.verify();
    }
    const wanted = [
      "pledge",
      "pledge: UnknownTerm",
      "pledge: PledgeBelowMinimum",
      "leave",
      "leave: NoEarlyExit",
      "leave: AlreadyLeft",
      "claim",
      "claim: NotEnded",
      "claim: NothingToClaim",
      "withdraw",
      "withdraw: PledgeLocked",
      "withdraw: AlreadyWithdrawn",
      "delegate",
      "setMultiplier",
      "fund",
      "fund: RateTooLow",
      "poke",
    ];
    expect(wanted.filter((label) => !run.seen.has(label))).to.deep.equal([]);
  });
});
