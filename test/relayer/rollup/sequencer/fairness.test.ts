import { expect } from "chai";
import { Mempool, type Waiting } from "../../../../relayer/rollup/sequencer/mempool";
import { Quotas } from "../../../../relayer/rollup/sequencer/quotas";

interface Item extends Waiting {
  readonly name: string;
}

const item = (owner: string, name: string, change: Partial<Item> = {}): Item => ({
  ...{ owner, name, favoured: false, units: 1, bytesHeld: 10 },
  ...change,
});

const many = (owner: string, count: number, change: Partial<Item> = {}): readonly Item[] =>
  Array.from({ length: count }, (_, i) => item(owner, `${owner}${i}`, change));

const LIMITS = { transactions: 100, bytes: 100_000 };
const names = (items: readonly Item[]): readonly string[] => items.map(({ name }) => name);

describe("mempool", () => {
  it("serves owners by turns, each in its own order", () => {
    const pool = new Mempool<Item>(LIMITS);
    for (const each of [...many("flood", 50), ...many("a", 2), ...many("b", 2)]) pool.add(each);
    const taken = names(pool.take(12));
    for (const name of ["a0", "a1", "b0", "b1"]) expect(taken).to.include(name);
    expect(taken.filter((name) => name.startsWith("flood"))).to.deep.equal(names(many("flood", 8)));
    expect(pool.length).to.equal(42);
  });

  it("gives those who pay every other turn, however many owners do not", () => {
    const pool = new Mempool<Item>(LIMITS);
    for (let owner = 0; owner < 60; owner++) pool.add(item(`free${owner}`, `free${owner}`));
    for (const each of many("staked", 10, { favoured: true })) pool.add(each);
    const taken = names(pool.take(20));
    expect(taken.filter((name) => name.startsWith("staked"))).to.have.length(10);
  });

  it("drops the last one of the longest line that nobody paid for when it is full", () => {
    const pool = new Mempool<Item>({ transactions: 6, bytes: 100_000 });
    for (const each of [...many("staked", 3, { favoured: true }), ...many("flood", 3)]) pool.add(each);
    expect(names(pool.add(item("late", "late0")))).to.deep.equal(["flood2"]);
    expect(names(pool.add(item("staked", "staked3", { favoured: true })))).to.deep.equal(["flood1"]);
    expect(pool.length).to.equal(6);
  });

  it("holds no more bytes than it may", () => {
    const pool = new Mempool<Item>({ transactions: 100, bytes: 25 });
    pool.add(item("a", "a0"));
    pool.add(item("a", "a1"));
    expect(names(pool.add(item("b", "b0")))).to.deep.equal(["a1"]);
    expect(pool.bytes).to.equal(20);
  });
});

describe("quotas", () => {
  const clock = { time: 0, now: () => clock.time };
  const terms = { free: 1, perStakedCos: 2, most: 50, burstSeconds: 3, sponsored: new Map([[7n, 10]]) };

  it("lets an owner send what its stake gives, and again as time goes by", () => {
    clock.time = 0;
    const quotas = new Quotas(terms, clock);
    const stake = 4n * 10n ** 18n;
    expect(quotas.rateOf(stake)).to.equal(9);
    expect(quotas.rateOf(10n ** 24n)).to.equal(50);
    const sent = Array.from({ length: 40 }, () => quotas.take("a", stake, undefined, 1)).filter(Boolean);
    expect(sent).to.have.length(27);
    clock.time = 1_000;
    const later = Array.from({ length: 40 }, () => quotas.take("a", stake, undefined, 1)).filter(Boolean);
    expect(later).to.have.length(9);
  });

  it("uses up a sponsor's quota first, then the player's own", () => {
    clock.time = 0;
    const quotas = new Quotas(terms, clock);
    const paid = Array.from({ length: 34 }, () => quotas.take("a", 0n, 7n, 1));
    expect(paid.filter((by) => by === "sponsor")).to.have.length(30);
    expect(paid.filter((by) => by === "own")).to.have.length(3);
    expect(paid.at(-1)).to.equal(undefined);
    expect(quotas.take("b", 0n, 8n, 1)).to.equal("own");
  });

  it("gives nothing where the quota is zero", () => {
    const quotas = new Quotas({ ...terms, free: 0 }, clock);
    expect(quotas.take("a", 0n, undefined, 1)).to.equal(undefined);
  });
});
