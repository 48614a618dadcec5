import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  AbiCoder,
  HDNodeWallet,
  Interface,
  JsonRpcProvider,
  Transaction,
  concat,
  getCreateAddress,
  toBeHex,
} from "ethers";
import { anvilInstalled, nodeRpc, startAnvil, startHardhatNode, type LocalNode } from "../../scripts/local/nodes";

/** ERC-20 transfers a second by a local node: signed beforehand, sent in batches, mined in full blocks. */
const MNEMONIC = "test test test test test test test test test test test junk";
const CHAIN_ID = 31_337;
const ACCOUNTS = 10;
const PER_ACCOUNT = 500;
const IN_REQUEST = 100;
const GAS_LIMIT = 100_000n;
const GAS_PRICE = 2_000_000_000n;
const TIMEOUT_MS = 600_000;
const ERC20 = new Interface(["function transfer(address to,uint256 value) returns (bool)"]);
/** OpenZeppelin's ERC-20 as it is, with a supply. */
const MOCK = "../../artifacts/contracts/mocks/OpenZeppelinERC20CrosschainMock.sol/OpenZeppelinERC20CrosschainMock.json";

export interface PeerRate {
  /** Which node it was. */
  readonly peer: string;
  readonly transfersPerSecond: number;
}

/** Anvil where it is installed, else Hardhat's node. */
export async function peerErc20(): Promise<PeerRate> {
  const anvil = anvilInstalled();
  const options = { chainId: CHAIN_ID };
  const node = anvil
    ? await startAnvil({ ...options, args: ["--no-mining", "--gas-limit", "1000000000", "--order", "fifo"] })
    : await startHardhatNode(options);
  try {
    return { peer: anvil ? "anvil" : "hardhat node", transfersPerSecond: await measure(node, anvil) };
  } finally {
    await node.stop();
  }
}

async function measure(node: LocalNode, mines: boolean): Promise<number> {
  const wallets = Array.from({ length: ACCOUNTS }, (_, i) =>
    HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${i}`),
  );
  const [first] = wallets as [HDNodeWallet];
  const token = getCreateAddress({ from: first.address, nonce: 0 });
  const sign = async (wallet: HDNodeWallet, nonce: number, data: string, to: string | null): Promise<string> => {
    const transaction = Transaction.from({
      type: 0,
      chainId: CHAIN_ID,
      nonce,
      gasLimit: to === null ? 5_000_000n : GAS_LIMIT,
      gasPrice: GAS_PRICE,
      to,
      data,
    });
    return wallet.signTransaction(transaction);
  };
  const send = async (signed: readonly string[]): Promise<void> => {
    const calls = signed.map((raw, id) => ({ jsonrpc: "2.0", id, method: "eth_sendRawTransaction", params: [raw] }));
    const response = await fetch(node.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(calls),
    });
    for (const { error } of (await response.json()) as { error?: { message: string } }[]) {
      if (error !== undefined) throw new Error(error.message);
    }
  };
  const mine = async (): Promise<void> => {
    if (mines) await nodeRpc(node.url, "evm_mine", []);
  };

  const setUp = [await sign(first, 0, deployment(first.address), null)];
  for (const [i, wallet] of wallets.slice(1).entries()) {
    setUp.push(await sign(first, i + 1, ERC20.encodeFunctionData("transfer", [wallet.address, 10n ** 9n]), token));
  }
  await send(setUp);
  await mine();
  const transfers: string[] = [];
  for (let number = 0; number < PER_ACCOUNT; number++) {
    for (const [i, wallet] of wallets.entries()) {
      const to = toBeHex(1_000_000 + ((7 * number + i) % 5_000), 20);
      const nonce = i === 0 ? ACCOUNTS + number : number;
      transfers.push(await sign(wallet, nonce, ERC20.encodeFunctionData("transfer", [to, 1n]), token));
    }
  }

  const began = process.hrtime.bigint();
  for (let from = 0; from < transfers.length; from += IN_REQUEST) await send(transfers.slice(from, from + IN_REQUEST));
  await mine();
  const deadline = Date.now() + TIMEOUT_MS;
  const provider = new JsonRpcProvider(node.url, CHAIN_ID, { staticNetwork: true, batchMaxCount: 1 });
  while ((await provider.getTransactionCount(first.address)) < ACCOUNTS + PER_ACCOUNT) {
    if (Date.now() > deadline) throw new Error("the node did not execute all transfers");
    await mine();
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  provider.destroy();
  return Math.round(transfers.length / seconds);
}

function deployment(holder: string): string {
  const { bytecode } = JSON.parse(readFileSync(resolve(__dirname, MOCK), "utf8")) as { bytecode: string };
  return concat([bytecode, AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [holder, 10n ** 27n])]);
}
