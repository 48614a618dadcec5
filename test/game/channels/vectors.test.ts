import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { TypedDataEncoder, concat, getAddress, hexlify, keccak256 } from "ethers";
import {
  CHANNEL_CLOSE_TYPES,
  CHANNEL_STATE_TYPES,
  channelDomain,
  channelId,
  closeDigest,
  stateDigest,
  stateHash,
  type Channel,
  type ChannelState,
} from "../../../protocol/channel";
import { roundResult } from "../../../protocol/roundResult";
import type { ChannelLibrariesMock } from "../../../typechain-types";
import { deployContract, given, struct } from "./support";

const FILE = join(__dirname, "../../vectors/channels.json");
const SEED = 20_261_121;

const uint = (bits: number): fc.Arbitrary<bigint> => {
  const most = (1n << BigInt(bits)) - 1n;
  return fc.oneof(fc.constantFrom(0n, 1n, most), fc.bigInt({ min: 0n, max: most }));
};
const bytesOf = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => hexlify(bytes));
const address = bytesOf(20).map((bytes) => getAddress(bytes));
const balances = fc.array(uint(256), { minLength: 2, maxLength: 16 });
const channel: fc.Arbitrary<Channel> = fc.record({
  gameId: uint(256),
  rules: address,
  token: address,
  participants: fc.array(fc.record({ account: address, signer: address, deposit: uint(128) }), { maxLength: 16 }),
  challengeSeconds: uint(32),
  lifeSeconds: uint(32),
  nonce: uint(256),
});
const venue = fc.record({ chainId: uint(64), channels: address });
const state: fc.Arbitrary<ChannelState> = fc.record({
  channelId: bytesOf(32),
  version: uint(64),
  stake: uint(256),
  balances,
  gameState: fc.uint8Array({ maxLength: 100 }).map((bytes) => hexlify(bytes)),
});
/** Balances, a stake that each has, and shares that sum to 10,000. */
const round = fc.integer({ min: 2, max: 16 }).chain((count) =>
  fc
    .record({
      stake: uint(64),
      above: fc.array(uint(64), { minLength: count, maxLength: count }),
      cuts: fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: count - 1, maxLength: count - 1 }),
    })
    .map(({ stake, above, cuts }) => {
      const ends = [...cuts.sort((a, b) => a - b), 10_000];
      return {
        stake,
        balances: above.map((each) => each + stake),
        shareBps: ends.map((end, index) => BigInt(end - (ends[index - 1] ?? 0))),
      };
    }),
);

type Json = string | readonly Json[] | { readonly [name: string]: Json };

/** Every bigint as a string, so that JSON keeps it. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  }
  return String(value);
}

const sample = <Value>(arbitrary: fc.Arbitrary<Value>): Value[] => fc.sample(arbitrary, { numRuns: 12, seed: SEED });

interface Case {
  readonly input: unknown;
  readonly output: Json;
}

const CASES = {
  channels: (): Case[] =>
    sample(fc.record({ channel, venue })).map((input) => ({ input, output: channelId(input.channel, input.venue) })),
  states: (): Case[] =>
    sample(fc.record({ state, venue })).map((input) => ({
      input,
      output: { hash: stateHash(input.state), digest: stateDigest(input.state, channelDomain(input.venue)) },
    })),
  closes: (): Case[] =>
    sample(fc.record({ channelId: bytesOf(32), balances, venue })).map((input) => ({
      input,
      output: closeDigest(input.channelId, input.balances, channelDomain(input.venue)),
    })),
  rounds: (): Case[] =>
    sample(round).map((input) => ({
      input,
      output: plain(roundResult(input.balances, input.stake, input.shareBps)),
    })),
};

const DOMAIN = { name: "StateChannels", version: "1" };

describe("Channel vectors", () => {
  let stored: unknown;
  let solidity: ChannelLibrariesMock;

  before(async () => {
    const made = plain(Object.fromEntries(Object.entries(CASES).map(([name, cases]) => [name, cases()])));
    if (process.env.UPDATE_VECTORS === "1") writeFileSync(FILE, `${JSON.stringify(made, null, 2)}\n`);
    stored = JSON.parse(readFileSync(FILE, "utf8"));
    solidity = await deployContract<ChannelLibrariesMock>("ChannelLibrariesMock");
  });

  it("are those that TypeScript makes", () => {
    for (const [name, cases] of Object.entries(CASES)) {
      expect((stored as Record<string, unknown>)[name], name).to.deep.equal(plain(cases()));
    }
  });

  it("of ids hold in Solidity", async () => {
    for (const input of sample(fc.record({ channel, venue }))) {
      const { chainId, channels } = input.venue;
      const expected = channelId(input.channel, input.venue);
      expect(await solidity.idOf(given(input.channel), chainId, channels)).to.equal(expected);
    }
  });

  it("of states hold in Solidity and in ethers' own encoder", async () => {
    for (const input of sample(fc.record({ state, venue }))) {
      const hash = stateHash(input.state);
      expect(await solidity.ofState(input.state.channelId, struct(input.state))).to.equal(hash);
      const domain = { ...DOMAIN, chainId: input.venue.chainId, verifyingContract: input.venue.channels };
      const digest = stateDigest(input.state, channelDomain(input.venue));
      expect(TypedDataEncoder.hash(domain, CHANNEL_STATE_TYPES, input.state)).to.equal(digest);
      expect(channelDomain(input.venue)).to.equal(TypedDataEncoder.hashDomain(domain));
    }
  });

  it("of closes hold in Solidity and in ethers' own encoder", async () => {
    for (const input of sample(fc.record({ channelId: bytesOf(32), balances, venue }))) {
      const separator = channelDomain(input.venue);
      const hash = await solidity.ofClose(input.channelId, input.balances);
      const digest = closeDigest(input.channelId, input.balances, separator);
      expect(keccak256(concat(["0x1901", separator, hash]))).to.equal(digest);
      const domain = { ...DOMAIN, chainId: input.venue.chainId, verifyingContract: input.venue.channels };
      expect(TypedDataEncoder.hash(domain, CHANNEL_CLOSE_TYPES, input)).to.equal(digest);
    }
  });

  it("of rounds hold in Solidity, and neither make nor lose a unit", async () => {
    for (const input of sample(round)) {
      const expected = roundResult(input.balances, input.stake, input.shareBps);
      expect(await solidity.settle(input.balances, input.stake, input.shareBps)).to.deep.equal(expected);
      const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
      expect(sum(expected)).to.equal(sum(input.balances));
    }
  });

  it("of rounds round down, the rest to the last", async () => {
    const input = { balances: [10n, 20n, 30n], stake: 10n, shareBps: [3_333n, 3_333n, 3_334n] };
    expect(roundResult(input.balances, input.stake, input.shareBps)).to.deep.equal([9n, 19n, 32n]);
    expect(await solidity.settle(input.balances, input.stake, input.shareBps)).to.deep.equal([9n, 19n, 32n]);
  });

  it("of rounds are refused by TypeScript where the shares do not divide the pot", () => {
    expect(() => roundResult([10n, 10n], 5n, [10_000n])).to.throw(RangeError);
    expect(() => roundResult([10n, 10n], 5n, [5_000n, 5_001n])).to.throw(RangeError);
  });
});
