import { writeFile } from "node:fs/promises";
import { ZeroAddress, hexlify, randomBytes } from "ethers";
import { task } from "hardhat/config";
import {
  ORDER_TYPES,
  SIDE,
  marketDomain,
  writeOrderFile,
  type MarketOrder,
  type SignedOrder,
} from "../../protocol/marketOrder";
import { timeInWords } from "../explain";
import { Refusal } from "../refusal";
import {
  inWords,
  openSession,
  parseAccount,
  parseTime,
  parseWhole,
  withCommonParams,
  type CommonArgs,
  type Session,
} from "../session";
import { submit } from "../submit";
import { approveAssets, approveCurrency, openCurrency, openMarket, orderInWords, type Market } from "./market";

interface ListArgs extends CommonArgs {
  readonly id: string;
  readonly amount: string;
  readonly price: string;
  readonly token: string;
  readonly bid?: boolean;
  readonly taker?: string;
  readonly expiry?: string;
  readonly out?: string;
}

const WEEK_SECONDS = 604_800n;
const SALT_BYTES = 32;

withCommonParams(task("market:list", "Signs an order that sells an asset, or with --bid buys one"))
  .addParam("id", "Id of the asset")
  .addParam("price", "Price of each piece, such as 0.25")
  .addOptionalParam("amount", "How many pieces; others may fill parts of it", "1")
  .addOptionalParam("token", "What it is paid in: BNB, COS, the symbol of a QSC, or an address", "BNB")
  .addFlag("bid", "Buy instead of sell; a bid in BNB is paid from a deposit in the market")
  .addOptionalParam("taker", "Who alone may fill it; default: anyone")
  .addOptionalParam("expiry", "First second in which it is void: Unix seconds or a time; default: in a week")
  .addOptionalParam("out", "File to write the order to; default: it is printed")
  .setAction(async (args: ListArgs, hre): Promise<SignedOrder> => {
    const session = await openSession(hre, args);
    const here = await openMarket(session);
    const signer = await session.signer();
    const currency = await openCurrency(session, args.token);
    const now = await session.time();
    const order: MarketOrder = {
      side: args.bid === true ? SIDE.bid : SIDE.ask,
      maker: signer.address,
      taker: args.taker === undefined ? ZeroAddress : parseAccount("taker", args.taker),
      id: parseWhole("id", args.id),
      amount: parseWhole("amount", args.amount),
      token: currency.address,
      unitPrice: currency.parse("price", args.price),
      maxFeeBps: await here.market.feeBps(),
      expiry: args.expiry === undefined ? now + WEEK_SECONDS : parseTime("expiry", args.expiry),
      salt: BigInt(hexlify(randomBytes(SALT_BYTES))),
      counter: await here.market.counterOf(signer.address),
    };
    if (order.amount === 0n) throw new Refusal("--amount 0: name at least one piece");
    if (order.unitPrice === 0n) throw new Refusal("--price 0: nothing is sold for nothing; transfer it instead");
    if (order.expiry <= now) throw new Refusal(`--expiry ${args.expiry ?? ""}: is over`);
    if (order.taker === order.maker) throw new Refusal("--taker: is the account that lists");
    await inWords(session, () => here.assets.itemOf(order.id));

    const total = order.unitPrice * order.amount;
    session.say(orderInWords(order, order.amount, currency));
    if (order.side === SIDE.ask) {
      const movable = await here.assets.transferableOf(order.maker, order.id);
      if (movable < order.amount) {
        throw new Refusal(`--amount ${order.amount}: ${order.maker} can move ${movable} of ${order.id} now`);
      }
      const [, royalty] = await here.assets.royaltyInfo(order.id, total);
      const fee = (total * order.maxFeeBps) / 10_000n;
      session.say(`  of it ${currency.show(fee)} fee, ${currency.show(royalty)} royalty, the rest to you`);
      await approveAssets(session, here);
    } else if (order.token === ZeroAddress) {
      await depositFor(session, here, total);
    } else {
      await approveCurrency(session, here, currency, total);
    }

    const signature = await signer.signTypedData(marketDomain(here.venue), ORDER_TYPES, order);
    const signed = { venue: here.venue, order, signature };
    const text = writeOrderFile(signed);
    if (args.out === undefined) session.say(text);
    else await writeFile(args.out, text);
    session.say(`  void from ${timeInWords(order.expiry)} on; market:cancel voids it before`);
    if (args.out !== undefined) session.say(`  ${args.out} is for whoever may fill it: market:buy`);
    return signed;
  });

/** Pays in what the bid may cost and the deposit lacks. */
async function depositFor(session: Session, { market, venue }: Market, total: bigint): Promise<void> {
  const { address } = await session.signer();
  const deposited = await market.owed(address, ZeroAddress);
  if (deposited >= total) return;
  const currency = await openCurrency(session, "BNB");
  const data = market.interface.encodeFunctionData("deposit");
  await submit(session, `Deposit ${currency.show(total - deposited)} in the market, yours until the bid is filled`, {
    to: venue.market,
    data,
    value: total - deposited,
  });
}
