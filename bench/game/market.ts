import { ZeroAddress, id } from "ethers";
import { fill, deployMarket, orderOf, sign } from "../../test/game/market/support";
import { SIDE, type MarketOrder } from "../../protocol/marketOrder";
import { deployCOS } from "../../test/token/support";
import { gasOf, type EconomyGas } from "../economy/receipts";

/**
 * Whole transactions of sales with royalty and fee, each of a new order to a buyer that has none of the item yet.
 * `marketFill` is an ask in BNB of a seller that has sold before; in its very first sale the seller's place in the market is
 * new. In COS the seller is paid at once.
 */
export async function marketGas(): Promise<EconomyGas> {
  const fixture = await deployMarket();
  const { market, venue, alice, bob, carol, rival, artist, admin, splitter, assets, operator, potion, sword } = fixture;
  let orders = 0;
  // As random as a salt is, and the same in every run.
  const order = (change: Partial<MarketOrder>): Promise<MarketOrder> =>
    orderOf(fixture, {
      amount: 1n,
      salt: BigInt(id(`order ${++orders}`)),
      unitPrice: 123_456_789_012_345_678n,
      ...change,
    });
  const sell = async (buyer: typeof bob, change: Partial<MarketOrder> = {}): Promise<number> => {
    const made = await order(change);
    return gasOf(fill(fixture, buyer, made, await sign(venue, alice, made), 1n));
  };
  const cos = await deployCOS(admin.address);
  const token = await cos.getAddress();
  await splitter.connect(admin).setTokenAllowed(token, true);
  for (const buyer of [bob, carol]) {
    await cos.connect(admin).transfer(buyer, 10n ** 18n);
    await cos.connect(buyer).approve(market, 10n ** 18n);
  }
  const gas: Record<string, number> = {};

  await assets.connect(operator).mint(rival, potion, 1n);
  const others = await order({ maker: rival.address });
  gas.marketFillFirstOfGame = await gasOf(fill(fixture, carol, others, await sign(venue, rival, others), 1n));
  gas.marketFillFirstOfSeller = await sell(bob);
  gas.marketFill = await sell(rival);
  await market.connect(alice).withdraw(ZeroAddress, alice);
  gas.marketFillAfterWithdrawal = await sell(artist);
  gas.marketFillCOSFirstOfGame = await sell(bob, { id: sword, token });
  gas.marketFillCOS = await sell(carol, { id: sword, token });

  await market.connect(bob).deposit({ value: 10n ** 18n });
  const bid = await order({ side: SIDE.bid, maker: bob.address });
  gas.marketFillBid = await gasOf(fill(fixture, alice, bid, await sign(venue, bob, bid), 1n));
  gas.marketCancel = await gasOf(market.connect(alice).cancel([await order({})]));
  gas.marketRaiseCounter = await gasOf(market.connect(alice).raiseCounter());
  return gas;
}
