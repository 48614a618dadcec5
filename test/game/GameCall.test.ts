import { loadFixture, setCode } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { concat, dataSlice, toBeHex, type Result } from "ethers";
import { ethers } from "hardhat";
import { OUTCOMES, STATES, TURNS, bytes, encodeOutcome, encodeState, word } from "./answers";
import type { GameCallMock, HostileGameMock } from "../../typechain-types";
import { IGame__factory } from "../../typechain-types";

const IGAME = IGame__factory.createInterface();
const STATE = "0x0102";
/** Where raw bytecode is put. */
const CODE_AT = "0x00000000000000000000000000000000000c0de0";
const BEHAVIOUR = { Revert: 1, BurnGas: 2, ReturnBomb: 3, RevertBomb: 4, Recurse: 5, Write: 6, Echo: 7 } as const;

interface Fixture {
  readonly call: GameCallMock;
  readonly rules: HostileGameMock;
}

async function deployed(): Promise<Fixture> {
  return { call: await ethers.deployContract("GameCallMock"), rules: await ethers.deployContract("HostileGameMock") };
}

async function answering(answer: string): Promise<Fixture> {
  const fixture = await loadFixture(deployed);
  await fixture.rules.setAnswer(answer);
  return fixture;
}

/** With the arrays in it as arrays. */
const plain = (result: unknown): unknown => (result as Result).toArray(true);

/** The answers of all five, as values. */
async function all({ call }: Fixture, rules: string): Promise<unknown[]> {
  return [
    await call.start(rules, "0x", 2),
    await call.play(rules, STATE, 0, "0x"),
    await call.turn(rules, STATE),
    await call.expire(rules, STATE),
    await call.outcome(rules, STATE, 2),
  ].map(plain);
}

const FAILURES = [
  [false, "0x"],
  [false, "0x"],
  [false, 0n],
  [false, "0x"],
  [false, false, []],
];

describe("GameCall", () => {
  for (const { title, answer, state } of STATES) {
    it(`${state === undefined ? "refuses" : "takes"} ${title}`, async () => {
      const { call, rules } = await answering(answer);
      const expected = state === undefined ? [false, "0x"] : [true, state];
      expect(await call.start(rules, "0x", 2)).to.deep.equal(expected);
      expect(await call.play(rules, STATE, 0, "0x")).to.deep.equal(expected);
      expect(await call.expire(rules, STATE)).to.deep.equal(expected);
    });
  }

  for (const { title, answer, player } of TURNS) {
    it(`${player === undefined ? "refuses" : "takes"} ${title} as the turn`, async () => {
      const { call, rules } = await answering(answer);
      expect(await call.turn(rules, STATE)).to.deep.equal(player === undefined ? [false, 0n] : [true, player]);
    });
  }

  for (const { title, answer, players, outcome } of OUTCOMES) {
    it(`${outcome === undefined ? "refuses" : "takes"} ${title} as the outcome`, async () => {
      const { call, rules } = await answering(answer);
      const expected = outcome === undefined ? [false, false, []] : [true, outcome.over, outcome.shareBps];
      expect(plain(await call.outcome(rules, STATE, players))).to.deep.equal(expected);
    });
  }

  for (const behaviour of ["Revert", "BurnGas", "ReturnBomb", "RevertBomb", "Write"] as const) {
    it(`takes rules that ${behaviour} for a failure`, async () => {
      const fixture = await answering(encodeState(bytes(5)));
      await fixture.rules.setBehaviour(BEHAVIOUR[behaviour]);
      expect(await all(fixture, await fixture.rules.getAddress())).to.deep.equal(FAILURES);
    });
  }

  it("takes an account without code for a failure", async () => {
    const fixture = await loadFixture(deployed);
    expect(await all(fixture, "0x00000000000000000000000000000000000e0a00")).to.deep.equal(FAILURES);
  });

  it("survives rules that call themselves as deep as the gas lasts", async () => {
    const { call, rules } = await answering(encodeState(bytes(5)));
    await rules.setBehaviour(BEHAVIOUR.Recurse);
    expect(await call.expire(rules, STATE)).to.deep.equal([true, bytes(5)]);
  });

  it("passes on the call exactly as Solidity encodes it", async () => {
    const { call, rules } = await answering("0x");
    await rules.setBehaviour(BEHAVIOUR.Echo);
    const [setup, state, move] = [bytes(33), bytes(256), bytes(7)];
    expect(await call.start(rules, setup, 3)).to.deep.equal([true, IGAME.encodeFunctionData("start", [setup, 3])]);
    const play = IGAME.encodeFunctionData("play", [state, 2, move]);
    expect(await call.play(rules, state, 2, move)).to.deep.equal([true, play]);
    expect(await call.expire(rules, state)).to.deep.equal([true, IGAME.encodeFunctionData("expire", [state])]);
  });

  it("asks about the turn and the outcome of the state that it was given", async () => {
    const { call } = await loadFixture(deployed);
    // The state's first word, which the call data has at 68: CALLDATALOAD(68), as one word or as the second share.
    await setCode(CODE_AT, "0x6044355f5260205ff3");
    expect(await call.turn(CODE_AT, word(77))).to.deep.equal([true, 77n]);
    await setCode(CODE_AT, "0x60406020526002604052604435608052" + "60a05ff3");
    const outcome = await call.outcome(CODE_AT, word(78), 2);
    expect(plain(outcome)).to.deep.equal([true, false, [0n, 78n]]);
  });

  it("keeps an answer whatever happens in memory behind it", async () => {
    for (const length of [1, 32, 33]) {
      const { call, rules } = await answering(encodeState(bytes(length)));
      expect(await call.twice(rules, STATE)).to.deep.equal([bytes(length), bytes(length)]);
    }
  });

  describe("without a call", () => {
    /** Rules that take everything. */
    const willing = (): Promise<Fixture> => answering(encodeState(bytes(5)));

    it("refuses a setup over 256 bytes, and takes one of 256", async () => {
      const { call, rules } = await willing();
      expect(await call.start(rules, bytes(256), 2)).to.deep.equal([true, bytes(5)]);
      expect(await call.start(rules, bytes(257), 2)).to.deep.equal([false, "0x"]);
    });

    it("refuses to start with no player or more than 16", async () => {
      const { call, rules } = await willing();
      for (const players of [1, 16]) {
        expect(await call.start(rules, "0x", players)).to.deep.equal([true, bytes(5)]);
      }
      for (const players of [0n, 17n, (1n << 256n) - 1n]) {
        expect(await call.start(rules, "0x", players)).to.deep.equal([false, "0x"]);
      }
    });

    it("refuses a move over 256 bytes, and takes one of 256", async () => {
      const { call, rules } = await willing();
      expect(await call.play(rules, STATE, 0, bytes(256))).to.deep.equal([true, bytes(5)]);
      expect(await call.play(rules, STATE, 0, bytes(257))).to.deep.equal([false, "0x"]);
    });

    for (const length of [0, 1_025]) {
      it(`refuses a state of ${length} bytes`, async () => {
        const { call, rules } = await willing();
        const state = bytes(length);
        expect(await call.play(rules, state, 0, "0x")).to.deep.equal([false, "0x"]);
        expect(await call.expire(rules, state)).to.deep.equal([false, "0x"]);
        await rules.setAnswer(word(1));
        expect(await call.turn(rules, state)).to.deep.equal([false, 0n]);
        await rules.setAnswer(encodeOutcome(1, [4_000, 6_000]));
        expect(plain(await call.outcome(rules, state, 2))).to.deep.equal([false, false, []]);
      });
    }

    it("takes a state of 1,024 bytes", async () => {
      const { call, rules } = await willing();
      const state = bytes(1_024);
      expect(await call.play(rules, state, 0, "0x")).to.deep.equal([true, bytes(5)]);
      expect(await call.expire(rules, state)).to.deep.equal([true, bytes(5)]);
      await rules.setAnswer(word(1));
      expect(await call.turn(rules, state)).to.deep.equal([true, 1n]);
      await rules.setAnswer(encodeOutcome(1, [4_000, 6_000]));
      expect(plain(await call.outcome(rules, state, 2))).to.deep.equal([true, true, [4_000n, 6_000n]]);
    });
  });

  describe("[gas]", () => {
    /** Answers with one word after it touched the last of `words` words of memory. */
    const touch = (words: number): string => concat(["0x62", toBeHex((words - 1) * 32, 3), "0x515f5260205ff3"]);
    /** Its gas: 16 for its opcodes, and memory. */
    const gasOfTouch = (words: number): number => 16 + 3 * words + Math.floor((words * words) / 512);
    const mostWords = ((): number => {
      let words = 1;
      while (gasOfTouch(words + 1) <= 1_000_000) ++words;
      return words;
    })();

    it("gives the rules one million", async () => {
      const { call } = await loadFixture(deployed);
      // GAS PUSH0 MSTORE PUSH1 32 PUSH0 RETURN: the opcode itself costs 2.
      await setCode(CODE_AT, "0x5a5f5260205ff3");
      expect(await call.turn(CODE_AT, STATE)).to.deep.equal([true, 999_998n]);
      expect(await call.turn(CODE_AT, STATE, { gasLimit: 10_000_000 })).to.deep.equal([true, 999_998n]);
    });

    it("pays no more for a bomb of returndata than for its gas", async () => {
      const { call } = await loadFixture(deployed);
      // Returns as much memory as its gas can buy: to copy it would cost the caller as much again.
      await setCode(CODE_AT, concat(["0x62", toBeHex((mostWords - 1) * 32, 3), "0x5ff3"]));
      expect(await call.expire(CODE_AT, STATE, { gasLimit: 1_100_000 })).to.deep.equal([false, "0x"]);
    });

    it("reverts where not all of it can be passed on, and never takes that for the rules' failure", async () => {
      const { call } = await loadFixture(deployed);
      await setCode(CODE_AT, touch(mostWords + 1));
      expect(await call.turn(CODE_AT, STATE)).to.deep.equal([false, 0n]);
      await setCode(CODE_AT, touch(mostWords));
      expect(await call.turn(CODE_AT, STATE)).to.deep.equal([true, 0n]);

      const input = call.interface.encodeFunctionData("turn", [CODE_AT, STATE]);
      const to = await call.getAddress();
      const seen = { reverted: 0, taken: 0 };
      for (let gas = 1_020_000; gas < 1_070_000; gas += 250) {
        try {
          const answer = await ethers.provider.call({ to, data: input, gasLimit: gas });
          expect(dataSlice(answer, 0, 32), `with ${gas} gas`).to.equal(word(1));
          ++seen.taken;
        } catch (error) {
          const { data } = error as { data?: string };
          expect(data, `with ${gas} gas: ${String(error)}`).to.be.a("string");
          const parsed = call.interface.parseError(data ?? "0x");
          expect(parsed?.name).to.equal("NotEnoughGas");
          expect(parsed?.args[1]).to.equal(1_030_000n);
          ++seen.reverted;
        }
      }
      expect(seen.reverted).to.be.greaterThan(10);
      expect(seen.taken).to.be.greaterThan(10);
    });

    it("reverts with what is left and what is required", async () => {
      const { call, rules } = await answering(encodeState(bytes(5)));
      await expect(call.expire(rules, STATE, { gasLimit: 1_000_000 }))
        .to.be.revertedWithCustomError(call, "NotEnoughGas")
        .withArgs((left: bigint) => left > 900_000n && left < 1_000_000n, 1_030_000);
    });
  });
});
