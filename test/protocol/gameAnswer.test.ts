import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import {
  MAX_INPUT_BYTES,
  MAX_PLAYERS,
  MAX_STATE_BYTES,
  isInput,
  isPlayerCount,
  isState,
  readOutcome,
  readState,
  readTurn,
} from "../../protocol/gameAnswer";
import { OUTCOMES, STATES, TURNS } from "../game/answers";

describe("gameAnswer", () => {
  for (const { title, answer, state } of STATES) {
    it(`${state === undefined ? "refuses" : "takes"} ${title}`, () => {
      const read = readState(getBytes(answer));
      expect(read && hexlify(read)).to.equal(state);
    });
  }

  for (const { title, answer, player } of TURNS) {
    it(`${player === undefined ? "refuses" : "takes"} ${title} as the turn`, () => {
      expect(readTurn(getBytes(answer))).to.equal(player);
    });
  }

  for (const { title, answer, players, outcome } of OUTCOMES) {
    it(`${outcome === undefined ? "refuses" : "takes"} ${title} as the outcome`, () => {
      expect(readOutcome(getBytes(answer), BigInt(players))).to.deep.equal(outcome);
    });
  }

  it("asks about what is within the limits only", () => {
    expect([0, 1, MAX_STATE_BYTES, MAX_STATE_BYTES + 1].map((size) => isState(new Uint8Array(size)))).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
    expect([0, MAX_INPUT_BYTES, MAX_INPUT_BYTES + 1].map((size) => isInput(new Uint8Array(size)))).to.deep.equal([
      true,
      true,
      false,
    ]);
    expect([0, 1, MAX_PLAYERS, MAX_PLAYERS + 1].map((count) => isPlayerCount(BigInt(count)))).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
  });
});
