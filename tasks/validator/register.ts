import { task } from "hardhat/config";
import { Refusal } from "../refusal";
import { openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { timeInWords } from "../explain";
import { keyWithConsent, openRegistry, STATUS, STATUS_WORDS, withKeyParams, type KeyArgs } from "./registry";
import { parsePercent } from "./percent";

interface RegisterArgs extends CommonArgs, KeyArgs {
  readonly position: string;
  readonly endpoint: string;
  readonly payout?: string;
  readonly commission: string;
  readonly maxCommission: string;
  readonly maxChange: string;
}

withKeyParams(
  withCommonParams(task("validator:register", "Registers the account that sends as a validator, with its core node")),
)
  .addParam("position", "Number of its core node (node:pledge)")
  .addParam("endpoint", "URL at which its relayer answers with attestations")
  .addOptionalParam("payout", "Where it is paid; default: the account that sends")
  .addOptionalParam("commission", "Percent of the rewards that it keeps", "5")
  .addOptionalParam("maxCommission", "The most that this can ever be, in percent", "20")
  .addOptionalParam("maxChange", "The most that one change of it can be, in percent", "1")
  .setAction(async (args: RegisterArgs, hre): Promise<{ readonly status: string }> => {
    const session = await openSession(hre, args);
    const { registry, address } = await openRegistry(session);
    const { address: operator } = await session.signer();
    const { status: present } = await registry.operatorOf(operator);
    if (present !== STATUS.none) {
      throw new Refusal(`${operator} is ${STATUS_WORDS[Number(present)]}: an account registers once`);
    }
    const registration = {
      position: parseWhole("position", args.position),
      ...(await keyWithConsent(registry, operator, args)),
      payout: args.payout === undefined ? operator : parseAccount("payout", args.payout),
      maxCommissionBps: parsePercent("max-commission", args.maxCommission),
      maxChangeBps: parsePercent("max-change", args.maxChange),
      commissionBps: parsePercent("commission", args.commission),
      endpoint: args.endpoint,
    };
    const data = registry.interface.encodeFunctionData("register", [registration]);
    const terms = `commission ${args.commission} %, never above ${args.maxCommission} %`;
    await submit(
      session,
      `Register ${operator} with core node ${args.position} and signing key ${registration.signer}, ${terms}`,
      { to: address, data },
    );
    const { status } = await registry.operatorOf(operator);
    const words = STATUS_WORDS[Number(status)] ?? "unknown";
    const { expiresAt } = await registry.proposalOf(operator);
    session.say(
      status === STATUS.candidate
        ? `  a candidate: members say yes with validator:vote until ${timeInWords(expiresAt)}`
        : `  ${words}`,
    );
    return { status: words };
  });
