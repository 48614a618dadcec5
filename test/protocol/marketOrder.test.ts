import { expect } from "chai";
import { Wallet, ZeroAddress, id } from "ethers";
import { assetId, itemOf, readAssetId, type AssetId } from "../../protocol/assetId";
import {
  ORDER_TYPES,
  SIDE,
  marketDomain,
  orderHash,
  readOrderFile,
  writeOrderFile,
  type SignedOrder,
} from "../../protocol/marketOrder";

const MARKET = "0x00000000000000000000000000000000C0de0056";

async function signed(side: number): Promise<SignedOrder> {
  const wallet = new Wallet(id("maker"));
  const venue = { chainId: 56n, market: MARKET };
  const order = {
    side,
    maker: wallet.address,
    taker: ZeroAddress,
    id: 2n ** 255n + 1n,
    amount: 3n,
    token: ZeroAddress,
    unitPrice: 10n ** 17n,
    maxFeeBps: 250n,
    expiry: 2n ** 40n,
    salt: 2n ** 256n - 1n,
    counter: 0n,
  };
  return { venue, order, signature: await wallet.signTypedData(marketDomain(venue), ORDER_TYPES, order) };
}

describe("order files", () => {
  for (const side of Object.values(SIDE)) {
    it(`are read as they were written, side ${side}`, async () => {
      const order = await signed(side);
      const text = writeOrderFile(order);
      expect(readOrderFile(text)).to.deep.equal(order);
      expect(writeOrderFile(readOrderFile(text)!)).to.equal(text);
    });
  }

  it("are refused where they are none", async () => {
    const text = writeOrderFile(await signed(SIDE.ask));
    const spoiled = [
      "",
      "[]",
      "{}",
      text.replace("cos-order-1", "cos-order-2"),
      text.replace('"ask"', '"gift"'),
      text.replace('"amount": "3"', '"amount": 3'),
      text.replace('"amount": "3"', '"amount": "-3"'),
      text.replace('"amount": "3"', '"amount": "0x3"'),
      text.replace('"amount": "3"', `"amount": "${2n ** 256n}"`),
      text.replace('"counter": "0"', '"count": "0"'),
      text.replace(MARKET, MARKET.slice(0, -1)),
      text.replace(/"maker": "0x../, '"maker": "0xzz'),
      text.replace(/"signature": "0x/, '"signature": "'),
      text.replace(/"chainId": "56"/, '"chainId": ""'),
    ];
    for (const each of spoiled) expect(readOrderFile(each), each).to.equal(undefined);
  });

  it("name an order by all of its parts and its market", async () => {
    const { order, venue } = await signed(SIDE.ask);
    const hashes = new Set([orderHash(order, venue), orderHash(order, { ...venue, chainId: 97n })]);
    for (const key of Object.keys(order) as (keyof typeof order)[]) {
      const value = order[key];
      const other = typeof value === "string" ? MARKET : typeof value === "number" ? 1 : value ^ 1n;
      hashes.add(orderHash({ ...order, [key]: other }, venue));
    }
    expect(hashes.size).to.equal(2 + Object.keys(order).length);
  });
});

describe("asset ids", () => {
  it("are taken apart as they were put together", () => {
    for (const kind of ["character", "item", "equipment"] as const) {
      for (const unique of [false, true]) {
        for (const bound of [false, true]) {
          const parts: AssetId = { gameId: 2n ** 64n - 1n, kind, unique, bound, number: 2n ** 48n - 1n, serial: 7n };
          expect(readAssetId(assetId(parts))).to.deep.equal(parts);
          expect(itemOf(assetId(parts))).to.equal(assetId({ ...parts, serial: 0n }));
        }
      }
    }
  });

  it("are none without a game or an item, and with an unknown kind or trait", () => {
    const parts: AssetId = { gameId: 1n, kind: "item", unique: false, bound: false, number: 1n, serial: 0n };
    for (const bad of [
      assetId({ ...parts, gameId: 0n }),
      assetId({ ...parts, number: 0n }),
      assetId(parts) | (3n << 184n),
      assetId(parts) | (4n << 176n),
    ]) {
      expect(readAssetId(bad)).to.equal(undefined);
    }
  });
});
