import { expect } from "chai";
import { Wallet, ZeroAddress, id } from "ethers";
import { cautionsOf, liveParameters, validateParameters, type DeploymentParameters } from "../../deploy/parameters";
import { refusalOf } from "../support/refusal";

const account = (name: string): string => new Wallet(id(name)).address;
const DEV = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const DEPLOYER = account("deployer");
const OPERATORS = ["a", "b", "c", "d"].map(account);
const HOME = {
  MULTISIG: account("multisig"),
  GUARDIAN: account("guardian"),
  GENESIS_OPERATORS: OPERATORS.join(","),
  CONTRIBUTORS: account("contributors"),
  ADVISORS: account("advisors"),
  INVESTORS: account("investors"),
  COS_START: "1800000000",
};
const BUSINESS = {
  MULTISIG: HOME.MULTISIG,
  GUARDIAN: HOME.GUARDIAN,
  GENESIS_EPOCH: "1",
  GENESIS_VALID_UNTIL: "1900000000",
  GENESIS_SIGNERS: OPERATORS.join(","),
};

function parameters(change: Readonly<Record<string, string>> = {}, network = "bscTestnet"): DeploymentParameters {
  const base = network === "custom" ? BUSINESS : HOME;
  const read = liveParameters(network, network === "custom" ? 5_611n : 97n, { ...base, ...change });
  validateParameters(read, DEPLOYER);
  return read;
}

describe("deployment parameters of a live network", () => {
  it("come from the environment", () => {
    const home = parameters({ LANES: `56:${DEV}` });
    expect(home.multisig).to.equal(HOME.MULTISIG);
    expect(home.registry?.genesisOperators).to.deep.equal(OPERATORS);
    expect(home.registry?.treasury).to.equal(HOME.MULTISIG);
    expect(home.genesis.epoch).to.equal(0n);
    expect(home.lanes.map(({ chainId, gateway }) => [chainId, gateway])).to.deep.equal([[56n, DEV]]);
  });

  it("call for caution where no operator of the first set could be spared", () => {
    expect(cautionsOf(parameters())).to.have.lengthOf(1);
    expect(cautionsOf(parameters({ GENESIS_OPERATORS: [...OPERATORS, account("e")].join(",") }))).to.deep.equal([]);
    expect(cautionsOf({ ...parameters(), live: false })).to.deep.equal([]);
    expect(cautionsOf(parameters({}, "custom"))).to.deep.equal([]);
  });

  it("take the fees of the lanes, and a delivery's cost otherwise", () => {
    const fees = (change: Readonly<Record<string, string>>) =>
      parameters({ LANES: `56:${DEV}`, ...change }).lanes[0]?.fees;
    expect(fees({})).to.deep.equal({ base: 10_000_000n, perGas: 100n, perByte: 6_400n });
    expect(fees({ LANE_FEES: "1:2:3" })).to.deep.equal({ base: 1n, perGas: 2n, perByte: 3n });
  });

  it("make a custom network a business chain with ascending signers", () => {
    const business = parameters({}, "custom");
    expect(business.registry).to.equal(undefined);
    const signers = business.genesis.signers.map(BigInt);
    expect(signers).to.deep.equal([...signers].sort((a, b) => (a < b ? -1 : 1)));
  });

  it("take vesting schedules in days, and the usual ones otherwise", () => {
    const { token } = parameters({ ADVISORS_VESTING: "30:60" });
    const start = 1_800_000_000n;
    const day = 86_400n;
    expect(token?.vesting).to.deep.equal({
      contributors: { beneficiary: HOME.CONTRIBUTORS, start, cliff: 365n * day, duration: 1_460n * day },
      advisors: { beneficiary: HOME.ADVISORS, start, cliff: 30n * day, duration: 60n * day },
      investors: { beneficiary: HOME.INVESTORS, start, cliff: 180n * day, duration: 730n * day },
    });
    expect(parameters({}, "custom").token).to.equal(undefined);
  });

  it("take the release budget in whole COS, and the usual one otherwise", () => {
    const usual = { budget: 250_000_000n * 10n ** 18n, start: 1_800_000_000n };
    expect(parameters().token?.release).to.deep.equal(usual);
    const other = parameters({ RELEASE_BUDGET: "5", RELEASE_START: "1810000000" });
    expect(other.token?.release).to.deep.equal({ budget: 5n * 10n ** 18n, start: 1_810_000_000n });
  });

  it("take pledges of 100 COS for up to two years, on the home chain", () => {
    const day = 86_400n;
    expect(parameters({}).pledges).to.deep.equal({
      minimum: 100n * 10n ** 18n,
      cooldownSeconds: 7n * day,
      termSeconds: [0n, 90n * day, 180n * day, 365n * day, 730n * day],
    });
    expect(parameters({}, "custom").pledges).to.equal(undefined);
  });

  it("give the nodes six tenths of what stakers get, or what the environment says", () => {
    expect(parameters({}).revenue).to.deep.equal({ treasury: HOME.MULTISIG, nodeShareBps: 6_000n, tokens: [] });
    const change = { TREASURY: HOME.GUARDIAN, NODE_SHARE_BPS: "10000", REVENUE_TOKENS: HOME.ADVISORS };
    expect(parameters(change).revenue).to.deep.equal({
      treasury: HOME.GUARDIAN,
      nodeShareBps: 10_000n,
      tokens: [HOME.ADVISORS],
    });
    expect(parameters({}, "custom").revenue).to.equal(undefined);
  });

  it("divide what games earn as the environment says, by the usual shares otherwise", () => {
    const usual = { developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n, marketFeeBps: 250n, samples: [] };
    expect(parameters({}).games).to.deep.equal(usual);
    expect(parameters({ GAME_SHARES: "6000:4000:0" }).games).to.deep.equal({
      ...usual,
      developerBps: 6_000n,
      stakersBps: 4_000n,
      treasuryBps: 0n,
    });
    expect(parameters({ MARKET_FEE_BPS: "1000" }).games).to.deep.equal({ ...usual, marketFeeBps: 1_000n });
    expect(parameters({ MARKET_FEE_BPS: "0" }).games).to.deep.equal({ ...usual, marketFeeBps: 0n });
    expect(parameters({}, "custom").games).to.equal(undefined);
  });

  it("put 100 BNB behind whoever posts batches, which are final after a week, or what the environment says", () => {
    const usual = {
      bond: 100n * 10n ** 18n,
      challengeSeconds: 7n * 86_400n,
      openSeconds: 86_400n,
      entryPrice: 100_000_000n,
      sequencer: undefined,
      repaid: HOME.MULTISIG,
      weiPerBatch: 330_000_000_000_000n,
    };
    expect(parameters({}).rollup).to.deep.equal(usual);
    const sequencer = account("sequencer");
    expect(parameters({ SEQUENCER: sequencer }).rollup).to.deep.equal({ ...usual, sequencer, repaid: sequencer });
    const change = { SEQUENCER: sequencer, SEQUENCER_BOND: "5", CHALLENGE_DAYS: "10", ENTRY_PRICE: "7" };
    expect(parameters({ ...change, POSTING_REPAYMENT: "8", POSTING_RECEIVER: HOME.ADVISORS }).rollup).to.deep.equal({
      ...usual,
      bond: 5n * 10n ** 18n,
      challengeSeconds: 10n * 86_400n,
      entryPrice: 7n,
      sequencer,
      repaid: HOME.ADVISORS,
      weiPerBatch: 8n,
    });
    expect(parameters({}, "custom").rollup).to.equal(undefined);
  });

  it("pay what is slashed to the treasury and the community's part to the community, the multisig by default", () => {
    const day = 86_400n;
    expect(parameters({}).delegation).to.deep.equal({
      treasury: HOME.MULTISIG,
      community: HOME.MULTISIG,
      epochSeconds: day,
    });
    const named = { TREASURY: account("treasury"), COMMUNITY: account("community") };
    expect(parameters(named).delegation).to.deep.equal({
      treasury: named.TREASURY,
      community: named.COMMUNITY,
      epochSeconds: day,
    });
    expect(parameters({}, "custom").delegation).to.equal(undefined);
  });

  const refused: readonly (readonly [string, string, Readonly<Record<string, string>>, string?])[] = [
    ["a missing multisig", "MULTISIG", { MULTISIG: "" }],
    ["a zero multisig", "MULTISIG", { MULTISIG: ZeroAddress }],
    ["a malformed multisig", "MULTISIG", { MULTISIG: "0x1234" }],
    ["a well-known multisig", "MULTISIG", { MULTISIG: DEV }],
    ["the deployer as multisig", "MULTISIG", { MULTISIG: DEPLOYER }],
    ["a missing guardian", "GUARDIAN", { GUARDIAN: "" }],
    ["a well-known guardian", "GUARDIAN", { GUARDIAN: DEV }],
    ["fewer than four signers", "MIN_SIGNERS", { MIN_SIGNERS: "3" }],
    ["a number of signers that is none", "MIN_SIGNERS", { MIN_SIGNERS: "four" }],
    ["missing operators", "GENESIS_OPERATORS", { GENESIS_OPERATORS: "" }],
    ["too few operators", "GENESIS_OPERATORS", { GENESIS_OPERATORS: OPERATORS.slice(1).join(",") }],
    ["a repeated operator", "GENESIS_OPERATORS", { GENESIS_OPERATORS: [...OPERATORS, OPERATORS[0]].join(",") }],
    ["a well-known operator", "GENESIS_OPERATORS", { GENESIS_OPERATORS: [...OPERATORS, DEV].join(",") }],
    ["the deployer as treasury", "TREASURY", { TREASURY: DEPLOYER }],
    ["a zero community", "COMMUNITY", { COMMUNITY: ZeroAddress }],
    ["the deployer as community", "COMMUNITY", { COMMUNITY: DEPLOYER }],
    ["a well-known treasury", "TREASURY", { TREASURY: DEV }],
    ["a well-known community", "COMMUNITY", { COMMUNITY: DEV }],
    ["missing contributors", "CONTRIBUTORS", { CONTRIBUTORS: "" }],
    ["the deployer as advisor", "ADVISORS", { ADVISORS: DEPLOYER }],
    ["a well-known investor", "INVESTORS", { INVESTORS: DEV }],
    ["a budget beyond the vault", "RELEASE_BUDGET", { RELEASE_BUDGET: "500000001" }],
    ["a release from milliseconds on", "RELEASE_START", { RELEASE_START: "1810000000000" }],
    ["a release from before there was any", "RELEASE_START", { RELEASE_START: "1577836799" }],
    ["a missing start", "COS_START", { COS_START: "" }],
    ["a start in milliseconds", "COS_START", { COS_START: "1800000000000" }],
    ["a malformed schedule", "ADVISORS_VESTING", { ADVISORS_VESTING: "180" }],
    ["a cliff behind the end", "INVESTORS_VESTING", { INVESTORS_VESTING: "31:30" }],
    ["a schedule without days", "INVESTORS_VESTING", { INVESTORS_VESTING: "0:0" }],
    ["shares of games that are no three", "GAME_SHARES", { GAME_SHARES: "7000:3000" }],
    ["shares of games that are no numbers", "GAME_SHARES", { GAME_SHARES: "7000:2000:rest" }],
    ["shares of games that are not whole", "GAME_SHARES", { GAME_SHARES: "7000:2000:999" }],
    ["a market's fee that is no number", "MARKET_FEE_BPS", { MARKET_FEE_BPS: "2.5" }],
    ["a market's fee above the bound", "MARKET_FEE_BPS", { MARKET_FEE_BPS: "1001" }],
    ["no bond of a sequencer", "SEQUENCER_BOND", { SEQUENCER_BOND: "0" }],
    ["no time to prove a batch false", "CHALLENGE_DAYS", { CHALLENGE_DAYS: "0" }],
    ["entries that nobody could pay", "ENTRY_PRICE", { ENTRY_PRICE: "1000000001" }],
    ["a repayment beyond what posting costs", "POSTING_REPAYMENT", { POSTING_REPAYMENT: "100000000000000001" }],
    ["the deployer as sequencer", "SEQUENCER", { SEQUENCER: DEPLOYER }],
    ["a well-known sequencer", "SEQUENCER", { SEQUENCER: DEV }],
    ["the deployer as receiver of the repayment", "POSTING_RECEIVER", { POSTING_RECEIVER: DEPLOYER }],
    ["a malformed lane", "LANES", { LANES: "56" }],
    ["malformed fees", "LANE_FEES", { LANES: `56:${DEV}`, LANE_FEES: "1:2" }],
    ["fees that are no numbers", "LANE_FEES", { LANES: `56:${DEV}`, LANE_FEES: "1:2:x" }],
    ["fees that do not fit", "LANE_FEES", { LANES: `56:${DEV}`, LANE_FEES: "1:4294967296:3" }],
    ["a lane to itself", "LANES", { LANES: `97:${DEV}` }],
    ["a home that is neither true nor false", "HOME_CHAIN", { HOME_CHAIN: "yes" }],
    ["a missing first epoch", "GENESIS_EPOCH", { GENESIS_EPOCH: "" }, "custom"],
    ["epoch 0", "GENESIS_EPOCH", { GENESIS_EPOCH: "0" }, "custom"],
    ["missing signers", "GENESIS_SIGNERS", { GENESIS_SIGNERS: "" }, "custom"],
    ["too few signers", "GENESIS_SIGNERS", { GENESIS_SIGNERS: OPERATORS.slice(1).join(",") }, "custom"],
    ["a well-known signer", "GENESIS_SIGNERS", { GENESIS_SIGNERS: [...OPERATORS, DEV].join(",") }, "custom"],
  ];
  for (const [what, key, change, network] of refused) {
    it(`refuse ${what} and name ${key}`, () => {
      expect(refusalOf(() => parameters(change, network)).key).to.equal(key);
    });
  }

  it("refuse a well-known deployer and name DEPLOYER_KEY", () => {
    const read = liveParameters("bscTestnet", 97n, HOME);
    expect(refusalOf(() => validateParameters(read, DEV)).key).to.equal("DEPLOYER_KEY");
  });
});
