import { HDNodeWallet, Mnemonic, ZeroAddress } from "ethers";
import { DeploymentError } from "../deploymentError";
import { parseAddress, type EnvironmentReader } from "../environment";

const DEV_MNEMONIC = "test test test test test test test test test test test junk";
const DEV_ACCOUNTS = 20;

/** Who may be named: nobody is the deployer, who ends with nothing, and on a live network nobody's key is known. */
export class AccountRules {
  private readonly known: ReadonlySet<string>;

  constructor(
    private readonly deployer: string,
    live: boolean,
  ) {
    this.known = live ? devAccounts() : new Set();
  }

  /** Refuses an account that would hold or receive something. */
  require(key: string, account: string): void {
    const refuse = (message: string): never => {
      throw new DeploymentError(message, { key });
    };
    if (account === ZeroAddress) refuse("is the zero address: name a real account");
    if (account === this.deployer) refuse(`is the deployer ${account}, which is to hold nothing: name another account`);
    this.requireSecret(key, account);
  }

  /** Refuses an account whose key everybody knows. */
  requireSecret(key: string, account: string): void {
    if (this.known.has(account)) throw new DeploymentError(`names ${account}, whose key everybody knows`, { key });
  }

  requireSecretDeployer(): void {
    if (!this.known.has(this.deployer)) return;
    throw new DeploymentError("is a key that everybody knows: create one of your own", { key: "DEPLOYER_KEY" });
  }
}

export function readAddresses(read: EnvironmentReader, key: string, purpose: string): readonly string[] {
  const list = read.required(key, `${purpose}, separated by commas`);
  return list.split(",").map((entry) => parseAddress(key, entry.trim()));
}

/** An account that the environment may name, else this one. */
export function readAccount(read: EnvironmentReader, key: string, fallback: string): string {
  return read.optional(key) === undefined ? fallback : read.address(key, "an account");
}

function devAccounts(): ReadonlySet<string> {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(DEV_MNEMONIC), "m/44'/60'/0'/0");
  return new Set(Array.from({ length: DEV_ACCOUNTS }, (_, index) => root.deriveChild(index).address));
}
