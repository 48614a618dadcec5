import { task } from "hardhat/config";
import { openSession, withCommonParams, type CommonArgs } from "../session";
import { submit } from "../submit";
import { timeInWords } from "../explain";
import { keyWithConsent, openRegistry, withKeyParams, type KeyArgs } from "./registry";

interface RotateKeyArgs extends CommonArgs, KeyArgs {}

withKeyParams(
  withCommonParams(
    task("validator:rotate-key", "Replaces the signing key of the validator that sends, from the next epoch"),
  ),
).setAction(async (args: RotateKeyArgs, hre): Promise<{ readonly signer: string }> => {
  const session = await openSession(hre, args);
  const { registry, address } = await openRegistry(session);
  const { address: operator } = await session.signer();
  const { signer, consent } = await keyWithConsent(registry, operator, args);
  const before = (await registry.operatorOf(operator)).signer;
  const data = registry.interface.encodeFunctionData("setSigner", [signer, consent]);
  await submit(session, `Replace the signing key ${before} by ${signer}`, { to: address, data });
  const due = await registry.publishableFrom();
  session.say(
    `  the next epoch has it (qcp:rotate, ${due === 0n ? "now" : `from ${timeInWords(due)} on`}); ` +
      "until then the old key signs, and afterwards it is to be destroyed",
  );
  return { signer };
});
