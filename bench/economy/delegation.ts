import { setBalance, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { Wallet, id, parseEther } from "ethers";
import type { DelegatorCrowdMock } from "../../typechain-types";
import { deploy } from "../../test/crosschain/support";
import { DAY, actions, cos, deployDelegation, type Account } from "../../test/validators/delegation/support";
import { CURVE, gasOf, type EconomyGas } from "./receipts";

/** Positions that one transaction of the crowd opens. */
const CROWD = 80;
const SEATS = 21;

/**
 * Bonds in COS. Delegating is measured as a new delegator's first delegation to a validator that has others, has been
 * slashed and has earned: every slot of the position is new. Beside it, the same by a holder whose COS votes (the token
 * then keeps its history, too), and more of the same.
 */
export async function delegationGas(): Promise<EconomyGas> {
  const fixture = await deployDelegation();
  const { delegation, token, address, registry, vault, validators, delegators } = fixture;
  const { delegate, undelegate, withdraw, claim, slash, fund } = actions(fixture);
  const [validator, other] = validators as [Account, Account];
  const [first, second, third, probe] = delegators as [Account, Account, Account, Account];
  const crowd = await deploy<DelegatorCrowdMock>("DelegatorCrowdMock");
  await token.connect(vault.signer).transfer(await crowd.getAddress(), cos(20_000));

  let epoch = BigInt(await time.latest()) / DAY;
  const settle = async (signed: readonly string[], proposer: string): Promise<number> => {
    epoch += 1n;
    await time.setNextBlockTimestamp((epoch + 1n) * DAY);
    return gasOf(delegation.connect(registry.signer).settle(epoch, proposer, [...signed]));
  };
  await fund(cos(100_000_000), BigInt(await time.latest()) + 20_000n * DAY);
  const gas: Record<string, number | Record<string, number>> = {};
  gas.delegateFirstEver = await gasOf(delegate(validator, validator, cos(1_000)));
  await delegate(probe, validator, cos(100));
  await slash(validator, 1n);
  await settle([validator.address], validator.address);

  await claim(probe, validator);

  await token.connect(second.signer).delegate(second.address);
  gas.delegate = await gasOf(delegate(first, validator, cos(100)));
  gas.delegateWithVotes = await gasOf(delegate(second, validator, cos(100)));
  await token.connect(third.signer).approve(address, cos(100));
  gas.delegateExactApproval = await gasOf(delegate(third, validator, cos(100)));
  await settle([validator.address], validator.address);
  gas.delegateAgain = await gasOf(delegate(first, validator, cos(100)));
  gas.undelegate = await gasOf(undelegate(first, validator, cos(50)));
  await time.increase(15n * DAY);
  gas.withdrawUnbonded = await gasOf(withdraw(first, validator, 0));
  epoch = BigInt(await time.latest()) / DAY;

  const byDelegators: Record<string, number> = {};
  const byEpochs: Record<string, number> = {};
  const slashByDelegators: Record<string, number> = {};
  const settleByDelegators: Record<string, number> = {};
  let joined = 0;
  for (const size of CURVE) {
    while (joined < size) {
      const count = Math.min(CROWD, size - joined);
      await crowd.join(address, validator.address, cos(1), count, { gasLimit: 29_000_000 });
      joined += count;
    }
    settleByDelegators[size] = await settle([validator.address], validator.address);
    byDelegators[size] = await gasOf(claim(probe, validator));
    slashByDelegators[size] = await gasOf(slash(validator, 1n));
  }
  await delegate(probe, other, cos(100));
  await settle([other.address], other.address);
  await claim(probe, other);
  for (const size of CURVE) {
    for (let settled = 0; settled < size; ++settled) await settle([other.address], other.address);
    byEpochs[size] = await gasOf(claim(probe, other));
  }
  gas.delegationClaimByDelegators = byDelegators;
  gas.delegationClaimByEpochs = byEpochs;
  gas.slashByDelegators = slashByDelegators;
  gas.settleByDelegators = settleByDelegators;

  // 21 validators, each with a commission to book and delegators.
  const seated = Array.from({ length: SEATS }, (_, index) => new Wallet(id(`seat ${index}`), ethers.provider));
  for (const wallet of seated) {
    await setBalance(wallet.address, parseEther("1"));
    await delegation.connect(registry.signer).open(wallet.address, 3_000, 500, 1_000);
    await delegate(probe, { signer: wallet, address: wallet.address }, cos(10));
  }
  const seats = seated.map((wallet) => wallet.address);
  gas.settle21First = await settle(seats, seats[0]!);
  gas.settle21 = await settle(seats, seats[0]!);
  return gas;
}
