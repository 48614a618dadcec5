import { expect } from "chai";
import { ZeroHash, id } from "ethers";
import type { LaneEnds } from "../../../protocol/hashChain";
import { headerDigest, type Header } from "../../../protocol/header";
import type { CassiniEvent } from "../../../relayer/cassini/events";
import { LivenessKeeper } from "../../../relayer/cassini/liveness";
import { LIVENESS } from "../../../relayer/cassini/livenessInterface";
import { SignerSets } from "../../../relayer/cassini/signerSets";
import { FakeHome, HandClock } from "./support/fakeHome";
import { Operator, attestationSigner, epochOf, walletOf } from "./support/operators";

const NAMES = ["alice", "bob", "carol", "dave"];
const STAGGER = 1_000;
const LIVENESS_ADDRESS = "0x00000000000000000000000000000000000011fe";
const LANE: LaneEnds = {
  sourceChainId: 31_337n,
  sourceGateway: "0x00000000000000000000000000000000000a11ce",
  targetChainId: 31_338n,
  targetGateway: "0x0000000000000000000000000000000000000b0b",
};
const TARGET = { chainId: LANE.targetChainId, gateway: LANE.targetGateway };
const EPOCH = epochOf(7n, NAMES);

const headerOf = (sourceBlock: bigint, epoch = 7n): Header => ({
  source: LANE.sourceChainId,
  sourceBlock,
  epoch,
  toSeq: sourceBlock,
  acc: id(`acc ${sourceBlock}`),
  ackSeq: 0n,
  resAcc: ZeroHash,
});

/** Bits of these members in the ascending set. */
const bitsOf = (names: readonly string[]): bigint =>
  names.reduce((bits, name) => bits | (1n << BigInt(EPOCH.signers.indexOf(walletOf(name).address))), 0n);

describe("the relayer's part in liveness", () => {
  let home: FakeHome;
  let clock: HandClock;
  let operators: Map<string, Operator>;
  let events: CassiniEvent[];

  beforeEach(() => {
    home = new FakeHome(EPOCH);
    clock = new HandClock();
    operators = new Map();
    events = [];
  });

  afterEach(async () => {
    for (const operator of operators.values()) await operator.close();
  });

  /** An operator's store that knows these signatures of a header. */
  async function know(name: string, header: Header, signers: readonly string[]): Promise<void> {
    const operator = operators.get(name) ?? new Operator(name);
    operators.set(name, operator);
    const store = await operator.open();
    for (const signer of signers) await store.attestations.sign(LANE, header, attestationSigner(signer));
  }

  async function keeperOf(name: string): Promise<LivenessKeeper> {
    const operator = operators.get(name) ?? new Operator(name);
    operators.set(name, operator);
    const { address } = walletOf(name);
    const authority = { chainId: 31_337n, gateway: LANE.sourceGateway, liveness: LIVENESS_ADDRESS };
    return new LivenessKeeper(authority, [LANE], {
      reader: home,
      sender: home.sender(address),
      store: await operator.open(),
      sets: new SignerSets(new Map([[31_337n, home]]), clock),
      clock,
      emit: (event) => events.push(event),
      operator: address,
      signer: address,
      staggerMs: STAGGER,
    });
  }

  const keepers = (names: readonly string[] = NAMES): Promise<LivenessKeeper[]> => Promise.all(names.map(keeperOf));

  /** One step of each, one after the other, now and after each turn of as many as there are, and one more. */
  async function turns(all: readonly LivenessKeeper[]): Promise<void> {
    for (let turn = 0; turn <= NAMES.length; turn++) {
      for (const keeper of all) await keeper.step(AbortSignal.timeout(240_000));
      clock.time += STAGGER;
    }
  }

  const opens = (): void => {
    home.apply = ({ name, args }) => {
      if (name === "openSample") {
        const digest = headerDigest(headerOf(BigInt((args[1] as Header).sourceBlock)), TARGET);
        home.samples.set(home.slot, { digest, epoch: 7n, signed: args[2] as bigint });
      }
      return true;
    };
  };

  /** The present slot has a sample of this header that these have signed. */
  const sampled = (header: Header, names: readonly string[]): void => {
    home.samples.set(home.slot, { digest: headerDigest(header, TARGET), epoch: 7n, signed: bitsOf(names) });
  };

  const names = (): readonly string[] => home.sent.map(({ name }) => name);

  describe("opening a sample", () => {
    const refused: readonly (readonly [string, Header, readonly string[]])[] = [
      ["that less than a quorum signed", headerOf(990n), ["alice", "bob"]],
      ["that is too old to be sure of", headerOf(808n), NAMES],
      ["not newer than the last sample's", headerOf(900n), NAMES],
      ["of an epoch before the current one", headerOf(990n, 6n), NAMES],
    ];
    for (const [what, header, signers] of refused) {
      it(`never takes a header ${what}`, async () => {
        home.lastSampledBlock = what.includes("last sample") ? 900n : 0n;
        await know("alice", header, signers);
        await turns(await keepers(["alice"]));
        expect(names()).to.deep.equal([]);
      });
    }

    it("takes the header that most signed, with all their signatures, the newest of equals", async () => {
      await know("alice", headerOf(809n), NAMES);
      await know("alice", headerOf(900n), NAMES);
      await know("alice", headerOf(990n), ["alice", "bob", "carol"]);
      await turns(await keepers(["alice"]));
      expect(names()).to.deep.equal(["openSample"]);
      const [target, header, signers, signatures] = home.sent[0]?.args as [bigint, Header, bigint, string];
      expect([target, header.sourceBlock, signers]).to.deep.equal([31_338n, 900n, 15n]);
      expect((signatures.length - 2) / 128).to.equal(4);
      expect(events.map(({ kind }) => kind)).to.deep.equal(["liveness_called"]);
    });

    it("is done by one of them, whoever has its turn", async () => {
      opens();
      for (const name of NAMES) await know(name, headerOf(990n), NAMES);
      await turns(await keepers());
      expect(names()).to.deep.equal(["openSample"]);
    });

    it("falls to the next in line where the one before does not", async () => {
      for (const name of NAMES) await know(name, headerOf(990n), NAMES);
      const all = await keepers();
      for (let turn = 1; turn <= NAMES.length; turn++) {
        for (const keeper of all) await keeper.step(AbortSignal.timeout(240_000));
        expect(new Set(home.sent.map(({ from }) => from)).size).to.equal(turn);
        clock.time += STAGGER;
      }
      expect(home.sent).to.have.length(NAMES.length);
    });

    it("waits one turn longer for a signature that is missing", async () => {
      for (const name of NAMES) await know(name, headerOf(990n), ["alice", "bob", "carol"]);
      const all = await keepers();
      const step = async (): Promise<void> => {
        for (const keeper of all) await keeper.step(AbortSignal.timeout(240_000));
      };
      await step();
      expect(names()).to.deep.equal([]);
      clock.time += STAGGER;
      await step();
      expect(home.sent.map(({ args }) => args[2])).to.deep.equal([bitsOf(["alice", "bob", "carol"])]);
    });

    it("is tried again after a restart only where the chain does not show it", async () => {
      await know("alice", headerOf(990n), NAMES);
      await turns(await keepers(["alice"]));
      sampled(headerOf(990n), NAMES);
      await turns(await keepers(["alice"]));
      expect(names()).to.deep.equal(["openSample"]);
    });
  });

  describe("adding a signature", () => {
    it("adds nothing for one whose signature is shown, or that did not sign, or has no seat", async () => {
      sampled(headerOf(990n), ["alice", "bob", "carol"]);
      await know("alice", headerOf(990n), NAMES);
      await know("dave", headerOf(990n), ["alice", "bob", "carol"]);
      await know("eve", headerOf(990n), NAMES);
      await turns(await keepers(["alice", "dave", "eve"]));
      expect(names()).to.deep.equal([]);
    });

    it("adds its own with all others that are missing, once", async () => {
      sampled(headerOf(990n), ["alice", "bob"]);
      await know("dave", headerOf(990n), NAMES);
      await turns(await keepers(["dave"]));
      expect(home.sent.map(({ name, args }) => [name, args[0], args[1]])).to.deep.equal([
        ["addSignatures", 13n, bitsOf(["carol", "dave"])],
      ]);
      expect(((home.sent[0]?.args[2] as string).length - 2) / 128).to.equal(2);
    });

    it("leaves it where another added it before its turn", async () => {
      sampled(headerOf(990n), ["alice", "bob"]);
      home.apply = () => {
        sampled(headerOf(990n), NAMES);
        return true;
      };
      for (const name of NAMES) await know(name, headerOf(990n), NAMES);
      await turns(await keepers());
      expect(names()).to.deep.equal(["addSignatures"]);
    });

    it("adds to an earlier slot of the open period, never to one of a closed period", async () => {
      for (const slot of [11n, 12n]) {
        const digest = headerDigest(headerOf(980n + slot), TARGET);
        home.samples.set(slot, { digest, epoch: 7n, signed: bitsOf(["alice", "bob", "carol"]) });
        await know("dave", headerOf(980n + slot), ["dave"]);
      }
      await turns(await keepers(["dave"]));
      expect(home.sent.map(({ args }) => args[0])).to.deep.equal([12n]);
    });
  });

  describe("closing a period", () => {
    it("waits for its time", async () => {
      await turns(await keepers());
      expect(names()).to.deep.equal([]);
    });

    for (const by of ["its own clock", "the chain's"]) {
      it(`is done by one of them, by ${by}`, async () => {
        home.closableAt = by === "the chain's" ? 2_000n : 1_000n;
        home.timestamp = by === "the chain's" ? 2_000n : 0n;
        home.apply = () => {
          home.period += 1n;
          home.closableAt += 1_000_000n;
          return true;
        };
        await turns(await keepers());
        expect(names()).to.deep.equal(["closePeriod"]);
        expect(events).to.have.length(1);
        expect(events[0]).to.include({ kind: "liveness_called", call: "closePeriod", subject: 2n });
      });
    }

    it("sends nothing and says nothing where it would come too late or too early", async () => {
      home.closableAt = 0n;
      for (const [error, args] of [
        ["PeriodStillOpen", [2n, 1n, 2n]],
        ["PeriodAlreadyClosed", [2n, 3n]],
      ] as const) {
        home.refusal = LIVENESS.encodeErrorResult(error, args);
        await turns(await keepers());
      }
      expect([names(), events]).to.deep.equal([[], []]);
    });

    it("says once why it is refused", async () => {
      home.closableAt = 0n;
      home.refusal = "0x12345678";
      await turns(await keepers(["alice"]));
      expect(events).to.have.length(1);
      expect(events[0]).to.include({ kind: "liveness_refused", call: "closePeriod", reason: "0x12345678" });
    });

    it("spends at most four transactions in a slot, none of them twice, whatever fails", async () => {
      home.closableAt = 0n;
      home.apply = () => {
        home.period += 1n;
        return home.period % 2n === 0n;
      };
      const all = await keepers(["alice"]);
      for (let round = 0; round < 3; round++) await turns(all);
      expect(names()).to.deep.equal(Array(4).fill("closePeriod"));
      home.slot += 1n;
      for (let round = 0; round < 3; round++) await turns(all);
      expect(names()).to.deep.equal(Array(8).fill("closePeriod"));
    });

    it("does not send again what failed in this slot", async () => {
      home.closableAt = 0n;
      home.apply = () => false;
      const all = await keepers(["alice"]);
      for (let round = 0; round < 3; round++) await turns(all);
      expect(names()).to.deep.equal(["closePeriod"]);
      expect(events).to.deep.equal([]);
    });
  });
});
