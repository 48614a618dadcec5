import { getAddress } from "ethers";
import type { Kysely, Transaction } from "kysely";
import type { LaneEnds } from "../../protocol/hashChain";
import { headerDigest, rotationDigest, type Header, type Rotation, type Target } from "../../protocol/header";
import { RelayerError } from "../errors";
import type { Attestation, AttestationSigner, RotationAttestation } from "../ports";
import { atomically } from "./atomically";
import { headerRow, readHeader, type StoredHeader } from "./blocks";
import { ensureLane, laneId } from "./lanes";
import type { Schema } from "./schema";

/** A verified header with what was collected for it, by checksummed signer. */
export interface AttestedHeader extends StoredHeader {
  readonly signatures: ReadonlyMap<string, string>;
}

export type SignedKind = "block" | "to_seq" | "ack_seq" | "rotation";

const laneTarget = (lane: LaneEnds): Target => ({ chainId: lane.targetChainId, gateway: lane.targetGateway });

const targetScope = (target: Target): string => `${target.chainId}:${target.gateway.toLowerCase()}`;

/** Remembers that `signer` stands for `content` under `key`; throws where it stands for something else already. */
async function claim(
  tx: Transaction<Schema>,
  row: { readonly signer: string; readonly scope: string; readonly kind: SignedKind; readonly key: bigint },
  content: string,
): Promise<void> {
  const { signer, scope, kind, key } = row;
  await tx
    .insertInto("signed")
    .values({ signer, scope, kind, key, content })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const stored = await tx
    .selectFrom("signed")
    .select("content")
    .where("signer", "=", signer)
    .where("scope", "=", scope)
    .where("kind", "=", kind)
    .where("key", "=", key)
    .executeTakeFirstOrThrow();
  if (stored.content !== content) {
    throw new RelayerError("SIGNING_CONFLICT", "this key has signed something else already", {
      alert: true,
      context: { signer, scope, kind, key, signed: stored.content, refused: content },
    });
  }
}

/** What a signature of a header stands for: its block, and the accumulators of its two sequences. */
async function claimHeader(
  tx: Transaction<Schema>,
  by: { readonly signer: string; readonly scope: string },
  header: Header,
  digest: string,
): Promise<void> {
  await claim(tx, { ...by, kind: "block", key: header.sourceBlock }, digest);
  await claim(tx, { ...by, kind: "to_seq", key: header.toSeq }, header.acc.toLowerCase());
  await claim(tx, { ...by, kind: "ack_seq", key: header.ackSeq }, header.resAcc.toLowerCase());
}

/** Signatures: this operator's own, which are never in conflict with each other, and those collected from peers. */
export class AttestationRepository {
  constructor(
    private readonly db: Kysely<Schema>,
    private readonly committed: () => void,
  ) {}

  /**
   * Signs a header, or returns the signature that was stored for the same one. Stores in one transaction, before
   * anybody can see the signature, what the operator now stands for: one digest per block, one `acc` per `toSeq`, one
   * `resAcc` per `ackSeq` of the lane; rejects with SIGNING_CONFLICT where it stands for another already.
   */
  async sign(lane: LaneEnds, header: Header, signer: AttestationSigner): Promise<Attestation> {
    const target = laneTarget(lane);
    const attestation = await atomically(this.db, async (tx) => {
      const id = await ensureLane(tx, lane);
      const row = headerRow(lane, id, header, true);
      const by = { signer: signer.address.toLowerCase(), scope: id };
      await claimHeader(tx, by, header, row.digest);
      await tx
        .insertInto("headers")
        .values(row)
        .onConflict((conflict) => conflict.columns(["lane", "digest"]).doUpdateSet({ verified: 1n }))
        .execute();
      const stored = await tx
        .selectFrom("attestations")
        .select("signature")
        .where("lane", "=", id)
        .where("digest", "=", row.digest)
        .where("signer", "=", by.signer)
        .executeTakeFirst();
      if (stored !== undefined) return { header, target, signer: signer.address, signature: stored.signature };
      const signature = signer.signHeader(header, target);
      await tx
        .insertInto("attestations")
        .values(ownRow(id, row.digest, by.signer, header.sourceBlock, signature))
        .execute();
      return { header, target, signer: signer.address, signature };
    });
    this.committed();
    return attestation;
  }

  /**
   * Takes over a signature that this operator made earlier and has lost, as peers kept it, so that it never signs
   * anything else instead. The header is not taken to be verified. Returns false where it was known; rejects as
   * {@link sign} does.
   */
  async adopt(lane: LaneEnds, attestation: Attestation): Promise<boolean> {
    const { header, signature } = attestation;
    return atomically(this.db, async (tx) => {
      const id = await ensureLane(tx, lane);
      const row = headerRow(lane, id, header, false);
      const by = { signer: attestation.signer.toLowerCase(), scope: id };
      await claimHeader(tx, by, header, row.digest);
      await tx
        .insertInto("headers")
        .values(row)
        .onConflict((conflict) => conflict.columns(["lane", "digest"]).doNothing())
        .execute();
      const inserted = await tx
        .insertInto("attestations")
        .values(ownRow(id, row.digest, by.signer, header.sourceBlock, signature))
        .onConflict((conflict) => conflict.columns(["lane", "digest", "signer"]).doNothing())
        .executeTakeFirst();
      return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n;
    });
  }

  /** Headers that `signer` attested and that contradict `header`: same block, sequence or acknowledgement, other content. */
  async contradicting(lane: LaneEnds, signer: string, header: Header): Promise<readonly StoredHeader[]> {
    const rows = await this.db
      .selectFrom("attestations")
      .innerJoin("headers", (join) =>
        join.onRef("headers.lane", "=", "attestations.lane").onRef("headers.digest", "=", "attestations.digest"),
      )
      .selectAll("headers")
      .where("attestations.lane", "=", laneId(lane))
      .where("attestations.signer", "=", signer.toLowerCase())
      .where("headers.digest", "!=", headerDigest(header, laneTarget(lane)))
      .where((where) =>
        where.or([
          where("headers.source_block", "=", header.sourceBlock),
          where.and([where("headers.to_seq", "=", header.toSeq), where("headers.acc", "!=", header.acc)]),
          where.and([where("headers.ack_seq", "=", header.ackSeq), where("headers.res_acc", "!=", header.resAcc)]),
        ]),
      )
      .limit(2)
      .execute();
    return rows.map((row) => readHeader(lane, row));
  }

  /** The same for a rotation: one content per target and epoch. */
  async signRotation(target: Target, rotation: Rotation, signer: AttestationSigner): Promise<RotationAttestation> {
    const attestation = await atomically(this.db, async (tx) => {
      const digest = rotationDigest(rotation, target);
      const by = signer.address.toLowerCase();
      await claim(tx, { signer: by, scope: targetScope(target), kind: "rotation", key: rotation.epoch }, digest);
      const stored = await tx
        .selectFrom("rotations")
        .select("signature")
        .where("target_chain_id", "=", target.chainId)
        .where("target_gateway", "=", target.gateway.toLowerCase())
        .where("digest", "=", digest)
        .where("signer", "=", by)
        .executeTakeFirst();
      const signature = stored?.signature ?? signer.signRotation(rotation, target);
      const signed = { rotation, target, signer: signer.address, signature };
      if (stored === undefined) await insertRotations(tx, [signed], true);
      return signed;
    });
    this.committed();
    return attestation;
  }

  /** Keeps signatures of others; the caller has verified them. Known ones are kept as they are. */
  async collect(lane: LaneEnds, attestations: readonly Attestation[]): Promise<void> {
    if (attestations.length === 0) return;
    await atomically(this.db, async (tx) => {
      const id = await ensureLane(tx, lane);
      for (const attestation of attestations) {
        const row = headerRow(lane, id, attestation.header, false);
        await tx
          .insertInto("headers")
          .values(row)
          .onConflict((conflict) => conflict.columns(["lane", "digest"]).doNothing())
          .execute();
        await tx
          .insertInto("attestations")
          .values({
            lane: id,
            digest: row.digest,
            signer: attestation.signer.toLowerCase(),
            source_block: attestation.header.sourceBlock,
            signature: attestation.signature,
            own: 0n,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
  }

  async collectRotations(attestations: readonly RotationAttestation[]): Promise<void> {
    if (attestations.length > 0) await atomically(this.db, (tx) => insertRotations(tx, attestations, false));
  }

  /** Attestations of one signer, this operator's own without one, of headers after block `after`, oldest first. */
  async bySigner(
    lane: LaneEnds,
    signer: string | undefined,
    after: bigint,
    limit: number,
  ): Promise<readonly Attestation[]> {
    const rows = await this.db
      .selectFrom("attestations")
      .innerJoin("headers", (join) =>
        join.onRef("headers.lane", "=", "attestations.lane").onRef("headers.digest", "=", "attestations.digest"),
      )
      .selectAll("headers")
      .select(["attestations.signer", "attestations.signature"])
      .where("attestations.lane", "=", laneId(lane))
      .$if(signer === undefined, (query) => query.where("attestations.own", "=", 1n))
      .$if(signer !== undefined, (query) => query.where("attestations.signer", "=", (signer ?? "").toLowerCase()))
      .where("attestations.source_block", ">", after)
      .orderBy("attestations.source_block")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      header: readHeader(lane, row).header,
      target: laneTarget(lane),
      signer: getAddress(row.signer),
      signature: row.signature,
    }));
  }

  /** Last block that `signer` is known to have attested on this lane; undefined: none. */
  async lastBlockOf(lane: LaneEnds, signer: string): Promise<bigint | undefined> {
    const row = await this.db
      .selectFrom("attestations")
      .select((select) => select.fn.max("source_block").as("block"))
      .where("lane", "=", laneId(lane))
      .where("signer", "=", signer.toLowerCase())
      .executeTakeFirst();
    return row?.block ?? undefined;
  }

  /** Signatures known for one header, by checksummed signer. */
  async signaturesOf(lane: LaneEnds, digest: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.db
      .selectFrom("attestations")
      .select(["signer", "signature"])
      .where("lane", "=", laneId(lane))
      .where("digest", "=", digest)
      .orderBy("signer")
      .execute();
    return new Map(rows.map((row) => [getAddress(row.signer), row.signature]));
  }

  /** Verified headers after block `after` with the signatures known for each, newest first. */
  async attested(lane: LaneEnds, after: bigint, limit: number): Promise<readonly AttestedHeader[]> {
    const id = laneId(lane);
    const headers = await this.db
      .selectFrom("headers")
      .selectAll()
      .where("lane", "=", id)
      .where("verified", "=", 1n)
      .where("source_block", ">", after)
      .orderBy("source_block", "desc")
      .limit(limit)
      .execute();
    const oldest = headers.at(-1);
    if (oldest === undefined) return [];
    const rows = await this.db
      .selectFrom("attestations")
      .select(["digest", "signer", "signature"])
      .where("lane", "=", id)
      .where("source_block", ">=", oldest.source_block)
      .execute();
    const signatures = new Map<string, Map<string, string>>();
    for (const row of rows) {
      const known = signatures.get(row.digest) ?? new Map<string, string>();
      signatures.set(row.digest, known.set(getAddress(row.signer), row.signature));
    }
    return headers.map((row) => ({
      ...readHeader(lane, row),
      signatures: signatures.get(row.digest) ?? new Map<string, string>(),
    }));
  }

  /** Rotations of `chainId` to epochs after `afterEpoch`, lowest epoch first; own signatures only where asked. */
  async rotations(
    chainId: bigint,
    afterEpoch: bigint,
    options: { readonly own: boolean; readonly limit: number },
  ): Promise<readonly RotationAttestation[]> {
    const rows = await this.db
      .selectFrom("rotations")
      .selectAll()
      .where("target_chain_id", "=", chainId)
      .where("epoch", ">", afterEpoch)
      .$if(options.own, (query) => query.where("own", "=", 1n))
      .orderBy("epoch")
      .orderBy("signer")
      .limit(options.limit)
      .execute();
    return rows.map((row) => ({
      rotation: { epoch: row.epoch, validUntil: row.valid_until, signers: row.signers.split(",").map(getAddress) },
      target: { chainId: row.target_chain_id, gateway: row.target_gateway },
      signer: getAddress(row.signer),
      signature: row.signature,
    }));
  }
}

async function insertRotations(
  tx: Transaction<Schema>,
  attestations: readonly RotationAttestation[],
  own: boolean,
): Promise<void> {
  for (const { rotation, target, signer, signature } of attestations) {
    await tx
      .insertInto("rotations")
      .values({
        target_chain_id: target.chainId,
        target_gateway: target.gateway.toLowerCase(),
        digest: rotationDigest(rotation, target),
        signer: signer.toLowerCase(),
        epoch: rotation.epoch,
        valid_until: rotation.validUntil,
        signers: rotation.signers.join(",").toLowerCase(),
        signature,
        own: own ? 1n : 0n,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** A signature of this operator, as it is stored. */
function ownRow(lane: string, digest: string, signer: string, sourceBlock: bigint, signature: string) {
  return { lane, digest, signer, source_block: sourceBlock, signature, own: 1n };
}
