import { id as hashOf } from "ethers";
import { task } from "hardhat/config";
import { timeInWords } from "../explain";
import { openDeployment, openSession, parseAccount, parseWhole, withCommonParams, type CommonArgs } from "../session";
import { submitRestricted, type RestrictedOutcome } from "../submit";

interface CertifyArgs extends CommonArgs {
  readonly issuer: string;
  readonly days: string;
  readonly subject: string;
}

const DAY = 86_400n;

withCommonParams(task("qsc:certify", "Permits an account to create tokens"))
  .addParam("issuer", "The account")
  .addOptionalParam("days", "For how many days from now", "365")
  .addOptionalParam("subject", "What identifies the issuer off chain; its hash is stored", "")
  .setAction(async (args: CertifyArgs, hre): Promise<RestrictedOutcome> => {
    const session = await openSession(hre, args);
    const issuer = parseAccount("issuer", args.issuer);
    const days = parseWhole("days", args.days);
    const { qscFactory } = await openDeployment(session);
    const now = await session.time();
    const until = now + days * DAY;
    const data = qscFactory.interface.encodeFunctionData("certify", [issuer, until, hashOf(args.subject)]);
    const what = `Certify ${issuer} as an issuer until ${timeInWords(until)}`;
    return submitRestricted(session, what, { to: await qscFactory.getAddress(), data }, "CERTIFIER");
  });
