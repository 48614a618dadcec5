import { getAddress, getBytes } from "ethers";
import { inspectCode } from "../../protocol/purity";
import { SdkError } from "../errors";
import { EvmRules, createRulesEvm, type RulesEvm } from "./evmRules";
import type { Rules } from "./rules";

/** Where code is read: an ethers provider is one. */
export interface CodeSource {
  getCode(address: string): Promise<string>;
}

/** Rules of one chain's games by address. Code on chain never changes, so each is fetched and checked once. */
export class RuleBook {
  private readonly known = new Map<string, Promise<Rules>>();
  private evm: Promise<RulesEvm> | undefined;

  constructor(private readonly source: CodeSource) {}

  /** Throws RULES_MISSING, RULES_IMPURE or CHAIN_FAILED. */
  rulesAt(address: string): Promise<Rules> {
    const key = getAddress(address);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const fetched = this.fetch(key);
    this.known.set(key, fetched);
    // A failure is not remembered: the endpoint may answer later.
    fetched.catch(() => this.known.delete(key));
    return fetched;
  }

  private async fetch(address: string): Promise<Rules> {
    const code = getBytes(await this.codeAt(address));
    const purity = inspectCode(code);
    if (purity.kind === "empty") throw new SdkError("RULES_MISSING", { context: { address } });
    if (purity.kind === "impure") throw new SdkError("RULES_IMPURE", { context: { address, ...purity } });
    this.evm ??= createRulesEvm();
    return new EvmRules(await this.evm, code);
  }

  private async codeAt(address: string): Promise<string> {
    try {
      return await this.source.getCode(address);
    } catch (cause) {
      throw new SdkError("CHAIN_FAILED", { context: { address }, cause });
    }
  }
}
