import { task } from "hardhat/config";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { openRegistry, STATUS_WORDS } from "./registry";

withCommonParams(task("validator:unjail", "Brings the validator that sends back, within eight hours")).setAction(
  async (args: CommonArgs, hre): Promise<{ readonly status: string }> => {
    const session = await openSession(hre, args);
    const { registry, address } = await openRegistry(session);
    const { address: operator } = await session.signer();
    const data = registry.interface.encodeFunctionData("unjail");
    await submit(session, `Bring ${operator} back`, { to: address, data });
    const status = STATUS_WORDS[Number((await registry.operatorOf(operator)).status)] ?? "unknown";
    session.say(`  ${operator} is ${status}${status === "active" ? ": its key is in the next epoch" : ""}`);
    return { status };
  },
);
