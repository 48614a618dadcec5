import { expect } from "chai";
import type { LaneEnds } from "../../../protocol/hashChain";
import { headerDigest, type Header } from "../../../protocol/header";
import { opposite, targetOf } from "../../../relayer/cassini/lane";
import type { CassiniChain, CassiniOptions } from "../../../relayer/cassini/run";
import { RelayerError } from "../../../relayer/errors";
import type { AttestationPeer } from "../../../relayer/ports";
import { FAILING, FakeChain } from "./support/fakeChain";
import { Operator, StorePeer, attestationSigner, epochOf, until, walletOf } from "./support/operators";

const THERE: LaneEnds = {
  sourceChainId: 31337n,
  sourceGateway: "0x00000000000000000000000000000000000000A1",
  targetChainId: 31338n,
  targetGateway: "0x00000000000000000000000000000000000000b2",
};
const BACK = opposite(THERE);
const LANES = [THERE, BACK];
const NAMES = ["alice", "bob", "carol", "dave"];

describe("runCassini over two model chains", () => {
  let here: FakeChain;
  let there: FakeChain;
  let operators: Operator[];
  let peers: StorePeer[];

  beforeEach(async () => {
    here = new FakeChain(THERE, epochOf(1n, NAMES));
    there = new FakeChain(BACK, epochOf(1n, NAMES));
    operators = NAMES.map((name) => new Operator(name));
    await Promise.all(operators.map((operator) => operator.open()));
    peers = operators.map((operator) => new StorePeer(operator.name, LANES, () => operator.store));
  });

  afterEach(async () => {
    await Promise.all(operators.map((operator) => operator.close()));
  });

  function chainsOf(name: string): ReadonlyMap<bigint, CassiniChain> {
    const access = (chain: FakeChain): CassiniChain => ({
      reader: chain,
      sender: chain.sender(walletOf(`${name} sends`).address),
      startBlock: 0n,
      pollMs: 20,
      payout: walletOf(`${name} is paid`).address,
    });
    return new Map([
      [31337n, access(here)],
      [31338n, access(there)],
    ]);
  }

  async function start(
    operator: Operator,
    options: Partial<CassiniOptions> = {},
    others: readonly AttestationPeer[] = peers.filter(({ endpoint }) => endpoint !== operator.name),
  ): Promise<void> {
    const authority = { chainId: 31337n, gateway: here.gateway };
    await operator.start({ lanes: LANES, chains: chainsOf(operator.name), peers: () => others, authority }, options);
  }

  const startAll = (): Promise<void[]> => Promise.all(operators.map((operator) => start(operator)));

  function kinds(operator: Operator): string {
    const counts = new Map<string, number>();
    for (const event of operator.events) {
      const name = event.kind === "failed" ? `failed ${event.part}: ${String(event.error)}` : event.kind;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return `${operator.name}: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(", ")}`;
  }

  async function untilRelayed(): Promise<void> {
    const done = (): boolean =>
      [here, there].every((chain) => chain.state.knownAck === chain.state.toSeq) &&
      here.state.inSeq === there.state.toSeq &&
      there.state.inSeq === here.state.toSeq;
    await until(done, () => operators.map(kinds).join("\n"));
  }

  const sequence = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index) + 1n);

  it("executes messages of both directions once and in order, and acknowledges them", async () => {
    for (let index = 0; index < 5; index++) here.send();
    for (let index = 0; index < 3; index++) there.send();
    here.settle();
    there.settle();
    await startAll();
    await untilRelayed();
    for (let index = 0; index < 4; index++) here.send();
    here.settle();
    await untilRelayed();
    expect(there.executed).to.deep.equal(sequence(9));
    expect(here.executed).to.deep.equal(sequence(3));
  });

  it("relays results of failed messages back", async () => {
    here.send();
    here.send({ payload: FAILING, reclaimable: true });
    here.settle();
    await startAll();
    await untilRelayed();
    expect([there.executed, there.failed]).to.deep.equal([[1n], [2n]]);
    const result = await operators[0]?.store.blocks.resultOf(BACK, 2n);
    expect(result?.failures).to.equal(1n << (2n - (result?.first ?? 0n)));
  });

  it("does without the fourth operator", async () => {
    await Promise.all(operators.slice(0, 3).map((operator) => start(operator)));
    (peers[3] as StorePeer).down = true;
    for (let round = 0; round < 4; round++) {
      here.send();
      here.settle();
      await untilRelayed();
    }
    expect(there.executed).to.deep.equal(sequence(4));
  });

  it("does nothing without a quorum", async () => {
    await Promise.all(operators.slice(0, 2).map((operator) => start(operator)));
    here.send();
    here.settle();
    await until(
      () => operators.slice(0, 2).every((operator) => operator.count("signed") === 1),
      () => operators.map(kinds).join("\n"),
    );
    expect(there.transactions).to.equal(0);
  });

  it("keeps away from sending what another operator has sent", async () => {
    // Long enough that nobody's turn comes before the first one's transaction.
    await Promise.all(operators.map((operator) => start(operator, { staggerMs: 10_000 })));
    for (let round = 0; round < 5; round++) {
      here.send();
      here.settle();
      await untilRelayed();
    }
    // One delivery there and one acknowledgement back for each.
    expect([there.transactions, here.transactions]).to.deep.equal([5, 5]);
  });

  it("delivers 300 messages with one header in batches", async () => {
    for (let index = 0; index < 300; index++) here.send({ gasLimit: 20_000n });
    here.settle();
    await Promise.all(operators.map((operator) => start(operator, { staggerMs: 10_000 })));
    await untilRelayed();
    expect(there.executed).to.deep.equal(sequence(300));
    expect(there.transactions).to.be.lessThan(8);
  });

  it("signs nothing while logs are incomplete, says why, and recovers", async () => {
    const [alice] = operators as [Operator];
    here.tamper = (logs) => logs.slice(0, -1);
    here.send();
    here.settle();
    await startAll();
    const refusedBy = (): readonly string[] =>
      alice.events.flatMap((event) =>
        event.kind === "failed" && event.error instanceof RelayerError ? [event.error.code] : [],
      );
    await until(
      () => refusedBy().includes("LOGS_INCOMPLETE"),
      () => kinds(alice),
    );
    const refusal = alice.events.find((event) => event.kind === "logs_refused");
    expect(refusal).to.deep.include({ attempt: 0, lane: THERE });
    expect(alice.count("signed")).to.equal(0);
    expect(await alice.store.lanes.position(THERE)).to.equal(undefined);
    here.tamper = (logs) => logs;
    await untilRelayed();
    expect(there.executed).to.deep.equal([1n]);
  });

  it("asks other endpoints where the first one withholds logs", async () => {
    here.tamper = (logs, attempt) => (attempt < 2 ? [] : logs);
    here.send();
    here.settle();
    await startAll();
    await untilRelayed();
    expect(operators[0]?.count("failed")).to.equal(0);
  });

  it("proves once where it is behind, however many headers there are", async () => {
    for (let index = 0; index < 40; index++) {
      here.send();
      here.settle();
    }
    const [alice] = operators as [Operator];
    await start(alice, {}, []);
    await until(
      () => alice.count("watched") > 0,
      () => kinds(alice),
    );
    expect(here.proofs).to.be.lessThan(3);
    const headers = await alice.store.blocks.headers(THERE, -1n, 100);
    expect(headers).to.have.length(40);
    for (const { header } of headers) expect(header).to.deep.equal(here.headerAt(header.sourceBlock));
  });

  it("signs nothing of blocks that are not final", async () => {
    // Else the delivery itself would finalize the chain.
    here.automine = false;
    await startAll();
    here.send();
    here.mine();
    there.send();
    there.settle();
    await until(
      () => here.state.inSeq === 1n,
      () => operators.map(kinds).join("\n"),
    );
    const signed = operators.flatMap(({ events }) => events.filter((event) => event.kind === "signed"));
    expect(signed.every((event) => event.kind === "signed" && event.lane !== THERE)).to.equal(true);
  });

  it("never signs a second content for a sequence after its store is restored from a backup", async () => {
    const [alice, bob, carol] = operators as [Operator, Operator, Operator];
    here.automine = false;
    there.automine = false;
    await Promise.all([alice, bob, carol].map((operator) => start(operator)));
    here.send();
    here.settle();
    await until(
      async () => (await bob.store.attestations.lastBlockOf(THERE, alice.signer.address)) === here.head,
      () => kinds(bob),
    );
    const lost = await alice.store.attestations.bySigner(THERE, undefined, -1n, 10);
    await alice.close();

    // The backup is older than the signature, and what this endpoint shows now is another history.
    const restored = new Operator("alice");
    operators[0] = restored;
    const other = new FakeChain(THERE, epochOf(1n, NAMES));
    while (other.head <= here.head) other.settle();
    other.send({ payload: "0x9999" });
    other.settle();
    expect(other.state.toSeq).to.equal(here.state.toSeq);
    here = other;
    await start(restored);
    await until(
      () => restored.count("signing_refused") > 0,
      () => kinds(restored),
    );
    expect(restored.events.filter(({ kind }) => kind === "recovered").length).to.be.greaterThan(0);
    expect(await restored.store.attestations.bySigner(THERE, undefined, -1n, 10)).to.deep.equal(lost);
  });

  it("signs nothing before enough peers told what it signed earlier", async () => {
    const [alice, bob, carol] = operators as [Operator, Operator, Operator];
    for (const peer of peers) peer.down = true;
    here.send();
    here.settle();
    await start(alice);
    await until(
      () => alice.count("recovering") > 1,
      () => kinds(alice),
    );
    expect(alice.events.find(({ kind }) => kind === "recovering")).to.deep.include({ answered: 0, needed: 2 });
    expect(alice.count("signed")).to.equal(0);
    for (const peer of peers) if ([bob.name, carol.name].includes(peer.endpoint)) peer.down = false;
    await until(
      () => alice.count("signed") > 0,
      () => kinds(alice),
    );
  });

  it("keeps both signatures of a signer that stands for two contents, and says so", async () => {
    const [alice] = operators as [Operator];
    here.send();
    here.settle();
    const header = here.headerAt(here.head);
    const twin = { ...header, acc: `0x${"11".repeat(32)}` };
    const mallory = attestationSigner("dave");
    const target = targetOf(THERE);
    const peer = peerThatSays("mallory", () => [signedBy(header), signedBy(twin)]);
    const signedBy = (content: Header) => ({
      header: content,
      target,
      signer: mallory.address,
      signature: mallory.signHeader(content, target),
    });
    await start(alice, {}, [peer]);
    await until(
      () => alice.count("equivocation") > 0,
      () => kinds(alice),
    );
    const kept = await alice.store.attestations.bySigner(THERE, mallory.address, -1n, 10);
    expect(kept.map((attestation) => headerDigest(attestation.header, target))).to.have.members([
      headerDigest(header, target),
      headerDigest(twin, target),
    ]);
  });

  it("counts peers that give wrong signatures and keeps nothing of theirs", async () => {
    const [alice] = operators as [Operator];
    here.send();
    here.settle();
    const target = targetOf(THERE);
    const header = here.headerAt(here.head);
    const [dave, stranger] = [attestationSigner("dave"), attestationSigner("stranger")];
    const forged = { header, target, signer: dave.address, signature: stranger.signHeader(header, target) };
    const foreign = { header, target, signer: stranger.address, signature: stranger.signHeader(header, target) };
    const elsewhere = { ...forged, target: { ...target, chainId: 56n } };
    await start(alice, {}, [peerThatSays("mallory", () => [forged, foreign, elsewhere])]);
    const reasons = (): readonly string[] =>
      alice.events.flatMap((event) => (event.kind === "peer_misbehaved" ? [event.reason] : []));
    await until(
      () => reasons().includes("wrong_signature") && reasons().includes("wrong_lane"),
      () => kinds(alice),
    );
    for (const signer of [dave, stranger]) {
      expect(await alice.store.attestations.bySigner(THERE, signer.address, -1n, 10)).to.deep.equal([]);
    }
  });

  it("never delivers a header that it did not reproduce, whoever signed it", async () => {
    const [alice] = operators as [Operator];
    here.send();
    here.settle();
    const target = targetOf(THERE);
    const invented = {
      ...here.headerAt(here.head),
      sourceBlock: here.head + 1n,
      toSeq: 2n,
      acc: `0x${"22".repeat(32)}`,
    };
    const colluding = ["bob", "carol", "dave"].map((name) => {
      const signer = attestationSigner(name);
      return peerThatSays(name, () => [
        { header: invented, target, signer: signer.address, signature: signer.signHeader(invented, target) },
      ]);
    });
    await start(alice, {}, colluding);
    await until(
      () => alice.count("collected") >= 3,
      () => kinds(alice),
    );
    expect(there.transactions).to.equal(0);
  });

  it("brings the registry's next epoch to the other chain and goes on under it", async () => {
    await startAll();
    here.send();
    here.settle();
    await untilRelayed();
    const next = epochOf(2n, ["alice", "bob", "carol", "erin"], 2_000_100_000n);
    here.rotate(next);
    here.settle();
    await until(
      () => there.state.epoch === 2n,
      () => operators.map(kinds).join("\n"),
    );
    there.settle();
    here.send();
    there.send();
    here.settle();
    there.settle();
    await untilRelayed();
    expect(there.executed).to.deep.equal([1n, 2n]);
  });

  function peerThatSays(
    endpoint: string,
    say: () => Awaited<ReturnType<AttestationPeer["attestations"]>>,
  ): AttestationPeer {
    return {
      endpoint,
      attestations: async (query) =>
        query.signer === undefined && query.source === THERE.sourceChainId
          ? say().filter(({ header }) => header.sourceBlock > query.after)
          : [],
      rotations: async () => [],
    };
  }
});
