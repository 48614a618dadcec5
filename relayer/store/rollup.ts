import { getAddress, getBytes, hexlify } from "ethers";
import type { Kysely, Transaction } from "kysely";
import type { Certificate, RollupTarget } from "../../protocol/certificate";
import { RelayerError } from "../errors";
import type { CertificateSigner, SignedCertificate } from "../ports";
import { atomically } from "./atomically";
import type { Schema } from "./schema";

/** A proof of fraud that this operator is about to make. */
export interface StoredProof {
  readonly batchHash: string;
  readonly prover: string;
  readonly segment: number;
  /** 32 bytes of hex. */
  readonly salt: string;
}

/** Rows that one insert may have on every engine. */
const ROWS = 256;

const columns = ({ chainId, rollup }: RollupTarget) => ({ chain_id: chainId, rollup: rollup.toLowerCase() });

/** What a rollup's node keeps: the queue's entries, certificates, and salts of proofs. */
export class RollupRepository {
  constructor(
    private readonly db: Kysely<Schema>,
    private readonly committed: () => void,
  ) {}

  /** Keeps entries from number `from` on; `block`: everything that was queued up to its end is kept then. */
  async keepEntries(
    rollup: RollupTarget,
    entries: ReadonlyMap<bigint, Uint8Array>,
    block: bigint | undefined,
  ): Promise<void> {
    const rows = [...entries].map(([number, entry]) => ({ ...columns(rollup), number, entry: hexlify(entry) }));
    await atomically(this.db, async (tx) => {
      for (let at = 0; at < rows.length; at += ROWS) {
        await tx
          .insertInto("rollup_entries")
          .values(rows.slice(at, at + ROWS))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      if (block === undefined) return;
      await tx
        .insertInto("rollup_queues")
        .values({ ...columns(rollup), block })
        .onConflict((conflict) => conflict.columns(["chain_id", "rollup"]).doUpdateSet({ block }))
        .execute();
    });
  }

  /** Drops an entry that is not the one that layer 1 queued. */
  async dropEntry(rollup: RollupTarget, number: bigint): Promise<void> {
    const { chain_id, rollup: address } = columns(rollup);
    await this.db
      .deleteFrom("rollup_entries")
      .where("chain_id", "=", chain_id)
      .where("rollup", "=", address)
      .where("number", "=", number)
      .execute();
  }

  /** Block up to whose end every entry is kept; undefined: none yet. */
  async queueBlock(rollup: RollupTarget): Promise<bigint | undefined> {
    const { chain_id, rollup: address } = columns(rollup);
    const row = await this.db
      .selectFrom("rollup_queues")
      .select("block")
      .where("chain_id", "=", chain_id)
      .where("rollup", "=", address)
      .executeTakeFirst();
    return row?.block;
  }

  /** The kept entries from number `from` to below `to`; there may be gaps. */
  async entries(rollup: RollupTarget, from: bigint, to: bigint): Promise<ReadonlyMap<bigint, Uint8Array>> {
    const { chain_id, rollup: address } = columns(rollup);
    const rows = await this.db
      .selectFrom("rollup_entries")
      .select(["number", "entry"])
      .where("chain_id", "=", chain_id)
      .where("rollup", "=", address)
      .where("number", ">=", from)
      .where("number", "<", to)
      .orderBy("number")
      .execute();
    return new Map(rows.map(({ number, entry }) => [number, getBytes(entry)]));
  }

  /**
   * Signs a certificate, or returns the signature that was stored for the same one. What the operator stands for is
   * stored in the same transaction, before anybody can see the signature: one batch per number, whatever the epoch.
   * Rejects with SIGNING_CONFLICT where it stands for another batch.
   */
  async sign(rollup: RollupTarget, certificate: Certificate, signer: CertificateSigner): Promise<SignedCertificate> {
    const signed = await atomically(this.db, async (tx) => {
      await claim(tx, rollup, certificate, signer.address);
      const known = await certificates(tx, rollup)
        .where("batch_hash", "=", certificate.batchHash)
        .where("epoch", "=", certificate.epoch)
        .where("signer", "=", signer.address.toLowerCase())
        .executeTakeFirst();
      const signature = known?.signature ?? signer.signCertificate(certificate, rollup);
      const made = { ...certificate, signer: signer.address, signature };
      if (known === undefined) await insert(tx, rollup, [made], true);
      return made;
    });
    this.committed();
    return signed;
  }

  /** Keeps certificates of others; the caller has verified them. */
  async collect(rollup: RollupTarget, found: readonly SignedCertificate[]): Promise<void> {
    if (found.length > 0) await atomically(this.db, (tx) => insert(tx, rollup, found, false));
  }

  /** Certificates of batches after number `after`, lowest first; own ones only where asked. */
  async certificates(
    rollup: RollupTarget,
    after: bigint,
    options: { readonly own: boolean; readonly limit: number },
  ): Promise<readonly SignedCertificate[]> {
    const rows = await certificates(this.db, rollup)
      .where("number", ">", after)
      .$if(options.own, (query) => query.where("own", "=", 1n))
      .orderBy("number")
      .orderBy("epoch")
      .orderBy("signer")
      .limit(options.limit)
      .execute();
    return rows.map(readCertificate);
  }

  /** Signatures known for one batch in one epoch, by checksummed signer. */
  async signaturesOf(rollup: RollupTarget, batchHash: string, epoch: bigint): Promise<ReadonlyMap<string, string>> {
    const rows = await certificates(this.db, rollup)
      .where("batch_hash", "=", batchHash)
      .where("epoch", "=", epoch)
      .execute();
    return new Map(rows.map(({ signer, signature }) => [getAddress(signer), signature]));
  }

  /** The proof that is kept of this batch and prover, else `proof`, which is kept from now on. */
  async claimProof(rollup: RollupTarget, proof: StoredProof): Promise<StoredProof> {
    return atomically(this.db, async (tx) => {
      const { batchHash, segment, salt } = proof;
      const prover = proof.prover.toLowerCase();
      await tx
        .insertInto("rollup_proofs")
        .values({ ...columns(rollup), batch_hash: batchHash, prover, segment: BigInt(segment), salt })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const { chain_id, rollup: address } = columns(rollup);
      const row = await tx
        .selectFrom("rollup_proofs")
        .selectAll()
        .where("chain_id", "=", chain_id)
        .where("rollup", "=", address)
        .where("batch_hash", "=", batchHash)
        .where("prover", "=", prover)
        .executeTakeFirstOrThrow();
      return { batchHash, prover: proof.prover, segment: Number(row.segment), salt: row.salt };
    });
  }
}

function certificates(db: Kysely<Schema>, rollup: RollupTarget) {
  const { chain_id, rollup: address } = columns(rollup);
  return db
    .selectFrom("rollup_certificates")
    .selectAll()
    .where("chain_id", "=", chain_id)
    .where("rollup", "=", address);
}

function readCertificate(row: Schema["rollup_certificates"]): SignedCertificate {
  return {
    batchHash: row.batch_hash,
    number: row.number,
    epoch: row.epoch,
    signer: getAddress(row.signer),
    signature: row.signature,
  };
}

/** Remembers that `signer` stands for this batch; throws where it stands for another one of that number. */
async function claim(
  tx: Transaction<Schema>,
  rollup: RollupTarget,
  { number, batchHash }: Certificate,
  by: string,
): Promise<void> {
  const signer = by.toLowerCase();
  const { chain_id, rollup: address } = columns(rollup);
  await tx
    .insertInto("rollup_signed")
    .values({ chain_id, rollup: address, signer, number, batch_hash: batchHash })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { batch_hash: signed } = await tx
    .selectFrom("rollup_signed")
    .select("batch_hash")
    .where("chain_id", "=", chain_id)
    .where("rollup", "=", address)
    .where("signer", "=", signer)
    .where("number", "=", number)
    .executeTakeFirstOrThrow();
  if (signed === batchHash) return;
  throw new RelayerError("SIGNING_CONFLICT", "this key has certified another batch of this number", {
    alert: true,
    context: { signer, rollup: address, number, signed, refused: batchHash },
  });
}

async function insert(
  tx: Transaction<Schema>,
  rollup: RollupTarget,
  found: readonly SignedCertificate[],
  own: boolean,
): Promise<void> {
  for (const { batchHash, number, epoch, signer, signature } of found) {
    await tx
      .insertInto("rollup_certificates")
      .values({
        ...columns(rollup),
        batch_hash: batchHash,
        epoch,
        signer: signer.toLowerCase(),
        number,
        signature,
        own: own ? 1n : 0n,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
