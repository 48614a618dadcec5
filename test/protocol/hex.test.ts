import { expect } from "chai";
import { getBytes, hexlify, keccak256, toBeHex } from "ethers";
import { bytesToHex, hexToBytes, wordToHex } from "../../protocol/hex";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const ALL_HEX = hexlify(ALL_BYTES);

describe("hex texts", () => {
  it("are read and written as ethers does", () => {
    for (const hex of ["0x", "0x00", "0xff", ALL_HEX, keccak256("0x")]) {
      expect(hexToBytes(hex)).to.deep.equal(getBytes(hex));
      expect(bytesToHex(getBytes(hex))).to.equal(hex);
    }
    expect(bytesToHex(ALL_BYTES.subarray(250))).to.equal("0xfafbfcfdfeff");
  });

  it("are read in either case", () => {
    expect(hexToBytes(`0x${ALL_HEX.slice(2).toUpperCase()}`)).to.deep.equal(ALL_BYTES);
  });

  it("are refused where they are not whole bytes behind 0x", () => {
    for (const text of ["", "0", "00", "0x0", "0x000", "0X00", "x000", " 0x00", "0x00\n0"]) {
      expect(() => hexToBytes(text), text).to.throw(RangeError);
    }
  });

  it("are refused for every other character, on either side of a byte", () => {
    const digits = new Set("0123456789abcdefABCDEF");
    for (const code of [...Array.from({ length: 300 }, (_, each) => each), 0x0660, 0xff10, 0xffff]) {
      const character = String.fromCharCode(code);
      if (digits.has(character)) continue;
      expect(() => hexToBytes(`0x0${character}`), `${code}`).to.throw(RangeError);
      expect(() => hexToBytes(`0x${character}0`), `${code}`).to.throw(RangeError);
    }
  });

  it("of words have 64 digits", () => {
    for (const value of [0n, 1n, 255n, 1n << 128n, (1n << 256n) - 1n]) {
      expect(wordToHex(value)).to.equal(toBeHex(value, 32));
    }
  });
});
