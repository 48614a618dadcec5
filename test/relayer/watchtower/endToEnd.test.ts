import { expect } from "chai";
import { JsonRpcProvider, SigningKey, Wallet, concat, id, type BaseContract, type HDNodeWallet } from "ethers";
import { ethers } from "hardhat";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import {
  CHANNEL_BNB,
  channelDomain,
  channelId,
  stateDigest,
  type Channel,
  type ChannelState,
  type ChannelVenue,
} from "../../../protocol/channel";
import { toJson } from "../../../relayer/api/wire";
import { freePort, startAnvil, type LocalNode } from "../../../scripts/local/nodes";
import { startRelayerProcess, type RelayerProcess } from "../../../scripts/local/relayerProcess";
import type { AccessManager, GameRegistry, StateChannels, TicTacToe } from "../../../typechain-types";
import { given, struct } from "../../game/channels/support";
import { accountOf } from "../cassini/support/localAccounts";
import { until } from "../cassini/support/operators";

const DEPOSIT = 1_000n;
const CHALLENGE_SECONDS = 600n;
/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;
const RELAYER_ACCOUNT = 5;

describe("a watchtower process over anvil", function () {
  this.timeout(4 * PATIENCE_MS);
  let directory: string;
  let node: LocalNode;
  let provider: JsonRpcProvider;
  let channels: StateChannels;
  let registry: GameRegistry;
  let venue: ChannelVenue;
  let relayer: RelayerProcess;
  let alice: HDNodeWallet;
  let bob: HDNodeWallet;
  const keys = ["alice", "bob"].map((name) => new SigningKey(id(`session of ${name}`)));

  const deploy = async <T extends BaseContract>(name: string, ...args: readonly unknown[]): Promise<T> => {
    const factory = await ethers.getContractFactory(name);
    const contract = await factory.connect(alice).deploy(...args);
    return (await contract.waitForDeployment()) as unknown as T;
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "watchtower-"));
    node = await startAnvil({ chainId: 31337 });
    provider = new JsonRpcProvider(node.url, 31337, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
    [alice, bob] = [accountOf(0).connect(provider), accountOf(1).connect(provider)];
    const manager = await deploy<AccessManager>("AccessManager", alice.address);
    registry = await deploy<GameRegistry>("GameRegistry", await manager.getAddress(), 7_000, 2_000, 1_000);
    const game = await deploy<TicTacToe>("TicTacToe");
    await (await registry.registerGame(await game.getAddress(), 0, "ipfs://tic-tac-toe")).wait();
    channels = await deploy<StateChannels>("StateChannels", await registry.getAddress());
    venue = { chainId: 31_337n, channels: await channels.getAddress() };

    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const chain = (name: string, chainId: number, endpoint: string) => ({
      name,
      chainId,
      endpoints: [endpoint],
      finality: "latest",
      gateway: `0x${"11".repeat(20)}`,
      pollMs: 100,
      maxGasPriceGwei: 100,
    });
    const yaml = stringify({
      operator: "watchtower",
      roles: { watchtower: true },
      send: true,
      chains: [
        { ...chain("here", 31_337, node.url), stateChannels: venue.channels },
        chain("elsewhere", 31_338, "http://127.0.0.1:9"),
      ],
      lanes: [["here", "elsewhere"]],
      sender: { privateKey: accountOf(RELAYER_ACCOUNT).privateKey },
      store: { sqlite: "relayer.sqlite" },
      api: { host: "127.0.0.1", port },
    });
    const nobody = Wallet.createRandom();
    const operator = {
      name: "watchtower",
      directory,
      index: 0,
      attester: nobody,
      sender: nobody,
      url,
      port,
      peers: [],
    };
    relayer = await startRelayerProcess(yaml, operator);
  });

  after(async () => {
    await relayer?.stop();
    provider?.destroy();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function fundedChannel(nonce: bigint): Promise<Channel> {
    const channel: Channel = {
      gameId: 1n,
      rules: (await registry.gameOf(1)).rules,
      token: CHANNEL_BNB,
      participants: [alice, bob].map(({ address }, index) => ({
        account: address,
        signer: ethers.computeAddress(keys[index]!),
        deposit: DEPOSIT,
      })),
      challengeSeconds: CHALLENGE_SECONDS,
      lifeSeconds: 100n * CHALLENGE_SECONDS,
      nonce,
    };
    for (const [index, account] of [alice, bob].entries()) {
      await (await channels.connect(account).deposit(given(channel), index, { value: DEPOSIT })).wait();
    }
    return channel;
  }

  /** What both signed; alice has won as much as the version says. */
  function signed(channel: Channel, version: bigint): { readonly state: ChannelState; readonly signatures: string[] } {
    const balances = [DEPOSIT + version, DEPOSIT - version];
    const state = { channelId: channelId(channel, venue), version, stake: 0n, balances, gameState: "0x" };
    const digest = stateDigest(state, channelDomain(venue));
    return { state, signatures: keys.map((key) => key.sign(digest).compactSerialized) };
  }

  async function post(channel: Channel, version: bigint): Promise<number> {
    const { state, signatures } = signed(channel, version);
    const { channelId: _, ...rest } = state;
    const body = JSON.stringify(toJson({ chainId: venue.chainId, channel, state: rest, signatures }));
    const headers = { "content-type": "application/json" };
    return (await fetch(`${relayer.url}/channels`, { method: "POST", headers, body })).status;
  }

  async function bobCheats(channel: Channel, version: bigint): Promise<void> {
    const { state, signatures } = signed(channel, version);
    const sent = await channels.connect(bob).challenge(given(channel), struct(state), concat(signatures));
    await sent.wait();
  }

  const disputedVersion = async (channel: Channel): Promise<bigint> =>
    (await channels.statusOf(channelId(channel, venue))).version;

  it("answers a stale challenge for a player who is offline", async () => {
    const channel = await fundedChannel(1n);
    expect(await post(channel, 4n)).to.equal(200);
    expect(await post(channel, 7n)).to.equal(200);
    expect(await post(channel, 5n)).to.equal(409);
    await bobCheats(channel, 4n);
    await until(
      async () => (await disputedVersion(channel)) === 7n,
      () => "nobody answered",
      PATIENCE_MS,
    );
    const metrics = async (): Promise<string> => (await fetch(`${relayer.url}/metrics`)).text();
    await until(
      async () => /relayer_challenges_answered_total\{chain="31337"\} 1/.test(await metrics()),
      () => "the answer is not counted",
      PATIENCE_MS,
    );
  });

  it("answers after it was killed between the submission and the challenge, and the honest player is paid", async () => {
    const channel = await fundedChannel(2n);
    expect(await post(channel, 9n)).to.equal(200);
    await relayer.kill();
    await bobCheats(channel, 2n);
    expect(await disputedVersion(channel)).to.equal(2n);
    await relayer.start();
    await until(
      async () => (await disputedVersion(channel)) === 9n,
      () => "nobody answered",
      PATIENCE_MS,
    );
    await node.rpc("evm_increaseTime", [Number(CHALLENGE_SECONDS) + 1]);
    const before = await provider.getBalance(alice.address);
    const { state } = signed(channel, 9n);
    await (await channels.connect(bob).conclude(given(channel), struct(state))).wait();
    expect((await provider.getBalance(alice.address)) - before).to.equal(DEPOSIT + 9n);
  });
});
