import { loadFixture, setCode } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { ethers } from "hardhat";
import { SdkError } from "../../../sdk/errors";
import { EvmRules, createRulesEvm } from "../../../sdk/rules/evmRules";
import { RuleBook } from "../../../sdk/rules/ruleBook";
import type { Rules } from "../../../sdk/rules/rules";
import type { GameCallMock } from "../../../typechain-types";
import { OUTCOMES, STATES, TURNS } from "../../game/answers";
import { HOSTILE_CODES, SAMPLES, answeringCode, dice } from "./games";

const CODE_AT = "0x00000000000000000000000000000000000c0de1";
const STEPS = 120;

interface Fixture {
  readonly chain: GameCallMock;
  readonly evm: Awaited<ReturnType<typeof createRulesEvm>>;
}

async function fixture(): Promise<Fixture> {
  return { chain: await ethers.deployContract("GameCallMock"), evm: await createRulesEvm() };
}

/** The same five calls on chain and off chain, compared; the answer off chain of the call that was asked for. */
class Both {
  constructor(
    private readonly chain: GameCallMock,
    private readonly address: string,
    private readonly rules: Rules,
  ) {}

  async start(setup: string, players: number): Promise<string | undefined> {
    const [ok, state] = await this.chain.start(this.address, setup, players);
    return this.same(ok ? state : undefined, await this.rules.start(getBytes(setup), BigInt(players)));
  }

  async play(state: string, player: number, move: string): Promise<string | undefined> {
    const [ok, next] = await this.chain.play(this.address, state, player, move);
    return this.same(ok ? next : undefined, await this.rules.play(getBytes(state), BigInt(player), getBytes(move)));
  }

  async expire(state: string): Promise<string | undefined> {
    const [ok, next] = await this.chain.expire(this.address, state);
    return this.same(ok ? next : undefined, await this.rules.expire(getBytes(state)));
  }

  async look(state: string, players: number): Promise<void> {
    const [isTurn, turn] = await this.chain.turn(this.address, state);
    expect(await this.rules.turn(getBytes(state))).to.equal(isTurn ? turn : undefined);
    const [isOutcome, over, shareBps] = await this.chain.outcome(this.address, state, players);
    const expected = isOutcome ? { over, shareBps: [...shareBps] } : undefined;
    expect(await this.rules.outcome(getBytes(state), BigInt(players))).to.deep.equal(expected);
  }

  async all(state: string, players: number): Promise<void> {
    await this.start("0x", players);
    await this.play(state, 0, "0x");
    await this.expire(state);
    await this.look(state, players);
  }

  private same(expected: string | undefined, actual: Uint8Array | undefined): string | undefined {
    expect(actual === undefined ? undefined : hexlify(actual)).to.equal(expected);
    return expected;
  }
}

async function put(code: string): Promise<Both> {
  const { chain, evm } = await loadFixture(fixture);
  await setCode(CODE_AT, code);
  return new Both(chain, CODE_AT, new EvmRules(evm, getBytes(code)));
}

describe("EvmRules", () => {
  for (const { name, players, setups, move } of SAMPLES) {
    it(`answers as the chain does in random games of ${name}`, async () => {
      const { chain, evm } = await loadFixture(fixture);
      const address = await (await ethers.deployContract(name)).getAddress();
      const both = new Both(chain, address, new EvmRules(evm, getBytes(await ethers.provider.getCode(address))));
      const roll = dice(7);
      let state: string | undefined;
      let legal = 0;
      for (const each of setups) await both.start(each, players);
      for (let step = 0; step < STEPS; step++) {
        state ??= await both.start(roll(4) === 0 ? (setups[roll(setups.length)] as string) : "0x", players);
        if (state === undefined) continue;
        const player = roll(players + 1);
        const next: string | undefined = await both.play(state, player, move(roll, player, state));
        if (next !== undefined) legal += 1;
        state = next ?? state;
        if (step % 10 === 0) await both.look(state, players);
        if (roll(40) === 0) state = await both.expire(state);
        if (roll(25) === 0) state = undefined;
      }
      expect(legal).to.be.greaterThan(10);
      for (const bad of ["0x", "0x00", `0x${"ff".repeat(3)}`, `0x${"ff".repeat(1_024)}`, `0x${"00".repeat(1_025)}`]) {
        await both.all(bad, players);
      }
    });
  }

  for (const { title, code } of HOSTILE_CODES) {
    it(`answers as the chain does for code that ${title}`, async () => {
      await (await put(code)).all("0x01", 2);
    });
  }

  it("answers as the chain does for every answer that rules may give", async () => {
    for (const { answer } of [...STATES, ...TURNS]) await (await put(answeringCode(answer))).all("0x01", 2);
    for (const { answer, players } of OUTCOMES) await (await put(answeringCode(answer))).look("0x01", players);
  });
});

describe("RuleBook", () => {
  async function codeOf(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => "done",
      (error: unknown) => (error instanceof SdkError ? error.code : "other"),
    );
  }

  it("fetches rules once", async () => {
    let asked = 0;
    const book = new RuleBook({
      getCode: async () => {
        asked += 1;
        return "0x5f5ffd";
      },
    });
    const [one, two] = await Promise.all([
      book.rulesAt(CODE_AT),
      book.rulesAt(CODE_AT.toUpperCase().replace("0X", "0x")),
    ]);
    expect(one).to.equal(two);
    expect(asked).to.equal(1);
  });

  it("refuses an address without code, and asks again later", async () => {
    const codes = ["0x", "0x5f5ffd"];
    const book = new RuleBook({ getCode: async () => codes.shift() as string });
    expect(await codeOf(book.rulesAt(CODE_AT))).to.equal("RULES_MISSING");
    expect(await codeOf(book.rulesAt(CODE_AT))).to.equal("done");
  });

  it("refuses rules that are not pure", async () => {
    const book = new RuleBook({ getCode: async () => "0x4200" });
    expect(await codeOf(book.rulesAt(CODE_AT))).to.equal("RULES_IMPURE");
  });

  it("says that the endpoint failed", async () => {
    const book = new RuleBook({ getCode: () => Promise.reject(new Error("no")) });
    expect(await codeOf(book.rulesAt(CODE_AT))).to.equal("CHAIN_FAILED");
  });
});
