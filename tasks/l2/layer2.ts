import { ZeroAddress, type LogDescription, type TransactionReceipt } from "ethers";
import type { ConfigurableTaskDefinition } from "hardhat/types";
import type { ContractTypes } from "../../deploy/contracts";
import type { RollupContracts } from "../../deploy/deployment";
import { LedgerAccount } from "../../sdk/rollup/ledgerAccount";
import { SequencerApi, type LeafNamed, type LedgerLeaf } from "../../sdk/rollup/sequencerApi";
import { walletSpeaker } from "../../sdk/rollup/speaker";
import { openStakeToken, type StakeToken } from "../game/room";
import { Refusal } from "../refusal";
import { openDeployment, openToken, parseWhole, type CommonArgs, type Session } from "../session";
import { submit } from "../submit";
import { onLayer2 } from "./onLayer2";

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
  /** As it was asked for. */
  readonly name: string;
}

/** What every task takes that spends what an account has on layer 2. */
export interface SpendingArgs extends SequencerArgs {
  readonly asset: string;
  readonly account?: string;
}

/** An amount of an asset, and the balance that it comes from. */
export interface Spending {
  readonly account: LedgerAccount;
  readonly asset: Asset;
  readonly amount: bigint;
  /** Leaf of the balance. */
  readonly from: number;
}

/** Adds the parameter of {@link SequencerArgs} to a task. */
export function withSequencer(definition: ConfigurableTaskDefinition): ConfigurableTaskDefinition {
  return definition.addOptionalParam("sequencer", "URL of the sequencer; default: SEQUENCER_URL");
}

export function withAsset(definition: ConfigurableTaskDefinition): ConfigurableTaskDefinition {
  return definition.addOptionalParam("asset", "BNB, COS, the symbol of a QSC, or an address", "BNB");
}

/** Adds the parameters of {@link SpendingArgs} to a task. */
export function withSpending(definition: ConfigurableTaskDefinition): ConfigurableTaskDefinition {
  return withAsset(withSequencer(definition)).addOptionalParam(
    "account",
    "Which of the sender's accounts on layer 2, where it has several",
  );
}

export async function openRollup(session: Session): Promise<RollupContracts> {
  const { rollup } = await openDeployment(session);
  if (rollup === undefined) throw new Refusal(`layer 2 is on the home chain, not on ${session.network}`);
  return rollup;
}

/** Refuses a sequencer of another rollup. */
export async function openLayer2(session: Session, args: SequencerArgs): Promise<Layer2> {
  const contracts = await openRollup(session);
  const endpoint = sequencerUrl(args);
  if (endpoint === undefined) throw new Refusal("name the sequencer's URL: --sequencer, or SEQUENCER_URL");
  const sequencer = new SequencerApi(endpoint, fetch);
  const { chainId, rollup } = await onLayer2(() => sequencer.info());
  const own = (await contracts.rollup.getAddress()).toLowerCase();
  if (chainId !== session.chainId || rollup !== own) {
    throw new Refusal(
      `${endpoint} is of the rollup ${rollup} on chain ${chainId}, not of ${own} on ${session.chainId}`,
    );
  }
  return { contracts, sequencer };
}

/** Undefined where none is named. */
export function sequencerUrl({ sequencer }: SequencerArgs): string | undefined {
  const [key, url] =
    sequencer === undefined ? ["SEQUENCER_URL", process.env.SEQUENCER_URL] : ["--sequencer", sequencer];
  if (url === undefined || url === "") return undefined;
  if (URL.canParse(url) && /^https?:/i.test(url)) return url.replace(/\/$/, "");
  throw new Refusal(`${key} ${url}: not a URL such as https://layer2.example`);
}

/** `BNB`, `COS`, the symbol of a QSC, or an address: refuses what is not listed on layer 2. */
export async function openAsset(session: Session, { vault }: RollupContracts, name: string): Promise<Asset> {
  const token = await openStakeToken(session, name);
  const count = await vault.assetCount();
  for (let number = 0; number < count; number++) {
    if ((await vault.tokenOf(number)) === token.address) return { ...token, number, name };
  }
  throw new Refusal(`--asset ${name}: not listed on layer 2`);
}

/** How amounts of an asset number are shown. */
export async function assetOf(session: Session, { vault }: RollupContracts, number: number): Promise<Asset> {
  const name = await vault.tokenOf(number);
  return { ...(await openStakeToken(session, name)), number, name };
}

/** The accounts of the task's signer. */
export async function openAccounts(
  session: Session,
  { contracts, sequencer }: Layer2,
): Promise<readonly LedgerAccount[]> {
  const venue = { chainId: session.chainId, rollup: await contracts.rollup.getAddress() };
  const speaker = await walletSpeaker(await session.signer(), venue);
  return onLayer2(() => LedgerAccount.of(sequencer, speaker));
}

/** The account of the task's signer that has this asset; with several, the one that is named. */
export async function openAccount(
  session: Session,
  layer2: Layer2,
  asset: number,
  chosen: string | undefined,
): Promise<LedgerAccount> {
  const { address } = await session.signer();
  const accounts = await openAccounts(session, layer2);
  const [first] = accounts;
  if (first === undefined) {
    throw new Refusal(`${address} has no account on layer 2: it gets one with its first l2:deposit`);
  }
  if (chosen !== undefined) {
    const wanted = Number(parseWhole("account", chosen));
    const account = accounts.find(({ index }) => index === wanted);
    if (account === undefined) throw new Refusal(`--account ${chosen}: not of ${address}`);
    return account;
  }
  const balances = await onLayer2(() => Promise.all(accounts.map((account) => account.balance(asset))));
  const having = accounts.filter((_, i) => balances[i] !== undefined);
  if (having.length > 1) throw new Refusal(`name one by --account: ${having.map(({ index }) => index).join(", ")}`);
  return having[0] ?? first;
}

/** The account's balance in an asset, of which it is about to spend. */
export async function openBalance(account: LedgerAccount, asset: Asset, amount: bigint): Promise<LeafNamed<"Balance">> {
  const balance = await onLayer2(() => account.balance(asset.number));
  if (balance === undefined) {
    throw new Refusal(`account ${account.index} has no balance of ${asset.name} on layer 2: l2:deposit makes one`);
  }
  if (balance.amount < amount) {
    throw new Refusal(
      `account ${account.index} has ${asset.show(balance.amount)} on layer 2, not ${asset.show(amount)}`,
    );
  }
  return balance;
}

/** What a task is to spend, once it is there. */
export async function openSpending(
  session: Session,
  layer2: Layer2,
  args: SpendingArgs,
  text: string,
): Promise<Spending> {
  const asset = await openAsset(session, layer2.contracts, args.asset);
  const amount = parsePayment(asset, text);
  const account = await openAccount(session, layer2, asset.number, args.account);
  const { index: from } = await openBalance(account, asset, amount);
  return { account, asset, amount, from };
}

/** What the vault says that a transaction did. */
export function vaultEvent(
  { interface: contract, target }: RollupContracts["vault"],
  { hash, logs }: TransactionReceipt,
  name: string,
): LogDescription {
  const own = logs.filter(({ address }) => address === target);
  const found = own.map((log) => contract.parseLog(log)).find((parsed) => parsed?.name === name);
  if (found == null) throw new Refusal(`the transaction ${hash} did nothing on layer 2: look at it`);
  return found;
}

/** An amount above zero. */
export function parsePayment(asset: Asset, text: string): bigint {
  const amount = asset.parse("amount", text);
  if (amount === 0n) throw new Refusal(`--amount ${text}: more than nothing`);
  return amount;
}

export function balancesIn(leaves: readonly LedgerLeaf[], asset: number): readonly LeafNamed<"Balance">[] {
  return leaves.filter((leaf): leaf is LeafNamed<"Balance"> => leaf.kind === "Balance" && leaf.asset === asset);
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
