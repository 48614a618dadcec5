import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { Wallet, id, parseEther, toBeHex } from "ethers";
import { ethers } from "hardhat";
import type { NodeCrowdMock, NodeStaking } from "../../typechain-types";
import { deploy } from "../../test/crosschain/support";
import {
  DAY,
  KIND,
  LOCK,
  MINIMUM,
  PRICE,
  TERMS,
  WEEK,
  deployCOSPool,
  deployNodes,
  fund,
  type COSFixture,
  type NodeFixture,
} from "../../test/staking/support";
import { CURVE, gasOf, type EconomyGas } from "./receipts";

/** Nodes that one transaction of the crowd opens. */
const CROWD = 120;

/** The first seconds of a week that nobody has called in. */
async function freshWeek(): Promise<void> {
  await time.increaseTo((BigInt(await time.latest()) / WEEK + 1n) * WEEK);
}

async function streaming<Fixture extends NodeFixture | COSFixture>(fixture: Fixture): Promise<Fixture> {
  const now = BigInt(await time.latest());
  await fund(fixture, fixture.pool, parseEther("100000000"), now + 3_000n * DAY);
  return fixture;
}

/**
 * Nodes in a pool that has others. A call is the first of its week (it then records the week's start) or a later one.
 * Claims pay an account that has no COS yet; the position's own span was ended by an earlier call, or by the claim.
 */
async function nodeGas(): Promise<EconomyGas> {
  const { pool, alice, bob } = await streaming(await deployNodes({ cellularCap: 10 }));
  const pledge = (): Promise<number> => gasOf(pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] }));
  await pool.connect(bob).pledge(KIND.cellular, 0, { value: PRICE[0] });
  await freshWeek();
  await pool.sync();
  await freshWeek();
  const nodePledgeFirstOfWeek = await pledge();
  const nodePledge = await pledge();
  await pledge();
  await time.increase(LOCK);
  await freshWeek();
  const nodeClaimThatEndsFour = await gasOf(pool.connect(alice).claim(2, receiver()));
  const nodeClaim = await gasOf(pool.connect(alice).claim(3, receiver()));
  const nodeWithdraw = await gasOf(pool.connect(alice).withdraw(2, alice));
  const nodeWithdrawToNew = await gasOf(pool.connect(alice).withdraw(3, receiver()));
  const nodeRepledge = await gasOf(pool.connect(alice).repledge(4, 0));
  return {
    nodePledge,
    nodePledgeFirstOfWeek,
    nodeClaim,
    nodeClaimThatEndsFour,
    nodeWithdraw,
    nodeWithdrawToNew,
    nodeRepledge,
  };
}

/** One claim among 10, 1,000 and 10,000 stakers: of an ended span, and of one that the claim ends. */
async function nodeCurves(): Promise<EconomyGas> {
  const nodeClaimByStakers: Record<string, number> = {};
  const nodeClaimThatEndsItByStakers: Record<string, number> = {};
  for (const size of CURVE) {
    const { pool, alice } = await streaming(await deployNodes({ cellularCap: size + 3 }));
    for (let index = 0; index < 2; ++index) await pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] });
    await time.increase(10);
    await pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] });
    const [first, second] = [await pool.endOf(2), await pool.endOf(3)];
    await crowd(pool, size);
    await time.setNextBlockTimestamp(first);
    await pool.connect(alice).claim(1, receiver());
    nodeClaimByStakers[size] = await gasOf(pool.connect(alice).claim(2, receiver()));
    const next = BigInt(await time.latest()) + 1n;
    if (second > next) await time.setNextBlockTimestamp(second);
    nodeClaimThatEndsItByStakers[size] = await gasOf(pool.connect(alice).claim(3, receiver()));
  }
  return { nodeClaimByStakers, nodeClaimThatEndsItByStakers };
}

async function crowd(pool: NodeStaking, size: number): Promise<void> {
  const mock = await deploy<NodeCrowdMock>("NodeCrowdMock");
  const [payer] = await ethers.getSigners();
  await setBalance(payer!.address, parseEther("100000"));
  // A day after the two that claim.
  await time.increase(DAY);
  for (let left = size; left > 0; left -= CROWD) {
    const count = Math.min(CROWD, left);
    await mock.pledge(pool, count, { value: PRICE[0] * BigInt(count), gasLimit: 16_000_000 });
  }
}

/** A hundred endings, each in a second and every fourth in a week of its own. */
async function walkGas(): Promise<EconomyGas> {
  const { pool, alice } = await streaming(await deployNodes({ cellularCap: 100 }));
  for (let index = 0; index < 100; ++index) {
    await time.increase(WEEK / 4n);
    await pool.connect(alice).pledge(KIND.cellular, 0, { value: PRICE[0] });
  }
  await time.increase(2n * LOCK);
  return { hundredEndings: await gasOf(pool.sync()) };
}

/** Pledges in a pool that has others, by an account that has some, with and without a delegate. */
async function cosGas(): Promise<EconomyGas> {
  const { pool, cos, alice, bob } = await streaming(await deployCOSPool());
  const pledge = (): Promise<number> => gasOf(pool.connect(alice).pledge(1, MINIMUM, 0));
  for (const account of [alice, bob]) await pool.connect(account).pledge(1, MINIMUM, 0);
  await freshWeek();
  const cosPledgeFirstOfWeek = await pledge();
  const cosPledge = await pledge();
  await cos.connect(alice).delegate(alice);
  await pledge();
  await time.increase(10);
  const cosPledgeWithVotes = await pledge();
  await time.increase(TERMS[1]!);
  await pool.sync();
  await pool.connect(bob).claim(2, receiver());
  const cosClaim = await gasOf(pool.connect(alice).claim(1, receiver()));
  const cosWithdrawWithVotes = await gasOf(pool.connect(alice).withdraw(1, alice));
  const cosWithdraw = await gasOf(pool.connect(bob).withdraw(2, bob));
  return { cosPledge, cosPledgeFirstOfWeek, cosPledgeWithVotes, cosClaim, cosWithdraw, cosWithdrawWithVotes };
}

let receivers = 0;

/** An account that nobody has seen. */
function receiver(): string {
  return new Wallet(id(`receiver ${toBeHex(++receivers)}`)).address;
}

export async function stakingGas(): Promise<EconomyGas> {
  return { ...(await nodeGas()), ...(await nodeCurves()), ...(await walkGas()), ...(await cosGas()) };
}
