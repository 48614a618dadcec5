import { expect } from "chai";
import { decodeRecord, encodeRecord, firstRecord, type ChannelRecord } from "../../../sdk/channel/record";
import { SdkError } from "../../../sdk/errors";
import { DEPOSIT, VENUE, channelOf } from "./support";

const FIRST = firstRecord(channelOf(2), VENUE);
const SIGNATURE = `0x${"ab".repeat(64)}`;
const { state } = FIRST.agreed;
const FULL: ChannelRecord = {
  agreed: {
    state: { ...state, version: (1n << 64n) - 2n, stake: 1n, gameState: "0x00ff" },
    signatures: [SIGNATURE, SIGNATURE],
  },
  pending: {
    proposer: 1,
    step: { kind: "move", player: 1, move: "0x04" },
    state: { ...state, version: (1n << 64n) - 1n, balances: [(1n << 128n) - 1n, 0n] },
    signatures: [null, SIGNATURE],
  },
  request: { version: 3n, step: { kind: "settle" } },
  accepted: { stake: 5n, setup: "0x09" },
  closing: { balances: [DEPOSIT, DEPOSIT], signatures: [SIGNATURE, null] },
  stopped: true,
};

function codeOf(text: string): string {
  try {
    decodeRecord(text);
  } catch (error) {
    if (error instanceof SdkError) return error.code;
    throw error;
  }
  return "read";
}

describe("a channel's record", () => {
  it("is read as it was written, in one line", () => {
    for (const record of [FIRST, FULL]) {
      const text = encodeRecord(record);
      expect(text).not.to.contain("\n");
      expect(decodeRecord(text)).to.deep.equal(record);
    }
  });

  it("begins with the deposits, which nobody needs to sign", () => {
    expect(FIRST.agreed.state).to.include({ version: 0n, stake: 0n, gameState: "0x" });
    expect(FIRST.agreed.state.balances).to.deep.equal([DEPOSIT, DEPOSIT]);
    expect(FIRST.agreed.signatures).to.deep.equal([]);
  });

  it("is not read where anything is missing, more, torn or of another kind", () => {
    const text = encodeRecord(FULL);
    const value = JSON.parse(text) as Record<string, unknown>;
    expect(codeOf(text)).to.equal("read");
    for (const name of Object.keys(value)) {
      expect(codeOf(JSON.stringify({ ...value, [name]: undefined })), `without ${name}`).to.equal("STORE_CORRUPT");
      expect(codeOf(JSON.stringify({ ...value, [name]: "other" })), `other ${name}`).to.equal("STORE_CORRUPT");
    }
    for (const bad of [JSON.stringify({ ...value, more: 1 }), text.slice(0, -1), "", "null", "[]"]) {
      expect(codeOf(bad), bad.slice(0, 40)).to.equal("STORE_CORRUPT");
    }
  });
});
