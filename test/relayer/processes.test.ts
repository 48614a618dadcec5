import { expect } from "chai";
import { parseEther } from "ethers";
import { artifacts } from "hardhat";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildArtifacts } from "../../deploy/contracts";
import { headerDigest } from "../../protocol/header";
import { interoperableAddress } from "../../protocol/message";
import type { Attestation } from "../../relayer/ports";
import { HttpPeer } from "../../relayer/api/httpPeer";
import { ACCOUNTS, startLocalNetwork, type LocalChain, type LocalNetwork } from "../../scripts/local/network";
import { createLinkedToken, type LinkedToken } from "../../scripts/local/tokens";
import { until } from "./cassini/support/operators";

const REPOSITORY = resolve(__dirname, "../..");
/** `finalized` trails the head by two epochs of this length: blocks above it may be undone. */
const SLOTS_IN_AN_EPOCH = 4;
const UNDONE_BLOCKS = 2 * SLOTS_IN_AN_EPOCH - 2;
const GAS_LIMIT = 500_000n;
/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 240_000;

describe("four relayer processes over anvil and hardhat node", () => {
  const { signal } = new AbortController();
  let directory: string;
  let network: LocalNetwork;
  let gold: LinkedToken;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "relayers-"));
    network = await startLocalNetwork({
      directory,
      operators: 4,
      blockTime: 0.2,
      slotsInAnEpoch: SLOTS_IN_AN_EPOCH,
      artifacts: buildArtifacts(resolve((await artifacts.getBuildInfoPaths())[0] ?? "", "../..")),
      onProgress: () => undefined,
    });
    gold = await createLinkedToken(network, "GOLD", "Game Gold");
  });

  after(async () => {
    await network?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const other = (chain: LocalChain): LocalChain => (chain === network.home ? network.away : network.home);
  const both = (): readonly LocalChain[] => [network.home, network.away];
  const tokenOn = (chain: LocalChain) => (chain === network.home ? gold.home : gold.away);
  const holderOn = (chain: LocalChain) => chain.account(chain === network.home ? ACCOUNTS.alice : ACCOUNTS.bob);

  async function lane(chain: LocalChain, blockTag: number | "latest" | "finalized" = "latest") {
    return chain.deployment.gateway.laneState(other(chain).node.chainId, { blockTag });
  }

  /** Exchanges so many times one token to the other chain's holder; does not wait for blocks. */
  async function send(chain: LocalChain, count: number): Promise<void> {
    const holder = holderOn(chain);
    holder.reset();
    const recipient = interoperableAddress(
      BigInt(other(chain).node.chainId),
      await holderOn(other(chain)).getAddress(),
    );
    for (let index = 0; index < count; index++) {
      await tokenOn(chain).connect(holder).qcpExchange(recipient, parseEther("1"), { gasLimit: GAS_LIMIT });
    }
  }

  async function untilSent(chain: LocalChain, seq: bigint): Promise<void> {
    await until(
      async () => (await lane(chain)).outSeq >= seq,
      () => `${chain.name} sent fewer than ${seq}`,
      PATIENCE_MS,
    );
  }

  /** Until all that either chain sent is executed and acknowledged, in final blocks. */
  async function untilSettled(): Promise<void> {
    let seen: unknown;
    const settled = async (): Promise<boolean> => {
      const [atHome, atAway] = await Promise.all(both().map((chain) => lane(chain, "finalized")));
      const [newHome, newAway] = await Promise.all(both().map((chain) => lane(chain)));
      if (!atHome || !atAway || !newHome || !newAway) return false;
      seen = [newHome, newAway].map(({ outSeq, inSeq, ackSeq }) => `${outSeq} ${inSeq} ${ackSeq}`);
      const through = (from: typeof atHome, to: typeof atHome, sent: bigint): boolean =>
        from.outSeq === sent && to.inSeq === sent && from.ackSeq === sent;
      return through(atHome, atAway, newHome.outSeq) && through(atAway, atHome, newAway.outSeq);
    };
    await until(settled, () => `out, in, ack at home and away: ${String(seen)}`, PATIENCE_MS);
  }

  /** What a relayer signed of the lane from `source`, as it tells everybody. */
  async function signedBy(url: string, source: LocalChain): Promise<readonly Attestation[]> {
    const peer = new HttpPeer(url);
    const found: Attestation[] = [];
    for (;;) {
      const after = found.at(-1)?.header.sourceBlock ?? 0n;
      const ends = { source: BigInt(source.node.chainId), target: BigInt(other(source).node.chainId) };
      let page: readonly Attestation[] | undefined;
      const answers = async (): Promise<boolean> => {
        page = await peer.attestations({ ...ends, after, waitMs: 0 }, signal).catch(() => undefined);
        return page !== undefined;
      };
      await until(answers, () => `${url} does not answer`, PATIENCE_MS);
      if (page === undefined || page.length === 0) return found;
      found.push(...page);
    }
  }

  const textOf = ({ header, target, signature }: Attestation): string => `${headerDigest(header, target)} ${signature}`;

  /** Undoes blocks of the home chain until messages are gone that were in one of them. */
  async function undoMessages(): Promise<void> {
    const undone = async (): Promise<boolean> => {
      const { outSeq } = await lane(network.home);
      await send(network.home, 2);
      await untilSent(network.home, outSeq + 2n);
      const before = await network.home.provider.getBlock("latest");
      await network.home.node.rpc("anvil_reorg", [UNDONE_BLOCKS, []]);
      const after = await network.home.provider.getBlock(before?.number ?? 0);
      return after?.hash !== before?.hash && (await lane(network.home)).outSeq < outSeq + 2n;
    };
    await until(undone, () => "no message was ever undone", PATIENCE_MS);
  }

  it("lose, double and change nothing while one is killed and unfinalized blocks are undone", async () => {
    const [victim, ...others] = network.relayers;
    if (victim === undefined) throw new Error("no relayer");
    // Bob has only what arrives.
    await send(network.home, 12);
    await until(
      async () => (await lane(network.away)).inSeq === 12n,
      () => "nothing arrived",
      PATIENCE_MS,
    );
    await send(network.away, 3);
    await until(
      async () => (await lane(network.home)).ackSeq > 0n && (await lane(network.away)).ackSeq > 0n,
      () => "nothing was acknowledged",
      PATIENCE_MS,
    );

    const before = new Map<string, readonly string[]>();
    for (const chain of both()) {
      for (const { url } of network.relayers)
        before.set(`${chain.name} ${url}`, (await signedBy(url, chain)).map(textOf));
    }
    await Promise.all(both().map((chain) => send(chain, 3)));
    await victim.kill();
    await undoMessages();
    await Promise.all(both().map((chain) => send(chain, 2)));
    await victim.start();
    await untilSettled();

    // The one that was killed signs again.
    const { number } = (await network.home.provider.getBlock("finalized")) ?? { number: 0 };
    await send(network.home, 1);
    await until(
      async () => (await signedBy(victim.url, network.home)).some(({ header }) => header.sourceBlock > number),
      () => "the relayer that was killed does not sign",
      PATIENCE_MS,
    );
    await untilSettled();

    for (const source of both()) {
      for (const { url, name } of [victim, ...others]) {
        const signed = await signedBy(url, source);
        expect(signed.length, name).to.be.greaterThan(0);
        expect(signed.map(textOf), name).to.include.members([...(before.get(`${source.name} ${url}`) ?? [])]);
        for (const { header } of signed) {
          const { outSeq, outAcc, inSeq, resAcc } = await lane(source, Number(header.sourceBlock));
          const { toSeq, acc, ackSeq, resAcc: signedResAcc } = header;
          expect([toSeq, acc, ackSeq, signedResAcc], `${name} ${source.name}`).to.deep.equal([
            outSeq,
            outAcc,
            inSeq,
            resAcc,
          ]);
        }
      }
    }
    for (const source of both()) await expectEachOnce(source);
  });

  /** Every exchange that is in the source's chain arrived once, and none that is not. */
  async function expectEachOnce(source: LocalChain): Promise<void> {
    const target = other(source);
    const { gateway } = target.deployment;
    const sent = await tokenOn(source).queryFilter(tokenOn(source).filters.Exchanged());
    const received = await tokenOn(target).queryFilter(tokenOn(target).filters.ExchangeReceived());
    expect(
      received.map(({ args }) => args.receiveId),
      source.name,
    ).to.deep.equal(sent.map(({ args }) => args.sendId));
    const batches = (await gateway.queryFilter(gateway.filters.BatchDelivered())).map(({ args }) => args);
    const delivered = batches.flatMap(({ first, last }) =>
      Array.from({ length: Number(last - first) + 1 }, (_, index) => Number(first) + index),
    );
    expect(delivered, source.name).to.deep.equal(sent.map((_, index) => index + 1));
  }

  /** What a command of a relayer printed, and the code that it ended with. */
  async function relayerCommand(
    command: string,
    config: string,
  ): Promise<{ readonly code: number; readonly text: string }> {
    const child = spawn(process.execPath, ["--import", "tsx", "relayer/cli.ts", command, "--config", config], {
      cwd: REPOSITORY,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close") as Promise<[number]>;
    let text = "";
    for await (const chunk of child.stdout) text += String(chunk);
    return { code: (await ended)[0], text };
  }

  it("are found to be well by doctor, and described by status", async () => {
    const config = network.relayers[1]?.config ?? "";
    const [doctor, status] = await Promise.all([relayerCommand("doctor", config), relayerCommand("status", config)]);
    expect(doctor.text.split("\n").filter((line) => line.startsWith("✗"))).to.deep.equal([]);
    expect(doctor.text.trimEnd()).to.match(/all is well$/);
    expect([doctor.code, status.code]).to.deep.equal([0, 0]);
    for (const source of both()) {
      const { outSeq, inSeq } = await lane(source);
      const target = other(source);
      expect(outSeq, source.name).to.be.greaterThan(0n);
      expect(inSeq, source.name).to.be.greaterThan(0n);
      expect(status.text).to.contain(
        `${source.name} → ${target.name}: sent ${outSeq}, executed ${outSeq}, acknowledged ${outSeq}, backlog 0`,
      );
      expect(status.text).to.contain(`${source.name}: epoch 1, quorum 3 of 4`);
    }
  });
});
