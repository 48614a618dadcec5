import { time } from "@nomicfoundation/hardhat-network-helpers";
import { INTERVAL, RENEW_AFTER, admit, deployFull, setBond } from "../../test/validators/support";
import { gasOf, type EconomyGas } from "./receipts";

/**
 * Rotation of 21 seats, the gateway's part included: with one seat that changed hands, and of an unchanged set. Beside it
 * what the change itself costs: taking the weakest of 21 seats.
 */
export async function registryGas(): Promise<EconomyGas> {
  const fixture = await deployFull();
  const { registry, others } = fixture;
  const challenger = others[0]!;
  await time.increase(RENEW_AFTER);
  const rotate21Unchanged = await gasOf(registry.publishEpoch());
  await admit(fixture, challenger);
  await setBond(fixture, challenger, 1_000n);
  const takeSeat = await gasOf(registry.takeSeat(challenger.address));
  await time.increase(INTERVAL);
  const rotate21 = await gasOf(registry.publishEpoch());
  return { rotate21, rotate21Unchanged, takeSeat };
}
