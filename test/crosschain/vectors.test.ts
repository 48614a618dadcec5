import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { concat, dataLength, dataSlice, getAddress, hexlify, id, keccak256, toBeHex } from "ethers";
import { decodeDelivery, encodeDelivery, type Delivery } from "../../protocol/delivery";
import { encodeResult, extendAll, messageSeed, resultLeaf, resultSeed } from "../../protocol/hashChain";
import { headerDigest, recoverSigner, rotationDigest } from "../../protocol/header";
import {
  MESSAGE_OVERHEAD_BYTES,
  decodeMessage,
  encodeMessage,
  interoperableAddress,
  messageId,
  messageIdSeq,
  messageLeaf,
  parseInteroperableAddress,
  type Message,
} from "../../protocol/message";
import type { CrosschainVectorsMock } from "../../typechain-types";
import { deploy, signDigest, signerWallets } from "./support";

const FILE = join(__dirname, "../vectors/qcp.json");
const SEED = 20_250_611;
const U64 = (1n << 64n) - 1n;

/** Every input as a string, so that JSON keeps it, with what it encodes or hashes to. */
interface Vectors {
  readonly messages: readonly (Record<keyof Message, string> & { packed: string; leaf: string })[];
  readonly malformedMessages: readonly string[];
  readonly ids: readonly Record<"sourceChainId" | "targetChainId" | "sourceGateway" | "seq" | "id", string>[];
  readonly lanes: readonly Record<
    "sourceChainId" | "sourceGateway" | "targetChainId" | "targetGateway" | "messageSeed" | "resultSeed",
    string
  >[];
  readonly chains: readonly { acc: string; leaves: readonly string[]; extended: string }[];
  readonly results: readonly Record<"first" | "last" | "failures" | "payout" | "leaf", string>[];
  readonly addresses: readonly Record<"chainId" | "account" | "encoded", string>[];
  readonly headers: readonly Record<
    "source" | "sourceBlock" | "epoch" | "toSeq" | "acc" | "ackSeq" | "resAcc" | "chainId" | "gateway" | "digest",
    string
  >[];
  readonly rotations: readonly {
    epoch: string;
    validUntil: string;
    signers: readonly string[];
    chainId: string;
    gateway: string;
    digest: string;
  }[];
  readonly signatures: readonly Record<"digest" | "signature" | "signer", string>[];
}

const u64 = fc.oneof(fc.constantFrom(0n, 1n, 56n, 97n, U64), fc.bigInt({ min: 0n, max: U64 }));
const bytesOf = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => hexlify(bytes));
const account = fc
  .oneof(bytesOf(20), fc.constantFrom(`0x${"00".repeat(20)}`, `0x${"ff".repeat(20)}`))
  .map((address) => getAddress(address));
const word = fc.oneof(bytesOf(32), fc.constantFrom(`0x${"00".repeat(32)}`, `0x${"ff".repeat(32)}`));
const payload = fc.uint8Array({ maxLength: 100 }).map((bytes) => hexlify(bytes));
const message: fc.Arbitrary<Message> = fc.record({
  seq: u64,
  sender: account,
  recipient: account,
  gasLimit: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
  deadline: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: (1n << 40n) - 1n })),
  reclaimable: fc.boolean(),
  payload,
});
const lane = fc.record({ sourceChainId: u64, sourceGateway: account, targetChainId: u64, targetGateway: account });
const result = fc.record({
  first: u64,
  last: u64,
  failures: word.map((value) => BigInt(value)),
  payout: account,
});
const header = fc.record({
  source: u64,
  sourceBlock: u64,
  epoch: u64,
  toSeq: u64,
  acc: word,
  ackSeq: u64,
  resAcc: word,
});
const rotation = fc.record({ epoch: u64, validUntil: u64, signers: fc.array(account, { maxLength: 21 }) });
const target = fc.record({ chainId: u64, gateway: account });

const sample = <Value>(arbitrary: fc.Arbitrary<Value>, count = 12): Value[] =>
  fc.sample(arbitrary, { numRuns: count, seed: SEED });
const strings = <Value extends object>(value: Value): Record<keyof Value, string> =>
  Object.fromEntries(Object.entries(value).map(([key, part]) => [key, String(part)])) as Record<keyof Value, string>;

/** The vectors as `protocol/` makes them; the file keeps them, so that a change of a format shows as a change of it. */
function generate(): Vectors {
  return {
    messages: sample(message).map((value) => ({
      ...strings(value),
      packed: encodeMessage(value),
      leaf: messageLeaf(value),
    })),
    malformedMessages: [
      "0x",
      `0x${"00".repeat(57)}`,
      `0x${"00".repeat(57)}02`,
      `0x${"00".repeat(57)}ff1234`,
      `0x${"ff".repeat(58)}`,
    ],
    ids: sample(fc.record({ sourceChainId: u64, targetChainId: u64, sourceGateway: account, seq: u64 })).map(
      (parts) => ({
        ...strings(parts),
        id: messageId(parts),
      }),
    ),
    lanes: sample(lane).map((ends) => ({
      ...strings(ends),
      messageSeed: messageSeed(ends),
      resultSeed: resultSeed(ends),
    })),
    chains: sample(fc.record({ acc: word, leaves: fc.array(word, { maxLength: 5 }) })).map(({ acc, leaves }) => ({
      acc,
      leaves,
      extended: extendAll(acc, leaves),
    })),
    results: sample(result).map((record) => ({ ...strings(record), leaf: resultLeaf(record) })),
    addresses: sample(fc.record({ chainId: u64, account })).map((parts) => ({
      ...strings(parts),
      encoded: interoperableAddress(parts.chainId, parts.account),
    })),
    headers: sample(fc.tuple(header, target)).map(([value, to]) => ({
      ...strings(value),
      ...strings(to),
      digest: headerDigest(value, to),
    })),
    rotations: sample(fc.tuple(rotation, target)).map(([value, to]) => ({
      epoch: String(value.epoch),
      validUntil: String(value.validUntil),
      signers: value.signers,
      ...strings(to),
      digest: rotationDigest(value, to),
    })),
    signatures: signerWallets(8, "vector").map((wallet, index) => {
      const digest = id(`digest ${index}`);
      return { digest, signature: signDigest(wallet, digest), signer: wallet.address };
    }),
  };
}

function messageOf(vector: Record<keyof Message, string>): Message {
  return {
    seq: BigInt(vector.seq),
    sender: vector.sender,
    recipient: vector.recipient,
    gasLimit: BigInt(vector.gasLimit),
    deadline: BigInt(vector.deadline),
    reclaimable: vector.reclaimable === "true",
    payload: vector.payload,
  };
}

describe("QCP vectors", () => {
  let vectors: Vectors;
  let solidity: CrosschainVectorsMock;

  before(async () => {
    if (process.env.UPDATE_VECTORS === "1") writeFileSync(FILE, `${JSON.stringify(generate(), null, 2)}\n`);
    vectors = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;
    solidity = await deploy<CrosschainVectorsMock>("CrosschainVectorsMock");
  });

  it("are those that TypeScript makes", () => {
    expect(generate()).to.deep.equal(vectors);
  });

  it("of messages hold in both languages, back and forth", async () => {
    for (const vector of vectors.messages) {
      const value = messageOf(vector);
      expect(decodeMessage(vector.packed)).to.deep.equal(value);
      const { payload: body, ...envelope } = value;
      expect(await solidity.encodeMessage(envelope, body)).to.equal(vector.packed);
      expect(keccak256(vector.packed)).to.equal(vector.leaf);
      for (const decode of [solidity.decodeMessage, solidity.decodeMessagePlain]) {
        const [decoded, rest] = await decode(vector.packed);
        expect([...decoded, rest]).to.deep.equal([
          value.seq,
          value.sender,
          value.recipient,
          value.gasLimit,
          value.deadline,
          value.reclaimable,
          body,
        ]);
      }
    }
  });

  it("of malformed messages are refused by TypeScript", () => {
    for (const packed of vectors.malformedMessages) {
      expect(() => decodeMessage(packed), packed).to.throw(RangeError);
    }
  });

  it("of ids hold in both languages", async () => {
    for (const { sourceChainId, targetChainId, sourceGateway, seq, id: expected } of vectors.ids) {
      expect(await solidity.idOf(sourceChainId, targetChainId, sourceGateway, seq)).to.equal(expected);
      expect(messageIdSeq(expected)).to.equal(BigInt(seq));
      const tag = BigInt(sourceGateway) & U64;
      expect([...(await solidity.idParts(expected))]).to.deep.equal([
        BigInt(sourceChainId),
        BigInt(targetChainId),
        tag,
        BigInt(seq),
      ]);
    }
  });

  it("of seeds hold in both languages", async () => {
    for (const ends of vectors.lanes) {
      const parts = [ends.sourceChainId, ends.sourceGateway, ends.targetChainId, ends.targetGateway] as const;
      expect(await solidity.messageSeed(...parts)).to.equal(ends.messageSeed);
      expect(await solidity.resultSeed(...parts)).to.equal(ends.resultSeed);
    }
  });

  it("of hash chains hold in both languages", async () => {
    for (const { acc, leaves, extended } of vectors.chains) {
      expect(await solidity.extendAll(acc, concat(leaves))).to.equal(extended);
    }
  });

  it("of results hold in both languages", async () => {
    for (const { first, last, failures, payout, leaf } of vectors.results) {
      expect(await solidity.resultLeaf(first, last, failures, payout)).to.equal(leaf);
      const record = { first: BigInt(first), last: BigInt(last), failures: BigInt(failures), payout };
      expect(dataLength(encodeResult(record))).to.equal(68);
    }
  });

  it("of ERC-7930 addresses hold in both languages", async () => {
    for (const { chainId, account: of, encoded } of vectors.addresses) {
      expect(await solidity.formatAddress(chainId, of)).to.equal(encoded);
      expect(parseInteroperableAddress(encoded)).to.deep.equal({ chainId: BigInt(chainId), account: of });
    }
  });

  it("of headers hold in both languages", async () => {
    for (const { chainId, gateway, digest, ...fields } of vectors.headers) {
      expect(await solidity.headerDigest(fields, chainId, gateway)).to.equal(digest);
    }
  });

  it("of rotations hold in both languages", async () => {
    for (const { chainId, gateway, digest, epoch, validUntil, signers } of vectors.rotations) {
      expect(await solidity.rotationDigest({ epoch, validUntil, signers: [...signers] }, chainId, gateway)).to.equal(
        digest,
      );
    }
  });

  it("of signatures hold in both languages", async () => {
    for (const { digest, signature, signer } of vectors.signatures) {
      expect(recoverSigner(digest, signature)).to.equal(signer);
      expect(await solidity.recover(digest, signature)).to.equal(signer);
    }
  });
});

describe("Assembly of the crosschain libraries", () => {
  let mock: CrosschainVectorsMock;
  const options = { seed: SEED, numRuns: 60 };

  before(async () => {
    mock = await deploy<CrosschainVectorsMock>("CrosschainVectorsMock");
  });

  it("reads messages as its plain twin does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: MESSAGE_OVERHEAD_BYTES, maxLength: 200 }), async (bytes) => {
        expect(await mock.decodeMessage(bytes)).to.deep.equal(await mock.decodeMessagePlain(bytes));
      }),
      options,
    );
  });

  it("recovers signers as its plain twin does, good and bad signatures alike", async () => {
    const wallet = signerWallets(1, "twin")[0]!;
    const good = word.map((digest) => ({ digest, signature: signDigest(wallet, digest) }));
    const broken = fc.tuple(good, fc.nat(63), fc.integer({ min: 1, max: 255 })).map(([value, at, mask]) => {
      const bytes = Buffer.from(value.signature.slice(2), "hex");
      bytes[at] = bytes[at]! ^ mask;
      return { ...value, signature: hexlify(bytes) };
    });
    const random = fc.record({ digest: word, signature: fc.tuple(word, word).map((parts) => concat(parts)) });
    const length = fc.record({ digest: word, signature: payload });
    await fc.assert(
      fc.asyncProperty(fc.oneof(good, broken, random, length), async ({ digest, signature }) => {
        expect(await mock.recover(digest, signature)).to.equal(await mock.recoverPlain(digest, signature));
      }),
      { ...options, numRuns: 150 },
    );
  });

  it("checks the signatures of a set as its plain twin does, whoever signed what", async () => {
    const wallets = signerWallets(7, "set");
    const pointer = await mock.storeSigners.staticCall(wallets.map((wallet) => wallet.address));
    await mock.storeSigners(wallets.map((wallet) => wallet.address));
    const digest = id("signed");
    const good = wallets.map((wallet) => signDigest(wallet, digest));
    const stranger = signDigest(signerWallets(1, "stranger")[0]!, digest);
    const faults = [stranger, concat([toBeHex(1n, 32), toBeHex((1n << 256n) - 1n, 32)]), `0x${"00".repeat(64)}`];
    const one = fc.record({
      bits: fc.nat(127),
      // Mostly right: at most one of the signatures is another's, and their number is off by at most one.
      fault: fc.option(fc.record({ at: fc.nat(6), which: fc.nat(2) })),
      missing: fc.constantFrom(0, 0, 0, 1),
      surplus: fc.constantFrom(0, 0, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ bits, fault, missing, surplus }) => {
        const signatures = good.filter((_, index) => (bits >> index) & 1);
        if (fault !== null && fault.at < signatures.length) signatures[fault.at] = faults[fault.which]!;
        if (missing === 1) signatures.pop();
        if (surplus === 1) signatures.push(stranger);
        const given = [pointer, bits, digest, concat(signatures)] as const;
        expect(await mock.checkSignatures(...given)).to.deep.equal(await mock.checkSignaturesPlain(...given));
      }),
      { ...options, numRuns: 200 },
    );
  });

  it("formats ERC-7930 addresses as its plain twin does, for chain ids of every length", async () => {
    const chainIds = Array.from({ length: 65 }, (_, bits) => (1n << BigInt(bits)) - 1n).flatMap((max) => [
      max,
      max + 1n,
    ]);
    for (const chainId of chainIds.filter((value) => value <= U64)) {
      const of = getAddress(toBeHex(chainId * 31n + 7n, 20));
      expect(await mock.formatAddress(chainId, of)).to.equal(await mock.formatAddressPlain(chainId, of));
    }
  });

  it("hashes results as its plain twin does", async () => {
    await fc.assert(
      fc.asyncProperty(result, async ({ first, last, failures, payout }) => {
        const leaf = await mock.resultLeaf(first, last, failures, payout);
        expect(leaf).to.equal(await mock.resultLeafPlain(first, last, failures, payout));
      }),
      options,
    );
  });

  it("reads the header of a packed delivery as the struct hash does", async () => {
    await fc.assert(
      fc.asyncProperty(header, target, word, async (value, to, junk) => {
        const packed = encodeDelivery({
          header: value,
          payout: to.gateway,
          signers: 7n,
          signatures: junk,
          accBefore: junk,
          messages: [],
          messagesAfter: [],
          results: [],
          resultsAfter: [],
        });
        const digest = await mock.packedHeaderDigest(packed, to.chainId, to.gateway);
        expect(digest).to.equal(await mock.headerDigest(value, to.chainId, to.gateway));
      }),
      options,
    );
  });

  it("decodes what it encoded, and refuses every shorter delivery", () => {
    const parts = fc.record({
      header,
      payout: account,
      signers: fc.bigInt({ min: 0n, max: (1n << 21n) - 1n }),
      accBefore: word,
      bodies: fc.array(payload, { maxLength: 4 }),
      messagesAfter: fc.array(word, { maxLength: 3 }),
      results: fc.array(result, { maxLength: 3 }),
      resultsAfter: fc.array(word, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(parts, ({ bodies, header: head, ...rest }) => {
        const bits = [...rest.signers.toString(2)].filter((bit) => bit === "1").length;
        const messagesAfter = bodies.length === 0 ? [] : rest.messagesAfter;
        const delivery: Delivery = {
          header: { ...head, toSeq: BigInt(bodies.length + messagesAfter.length) },
          payout: rest.payout,
          signers: rest.signers,
          signatures: `0x${"5a".repeat(64 * bits)}`,
          accBefore: rest.accBefore,
          messages: bodies.map((body, index) =>
            encodeMessage({
              seq: BigInt(index) + 1n,
              sender: rest.payout,
              recipient: rest.payout,
              gasLimit: 0n,
              deadline: 0n,
              reclaimable: false,
              payload: body,
            }),
          ),
          messagesAfter,
          results: rest.results,
          resultsAfter: rest.resultsAfter,
        };
        const packed = encodeDelivery(delivery);
        expect(decodeDelivery(packed)).to.deep.equal(delivery);
        expect(() => decodeDelivery(dataSlice(packed, 0, dataLength(packed) - 1))).to.throw(RangeError);
        expect(() => decodeDelivery(concat([packed, "0x00"]))).to.throw(RangeError);
      }),
      options,
    );
  });

  it("stores and loads signer sets of every size, and none from an account without code", async () => {
    for (let size = 0; size <= 21; size++) {
      const signers = signerWallets(size, `size ${size}`).map((wallet) => wallet.address);
      const pointer = await mock.storeSigners.staticCall(signers);
      await mock.storeSigners(signers);
      expect(await mock.loadSigners(pointer)).to.deep.equal(signers);
    }
    expect(await mock.loadSigners(getAddress(toBeHex(0xdead, 20)))).to.deep.equal([]);
  });

  it("stores a signer set whole or not at all, whatever gas it is given", async () => {
    const signers = signerWallets(21, "gas").map((wallet) => wallet.address);
    const outcomes = { stored: 0, failed: 0 };
    for (let gasLimit = 60_000; gasLimit <= 600_000; gasLimit += 4_000) {
      try {
        await mock.storeSigners.staticCall(signers, { gasLimit });
        outcomes.stored++;
      } catch (error) {
        const { data } = error as { readonly data?: string };
        if (data === id("FailedDeployment()").slice(0, 10)) outcomes.failed++;
      }
    }
    expect(outcomes.stored).to.be.greaterThan(0);
    expect(outcomes.failed).to.be.greaterThan(0);
  });

  it("builds the call of a recipient as abi.encodeCall does", async () => {
    const sources = [0n, 1n, 255n, 256n, (1n << 32n) - 1n, (1n << 48n) - 1n, 1n << 48n, U64];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(u64, fc.constantFrom(...sources)),
        fc.array(fc.tuple(word, message), { minLength: 1, maxLength: 6 }),
        async (source, calls) => {
          const ids = calls.map(([receiveId]) => receiveId);
          const packed = calls.map(([, value]) => encodeMessage(value));
          expect(await mock.buildCalls(source, ids, packed)).to.deep.equal(
            await mock.buildCallsPlain(source, ids, packed),
          );
        },
      ),
      options,
    );
  });
});
