import { TypedDataEncoder, getBytes } from "ethers";
import { ethers } from "hardhat";
import { TransactionDigests } from "../../protocol/ledger/transactions";
import type { Rollup, RollupVault } from "../../typechain-types";
import { crypto } from "../protocol/ledger/support";
import { Layer2, bodyOf, type BatchStruct } from "../rollup/support";
import { parts } from "../support/deployment";
import { running, type TasksFixture } from "./support";

export interface PostedLayer2 extends TasksFixture {
  readonly rollup: Rollup;
  readonly vault: RollupVault;
  readonly layer2: Layer2;
}

/** Layer 2 of a deployment, with a bonded sequencer and one honest batch that consumes a deposit. */
export async function postedLayer2(): Promise<PostedLayer2> {
  const fixture = await running();
  const { rollup: contracts, record } = fixture.deployment;
  if (contracts === undefined) throw new Error("not the home chain");
  const { sequencer, deployer, user } = await parts();
  const rollup = await ethers.getContractAt("Rollup", await contracts.rollup.getAddress());
  await rollup.connect(sequencer).payBond({ value: await rollup.BOND() });
  const block = (await ethers.provider.getBlock(record.contracts.Rollup?.block ?? 0))!;
  const domain = { name: "COS GameNet", version: "1", chainId: 31_337n, verifyingContract: await rollup.getAddress() };
  const [seconds, ZERO] = [BigInt(block.timestamp), ethers.ZeroHash];
  const beginning: BatchStruct = {
    number: 0n,
    parent: ZERO,
    state: { root: ZERO, nextLeaf: 1, queue: 0n },
    ...{ time: seconds, queueTime: seconds, postedAt: seconds, blockNumber: BigInt(block.number) },
    ...{ poster: ethers.ZeroAddress, mode: 0, segments: 0, data: ZERO },
  };
  const digests = new TransactionDigests(crypto, getBytes(TypedDataEncoder.hashDomain(domain)));
  const layer2 = new Layer2({ rollup, admin: deployer, sequencer, beginning, digests } as never);
  const vault = await ethers.getContractAt("RollupVault", await contracts.vault.getAddress());
  const deposit = await vault
    .connect(user)
    .deposit(0, 1_000n, await user.getAddress(), 0, { value: 1_000n + (await rollup.depositPrice()) });
  layer2.recordEntry(await deposit.wait());
  await layer2.run([bodyOf(layer2, 1)]);
  return { ...fixture, rollup, vault, layer2 };
}
