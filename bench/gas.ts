import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ethers } from "hardhat";
import { concat, hexlify, type ContractTransactionResponse } from "ethers";
import { encodeDelivery } from "../protocol/delivery";
import { onRemote, deployGateway, type GatewayFixture } from "../test/crosschain/support";

/**
 * Gas of a send and of a delivery, from receipts, on Hardhat's prague rules. Payloads have no zero byte; slots are warm
 * from earlier traffic (the first use is printed beside).
 */
const SETS = [4, 7, 21];
const PAYLOADS = [32, 256];
const BATCHES = [1, 10, 100];

const payload = (length: number): string => hexlify(Uint8Array.from({ length }, (_, index) => (index % 255) + 1));

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait();
  if (receipt?.status !== 1) throw new Error("the transaction did not succeed");
  return Number(receipt.gasUsed);
}

async function measureSend(fixture: GatewayFixture, length: number): Promise<{ first: number; warm: number }> {
  const recipient = onRemote("0x1111111111111111111111111111111111111111");
  const send = (): Promise<number> => gasOf(fixture.gateway.sendMessage(recipient, payload(length), []));
  const first = await send();
  await send();
  return { first, warm: await send() };
}

async function measureDelivery(
  signers: number,
  length: number,
): Promise<{ first: number; perMessage: Record<string, number> }> {
  const fixture = await deployGateway(signers);
  const { gateway, remote, wallets } = fixture;
  const recipient = await (await ethers.deployContract("RecipientMock")).getAddress();
  const sender = concat(["0x1234", payload(18)]);
  const deliver = async (count: number): Promise<number> => {
    const from = BigInt(remote.messages.length) + 1n;
    for (let index = 0; index < count; index++) remote.send({ sender, recipient, payload: payload(length) });
    const gas = await gasOf(gateway.deliver(encodeDelivery(remote.delivery(wallets, { from }))));
    if ((await gateway.laneState(remote.chainId)).inSeq !== BigInt(remote.messages.length)) {
      throw new Error("the batch was not delivered");
    }
    const [delivered] = await gateway.queryFilter(gateway.filters.BatchDelivered(), "latest");
    if (delivered?.args.failures !== 0n) throw new Error("a message failed");
    return gas;
  };
  const first = await deliver(1);
  const perMessage: Record<string, number> = {};
  for (const count of BATCHES) perMessage[count] = Math.round((await deliver(count)) / count);
  return { first, perMessage };
}

async function main(): Promise<void> {
  const send: Record<string, number> = {};
  const deliver: Record<string, Record<string, Record<string, number>>> = {};
  for (const length of PAYLOADS) {
    const { first, warm } = await measureSend(await deployGateway(), length);
    send[length] = warm;
    console.log(`send, ${length} B: ${warm} (first use ${first})`);
  }
  for (const signers of SETS) {
    const byPayload: Record<string, Record<string, number>> = {};
    for (const length of PAYLOADS) {
      const { first, perMessage } = await measureDelivery(signers, length);
      byPayload[length] = perMessage;
      console.log(
        `deliver, n = ${signers}, ${length} B: ${JSON.stringify(perMessage)} per message (first use ${first})`,
      );
    }
    deliver[signers] = byPayload;
  }
  const folder = join(__dirname, "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "crosschain-gas.json"), `${JSON.stringify({ send, deliver }, null, 2)}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
