/** A small game that is complete: what its author replaces is the game, not the form. */
export function gameSource(name: string): string {
  return `// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGame} from "../game/IGame.sol";
import {GameErrors} from "../game/libraries/GameErrors.sol";

/// @title ${name}
/// @notice Two players take 1 to 3 of 21 stones in turns; who takes the last one has the pot. A move is one byte, how many.
/// A state is three bytes: whose turn it is, the stones left, and 1 if that player was late.
contract ${name} is IGame {
    uint256 private constant PLAYERS = 2;
    uint256 private constant STATE_BYTES = 3;
    uint256 private constant STONES = 21;
    uint256 private constant MOST = 3;

    struct Heap {
        uint256 turn;
        uint256 stones;
        uint256 late;
    }

    /// @inheritdoc IGame
    function start(bytes calldata setup, uint256 players) external pure returns (bytes memory state) {
        if (setup.length != 0) revert GameErrors.IllegalSetup(setup);
        if (players != PLAYERS) revert GameErrors.PlayersOutOfRange(players, PLAYERS, PLAYERS);
        return _write(Heap(0, STONES, 0));
    }

    /// @inheritdoc IGame
    function play(bytes calldata state, uint256 player, bytes calldata move) external pure returns (bytes memory next) {
        Heap memory heap = _read(state);
        if (_isOver(heap)) revert GameErrors.GameIsOver();
        if (player != heap.turn) revert GameErrors.NotYourTurn(player, heap.turn);
        if (move.length != 1) revert GameErrors.IllegalMove(move);
        uint256 taken = uint8(move[0]);
        if (taken == 0 || taken > MOST || taken > heap.stones) revert GameErrors.IllegalMove(move);
        return _write(Heap(1 - heap.turn, heap.stones - taken, 0));
    }

    /// @inheritdoc IGame
    function turn(bytes calldata state) external pure returns (uint256 player) {
        return _read(state).turn;
    }

    /// @inheritdoc IGame
    function expire(bytes calldata state) external pure returns (bytes memory next) {
        Heap memory heap = _read(state);
        if (_isOver(heap)) revert GameErrors.GameIsOver();
        heap.late = 1;
        return _write(heap);
    }

    /// @inheritdoc IGame
    function outcome(bytes calldata state) external pure returns (bool over, uint256[] memory shareBps) {
        Heap memory heap = _read(state);
        over = _isOver(heap);
        // Whose turn it is has lost: there is nothing left to take, or it was late.
        shareBps = new uint256[](PLAYERS);
        shareBps[1 - heap.turn] = 10_000;
    }

    function _isOver(Heap memory heap) private pure returns (bool) {
        return heap.stones == 0 || heap.late == 1;
    }

    /// @dev Reverts for bytes that no sequence of moves leads to.
    function _read(bytes calldata state) private pure returns (Heap memory heap) {
        if (state.length != STATE_BYTES) revert GameErrors.IllegalState(state);
        heap = Heap(uint8(state[0]), uint8(state[1]), uint8(state[2]));
        bool legal = heap.turn < PLAYERS && heap.stones <= STONES && heap.late <= 1;
        if (!legal || (heap.stones == 0 && heap.late == 1)) revert GameErrors.IllegalState(state);
        // Both have moved since the start, unless nobody or player 0 alone has.
        if (heap.stones == STONES && heap.turn != 0) revert GameErrors.IllegalState(state);
    }

    function _write(Heap memory heap) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(heap.turn), uint8(heap.stones), uint8(heap.late));
    }
}
`;
}

export function testSource(name: string): string {
  return `import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { concat, getBytes, toBeHex } from "ethers";
import { ethers } from "hardhat";
import { inspectCode } from "../../protocol/purity";
import { GameErrors__factory, type ${name} } from "../../typechain-types";

const ERRORS = { interface: GameErrors__factory.createInterface() };
const byte = (value: number): string => toBeHex(value, 1);
/** Whose turn, stones left, whether that player was late. */
const encode = (turn: number, stones: number, late = 0): string => concat([turn, stones, late].map(byte));

async function deployed(): Promise<${name}> {
  return ethers.deployContract("${name}");
}

describe("${name}", () => {
  it("is admitted as it is compiled [gas]", async () => {
    const rules = await loadFixture(deployed);
    expect(inspectCode(getBytes(await ethers.provider.getCode(rules)))).to.deep.equal({ kind: "pure" });
  });

  it("begins with all stones, for two and with no setup", async () => {
    const rules = await loadFixture(deployed);
    expect(await rules.start("0x", 2)).to.equal(encode(0, 21));
    await expect(rules.start("0x00", 2)).to.be.revertedWithCustomError(ERRORS, "IllegalSetup").withArgs("0x00");
    for (const players of [1, 3]) {
      await expect(rules.start("0x", players))
        .to.be.revertedWithCustomError(ERRORS, "PlayersOutOfRange")
        .withArgs(players, 2, 2);
    }
  });

  it("says of every state what the model says", async () => {
    const rules = await loadFixture(deployed);
    for (let stones = 0; stones <= 21; ++stones) {
      for (const turn of stones === 21 ? [0] : [0, 1]) {
        const state = encode(turn, stones);
        const shares = turn === 0 ? [0n, 10_000n] : [10_000n, 0n];
        expect(await rules.outcome(state)).to.deep.equal([stones === 0, shares]);
        expect(await rules.turn(state)).to.equal(turn);
        for (let taken = 1; taken <= Math.min(3, stones); ++taken) {
          expect(await rules.play(state, turn, byte(taken))).to.equal(encode(1 - turn, stones - taken));
        }
        if (stones === 0) continue;
        const expired = await rules.expire(state);
        expect(expired).to.equal(encode(turn, stones, 1));
        expect(await rules.outcome(expired)).to.deep.equal([true, shares]);
      }
    }
  });

  it("reverts out of turn", async () => {
    const rules = await loadFixture(deployed);
    await expect(rules.play(encode(0, 21), 1, "0x01"))
      .to.be.revertedWithCustomError(ERRORS, "NotYourTurn")
      .withArgs(1, 0);
  });

  it("reverts for no stones, for more than three or than there are, and for other bytes", async () => {
    const rules = await loadFixture(deployed);
    for (const bad of ["0x00", "0x03", "0x04", "0xff", "0x", "0x0001"]) {
      await expect(rules.play(encode(0, 2), 0, bad))
        .to.be.revertedWithCustomError(ERRORS, "IllegalMove")
        .withArgs(bad);
    }
  });

  it("reverts once the game is over", async () => {
    const rules = await loadFixture(deployed);
    for (const over of [encode(1, 0), encode(1, 5, 1)]) {
      await expect(rules.play(over, 1, "0x01")).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
      await expect(rules.expire(over)).to.be.revertedWithCustomError(ERRORS, "GameIsOver");
    }
  });

  it("reverts for states that no game comes to", async () => {
    const rules = await loadFixture(deployed);
    const states = [encode(2, 5), encode(0, 22), encode(0, 5, 2), encode(0, 0, 1), encode(1, 21), "0x", "0x00150000"];
    for (const bad of states) {
      await expect(rules.outcome(bad)).to.be.revertedWithCustomError(ERRORS, "IllegalState").withArgs(bad);
    }
  });
});
`;
}
