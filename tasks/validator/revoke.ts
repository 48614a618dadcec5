import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openRegistry, STATUS_WORDS } from "./registry";

withCommonParams(
  task("validator:revoke", "Makes the validator that sends inactive: it may return for eight hours"),
).setAction(async (args: CommonArgs, hre): Promise<{ readonly status: string; readonly closableAt: bigint }> => {
  const session = await openSession(hre, args);
  const { registry, address } = await openRegistry(session);
  const { address: operator } = await session.signer();
  const data = registry.interface.encodeFunctionData("revoke");
  await submit(session, `Take ${operator} out of the validators`, { to: address, data });
  const status = STATUS_WORDS[Number((await registry.operatorOf(operator)).status)] ?? "unknown";
  const closableAt = await registry.closableAt(operator);
  session.say(
    closableAt === 0n
      ? `  ${operator} is ${status}`
      : `  ${operator} is ${status}: validator:unjail brings it back, or it is closed (validator:close) from ` +
          `${timeInWords(closableAt)} on; its deposit leaves 15 days after that`,
  );
  return { status, closableAt };
});
