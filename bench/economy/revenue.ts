import { ZeroHash, parseEther } from "ethers";
import {
  BNB,
  POOL,
  at,
  credit,
  deploySplitterOverPools,
  now,
  startOf,
  EPOCH,
  type Shares,
} from "../../test/staking/revenueSupport";
import { CURVE, gasOf, type EconomyGas } from "./receipts";

const STREAM = parseEther("1000");

/**
 * Revenue over the pool of pledges. A claim is measured with its epochs closed, as it is for all but the first who comes
 * in a week, and beside it one that closes an epoch. The curves are a claim's among so many pledges, and after so many
 * weeks of revenue since the last one.
 */
export async function revenueGas(): Promise<EconomyGas> {
  const fixture = await deploySplitterOverPools();
  const { splitter, pledges, gold, owners, developer, creditor } = fixture;
  const [probe, crowd] = owners;
  if (probe === undefined || crowd === undefined) throw new Error("too few accounts");
  const shares: Shares = { developer, developerBps: 7_000n, stakersBps: 2_000n, treasuryBps: 1_000n };
  const nextEpoch = async (): Promise<void> => at(startOf((await now()) / EPOCH + 1n));
  const claim = (): Promise<number> => gasOf(splitter.connect(probe).claim(POOL.cos, 1, gold, probe));
  const close = (): Promise<number> => gasOf(splitter.closeEpoch(POOL.cos, gold, 100));

  await pledges.connect(probe).pledge(0, parseEther("100"), 0);
  const gas: Record<string, number | Record<string, number>> = {};
  gas.revenueCreditFirstEver = await gasOf(credit(fixture, gold, STREAM, shares));
  await nextEpoch();
  gas.revenueCreditFirstInEpoch = await gasOf(credit(fixture, gold, STREAM, shares));
  gas.revenueCredit = await gasOf(credit(fixture, gold, STREAM, shares));
  await credit(fixture, BNB, STREAM, shares);
  gas.revenueCreditBNB = await gasOf(credit(fixture, BNB, STREAM, shares));
  gas.revenueWithdraw = await gasOf(splitter.connect(developer).withdraw(gold, developer));
  await nextEpoch();
  gas.revenueClaimFirstEver = await claim();
  await nextEpoch();
  gas.revenueClaimThatCloses = await claim();
  await credit(fixture, gold, STREAM, shares);
  await nextEpoch();
  await close();
  await nextEpoch();
  gas.revenueCloseEpoch = await close();
  await nextEpoch();
  gas.revenueCloseEmptyEpoch = await close();

  const byStakers: Record<string, number> = {};
  let joined = 1;
  for (const size of CURVE) {
    for (; joined < size; ++joined) await pledges.connect(crowd).pledge(0, parseEther("100"), 0);
    await credit(fixture, gold, STREAM, shares);
    await nextEpoch();
    await close();
    await nextEpoch();
    await close();
    byStakers[size] = await claim();
  }
  gas.revenueClaimByStakers = byStakers;

  const byEpochs: Record<string, number> = {};
  for (const size of CURVE) {
    for (let passed = 1; passed <= size; ++passed) {
      await nextEpoch();
      await splitter.connect(creditor).credit(ZeroHash, gold, STREAM, shares);
      if (passed % 50 === 0) await close();
    }
    await nextEpoch();
    await close();
    byEpochs[size] = await claim();
  }
  gas.revenueClaimByEpochs = byEpochs;
  return gas;
}
