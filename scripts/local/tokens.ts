import { ZeroAddress, parseEther } from "ethers";
import { connect, type ArtifactSource, type ContractTypes } from "../../deploy/contracts";
import { ACCOUNTS, type LocalChain, type LocalNetwork } from "./network";

/** A QSC at home and its counterpart away, linked to each other. */
export interface LinkedToken {
  readonly symbol: string;
  readonly home: ContractTypes["QSC"];
  readonly away: ContractTypes["QSC"];
}

const YEAR_SECONDS = 31_536_000;
// A link, too, waits for it: here nobody does.
const ADMIN_DELAY_SECONDS = 0;
/** What either chain may release of the other's tokens in a day: all of them. */
const INBOUND = { capacity: parseEther("1000000"), window: 86_400 } as const;

/** Certifies the issuer on both chains, creates the token at home (all of it for alice) and away, and links the two. */
export async function createLinkedToken(network: LocalNetwork, symbol: string, name: string): Promise<LinkedToken> {
  const { home, away } = network;
  const [atHome, atAway] = (await Promise.all(
    [home, away].map((chain) => createToken(chain, BigInt(home.node.chainId), symbol, name, network.artifacts)),
  )) as [ContractTypes["QSC"], ContractTypes["QSC"]];
  const [linkHome, linkAway] = await Promise.all([
    atHome.link(away.node.chainId, await atAway.getAddress(), INBOUND),
    atAway.link(home.node.chainId, await atHome.getAddress(), INBOUND),
  ]);
  await Promise.all([linkHome.wait(), linkAway.wait()]);
  return { symbol, home: atHome, away: atAway };
}

async function createToken(
  chain: LocalChain,
  homeChainId: bigint,
  symbol: string,
  name: string,
  artifacts: ArtifactSource,
): Promise<ContractTypes["QSC"]> {
  const issuer = chain.account(ACCOUNTS.issuer);
  const issuerAddress = await issuer.getAddress();
  const factory = chain.deployment.qscFactory;
  const isHome = BigInt(chain.node.chainId) === homeChainId;
  const now = (await chain.provider.getBlock("latest"))?.timestamp ?? 0;
  const multisig = chain.account(ACCOUNTS.multisig);
  const subject = `0x${"00".repeat(32)}`;
  const certified = await factory.connect(multisig).certify(issuerAddress, now + YEAR_SECONDS, subject);
  await certified.wait();

  const { bytecode } = await artifacts("QSC");
  const created = await factory.connect(issuer).createQSC(
    {
      name,
      symbol,
      decimals: 18,
      homeChainId,
      cap: 0n,
      roles: {
        admin: issuerAddress,
        adminDelay: ADMIN_DELAY_SECONDS,
        freezer: issuerAddress,
        pauser: issuerAddress,
        banker: isHome ? issuerAddress : ZeroAddress,
        linker: issuerAddress,
      },
      holdings: isHome
        ? [{ account: await chain.account(ACCOUNTS.alice).getAddress(), amount: parseEther("1000000") }]
        : [],
    },
    bytecode,
  );
  await created.wait();
  return connect("QSC", await factory.tokenOf(symbol), issuer, artifacts);
}
