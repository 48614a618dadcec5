import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ethers } from "hardhat";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { JsonRpcProvider, Network, SigningKey } from "ethers";
import { deploy, deployChain, openLane, type Deployment } from "../../deploy/deployment";
import { localParameters } from "../../deploy/parameters";
import { LOCAL_LANE_LIMITS } from "../../deploy/parameters/lanes";
import { fileRecorder, memoryRecorder } from "../../deploy/record";
import { encodeDelivery } from "../../protocol/delivery";
import { rotationDigest, type Rotation } from "../../protocol/header";
import { encodeMessage, interoperableAddress } from "../../protocol/message";
import { sortSigners } from "../../protocol/quorum";
import { toJson } from "../../relayer/api/wire";
import type { RestrictedOutcome } from "../../tasks/submit";
import { ATTRIBUTE, PAYLOAD, RemoteChain } from "../crosschain/support";
import {
  REMOTE_CHAIN,
  REMOTE_GATEWAY,
  attesters,
  businessParameters,
  homeParameters,
  optionsFor,
  parts,
  startValidators,
  testArtifacts,
} from "../support/deployment";
import { startAnvil } from "../../scripts/local/nodes";
import { recordFile, refusal, run, running, type TasksFixture } from "./support";

async function business(): Promise<TasksFixture> {
  const file = await recordFile();
  const deployment = await deploy({ ...(await optionsFor(await businessParameters())), recorder: fileRecorder(file) });
  return { deployment, file };
}

/** A running home chain whose first account may issue and has created GAME, linked to a counterpart. */
async function withToken(): Promise<TasksFixture & { readonly token: string; readonly holder: string }> {
  const { deployment, file } = await running();
  const holder = await (await parts()).deployer.getAddress();
  await run(file, "qsc:certify", { from: "1", issuer: holder });
  const created = await run<{ token: string }>(file, "qsc:create", {
    name: "Game",
    symbol: "GAME",
    cap: "1000",
    holders: `${holder}:100.5`,
  });
  await run(file, "qsc:link", { token: "GAME", chain: "56", counterpart: REMOTE_GATEWAY, limit: "1000" });
  return { deployment, file, token: created.token, holder };
}

async function remoteOf({ gateway }: Deployment): Promise<RemoteChain> {
  const { chainId } = await ethers.provider.getNetwork();
  return new RemoteChain({ chainId, gateway: await gateway.getAddress() }, REMOTE_CHAIN, REMOTE_GATEWAY);
}

describe("tasks", () => {
  describe("deploy and verify:state", () => {
    it("deploy, do nothing the second time, and find no difference", async () => {
      const file = await recordFile();
      const start = (await ethers.provider.send("evm_snapshot", [])) as string;
      const record = await run<Deployment["record"]>(file, "deploy", { noCompile: true });
      expect(await fileRecorder(file).load()).to.deep.equal(record);
      const height = await ethers.provider.getBlockNumber();
      await run(file, "deploy", { noCompile: true });
      expect(await ethers.provider.getBlockNumber()).to.equal(height);
      expect(await run<readonly unknown[]>(file, "verify:state", { noCompile: true })).to.have.length.greaterThan(40);
      await ethers.provider.send("evm_revert", [start]);
    });

    it("refuse a state that differs, with what was found", async () => {
      const { file, deployment } = await loadFixture(running);
      const { guardian } = await parts();
      await deployment.gateway.connect(guardian).pauseAll();
      expect(await refusal(run(file, "verify:state", { noCompile: true }))).to.contain(
        "lane 56 paused: expected false, found true",
      );
    });

    it("refuse to go on without a record", async () => {
      const missing = join(tmpdir(), "no", "record.json");
      expect(await refusal(run(missing, "verify:state", { noCompile: true }))).to.contain(
        "npx hardhat deploy --network hardhat",
      );
      expect(await refusal(run(missing, "qcp:status", {}))).to.contain("nothing is recorded");
    });
  });

  describe("qcp:add-lane", () => {
    const lane = { chain: "97", gateway: REMOTE_GATEWAY, cadence: "4", maxGas: "1000000", maxBytes: "1000" };

    it("prints the calls of the multisig where the caller has no role", async () => {
      const { file, deployment } = await loadFixture(running);
      const result = await run<RestrictedOutcome>(file, "qcp:add-lane", lane);
      if (result.outcome !== "calldata") throw new Error(result.outcome);
      const { multisig } = await parts();
      const [, schedule, execute] = result.calls;
      await multisig.sendTransaction(schedule ?? {});
      await time.increase(61);
      await multisig.sendTransaction(execute ?? {});
      expect(await deployment.gateway.laneChainIds()).to.deep.equal([56n, 97n]);
    });

    it("schedules as the multisig, executes after the delay and records the lane", async () => {
      const { file, deployment } = await loadFixture(running);
      const first = await run<RestrictedOutcome>(file, "qcp:add-lane", { ...lane, from: "1" });
      expect(first.outcome).to.equal("scheduled");
      const early = await run<RestrictedOutcome>(file, "qcp:add-lane", { ...lane, from: "1" });
      expect(early.outcome).to.equal("scheduled");
      // No block is mined meanwhile, as on a local node that nobody else uses.
      await ethers.provider.send("evm_increaseTime", [61]);
      const second = await run<RestrictedOutcome>(file, "qcp:add-lane", { ...lane, from: "1" });
      expect(second.outcome).to.equal("executed");
      expect((await deployment.gateway.laneState(97)).maxBytes).to.equal(1_000n);
      expect((await fileRecorder(file).load())?.lanes).to.have.lengthOf(2);
      await fileRecorder(file).save(deployment.record);
    });

    it("refuses a lane that is open, a chain without a number and the chain itself", async () => {
      const { file } = await loadFixture(running);
      expect(await refusal(run(file, "qcp:add-lane", { ...lane, chain: "56" }))).to.contain("opened once, for good");
      expect(await refusal(run(file, "qcp:add-lane", { ...lane, chain: "bsc" }))).to.contain("--chain bsc");
      expect(await refusal(run(file, "qcp:add-lane", { ...lane, chain: "31337" }))).to.contain("this is that chain");
    });
  });

  describe("qcp:fees, qcp:top-up and qcp:withdraw-fees", () => {
    const prices = { chain: "56", base: "9000000", perGas: "100", perByte: "6400" };
    const fee = (9_000_000n + 100n * 200_000n + 6_400n * 2n) * 1_000_000n;

    it("set what a message costs, pay it, raise it, and pay it out to its deliverer", async () => {
      const { file, deployment } = await loadFixture(running);
      const { gateway } = deployment;
      await run<RestrictedOutcome>(file, "qcp:fees", { ...prices, from: "1" });
      await ethers.provider.send("evm_increaseTime", [61]);
      const set = await run<RestrictedOutcome>(file, "qcp:fees", { ...prices, from: "1" });
      expect(set.outcome).to.equal("executed");
      const [shown] = await run<readonly { base: bigint; perGas: bigint; perByte: bigint }[]>(file, "qcp:fees", {});
      expect(shown).to.deep.equal({ chainId: 56n, base: 9_000_000n, perGas: 100n, perByte: 6_400n });

      const message = { chain: "56", to: REMOTE_GATEWAY, payload: "0x1234" };
      const sent = await run<{ id: string; fee: bigint }>(file, "qcp:send", message);
      expect([sent.fee, await gateway.feeOf(sent.id)]).to.deep.equal([fee, fee]);
      const raised = await run<{ fee: bigint }>(file, "qcp:top-up", { id: sent.id, amount: "0.5" });
      expect(raised.fee).to.equal(fee + ethers.parseEther("0.5"));

      const remote = await remoteOf(deployment);
      const { deployer, user } = await parts();
      remote.deliverBatch(1n, 0n, await deployer.getAddress());
      await gateway.connect(user).deliver(encodeDelivery(remote.delivery([...attesters()], { resultsFrom: 0 })));
      const to = ethers.Wallet.createRandom().address;
      const paid = await run<{ amount: bigint }>(file, "qcp:withdraw-fees", { to });
      expect(await ethers.provider.getBalance(to)).to.equal(paid.amount);
      expect(paid.amount).to.equal(fee + ethers.parseEther("0.5"));
    });

    it("refuse what is incomplete, not pending or not earned, in words", async () => {
      const { file } = await loadFixture(running);
      expect(await refusal(run(file, "qcp:fees", { chain: "56" }))).to.contain("--per-byte");
      expect(await refusal(run(file, "qcp:top-up", { id: "0x12", amount: "1" }))).to.contain("32 bytes");
      const unknown = `0x${"11".repeat(32)}`;
      expect(await refusal(run(file, "qcp:top-up", { id: unknown, amount: "1" }))).to.contain("Not pending");
      expect(await refusal(run(file, "qcp:withdraw-fees", {}))).to.contain("has earned nothing");
    });
  });

  describe("qcp:send and qcp:status", () => {
    const message = { chain: "56", to: REMOTE_GATEWAY, payload: "0x1234" };

    it("send a message with its attributes and show it as pending", async () => {
      const { file, deployment } = await loadFixture(running);
      const sent = await run<{ id: string; seq: bigint }>(file, "qcp:send", {
        ...message,
        gasLimit: "300000",
        deadline: "+600",
        reclaimable: true,
      });
      expect(sent.seq).to.equal(1n);
      expect(await deployment.gateway.statusOf(sent.id)).to.equal(1n);
      const status = await run<{ side: string; status: string }>(file, "qcp:status", { id: sent.id });
      expect(status.side).to.equal("source");
      expect(status.status).to.contain("pending");
      const [lane] = await run<readonly { sent: bigint; acknowledged: bigint }[]>(file, "qcp:status", {});
      expect([lane?.sent, lane?.acknowledged]).to.deep.equal([1n, 0n]);
    });

    it("take an ERC-7930 recipient", async () => {
      const { file } = await loadFixture(running);
      const recipient = interoperableAddress(56n, REMOTE_GATEWAY);
      expect((await run<{ seq: bigint }>(file, "qcp:send", { recipient, payload: "0x" })).seq).to.equal(1n);
    });

    it("refuse bad input in words", async () => {
      const { file } = await loadFixture(running);
      const send = (change: Readonly<Record<string, unknown>>): Promise<string> =>
        refusal(run(file, "qcp:send", { ...message, ...change }));
      expect(await send({ chain: "999" }))
        .to.contain("Unknown lane (chainId 999)")
        .and.contain("qcp:status lists");
      expect(await send({ to: "0x1234" })).to.contain("--to 0x1234: not an address");
      expect(await send({ payload: "0x123" })).to.contain("--payload 0x123");
      expect(await send({ gasLimit: "9000000" })).to.contain("Gas limit too high (gasLimit 9000000, maxGas 5000000)");
      expect(await send({ deadline: "5" })).to.contain("Deadline out of range");
      expect(await send({ recipient: "0x12" })).to.contain("name the recipient once");
      expect(await send({ chain: undefined })).to.contain("name the recipient");
      expect(await send({ from: "99" })).to.contain("--from 99");
      expect(await send({ from: REMOTE_GATEWAY })).to.contain("has no key of this account");
    });

    it("refuse an id of other chains or of no message", async () => {
      const { file } = await loadFixture(running);
      const status = (id: string): Promise<string> => refusal(run(file, "qcp:status", { id }));
      expect(await status("0x12")).to.contain("32 bytes");
      expect(await status(`0x${"00".repeat(7)}01${"00".repeat(7)}02${"00".repeat(16)}`)).to.contain(
        "this is chain 31337",
      );
    });
  });

  describe("qcp:retry", () => {
    it("executes a message that had failed", async () => {
      const { file, deployment } = await loadFixture(running);
      const remote = await remoteOf(deployment);
      const receiver = await ethers.deployContract("ReceiverMock");
      const message = remote.send({ recipient: await receiver.getAddress(), payload: PAYLOAD.revert });
      await deployment.gateway.deliver(encodeDelivery(remote.delivery([...attesters()])));
      const id = remote.receiveId(1n);
      const before = await run<{ side: string; status: string }>(file, "qcp:status", { id });
      expect(before.status).to.contain("qcp:retry");

      const args = { message: encodeMessage(message), chain: "56" };
      expect(await refusal(run(file, "qcp:retry", args))).to.contain("Retry failed (seq 1)");
      await receiver.getFunction("setHealed")(true);
      await run(file, "qcp:retry", args);
      const after = await run<{ status: string }>(file, "qcp:status", { id });
      expect(after.status).to.contain("delivered");
      expect(await refusal(run(file, "qcp:retry", args))).to.contain("Not retriable (sourceChainId 56, seq 1)");
    });

    it("finds a message by its id on the chain that sent it", async () => {
      const node = await startAnvil({ chainId: 31_338 });
      const source = new JsonRpcProvider(node.url, Network.from(31_338), { staticNetwork: true, cacheTimeout: -1 });
      try {
        const { multisig, guardian } = await parts();
        const genesis = { operators: (await source.listAccounts()).slice(3, 7).map(({ address }) => address) };
        const holders = { multisig: await multisig.getAddress(), guardian: await guardian.getAddress() };
        const limits = LOCAL_LANE_LIMITS;
        const there = {
          signer: await source.getSigner(0),
          parameters: localParameters({ chainId: 31_338n, ...holders, genesis }),
          recorder: memoryRecorder(),
          artifacts: testArtifacts,
        };
        const gateway = (await deployChain(there)).gateway;
        const remoteGateway = await gateway.getAddress();
        const file = await recordFile();
        const lanes = [{ chainId: 31_338n, gateway: remoteGateway, limits }];
        const options = { ...(await optionsFor(await homeParameters({ lanes }))), recorder: fileRecorder(file) };
        const here = await deploy(options);
        await startValidators(here);
        await openLane(there, { chainId: 31_337n, gateway: await here.gateway.getAddress(), limits });

        const receiver = await ethers.deployContract("ReceiverMock");
        const recipient = await receiver.getAddress();
        const to = interoperableAddress(31_337n, recipient);
        const sent = await gateway.sendMessage(to, PAYLOAD.revert, [ATTRIBUTE.gasLimit(300_000n)]);
        await sent.wait();

        const target = { chainId: 31_337n, gateway: await here.gateway.getAddress() };
        const remote = new RemoteChain(target, 31_338n, remoteGateway);
        const sender = await there.signer.getAddress();
        remote.send({ sender, recipient, payload: PAYLOAD.revert, gasLimit: 300_000n });
        await here.gateway.deliver(encodeDelivery(remote.delivery([...attesters()])));
        await receiver.getFunction("setHealed")(true);

        const id = remote.receiveId(1n);
        const other = { id, source: node.url, transaction: `0x${"11".repeat(32)}` };
        expect(await refusal(run(file, "qcp:retry", other))).to.contain("did not send message");
        expect(await refusal(run(file, "qcp:retry", { id: remote.receiveId(2n), source: node.url }))).to.contain(
          "the source chain shows no message",
        );
        await run(file, "qcp:retry", { id, source: node.url });
        expect(await receiver.getFunction("executions")(id)).to.equal(1n);
      } finally {
        source.destroy();
        await node.stop();
      }
    });

    it("refuses bad input in words", async () => {
      const { file } = await loadFixture(running);
      const retry = (args: Readonly<Record<string, unknown>>): Promise<string> => refusal(run(file, "qcp:retry", args));
      expect(await retry({})).to.contain("--id and --source, or --message and --chain");
      expect(await retry({ message: "0x12", chain: "56" })).to.contain("at least 58 bytes");
      expect(await retry({ message: "0x12", chain: "57" })).to.contain("no lane leads from chain 57");
      expect(await retry({ message: "0x12" })).to.contain("--chain is missing");
      const remote = await remoteOf((await loadFixture(running)).deployment);
      const id = remote.receiveId(1n);
      expect(await retry({ id, source: "nowhere" })).to.contain("--source nowhere");
    });
  });

  describe("qcp:rotate", () => {
    let server: Server | undefined;
    afterEach(() => {
      server?.close();
      server?.closeAllConnections();
      server = undefined;
    });

    /** An attestor's endpoint that serves `rotation` with the signatures of the first `signers` attesters. */
    async function serve(deployment: Deployment, rotation: Rotation, signers: number): Promise<string> {
      const { chainId } = await ethers.provider.getNetwork();
      const target = { chainId, gateway: await deployment.gateway.getAddress() };
      const rotations = attesters()
        .slice(0, signers)
        .map((wallet) => ({
          rotation,
          target,
          signer: wallet.address,
          signature: new SigningKey(wallet.privateKey).sign(rotationDigest(rotation, target)).compactSerialized,
        }));
      server = createServer((request, response) => {
        const url = new URL(request.url ?? "/", "http://127.0.0.1");
        const asked = url.pathname === "/rotations" && url.searchParams.get("target") === chainId.toString();
        response.statusCode = asked ? 200 : 404;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ rotations: toJson(rotations) }));
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    async function nextRotation(): Promise<Rotation> {
      const now = BigInt(await time.latest());
      return { epoch: 2n, validUntil: now + 86_400n, signers: sortSigners(attesters().map(({ address }) => address)) };
    }

    it("publishes the next epoch on the home chain once it is due", async () => {
      const { file, deployment } = await loadFixture(running);
      expect(await refusal(run(file, "qcp:rotate", {}))).to.contain("not yet");
      await time.increase(301);
      expect((await run<{ epoch: bigint }>(file, "qcp:rotate", {})).epoch).to.equal(2n);
      expect(await deployment.gateway.currentEpoch()).to.equal(2n);
    });

    it("collects a quorum of signatures and rotates a business chain", async () => {
      const { file, deployment } = await loadFixture(business);
      await time.increase(30);
      const endpoints = await serve(deployment, await nextRotation(), 3);
      const done = await run<{ epoch: bigint }>(file, "qcp:rotate", { endpoints });
      expect(done.epoch).to.equal(2n);
      expect(await deployment.gateway.currentEpoch()).to.equal(2n);
    });

    it("refuses too few signatures, silent endpoints and no endpoints", async () => {
      const { file, deployment } = await loadFixture(business);
      const endpoints = await serve(deployment, await nextRotation(), 2);
      const few = await refusal(run(file, "qcp:rotate", { endpoints: `${endpoints},http://127.0.0.1:1` }));
      expect(few).to.contain("2 of 3 signatures").and.contain("no answer from http://127.0.0.1:1");
      expect(await refusal(run(file, "qcp:rotate", {}))).to.contain("--endpoints is missing");
      expect(await refusal(run(file, "qcp:rotate", { endpoints: "localhost" }))).to.contain("not an http URL");
    });
  });

  describe("tokens", () => {
    it("are created by a certified issuer with their cap and holders", async () => {
      const { deployment, token, holder } = await loadFixture(withToken);
      expect(await deployment.qscFactory.issuerOf(token)).to.equal(holder);
      const qsc = await ethers.getContractAt("QSC", token);
      expect(await qsc.balanceOf(holder)).to.equal(ethers.parseEther("100.5"));
      expect(await qsc.CAP()).to.equal(ethers.parseEther("1000"));
    });

    it("are not created without a certificate or with bad input", async () => {
      const { file } = await loadFixture(withToken);
      const create = (change: Readonly<Record<string, unknown>>): Promise<string> =>
        refusal(run(file, "qsc:create", { name: "Game", symbol: "NEXT", ...change }));
      expect(await create({ from: "7" }))
        .to.contain("has no certificate")
        .and.contain("qsc:certify");
      expect(await create({ symbol: "game" })).to.contain("--symbol game");
      expect(await create({ symbol: "GAME" })).to.contain("Symbol taken");
      expect(await create({ name: "x".repeat(32) })).to.contain("--name");
      expect(await create({ holders: "someone" })).to.contain("address:amount");
      expect(await create({ home: "56", cap: "5" })).to.contain("belong to the token's home");
      expect(await create({ decimals: "99" })).to.contain("--decimals");
    });

    it("are certified by the multisig only", async () => {
      const { file, holder } = await loadFixture(withToken);
      const result = await run<RestrictedOutcome>(file, "qsc:certify", { issuer: holder });
      expect(result.outcome).to.equal("calldata");
      expect(await refusal(run(file, "qsc:certify", { issuer: "0x12" }))).to.contain("--issuer 0x12");
    });

    it("are linked once, by the linker", async () => {
      const { file } = await loadFixture(withToken);
      const link = { token: "GAME", chain: "97", counterpart: REMOTE_GATEWAY, limit: "10" };
      expect(await refusal(run(file, "qsc:link", { ...link, from: "7" }))).to.contain("LINKER_ROLE");
      expect(await refusal(run(file, "qsc:link", { ...link, chain: "31337" }))).to.contain("this is that chain");
      expect(await refusal(run(file, "qsc:link", { ...link, counterpart: "x" }))).to.contain("--counterpart x");
    });

    it("are limited in what another chain may release: lower at once, higher later", async () => {
      const { file } = await loadFixture(withToken);
      const limit = (change: Readonly<Record<string, unknown>>) =>
        run<{ capacity: bigint; window: bigint; available: bigint; nextFrom: bigint }>(file, "qsc:limit", {
          token: "GAME",
          chain: "56",
          ...change,
        });
      const linked = await limit({});
      expect([linked.capacity, linked.nextFrom > 0n]).to.deep.equal([0n, true]);
      await time.increaseTo(linked.nextFrom);
      const capacity = ethers.parseEther("1000");
      expect(await limit({})).to.deep.equal({ capacity, window: 86_400n, available: capacity, nextFrom: 0n });
      expect((await limit({ limit: "500" })).capacity).to.equal(ethers.parseEther("500"));
      const raised = await limit({ limit: "2000", window: "3600" });
      expect([raised.capacity, raised.nextFrom > 0n]).to.deep.equal([ethers.parseEther("500"), true]);
      expect(await refusal(limit({ chain: "97" }))).to.contain("no counterpart on chain 97");
    });

    it("are issued within the cap, by the banker", async () => {
      const { file, holder } = await loadFixture(withToken);
      const issue = { token: "GAME", to: holder, amount: "9.5" };
      expect(await run(file, "qsc:issue", issue)).to.deep.equal({
        balance: ethers.parseEther("110"),
        issued: ethers.parseEther("110"),
      });
      expect(await refusal(run(file, "qsc:issue", { ...issue, amount: "891" }))).to.contain("Cap exceeded");
      expect(await refusal(run(file, "qsc:issue", { ...issue, amount: "-1" }))).to.contain("--amount -1");
      const stranger = await refusal(run(file, "qsc:issue", { ...issue, from: "7" }));
      expect(stranger).to.contain("lacks BANKER_ROLE").and.contain("data 0x");
      expect(await refusal(run(file, "qsc:issue", { ...issue, token: "NONE" }))).to.contain(
        "no token with this symbol",
      );
      const nowhere = await refusal(run(file, "qsc:issue", { ...issue, token: REMOTE_GATEWAY }));
      expect(nowhere).to.contain("no contract at this address");
    });

    it("are frozen and unfrozen by the freezer", async () => {
      const { file, holder } = await loadFixture(withToken);
      const part = { token: "GAME", account: holder, amount: "100" };
      expect(await run(file, "qsc:freeze", part)).to.deep.equal({
        frozen: ethers.parseEther("100"),
        spendable: ethers.parseEther("0.5"),
      });
      const exchange = { token: "GAME", chain: "56", to: holder, amount: "1" };
      expect(await refusal(run(file, "qsc:exchange", exchange))).to.contain("can spend 0.5 GAME, not 1.0 GAME");
      expect(await refusal(run(file, "qsc:unfreeze", { ...part, amount: "101" }))).to.contain(
        "Unfreeze exceeds frozen",
      );
      expect(await run(file, "qsc:unfreeze", { ...part, amount: "60" })).to.deep.equal({
        frozen: ethers.parseEther("40"),
        spendable: ethers.parseEther("60.5"),
      });
      for (const name of ["qsc:freeze", "qsc:unfreeze"]) {
        expect(await refusal(run(file, name, { ...part, from: "7" }))).to.contain("lacks FREEZER_ROLE");
        expect(await refusal(run(file, name, { ...part, account: "0x1" }))).to.contain("--account 0x1");
      }
    });

    it("are paused and resumed by the pauser", async () => {
      const { file, holder } = await loadFixture(withToken);
      expect(await run(file, "qsc:pause", { token: "GAME" })).to.deep.equal({ paused: true });
      const exchange = { token: "GAME", chain: "56", to: holder, amount: "1" };
      expect(await refusal(run(file, "qsc:exchange", exchange))).to.contain("Enforced pause: the token is paused");
      expect(await refusal(run(file, "qsc:pause", { token: "GAME" }))).to.contain("paused");
      expect(await run(file, "qsc:pause", { token: "GAME", unpause: true })).to.deep.equal({ paused: false });
      expect(await refusal(run(file, "qsc:pause", { token: "GAME", unpause: true }))).to.contain("not paused");
      expect(await refusal(run(file, "qsc:pause", { token: "GAME", from: "7" }))).to.contain("lacks PAUSER_ROLE");
    });

    it("are exchanged, and reclaimed once after a failure", async () => {
      const { file, deployment, holder, token } = await loadFixture(withToken);
      const sent = await run<{ id: string }>(file, "qsc:exchange", {
        token,
        chain: "56",
        to: holder,
        amount: "10",
        deadline: "+600",
      });
      const qsc = await ethers.getContractAt("QSC", token);
      expect(await qsc.balanceOf(holder)).to.equal(ethers.parseEther("90.5"));
      const reclaim = { token: "GAME", id: sent.id };
      expect(await refusal(run(file, "qcp:reclaim", reclaim))).to.contain("Not reclaimable");

      const remote = await remoteOf(deployment);
      remote.deliverBatch(1n, 1n);
      const delivery = remote.delivery([...attesters()], { resultsFrom: 0 });
      await deployment.gateway.deliver(encodeDelivery(delivery));
      const status = await run<{ status: string }>(file, "qcp:status", { id: sent.id });
      expect(status.status).to.contain("failed for good");
      expect(await run(file, "qcp:reclaim", reclaim)).to.deep.equal({ holder, amount: ethers.parseEther("10") });
      expect(await qsc.balanceOf(holder)).to.equal(ethers.parseEther("100.5"));
      expect(await refusal(run(file, "qcp:reclaim", reclaim))).to.contain("Nothing to reclaim");
      expect(await refusal(run(file, "qcp:reclaim", { token: "GAME", id: "0x1" }))).to.contain("32 bytes");
    });

    it("are not exchanged to a chain that is not linked", async () => {
      const { file, holder } = await loadFixture(withToken);
      const exchange = { token: "GAME", chain: "97", to: holder, amount: "1" };
      const words = await refusal(run(file, "qsc:exchange", exchange));
      expect(words).to.contain("Chain not linked (chainId 97): link the token's counterpart first");
      expect(await refusal(run(file, "qsc:exchange", { ...exchange, to: "me" }))).to.contain("--to me");
    });
  });
});
