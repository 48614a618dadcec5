import { expect } from "chai";
import { Condition } from "../../../sdk/channel/condition";
import { SdkError } from "../../../sdk/errors";

async function outcomeOf(waited: Promise<void>): Promise<string> {
  return waited.then(
    () => "met",
    (error: unknown) => (error instanceof SdkError ? error.code : "other"),
  );
}

describe("Condition", () => {
  it("is met at once where it holds, whatever the signal says", async () => {
    expect(await outcomeOf(new Condition().until(() => true))).to.equal("met");
    expect(await outcomeOf(new Condition().until(() => true, AbortSignal.abort()))).to.equal("met");
  });

  it("wakes those for whom it holds, and no others", async () => {
    const condition = new Condition();
    let value = 0;
    const woken: number[] = [];
    const waits = [1, 2, 3].map(async (least) => {
      await condition.until(() => value >= least);
      woken.push(least);
    });
    value = 2;
    condition.notify();
    await Promise.all(waits.slice(0, 2));
    expect(woken).to.deep.equal([1, 2]);
    value = 3;
    condition.notify();
    await Promise.all(waits);
    expect(woken).to.deep.equal([1, 2, 3]);
  });

  it("gives up with its signal, before or while it waits", async () => {
    const condition = new Condition();
    const aborted = new AbortController();
    const waited = outcomeOf(condition.until(() => false, aborted.signal));
    expect(await outcomeOf(condition.until(() => false, AbortSignal.abort()))).to.equal("PEER_SILENT");
    aborted.abort();
    expect(await waited).to.equal("PEER_SILENT");
  });

  it("asks no more for those who gave up, nor for those who were woken", async () => {
    const condition = new Condition();
    let asked = 0;
    const aborted = new AbortController();
    const isMet = (): boolean => ++asked > 2;
    const waited = outcomeOf(condition.until(isMet, aborted.signal));
    aborted.abort();
    await waited;
    condition.notify();
    expect(asked).to.equal(1);
    const woken = condition.until(isMet);
    condition.notify();
    await woken;
    condition.notify();
    expect(asked).to.equal(3);
  });
});
