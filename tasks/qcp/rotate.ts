import { task } from "hardhat/config";
import type { DeployedContracts } from "../../deploy/deployment";
import { recoverSigner, rotationDigest, type Rotation } from "../../protocol/header";
import { quorumOf, quorumProof } from "../../protocol/quorum";
import { parseRotations } from "../../relayer/api/wire";
import type { RotationAttestation } from "../../relayer/ports";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import { openDeployment, openSession, withCommonParams, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";

interface RotateArgs extends CommonArgs {
  readonly endpoints?: string;
}

export interface RotationDone {
  readonly epoch: bigint;
  readonly signers: readonly string[];
  readonly transaction: string;
}

const REQUEST_TIMEOUT_MS = 10_000;

withCommonParams(
  task(
    "qcp:rotate",
    "Installs the next signer set: published at home, elsewhere signed by a quorum of the current one",
  ),
)
  .addOptionalParam("endpoints", "URLs of attestors, separated by commas; not needed on the home chain")
  .setAction(async (args: RotateArgs, hre): Promise<RotationDone> => {
    const session = await openSession(hre, args);
    const deployment = await openDeployment(session);
    return deployment.validatorRegistry === undefined
      ? rotate(session, deployment, args.endpoints)
      : publish(session, deployment, deployment.validatorRegistry);
  });

async function publish(
  session: Session,
  { gateway }: DeployedContracts,
  registry: NonNullable<DeployedContracts["validatorRegistry"]>,
): Promise<RotationDone> {
  const from = await registry.publishableFrom();
  const now = await session.time();
  if (now < from) throw new Refusal(`the next epoch can be published from ${timeInWords(from)} on, not yet`);
  const signers = await registry.activeSigners();
  const call = { to: await registry.getAddress(), data: registry.interface.encodeFunctionData("publishEpoch") };
  const receipt = await submit(session, `Publish an epoch of ${signers.length} signers`, call);
  const epoch = await gateway.currentEpoch();
  session.say(`  epoch ${epoch}: ${signers.join(", ")}`);
  return { epoch, signers: [...signers], transaction: receipt.hash };
}

async function rotate(session: Session, { gateway }: DeployedContracts, list?: string): Promise<RotationDone> {
  if (list === undefined) {
    throw new Refusal("--endpoints is missing: name the attestors' URLs, as the registry on the home chain lists them");
  }
  const endpoints = list.split(",").map((endpoint) => endpoint.trim().replace(/\/$/, ""));
  for (const endpoint of endpoints) {
    if (!/^https?:\/\//.test(endpoint)) throw new Refusal(`--endpoints: "${endpoint}" is not an http URL`);
  }
  const target = { chainId: session.chainId, gateway: await gateway.getAddress() };
  const current = await gateway.currentEpoch();
  const set = [...(await gateway.signersOf(current))];

  const bySigner = new Map<string, { readonly rotation: Rotation; readonly signatures: Map<string, string> }>();
  const silent: string[] = [];
  for (const endpoint of endpoints) {
    let answers: readonly RotationAttestation[];
    try {
      answers = await ask(endpoint, target.chainId, current);
    } catch (error) {
      silent.push(`${endpoint} (${error instanceof Error ? error.message : String(error)})`);
      continue;
    }
    for (const { rotation, signature } of answers) {
      // What a peer says of itself counts for nothing: the signature names its signer.
      const digest = rotationDigest(rotation, target);
      const signer = signerOf(digest, signature);
      if (signer === undefined || !set.includes(signer) || rotation.epoch <= current) continue;
      const collected = bySigner.get(digest) ?? { rotation, signatures: new Map<string, string>() };
      collected.signatures.set(signer, signature);
      bySigner.set(digest, collected);
    }
  }

  const candidates = [...bySigner.values()].sort((a, b) => Number(b.rotation.epoch - a.rotation.epoch));
  for (const { rotation, signatures } of candidates) {
    const proof = quorumProof(set, signatures);
    if (proof === undefined) continue;
    const data = gateway.interface.encodeFunctionData("rotate", [
      { ...rotation, signers: [...rotation.signers] },
      proof.signers,
      proof.signatures,
    ]);
    const what = `Rotate from epoch ${current} to ${rotation.epoch} with ${quorumOf(set.length)} of ${set.length} signatures`;
    const receipt = await submit(session, what, { to: target.gateway, data });
    return { epoch: rotation.epoch, signers: rotation.signers, transaction: receipt.hash };
  }
  const best = Math.max(0, ...candidates.map(({ signatures }) => signatures.size));
  throw new Refusal(
    `no rotation after epoch ${current} has a quorum: ${best} of ${quorumOf(set.length)} signatures from ` +
      `${endpoints.length} endpoints${silent.length === 0 ? "" : `; no answer from ${silent.join(", ")}`}`,
  );
}

async function ask(endpoint: string, target: bigint, afterEpoch: bigint): Promise<readonly RotationAttestation[]> {
  const response = await fetch(`${endpoint}/rotations?target=${target}&afterEpoch=${afterEpoch}`, {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return parseRotations(await response.json());
}

function signerOf(digest: string, signature: string): string | undefined {
  try {
    return recoverSigner(digest, signature);
  } catch {
    return undefined;
  }
}
