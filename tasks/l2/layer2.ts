import { ZeroAddress } from "ethers";
import type { ContractTypes } from "../../deploy/contracts";
import type { RollupContracts } from "../../deploy/deployment";
import { SdkError } from "../../sdk/errors";
import { LedgerAccount } from "../../sdk/rollup/ledgerAccount";
import { SequencerApi, type LeafNamed, type LedgerLeaf } from "../../sdk/rollup/sequencerApi";
import { walletSpeaker } from "../../sdk/rollup/speaker";
import { openStakeToken, type StakeToken } from "../game/room";
import { Refusal } from "../refusal";
import { openDeployment, openToken, parseWhole, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";

/** What every task takes that speaks with a sequencer. */
export interface SequencerArgs extends CommonArgs {
  readonly sequencer?: string;
}

/** What a task on layer 2 works with. */
export interface Layer2 {
  readonly contracts: RollupContracts;
  readonly sequencer: SequencerApi;
}

/** An asset of layer 2, read and shown in its token's unit. */
export interface Asset extends StakeToken {
  readonly number: number;
}

export const SEQUENCER_HELP = "Endpoint of the sequencer; default: SEQUENCER_URL";

export async function openRollup(session: Session): Promise<RollupContracts> {
  const { rollup } = await openDeployment(session);
  if (rollup === undefined) throw new Refusal(`layer 2 is on the home chain, not on ${session.network}`);
  return rollup;
}

/** Refuses a sequencer of another rollup. */
export async function openLayer2(session: Session, args: SequencerArgs): Promise<Layer2> {
  const contracts = await openRollup(session);
  const endpoint = args.sequencer ?? process.env.SEQUENCER_URL;
  if (endpoint === undefined) throw new Refusal("name the sequencer's endpoint: --sequencer, or SEQUENCER_URL");
  const sequencer = new SequencerApi(endpoint.replace(/\/$/, ""), fetch);
  const { chainId, rollup } = await onLayer2(() => sequencer.info());
  const own = (await contracts.rollup.getAddress()).toLowerCase();
  if (chainId !== session.chainId || rollup !== own) {
    throw new Refusal(
      `${endpoint} is of the rollup ${rollup} on chain ${chainId}, not of ${own} on ${session.chainId}`,
    );
  }
  return { contracts, sequencer };
}

/** `BNB`, `COS`, the symbol of a QSC, or an address: refuses what is not listed on layer 2. */
export async function openAsset(session: Session, { vault }: RollupContracts, name: string): Promise<Asset> {
  const token = await openStakeToken(session, name);
  const count = await vault.assetCount();
  for (let number = 0; number < count; number++) {
    if ((await vault.tokenOf(number)) === token.address) return { ...token, number };
  }
  throw new Refusal(`--asset ${name}: not listed on layer 2`);
}

/** How amounts of an asset number are shown. */
export async function assetOf(session: Session, { vault }: RollupContracts, number: number): Promise<Asset> {
  return { ...(await openStakeToken(session, await vault.tokenOf(number))), number };
}

/** The account of the task's signer; with several, the one that is named. */
export async function openAccount(
  session: Session,
  { contracts, sequencer }: Layer2,
  chosen: string | undefined,
): Promise<LedgerAccount> {
  const signer = await session.signer();
  const venue = { chainId: session.chainId, rollup: await contracts.rollup.getAddress() };
  const accounts = await onLayer2(async () => LedgerAccount.of(sequencer, await walletSpeaker(signer, venue)));
  if (accounts.length === 0) {
    throw new Refusal(`${signer.address} has no account on layer 2: it gets one with its first l2:deposit`);
  }
  if (chosen === undefined && accounts.length > 1) {
    throw new Refusal(`name one by --account: ${accounts.map(({ index }) => index).join(", ")}`);
  }
  const wanted = chosen === undefined ? accounts[0]?.index : Number(parseWhole("account", chosen));
  const account = accounts.find(({ index }) => index === wanted);
  if (account === undefined) throw new Refusal(`--account ${chosen}: not of ${signer.address}`);
  return account;
}

/** The account's balance in an asset. */
export async function openBalance(account: LedgerAccount, asset: Asset): Promise<LeafNamed<"Balance">> {
  const balance = await onLayer2(() => account.balance(asset.number));
  if (balance === undefined) throw new Refusal(`account ${account.index} has no balance in this asset: deposit some`);
  return balance;
}

export function balancesIn(leaves: readonly LedgerLeaf[], asset: number): readonly LeafNamed<"Balance">[] {
  return leaves.filter((leaf): leaf is LeafNamed<"Balance"> => leaf.kind === "Balance" && leaf.asset === asset);
}

/** Runs `action`; what layer 2 refuses ends the task in words. */
export async function onLayer2<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    const { message = error.message, error: code = error.code } = error.context as { message?: string; error?: string };
    throw new Refusal(`${code}: ${message}; ${error.remedy}`, error);
  }
}

/** Lets the vault take an amount, where the asset is a token and it may not yet. */
export async function approveVault(session: Session, vault: string, asset: Asset, amount: bigint): Promise<void> {
  if (asset.address === ZeroAddress) return;
  const erc20: ContractTypes["QSC"] = await openToken(session, asset.address);
  const { address: owner } = await session.signer();
  if ((await erc20.allowance(owner, vault)) >= amount) return;
  const data = erc20.interface.encodeFunctionData("approve", [vault, amount]);
  await submit(session, `Let the vault take ${asset.show(amount)}`, { to: asset.address, data });
}

export function parseLeaf(key: string, value: string): number {
  const leaf = parseWhole(key, value);
  if (leaf === 0n || leaf >= 1n << 32n) throw new Refusal(`--${key} ${value}: not the number of a leaf`);
  return Number(leaf);
}
