import { formatEther } from "ethers";
import type { LocalChain, LocalNetwork } from "./network";
import type { LinkedToken } from "./tokens";

/** One token over both chains: what is there, and what was burned here and is neither minted there nor taken back. */
interface TokenSupply {
  readonly token: LinkedToken;
  readonly created: bigint;
  onTheWay: bigint;
}

/** Follows the tokens by their own events and supplies: what it adds up are two independent accounts of one thing. */
export class SupplyObserver {
  private readonly nextBlock = new Map<LocalChain, number>();

  private constructor(
    private readonly network: LocalNetwork,
    private readonly tokens: readonly TokenSupply[],
  ) {}

  /** Right after the tokens were made, before anything travels. */
  static async start(network: LocalNetwork, tokens: readonly LinkedToken[]): Promise<SupplyObserver> {
    const made = tokens.map(async (token) => ({ token, created: await token.home.totalSupply(), onTheWay: 0n }));
    return new SupplyObserver(network, await Promise.all(made));
  }

  /** The supplies at this moment, a line for each token, and whether each is what was created. */
  async look(): Promise<{ readonly lines: readonly string[]; readonly unchanged: boolean }> {
    const { home, away } = this.network;
    const [atHome, atAway] = await Promise.all([this.follow(home), this.follow(away)]);
    const shown = await Promise.all(
      this.tokens.map(async ({ token, created, onTheWay }) => {
        const [here, there] = await Promise.all([
          token.home.totalSupply({ blockTag: atHome }),
          token.away.totalSupply({ blockTag: atAway }),
        ]);
        const total = here + there + onTheWay;
        const parts = [`${amount(here)} at home`, `${amount(there)} away`];
        if (onTheWay > 0n) parts.push(`${amount(onTheWay)} on the way`);
        return { text: `${token.symbol} ${parts.join(" + ")} = ${amount(total)}`, unchanged: total === created };
      }),
    );
    return { lines: shown.map(({ text }) => text), unchanged: shown.every(({ unchanged }) => unchanged) };
  }

  /** Reads the tokens' events on a chain up to its latest block, which it returns. */
  private async follow(chain: LocalChain): Promise<number> {
    const to = await chain.provider.getBlockNumber();
    const from = this.nextBlock.get(chain) ?? 0;
    if (to < from) return from - 1;
    this.nextBlock.set(chain, to + 1);
    for (const supply of this.tokens) {
      const token = chain === this.network.home ? supply.token.home : supply.token.away;
      const logs = await chain.provider.getLogs({ address: await token.getAddress(), fromBlock: from, toBlock: to });
      for (const log of logs) {
        const parsed = token.interface.parseLog(log);
        if (parsed?.name === "Exchanged") supply.onTheWay += parsed.args.amount as bigint;
        if (parsed?.name === "ExchangeReceived" || parsed?.name === "Reclaimed") {
          supply.onTheWay -= parsed.args.amount as bigint;
        }
      }
    }
    return to;
  }
}

/** Whole coins, grouped: everything here moves in whole coins. */
function amount(wei: bigint): string {
  return formatEther(wei)
    .replace(/\.0$/, "")
    .replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
