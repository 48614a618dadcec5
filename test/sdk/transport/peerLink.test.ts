import { expect } from "chai";
import { MAX_MESSAGE_CHARACTERS } from "../../../sdk/channel/wire";
import { memoryTransports } from "../../../sdk/transport/memoryTransport";
import { PeerLink, type ChannelEnd } from "../../../sdk/transport/peerLink";
import type { Transport } from "../../../sdk/transport/transport";

const REFUSAL = { type: "refuse", of: "", version: 0n, code: "GARBAGE", signature: null } as const;

/** One channel's side, with all that happened to it. */
class End implements ChannelEnd {
  readonly heard: unknown[] = [];
  times = 0;

  receive(body: unknown): void {
    this.heard.push(body);
  }

  opened(): void {
    this.times += 1;
  }
}

/** Everything that is on its way has arrived. */
async function arrived(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("PeerLink", () => {
  let raw: Transport;
  let link: PeerLink;
  let answers: { readonly channel: string; readonly body: { readonly code: string } }[];

  beforeEach(() => {
    const [mine, theirs] = memoryTransports();
    link = new PeerLink(mine);
    raw = theirs;
    answers = [];
    raw.onText((text) => answers.push(JSON.parse(text)));
  });

  const say = (channel: unknown, body: unknown): void => raw.send(JSON.stringify({ channel, body }));

  it("brings each channel what is its own, until it leaves", async () => {
    const [one, two] = [new End(), new End()];
    const leave = link.join("0x01", one);
    link.join("0x02", two);
    say("0x01", 1);
    say("0x02", [2]);
    await arrived();
    expect([one.heard, two.heard]).to.deep.equal([[1], [[2]]]);
    leave();
    say("0x01", 3);
    await arrived();
    expect(one.heard).to.deep.equal([1]);
    expect(answers).to.have.length(1);
    expect(answers[0]).to.deep.include({ channel: "0x01" });
    expect(answers[0]?.body.code).to.equal("UNKNOWN_CHANNEL");
  });

  it("lets a channel that is opened again take the place of the one before, which cannot make it leave", async () => {
    const [before, after] = [new End(), new End()];
    const leave = link.join("0x01", before);
    link.join("0x01", after);
    leave();
    say("0x01", 1);
    await arrived();
    expect([before.heard, after.heard]).to.deep.equal([[], [1]]);
  });

  it("tells each channel that a connection is there, whenever it comes", async () => {
    const [early, late] = [new End(), new End()];
    link.join("0x01", early);
    await arrived();
    link.join("0x02", late);
    expect([early.times, late.times]).to.deep.equal([1, 1]);
  });

  it("answers what is none of this protocol with GARBAGE", async () => {
    const longest = MAX_MESSAGE_CHARACTERS - JSON.stringify({ channel: "0x01", body: "" }).length;
    const end = new End();
    link.join("0x01", end);
    for (const text of ["", "{", "null", "7", "[]", "{}", '{"channel":7}']) raw.send(text);
    say("0x01", "x".repeat(longest + 1));
    await arrived();
    expect(answers.map(({ body }) => body.code)).to.deep.equal(new Array<string>(8).fill("GARBAGE"));
    expect(end.heard).to.deep.equal([]);
    say("0x01", "x".repeat(longest));
    await arrived();
    expect(end.heard).to.have.length(1);
  });

  it("refuses no refusal, so that two links that know nothing of each other come to an end", async () => {
    const [one, two] = memoryTransports();
    let texts = 0;
    const counting: Transport = {
      send: (text) => {
        texts += 1;
        one.send(text);
      },
      onText: (listener) => one.onText(listener),
      onOpen: (listener) => one.onOpen(listener),
      close: () => one.close(),
    };
    new PeerLink(two);
    new PeerLink(counting).send("0x01", { ...REFUSAL, type: "signed", signature: `0x${"00".repeat(64)}` });
    await arrived();
    expect(texts).to.equal(1);
    say("0x01", { ...REFUSAL, version: "0" });
    await arrived();
    expect(answers).to.deep.equal([]);
  });
});

describe("memoryTransports", () => {
  it("deliver later, in order, and keep what comes before there is a listener", async () => {
    const [one, two] = memoryTransports();
    const heard: string[] = [];
    one.send("a");
    await arrived();
    two.onText((text) => heard.push(text));
    one.send("b");
    one.send("c");
    expect(heard).to.deep.equal(["a"]);
    await arrived();
    expect(heard).to.deep.equal(["a", "b", "c"]);
  });

  it("deliver nothing once either end is closed", async () => {
    for (const closing of [0, 1]) {
      const ends = memoryTransports();
      const heard: string[] = [];
      ends[1].onText((text) => heard.push(text));
      ends[closing]?.close();
      ends[0].send("late");
      let opened = 0;
      ends[closing]?.onOpen(() => (opened += 1));
      await arrived();
      expect([heard, opened]).to.deep.equal([[], 0]);
    }
  });
});
