import { task } from "hardhat/config";
import { ZeroAddress } from "ethers";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import {
  openDeployment,
  openSession,
  parseAccount,
  parseChainId,
  parseWhole,
  withCommonParams,
  type CommonArgs,
} from "../session";
import { submit } from "../submit";
import { parseAmount } from "./amount";

interface CreateArgs extends CommonArgs {
  readonly name: string;
  readonly symbol: string;
  readonly decimals: string;
  readonly home?: string;
  readonly cap?: string;
  readonly holders?: string;
  readonly admin?: string;
  readonly adminDelay: string;
  readonly freezer?: string;
  readonly pauser?: string;
  readonly banker?: string;
  readonly linker?: string;
}

const MAX_NAME_BYTES = 31;
const MAX_DECIMALS = 36n;

withCommonParams(task("qsc:create", "Creates a token, or the counterpart of one whose home is another chain"))
  .addParam("name", "Its name")
  .addParam("symbol", "Its symbol: 1 to 11 of A-Z and 0-9, not yet taken here")
  .addOptionalParam("decimals", "For display", "18")
  .addOptionalParam("home", "Chain id of its home; default: this chain")
  .addOptionalParam("cap", "Most that is ever issued; default: as much as votes can count")
  .addOptionalParam("holders", "Initial holders, as address:amount, separated by commas")
  .addOptionalParam("admin", "Grants and revokes the other roles; default: the sender")
  .addOptionalParam("adminDelay", "Seconds that a change of the admin waits", "172800")
  .addOptionalParam("freezer", "Freezes and unfreezes; default: the admin")
  .addOptionalParam("pauser", "Pauses and unpauses; default: the admin")
  .addOptionalParam("banker", "Issues; default: the admin, and nobody away from home")
  .addOptionalParam("linker", "Links counterparts; default: the admin")
  .setAction(async (args: CreateArgs, hre): Promise<{ readonly token: string }> => {
    const session = await openSession(hre, args);
    const { qscFactory } = await openDeployment(session);
    const sender = (await session.signer()).address;
    if (Buffer.byteLength(args.name) > MAX_NAME_BYTES) {
      throw new Refusal(
        `--name ${args.name}: has ${Buffer.byteLength(args.name)} bytes, at most ${MAX_NAME_BYTES} fit`,
      );
    }
    if (!/^[A-Z0-9]{1,11}$/.test(args.symbol)) {
      throw new Refusal(`--symbol ${args.symbol}: use 1 to 11 of A-Z and 0-9`);
    }
    const decimals = parseWhole("decimals", args.decimals);
    if (decimals > MAX_DECIMALS) throw new Refusal(`--decimals ${decimals}: at most ${MAX_DECIMALS}`);
    const homeChainId = args.home === undefined ? session.chainId : parseChainId("home", args.home);
    const atHome = homeChainId === session.chainId;
    if (!atHome && (args.cap !== undefined || args.holders !== undefined || args.banker !== undefined)) {
      throw new Refusal(`--cap, --holders and --banker belong to the token's home, chain ${homeChainId}`);
    }
    const { validUntil } = await qscFactory.certificateOf(sender);
    const now = await session.time();
    if (validUntil <= now) {
      throw new Refusal(
        `${sender} has no certificate${validUntil === 0n ? "" : ` since ${timeInWords(validUntil)}`}: the multisig can ` +
          `certify it: npx hardhat qsc:certify --network ${session.network} --issuer ${sender}`,
      );
    }

    const role = (key: string, value: string | undefined, fallback: string): string =>
      value === undefined ? fallback : parseAccount(key, value);
    const admin = role("admin", args.admin, sender);
    const params = {
      name: args.name,
      symbol: args.symbol,
      decimals,
      homeChainId,
      cap: args.cap === undefined ? 0n : parseAmount("cap", args.cap, decimals),
      roles: {
        admin,
        adminDelay: parseWhole("admin-delay", args.adminDelay),
        freezer: role("freezer", args.freezer, admin),
        pauser: role("pauser", args.pauser, admin),
        banker: atHome ? role("banker", args.banker, admin) : ZeroAddress,
        linker: role("linker", args.linker, admin),
      },
      holdings: parseHolders(args.holders, decimals),
    };
    const { bytecode } = await session.artifacts("QSC");
    const data = qscFactory.interface.encodeFunctionData("createQSC", [params, bytecode]);
    const what = `Create ${args.symbol} ("${args.name}"), home chain ${homeChainId}, admin ${admin}`;
    await submit(session, what, { to: await qscFactory.getAddress(), data });
    const token = await qscFactory.tokenOf(args.symbol);
    session.say(`  ${args.symbol} is ${token}`);
    return { token };
  });

function parseHolders(
  list: string | undefined,
  decimals: bigint,
): { readonly account: string; readonly amount: bigint }[] {
  if (list === undefined) return [];
  return list.split(",").map((entry) => {
    const [account, amount, rest] = entry.trim().split(":");
    if (account === undefined || amount === undefined || rest !== undefined) {
      throw new Refusal(`--holders "${entry}": not of the form address:amount`);
    }
    return { account: parseAccount("holders", account), amount: parseAmount("holders", amount, decimals) };
  });
}
