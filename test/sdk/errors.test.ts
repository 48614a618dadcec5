import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { SDK_ERRORS, SdkError, isSdkErrorCode, type SdkErrorCode } from "../../sdk/errors";

const SDK = join(__dirname, "../../sdk");
const CODES = Object.keys(SDK_ERRORS) as SdkErrorCode[];

describe("SdkError", () => {
  it("has no code that nothing of the SDK says", () => {
    const files = readdirSync(SDK, { recursive: true, encoding: "utf8" });
    const sources = files.filter((file) => file.endsWith(".ts") && file !== "errors.ts");
    const text = sources.map((file) => readFileSync(join(SDK, file), "utf8")).join("\n");
    expect(CODES.filter((code) => !text.includes(`"${code}"`))).to.deep.equal([]);
  });

  it("says of each code what it means and what to do", () => {
    for (const code of CODES) {
      const error = new SdkError(code);
      expect(error.message, code).to.equal(`${code}: ${SDK_ERRORS[code][0]}`);
      expect(error.remedy, code).to.equal(SDK_ERRORS[code][1]);
    }
  });

  it("carries what it is about and what it was caused by", () => {
    const cause = new Error("of all");
    const error = new SdkError("CHAIN_FAILED", { context: { method: "statusOf" }, cause });
    expect([error.context, error.cause]).to.deep.equal([{ method: "statusOf" }, cause]);
  });

  it("tells codes from other texts", () => {
    expect(CODES.every(isSdkErrorCode)).to.equal(true);
    for (const text of ["", "NO", "toString", "constructor", "__proto__", "garbage"]) {
      expect(isSdkErrorCode(text), text).to.equal(false);
    }
  });
});
