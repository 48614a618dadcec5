import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { concat, toBeHex, toUtf8Bytes, zeroPadBytes, type ContractTransactionResponse } from "ethers";
import type { AccessManager, GameAssets, GameRegistry } from "../../../typechain-types";
import type {} from "../../../typechain-types/hardhat";
import type { ItemParamsStruct } from "../../../typechain-types/contracts/game/GameAssets";
import { assetId, KIND, type KindName } from "../../../protocol/assetId";

export const DAY = 86_400n;
export const MAX_UINT128 = 2n ** 128n - 1n;
/** Of the game that every fixture registers, and of one that another developer has. */
export const GAME = 1n;
export const OTHER_GAME = 2n;
export const SHARES = { developer: 7_000n, stakers: 2_000n, treasury: 1_000n } as const;

export interface AssetActors {
  readonly admin: HardhatEthersSigner;
  readonly developer: HardhatEthersSigner;
  /** Speaks for the game, beside its developer. */
  readonly operator: HardhatEthersSigner;
  /** Developer of the other game. */
  readonly rival: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  readonly carol: HardhatEthersSigner;
  readonly artist: HardhatEthersSigner;
}

export interface AssetFixture extends AssetActors {
  readonly manager: AccessManager;
  readonly registry: GameRegistry;
  readonly assets: GameAssets;
}

/** The items that `withItems` defines, in their order. */
export interface Items {
  readonly sword: bigint;
  readonly hero: bigint;
  readonly potion: bigint;
  /** Unique equipment. */
  readonly crown: bigint;
  /** Stackable and bound. */
  readonly medal: bigint;
  /** A bound character. */
  readonly soul: bigint;
}

export async function assetActors(): Promise<AssetActors> {
  const [admin, developer, operator, rival, alice, bob, carol, artist] = await ethers.getSigners();
  if (!admin || !developer || !operator || !rival || !alice || !bob || !carol || !artist) throw new Error("8 accounts");
  return { admin, developer, operator, rival, alice, bob, carol, artist };
}

/** A contract of one opcode, STOP: as pure as code can be. */
export async function deployPureCode(): Promise<string> {
  const [signer] = await ethers.getSigners();
  const sent = await signer!.sendTransaction({ data: "0x6001600c60003960016000f300" });
  return (await sent.wait())!.contractAddress!;
}

/** A game of `developer` with `operator`, another one, and no items. */
export async function deployAssets(authority?: AccessManager): Promise<AssetFixture> {
  const of = await assetActors();
  const manager = authority ?? (await ethers.deployContract("AccessManager", [of.admin], of.admin));
  const registry = await ethers.deployContract("GameRegistry", [
    manager,
    SHARES.developer,
    SHARES.stakers,
    SHARES.treasury,
  ]);
  const rules = await deployPureCode();
  await registry.connect(of.developer).registerGame(rules, 0, "ipfs://game");
  await registry.connect(of.rival).registerGame(rules, 0, "ipfs://other");
  await registry.connect(of.developer).setOperator(GAME, of.operator, true);
  const assets = await ethers.deployContract("GameAssets", [registry]);
  return { ...of, manager, registry, assets };
}

/** With one item of each sort in the game. */
export async function withItems(): Promise<AssetFixture & Items> {
  const fixture = await deployAssets();
  return { ...fixture, ...(await defineItems(fixture)) };
}

export async function defineItems({ assets, developer, artist }: AssetFixture): Promise<Items> {
  const by = assets.connect(developer);
  const royalty = { royaltyReceiver: artist.address, royaltyBps: 500n };
  await by.defineItem(GAME, params({ kind: KIND.equipment, ...royalty }));
  await by.defineItem(GAME, params({ kind: KIND.character, unique: true, cap: 1_000n, ...royalty }));
  await by.defineItem(GAME, params({ kind: KIND.item, ...royalty }));
  await by.defineItem(GAME, params({ kind: KIND.equipment, unique: true, cap: 10n, ...royalty }));
  await by.defineItem(GAME, params({ kind: KIND.item, bound: true }));
  await by.defineItem(GAME, params({ kind: KIND.character, unique: true, bound: true }));
  return {
    sword: idOf("equipment", 1n),
    hero: idOf("character", 2n, { unique: true }),
    potion: idOf("item", 3n),
    crown: idOf("equipment", 4n, { unique: true }),
    medal: idOf("item", 5n, { bound: true }),
    soul: idOf("character", 6n, { unique: true, bound: true }),
  };
}

export function idOf(
  kind: KindName,
  number: bigint,
  { unique = false, bound = false, gameId = GAME, serial = 0n } = {},
): bigint {
  return assetId({ gameId, kind, unique, bound, number, serial });
}

export function params(change: Partial<ItemParamsStruct> = {}): ItemParamsStruct {
  return {
    kind: KIND.item,
    unique: false,
    bound: false,
    cap: 1_000_000n,
    royaltyReceiver: ethers.ZeroAddress,
    royaltyBps: 0n,
    uri: "ipfs://thing/{id}.json",
    ...change,
  };
}

/** Mints and says the id of the pieces, or of the first. */
export async function mint(
  { assets, operator }: AssetFixture,
  to: { readonly address: string },
  itemId: bigint,
  amount = 1n,
): Promise<bigint> {
  const firstId = await assets.connect(operator).mint.staticCall(to.address, itemId, amount);
  await assets.connect(operator).mint(to.address, itemId, amount);
  return firstId;
}

export const TYPE = { none: 0, uint: 1, int: 2, bool: 3, text: 4, address: 5 } as const;

/** The key of an attribute. */
export function key(name: string, type: number): string {
  return concat([zeroPadBytes(toUtf8Bytes(name), 31), toBeHex(type, 1)]);
}

export function word(value: bigint): string {
  return toBeHex(value, 32);
}

export async function now(): Promise<bigint> {
  return BigInt(await time.latest());
}

export const VOUCHER_TYPES = {
  MintVoucher: [
    { name: "to", type: "address" },
    { name: "itemId", type: "uint256" },
    { name: "amount", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "expiry", type: "uint256" },
  ],
};

export const CONSENT_TYPES = {
  Consent: [
    { name: "holder", type: "address" },
    { name: "gameId", type: "uint256" },
    { name: "given", type: "bool" },
    { name: "nonce", type: "uint256" },
    { name: "expiry", type: "uint256" },
  ],
};

/** The domain of what is signed for the assets, on this chain or as another would have it. */
export async function assetDomain(
  assets: GameAssets,
  change: { readonly chainId?: bigint; readonly at?: string } = {},
) {
  return {
    name: "GameAssets",
    version: "1",
    chainId: change.chainId ?? 31_337n,
    verifyingContract: change.at ?? (await assets.getAddress()),
  };
}

/** The other s and v of the same signature. */
export function malleated(signature: string): string {
  const { r, s, v } = ethers.Signature.from(signature);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  return concat([r, toBeHex(order - BigInt(s), 32), toBeHex(v === 27 ? 28 : 27, 1)]);
}

export type Sent = Promise<ContractTransactionResponse>;
