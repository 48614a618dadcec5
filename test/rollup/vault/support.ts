import { ethers } from "hardhat";
import {
  getAddress,
  getBytes,
  hexlify,
  type AddressLike,
  type BytesLike,
  type ContractTransactionResponse,
  type Signer,
  type SigningKey,
} from "ethers";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { encodeLeaf, type Leaf } from "../../../protocol/ledger/leaves";
import type { RulesAnswer, RulesCall } from "../../../protocol/ledger/rulesCall";
import { rootOf } from "../../../protocol/ledger/tree";
import { encodeTransaction, type Transaction } from "../../../protocol/ledger/transactions";
import type { GameAssets, RollupVault } from "../../../typechain-types";
import type { ItemParamsStruct } from "../../../typechain-types/contracts/game/GameAssets";
import { deploy } from "../../crosschain/support";
import { DEED, deployRoom, GAME_CREDITOR_ROLE, type RoomFixture } from "../../game/roomSupport";
import { crypto, player } from "../../protocol/ledger/support";
import { HOME, actors, paramsOf } from "../../qsc/support";
import {
  Layer2,
  PARAMS,
  bodyOf,
  commit,
  deployRollupFrom,
  type BatchStruct,
  type PostedBatch,
  type RollupFixture,
} from "../support";

export const BNB_ASSET = 0;
/** Stands for COS: the room's gold, which can misbehave. */
export const GOLD_ASSET = 1;
export const SILVER_ASSET = 2;
/** Of the game of scripted rules, which takes 5 %. */
export const GAME = 1n;
export const WEI_PER_BATCH = 1_000n;
export const REPAID = "0x5000000000000000000000000000000000000005";

export interface VaultFixture extends RollupFixture {
  readonly room: RoomFixture;
  readonly assets: GameAssets;
  readonly bank: RollupVault;
  /** Has BNB, gold, silver, swords and heroes, all approved. */
  readonly payer: Signer;
  readonly sword: bigint;
  /** Unique: the payer has serials 1 to 3. */
  readonly hero: bigint;
  readonly medal: bigint;
  /** Wei of an entry. */
  readonly price: bigint;
}

export const MANY = 1n << 100n;

const params: ItemParamsStruct = {
  kind: 1,
  unique: false,
  bound: false,
  cap: (1n << 128n) - 1n,
  royaltyReceiver: ethers.ZeroAddress,
  royaltyBps: 0,
  uri: "ipfs://item",
};

/** A vault over a real rollup, with the games' room behind it. */
export async function deployVault(): Promise<VaultFixture> {
  const room = await deployRoom();
  const { manager, registry, revenue, gold, silver, developer } = room;
  const assets = await deploy<GameAssets>("GameAssets", [await registry.getAddress()]);
  let bank: RollupVault | undefined;
  const accounts = await ethers.getSigners();
  const fixture = await deployRollupFrom(accounts, PARAMS, async (rollup) => {
    const start = { rollup, assets, revenue, cos: gold, repaid: REPAID, weiPerBatch: WEI_PER_BATCH };
    bank = await deploy<RollupVault>("RollupVault", [await manager.getAddress(), start]);
    return bank;
  });
  if (bank === undefined) throw new Error("no vault was deployed");
  await manager.grantRole(GAME_CREDITOR_ROLE, bank, 0);
  await bank.listAsset(silver);
  const payer = accounts[5]!;
  const ids: bigint[] = [];
  for (const change of [{}, { unique: true }, { bound: true }]) {
    const item = { ...params, ...change };
    ids.push(await assets.connect(developer).defineItem.staticCall(GAME, item));
    await assets.connect(developer).defineItem(GAME, item);
  }
  const [sword, hero, medal] = ids as [bigint, bigint, bigint];
  await assets.connect(developer).mint(payer, sword, 1n << 65n);
  await assets.connect(developer).mint(payer, hero, 3);
  await assets.connect(developer).mint(payer, medal, 1);
  await assets.connect(payer).setApprovalForAll(bank, true);
  for (const token of [gold, silver]) await token.connect(payer).approve(bank, ethers.MaxUint256);
  const price = await fixture.rollup.depositPrice();
  return { ...fixture, room, assets, bank, payer, sword, hero, medal, price };
}

/** What `claimExit` and its like take. */
export interface LeafProofStruct {
  readonly index: number;
  readonly leaf: string;
  readonly siblings: string[];
}

/** The root that a path leads to. */
export function rootOfPath({ index, leaf, siblings }: LeafProofStruct): string {
  const hash = crypto.keccak256(getBytes(leaf));
  const path = siblings.map((sibling) => getBytes(sibling));
  return hexlify(rootOf(crypto.keccak256, [index], [hash], path) as Uint8Array);
}

/** What the scripted rules say, of states that behave. */
export function scriptedAnswer(call: RulesCall): RulesAnswer {
  if (call.call === "start") return { state: call.setup };
  if (call.call === "play") return { state: call.move };
  if (call.call === "expire") return { state: call.state };
  const shareBps = Array.from({ length: call.players }, (_, i) =>
    BigInt(((call.state[2 + 2 * i] ?? 0) << 8) | (call.state[3 + 2 * i] ?? 0)),
  );
  const over = call.state[0] === DEED.finish;
  const whole = shareBps.reduce((sum, share) => sum + share, 0n) === 10_000n;
  return over && !whole ? undefined : { over, shareBps };
}

const addressOf = async (to: AddressLike | Uint8Array): Promise<string> =>
  to instanceof Uint8Array ? hexlify(to) : ethers.resolveAddress(to, ethers.provider);

/** `loadFixture`, and layer 2 with it. */
export async function load<Fixture extends { readonly bankOf: Bank }>(
  deployer: () => Promise<Fixture>,
): Promise<Fixture> {
  const fixture = await loadFixture(deployer);
  fixture.bankOf.rewind();
  return fixture;
}

/** A contract that calls what it is told. */
export interface Acting {
  execute(
    to: AddressLike,
    data: BytesLike,
    overrides: { readonly value: bigint },
  ): Promise<ContractTransactionResponse>;
}

/** Players' doings on both layers. */
export class Bank {
  readonly layer2: Layer2;

  constructor(readonly fixture: VaultFixture) {
    this.layer2 = new Layer2(fixture);
  }

  private mark: { readonly batches: number; readonly entries: number } | undefined;

  /** Goes back to where the chain is when a fixture is loaded: to where this was called first. */
  rewind(): void {
    const { batches, entries } = this.layer2;
    this.mark ??= { batches: batches.length, entries: entries.length };
    const gone = batches[this.mark.batches];
    if (gone !== undefined) this.layer2.forgetFrom(gone);
    entries.length = this.mark.entries;
  }

  get ledger() {
    return this.layer2.ledger;
  }

  async deposit(asset: number, amount: bigint, to: AddressLike | Uint8Array, balance = 0): Promise<bigint> {
    const { bank, payer, price } = this.fixture;
    const value = asset === BNB_ASSET ? price + amount : price;
    return this.entryOf(bank.connect(payer).deposit(asset, amount, await addressOf(to), balance, { value }));
  }

  async depositItems(id: bigint, amount: bigint, to: AddressLike | Uint8Array, account = 0): Promise<bigint> {
    const { bank, payer, price } = this.fixture;
    return this.entryOf(bank.connect(payer).depositItems(id, amount, await addressOf(to), account, { value: price }));
  }

  async depositAllowance(id: bigint, amount: bigint, to: AddressLike | Uint8Array, account = 0): Promise<bigint> {
    const { bank, payer, price } = this.fixture;
    return this.entryOf(
      bank.connect(payer).depositAllowance(id, amount, await addressOf(to), account, { value: price }),
    );
  }

  async listGame(asset: number): Promise<bigint> {
    const { bank, payer, price } = this.fixture;
    return this.entryOf(bank.connect(payer).listGame(GAME, asset, { value: price }));
  }

  /** A transaction of a contract, which signs nothing. */
  async force(sender: Acting, transaction: Transaction): Promise<bigint> {
    const { rollup } = this.fixture;
    const bytes = encodeTransaction(transaction);
    const value = await rollup.forcePrice(bytes);
    return this.entryOf(sender.execute(rollup, rollup.interface.encodeFunctionData("force", [bytes]), { value }));
  }

  /** Records the entry that a transaction has queued. */
  async entryOf(sent: Promise<ContractTransactionResponse>): Promise<bigint> {
    return this.layer2.recordEntry(await (await sent).wait());
  }

  /** Consumes all that waits, executes these transactions, and posts it as one batch. */
  async post(...transactions: readonly (readonly [SigningKey, Transaction, bigint])[]): Promise<PostedBatch> {
    return this.layer2.run([this.body(...transactions)], { answer: scriptedAnswer });
  }

  body(...transactions: readonly (readonly [SigningKey, Transaction, bigint])[]): Uint8Array {
    return bodyOf(this.layer2, this.layer2.entries.length - Number(this.ledger.queue), ...transactions);
  }

  /** A leaf as it is now, with its path. */
  proof(index: number): LeafProofStruct {
    const leaf = this.ledger.leaf(index) as Leaf;
    this.ledger.discard();
    return { index, leaf: hexlify(encodeLeaf(leaf)), siblings: this.ledger.prove(index).map((hash) => hexlify(hash)) };
  }

  /** Lets the challenge window of everything that was posted pass. */
  async finalize(): Promise<void> {
    await time.increase(PARAMS.challengeSeconds);
  }

  /** Lets posting rest until everyone may end it, and ends it at the latest batch. */
  async freeze(): Promise<BatchStruct> {
    await time.increase(PARAMS.challengeSeconds + PARAMS.openSeconds);
    const { batch } = this.layer2.latest;
    await this.fixture.rollup.freeze(batch, batch);
    return batch;
  }

  /** Posts a batch that lies, and has it rolled back. */
  async lieAndProve(body = this.body()): Promise<PostedBatch> {
    const { rollup, sequencer, prover } = this.fixture;
    const draft = await this.layer2.draft([body], { answer: scriptedAnswer });
    const posted = await this.layer2.post(Layer2.lie(draft, 0));
    await commit(this.fixture, posted, 0);
    await rollup.proveFraud(this.layer2.proofOf(posted, 0, await prover.getAddress()));
    this.layer2.forgetFrom(posted);
    await rollup.connect(sequencer).payBond({ value: PARAMS.bond });
    return posted;
  }
}

/** A QSC of which alice of its actors has everything, listed. */
export async function listQSC(bank: RollupVault) {
  const of = await actors();
  const gateway = await ethers.deployContract("GatewayMock", [HOME], of.admin);
  const qsc = await ethers.deployContract("QSC", [paramsOf(of), gateway], of.admin);
  await bank.listAsset(qsc);
  await qsc.connect(of.alice).approve(bank, ethers.MaxUint256);
  return { ...of, qsc };
}

/** The key and the address of a player. */
export const somebody = (number: number): { key: SigningKey; address: string } => {
  const { key, address } = player(number);
  return { key, address: getAddress(hexlify(address)) };
};

export const withdraw = (from: number, amount: bigint): Transaction => ({ kind: "Withdraw", from, amount });

export const bytesOf = (data: BytesLike): Uint8Array => getBytes(data);
