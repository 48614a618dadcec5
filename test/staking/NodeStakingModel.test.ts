import { expect } from "chai";
import { setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { ethers, network } from "hardhat";
import { ZeroAddress, zeroPadValue } from "ethers";
import type { NodeStaking } from "../../typechain-types";
import { ModelRun, type Player } from "./modelRun";
import { BOND, FOREVER, IDLE, LOCK, PRICE, STATE, deployNodes } from "./support";

const OPERATIONS = 2_000;
const SEED = 20_261_121;
const CELLULAR_CAP = 8;
const CORE_CAP = 7;

interface Node {
  readonly id: number;
  readonly owner: Player;
  readonly kind: 0 | 1;
  readonly end: bigint;
  state: bigint;
  claimed: boolean;
}

interface Bond {
  node: number;
  until: bigint;
}

class NodeRun extends ModelRun<NodeStaking> {
  readonly nodes: Node[] = [];
  readonly places: [number, number] = [0, 0];
  readonly kept: Set<Player>;
  readonly bonds = new Map<Player, Bond>();
  coreOpen = false;
  principal = 0n;
  unswept = 0n;
  swept = 0n;
  forced = 0n;
  private receivers = 0;

  constructor(
    players: readonly Player[],
    readonly genesis: readonly Player[],
    readonly registry: Player,
    seed: number,
  ) {
    super(players, seed);
    this.kept = new Set(genesis);
  }

  async step(): Promise<void> {
    this.pass();
    const operations = [
      () => this.pledge(),
      () => this.pledge(),
      () => this.pledge(),
      () => this.onNode((node) => this.claim(node)),
      () => this.onNode((node) => this.claim(node)),
      () => this.onNode((node) => this.withdraw(node)),
      () => this.onNode((node) => this.withdraw(node)),
      () => this.onNode((node) => this.repledge(node)),
      () => this.onNode((node) => this.release(node)),
      () => this.onNode((node) => this.bind(node)),
      () => this.unbind(),
      () => (this.below(3) === 0 ? this.slash() : this.sync()),
      () => this.sweep(),
      () => this.fund(),
      () => this.poke(),
      () => this.force(),
    ];
    await operations[this.below(operations.length)]!();
  }

  /** The numbered invariants of the room that concern nodes, and those of every pool. */
  async verify(): Promise<void> {
    const ids = this.inspected();
    const values = await this.check(
      ids,
      [
        this.view("totalPrincipal"),
        this.view("unswept"),
        this.view("places", 0n),
        this.view("places", 1n),
        this.view("coreOpen"),
        this.view("genesisPlaces"),
        ...ids.map((id) => this.view("principalOf", id)),
        ...ids.map((id) => this.view("withdrawableAt", id)),
      ],
      0n,
    );
    const held = (node: Node): bigint => (node.state <= STATE.released ? PRICE[node.kind] : 0n);
    // 1: the BNB that is here is spoken for
    expect(values[0]).to.equal(this.principal);
    expect(values[0]).to.equal(this.nodes.reduce((total, node) => total + held(node), 0n));
    expect(values[1]).to.equal(this.unswept);
    const balance = BigInt((await network.provider.send("eth_getBalance", [this.address, "latest"])) as string);
    expect(balance).to.equal(this.principal + this.unswept + this.forced);
    // 8: places
    const taken = (which: 0 | 1): number =>
      this.nodes.filter((node) => node.kind === which && node.state === STATE.held).length;
    expect([values[2], values[3]]).to.deep.equal([BigInt(taken(0)), BigInt(taken(1))]);
    expect(taken(0)).to.be.at.most(CELLULAR_CAP);
    expect(taken(1) + this.kept.size).to.be.at.most(CORE_CAP);
    expect(values[4]).to.equal(this.coreOpen ? 1n : 0n);
    expect(values[5]).to.equal(BigInt(this.kept.size));
    // 9: what each holds, and until when
    ids.forEach((id, index) => {
      const node = this.nodes[id - 1]!;
      expect(values[6 + index]).to.equal(held(node));
      expect(values[6 + ids.length + index]).to.equal(this.freeAt(node));
    });
  }

  protected openIds(): readonly number[] {
    return this.nodes.filter((node) => node.state <= STATE.released || !node.claimed).map(({ id }) => id);
  }

  protected isClaimed(id: number): boolean {
    return this.nodes[id - 1]!.claimed;
  }

  protected deadlines(): readonly bigint[] {
    const open = this.nodes.filter((node) => node.state <= STATE.released);
    return open.flatMap((node) => [node.end, this.freeAt(node), this.freeAt(node) + IDLE]);
  }

  private freeAt(node: Node): bigint {
    const bond = this.bonds.get(node.owner);
    return bond?.node === node.id && bond.until > node.end ? bond.until : node.end;
  }

  /** Mostly one that still has something. */
  private async onNode(operation: (node: Node) => Promise<void>): Promise<void> {
    const open = this.openIds();
    if (this.nodes.length === 0) return this.pledge();
    const ended = open.filter((id) => this.nodes[id - 1]!.end <= this.clock);
    const from = this.below(10);
    const id =
      from < 6 && ended.length > 0 ? this.one(ended) : from < 9 && open.length > 0 ? this.one(open) : undefined;
    return operation(id === undefined ? this.one(this.nodes) : this.nodes[id - 1]!);
  }

  private ownerOr(node: Node): Player {
    return this.below(15) === 0 ? this.one(this.players) : node.owner;
  }

  private add(owner: Player, kind: 0 | 1): void {
    const id = this.nodes.length + 1;
    this.nodes.push({ id, owner, kind, end: this.clock + LOCK, state: STATE.held, claimed: false });
    this.exact.open(id, PRICE[kind], this.clock + LOCK);
  }

  private async pledge(): Promise<void> {
    const owner = this.one(this.players);
    const kind = this.below(2) as 0 | 1;
    const value = this.below(20) === 0 ? PRICE[1 - kind]! : PRICE[kind];
    const minEnd = this.below(8) === 0 ? this.exact.emissionEnd + BigInt(this.below(2)) : 0n;
    let expected: string | undefined;
    if (value !== PRICE[kind]) expected = "WrongPledge";
    else if (this.exact.emissionEnd < minEnd) expected = "EmissionEndsTooEarly";
    else if (kind === 0) expected = this.places[0] >= CELLULAR_CAP ? "NoPlaceLeft" : undefined;
    else if (this.kept.has(owner)) expected = undefined;
    else if (!this.coreOpen) expected = "CoreNotOpen";
    else if (this.places[1] + this.kept.size >= CORE_CAP) expected = "NoPlaceLeft";
    if (!(await this.operate("pledge", owner, [kind, minEnd], expected, value))) return;
    this.advance();
    this.add(owner, kind);
    if (kind === 1) this.kept.delete(owner);
    this.places[kind] += 1;
    this.principal += value;
    if (this.places[0] === CELLULAR_CAP) this.coreOpen = true;
  }

  private async claim(node: Node): Promise<void> {
    const caller = this.ownerOr(node);
    const receiver = zeroPadValue(ethers.toBeHex(0x10_000 + ++this.receivers), 20);
    let expected: string | undefined;
    if (caller !== node.owner) expected = "NotPositionOwner";
    else if (this.clock < node.end) expected = "NotEnded";
    else if (node.claimed || this.rewardAtEnd(node) === 0n) expected = "NothingToClaim";
    const walks = this.exact.positions.get(node.id)!.to === 0n;
    if (!(await this.operate("claim", caller, [node.id, receiver], expected))) return;
    if (walks) this.advance();
    node.claimed = true;
    await this.claimed(node.id, receiver);
  }

  /** What it will have earned once its turn has come. */
  private rewardAtEnd(node: Node): bigint {
    const future = this.exact.copy();
    if (future.positions.get(node.id)!.to === 0n) future.advance(this.clock);
    return future.reward(node.id).exact;
  }

  private async withdraw(node: Node): Promise<void> {
    const caller = this.ownerOr(node);
    const to = this.below(20) === 0 ? ZeroAddress : zeroPadValue(ethers.toBeHex(0x20_000 + ++this.receivers), 20);
    let expected: string | undefined;
    if (caller !== node.owner) expected = "NotPositionOwner";
    else if (to === ZeroAddress) expected = "ZeroReceiver";
    else if (node.state > STATE.released) expected = "PrincipalGone";
    else if (this.clock < this.freeAt(node)) expected = "NodeLocked";
    if (!(await this.operate("withdraw", caller, [node.id, to], expected))) return;
    expect(await ethers.provider.getBalance(to)).to.equal(PRICE[node.kind]);
    this.take(node, STATE.withdrawn);
  }

  private take(node: Node, state: bigint): void {
    if (node.state === STATE.held) this.places[node.kind] -= 1;
    node.state = state;
    this.principal -= PRICE[node.kind];
  }

  private async repledge(node: Node): Promise<void> {
    const caller = this.ownerOr(node);
    const minEnd = this.below(8) === 0 ? this.exact.emissionEnd + BigInt(this.below(2)) : 0n;
    let expected: string | undefined;
    if (caller !== node.owner) expected = "NotPositionOwner";
    else if (this.clock < node.end) expected = "NotEnded";
    else if (node.state !== STATE.held) expected = "WrongNodeState";
    else if (this.exact.emissionEnd < minEnd) expected = "EmissionEndsTooEarly";
    if (!(await this.operate("repledge", caller, [node.id, minEnd], expected))) return;
    this.advance();
    node.state = STATE.renewed;
    this.add(node.owner, node.kind);
    const bond = this.bonds.get(node.owner);
    if (bond?.node === node.id) bond.node = this.nodes.length;
  }

  private async release(node: Node): Promise<void> {
    let expected: string | undefined;
    if (node.state !== STATE.held) expected = "WrongNodeState";
    else if (this.clock < this.freeAt(node) + IDLE) expected = "NotIdle";
    if (!(await this.operate("release", this.one(this.players), [node.id], expected))) return;
    node.state = STATE.released;
    this.places[node.kind] -= 1;
  }

  private async bind(node: Node): Promise<void> {
    const operator = this.ownerOr(node);
    const bond = this.bonds.get(operator);
    let expected: string | undefined;
    if (operator !== node.owner) expected = "NotPositionOwner";
    else if (node.kind !== 1) expected = "NotCore";
    else if (node.state !== STATE.held) expected = "WrongNodeState";
    else if (bond?.until === FOREVER) expected = "NodeStillBound";
    else if (bond !== undefined && bond.node !== node.id && bond.until > this.clock) expected = "NodeStillBound";
    if (!(await this.operate("bind", this.registry, [operator.address, node.id], expected))) return;
    this.bonds.set(operator, { node: node.id, until: FOREVER });
  }

  private bonded(): Player {
    return this.bonds.size > 0 && this.below(5) > 0 ? this.one([...this.bonds.keys()]) : this.one(this.players);
  }

  private async unbind(): Promise<void> {
    const operator = this.bonded();
    const bond = this.bonds.get(operator);
    const expected = bond?.until === FOREVER ? undefined : "NotBound";
    if (await this.operate("unbind", this.registry, [operator.address], expected)) bond!.until = this.clock + BOND;
  }

  private async slash(): Promise<void> {
    const operator = this.bonded();
    const bond = this.bonds.get(operator);
    const node = bond === undefined ? undefined : this.nodes[bond.node - 1];
    const expected = node !== undefined && node.state <= STATE.released ? undefined : "NothingToSlash";
    if (!(await this.operate("slash", this.registry, [operator.address], expected))) return;
    if (this.clock < node!.end) {
      this.advance();
      this.exact.end(node!.id);
    }
    this.take(node!, STATE.slashed);
    this.unswept += PRICE[node!.kind];
    bond!.until = this.clock;
  }

  private async sweep(): Promise<void> {
    const expected = this.unswept === 0n ? "NothingToSweep" : undefined;
    if (!(await this.operate("sweepSlashed", this.one(this.players), [], expected))) return;
    this.swept += this.unswept;
    this.unswept = 0n;
    expect(await ethers.provider.getBalance(await this.pool.treasury())).to.equal(this.swept);
  }

  /** BNB comes in as from a block's reward or a destroyed contract: nothing is called. */
  private async force(): Promise<void> {
    const extra = BigInt(1 + this.below(1_000_000));
    await setBalance(this.address, (await ethers.provider.getBalance(this.address)) + extra);
    this.forced += extra;
  }
}

describe("NodeStaking: model", function () {
  this.timeout(900_000);

  it(`agrees with exact fractions through ${OPERATIONS} random operations`, async () => {
    const fixture = await deployNodes({ cellularCap: CELLULAR_CAP, coreCap: CORE_CAP });
    const of = async (account: { getAddress(): Promise<string> }): Promise<Player> => ({
      address: await account.getAddress(),
    });
    const genesis = await Promise.all(fixture.operators.map(of));
    const others = await Promise.all([fixture.alice, fixture.bob, fixture.carol].map(of));
    const run = new NodeRun([...genesis, ...others], genesis, await of(fixture.registry), SEED);
    await run.prepare(fixture, fixture.pool);
    for (let index = 0; index < OPERATIONS; index++) {
      await run.step();
      await run.verify();
    }
    const wanted = [
      "pledge",
      "pledge: NoPlaceLeft",
      "pledge: CoreNotOpen",
      "claim",
      "claim: NotEnded",
      "claim: NothingToClaim",
      "withdraw",
      "withdraw: NodeLocked",
      "withdraw: PrincipalGone",
      "repledge",
      "repledge: WrongNodeState",
      "release",
      "release: NotIdle",
      "bind",
      "bind: NodeStillBound",
      "unbind",
      "slash",
      "sweepSlashed",
      "fund",
      "fund: RateTooLow",
      "poke",
    ];
    expect(wanted.filter((label) => !run.seen.has(label))).to.deep.equal([]);
  });
});
