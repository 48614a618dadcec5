import { Wallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types";
import { EnvironmentReader, type Environment } from "../deploy/environment";
import { RelayerError } from "../relayer/errors";
import { loadPrivateKey, terminalPrompt } from "../relayer/keystore";
import { EndpointSigner } from "./endpointSigner";
import { Refusal } from "./refusal";
import type { TaskSigner } from "./session";

const SOURCES = ["KEYSTORE", "SIGNER_RPC", "DEPLOYER_KEY"] as const;

/**
 * The accounts that tasks may send with. On a live network they come from one place that the environment names: an
 * encrypted keystore, a wallet behind an endpoint, or a bare key; on a local one they are the node's.
 */
export async function accountsOf(
  hre: HardhatRuntimeEnvironment,
  live: boolean,
  chainId: bigint,
  environment: Environment,
): Promise<readonly TaskSigner[]> {
  const { provider } = hre.ethers;
  if (!live) return hre.ethers.getSigners();
  const read = new EnvironmentReader(environment);
  const named = SOURCES.filter((key) => read.optional(key) !== undefined);
  const [first, second] = named;
  if (first === undefined) {
    throw new Refusal(
      `the network ${hre.network.name} has no account: set KEYSTORE to an encrypted keystore, or SIGNER_RPC to the endpoint ` +
        "of a wallet",
    );
  }
  if (second !== undefined) throw new Refusal(`${first} and ${second} both name an account: set one of them`);
  if (first === "SIGNER_RPC") return EndpointSigner.all(read.required(first, "an endpoint"), chainId, provider);
  if (first === "DEPLOYER_KEY") return hre.ethers.getSigners();
  const passwordFile = read.optional("KEYSTORE_PASSWORD_FILE");
  const source = { keystore: read.required(first, "a file"), passwordFile };
  try {
    const warn = (message: string, { path }: Readonly<Record<string, unknown>>): void => {
      console.warn(`${String(path)}: ${message}`);
    };
    return [new Wallet(await loadPrivateKey(source, { prompt: terminalPrompt(), warn }), provider)];
  } catch (error) {
    if (!(error instanceof RelayerError)) throw error;
    throw new Refusal(`${first}: ${error.message}`, error);
  }
}
