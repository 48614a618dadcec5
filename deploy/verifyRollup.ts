import type { Deployment } from "./deployment";
import { finding, type Finding } from "./finding";

/** Layer 2: what its contracts were made with, and what they were told. */
export async function verifyRollup({
  rollup: contracts,
  accessManager,
  parameters,
  record,
}: Deployment): Promise<readonly Finding[]> {
  if (contracts === undefined || parameters.rollup === undefined) return [];
  const { rollup, vault, certificateSlashing } = contracts;
  const { bond, challengeSeconds, openSeconds, entryPrice, sequencer, repaid, weiPerBatch } = parameters.rollup;
  const { Gateway, RollupVerifier, CalldataSegments, BlobSegments, Rollup, RollupVault } = record.contracts;
  const { COSToken, GameAssets, GameRevenue, ValidatorRegistry } = record.contracts;
  const manager = await accessManager.getAddress();
  const [receiver, perBatch] = await vault.postingRepayment();
  return [
    finding("Rollup authority", manager, await rollup.authority()),
    finding("Rollup GATEWAY", Gateway?.address, await rollup.GATEWAY()),
    finding("Rollup VERIFIER", RollupVerifier?.address, await rollup.VERIFIER()),
    finding("Rollup CALLDATA_SEGMENTS", CalldataSegments?.address, await rollup.CALLDATA_SEGMENTS()),
    finding("Rollup BLOB_SEGMENTS", BlobSegments?.address, await rollup.BLOB_SEGMENTS()),
    finding("Rollup BOND", bond, await rollup.BOND()),
    finding("Rollup CHALLENGE_SECONDS", challengeSeconds, await rollup.CHALLENGE_SECONDS()),
    finding("Rollup OPEN_SECONDS", openSeconds, await rollup.OPEN_SECONDS()),
    finding("Rollup vault", RollupVault?.address, await rollup.vault()),
    finding("Rollup entry price", entryPrice, await rollup.entryPrice()),
    finding("Rollup frozen", false, (await rollup.head()).frozen),
    ...(sequencer === undefined
      ? []
      : [finding(`sequencer ${sequencer}`, true, (await rollup.posterOf(sequencer)).sequencer)]),
    finding("RollupVault authority", manager, await vault.authority()),
    finding("RollupVault ROLLUP", Rollup?.address, await vault.ROLLUP()),
    finding("RollupVault ASSETS", GameAssets?.address, await vault.ASSETS()),
    finding("RollupVault REVENUE", GameRevenue?.address, await vault.REVENUE()),
    finding("RollupVault asset 1", COSToken?.address, await vault.tokenOf(1)),
    finding("RollupVault repays", repaid, receiver),
    finding("RollupVault repays for a batch", weiPerBatch, perBatch),
    finding("CertificateSlashing ROLLUP", Rollup?.address, await certificateSlashing.ROLLUP()),
    finding("CertificateSlashing REGISTRY", ValidatorRegistry?.address, await certificateSlashing.REGISTRY()),
  ];
}
