import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import hre, { ethers } from "hardhat";
import { Wallet, id, parseEther, verifyMessage, verifyTypedData } from "ethers";
import type { Environment } from "../../deploy/environment";
import { writeKeystore } from "../../relayer/keystore";
import { accountsOf } from "../../tasks/accounts";
import type { TaskSigner } from "../../tasks/session";
import { startInProcessEndpoint, type InProcessEndpoint } from "../support/inProcessEndpoint";
import { refusal } from "./support";

const CHAIN = 31_337n;
const live = (environment: Environment, chainId = CHAIN): Promise<readonly TaskSigner[]> =>
  accountsOf(hre, true, chainId, environment);

describe("accounts of tasks", () => {
  describe("behind a keystore", () => {
    const wallet = new Wallet(id("an owner"));
    let folder: string;
    let keystore: string;
    let password: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "accounts-"));
      [keystore, password] = [join(folder, "keystore.json"), join(folder, "password")];
      await writeKeystore(keystore, wallet.privateKey, "secret", { light: true });
      await writeFile(password, "secret\n", { mode: 0o600 });
    });

    it("send with its key", async () => {
      const [signer, other] = await live({ KEYSTORE: keystore, KEYSTORE_PASSWORD_FILE: password });
      expect(other).to.equal(undefined);
      expect(signer?.address).to.equal(wallet.address);
      const [funder] = await ethers.getSigners();
      await funder?.sendTransaction({ to: wallet.address, value: parseEther("1") });
      const sent = await signer?.sendTransaction({ to: wallet.address, value: 1n });
      expect((await sent?.wait())?.from).to.equal(wallet.address);
    });

    it("are refused for another password, for none, and for what is no keystore", async () => {
      const wrong = join(folder, "wrong");
      await writeFile(wrong, "guess", { mode: 0o600 });
      for (const environment of [
        { KEYSTORE: keystore, KEYSTORE_PASSWORD_FILE: wrong },
        { KEYSTORE: keystore, KEYSTORE_PASSWORD_FILE: join(folder, "nothing") },
        { KEYSTORE: password, KEYSTORE_PASSWORD_FILE: password },
      ]) {
        expect(await refusal(live(environment))).to.match(/^KEYSTORE: /);
      }
    });
  });

  describe("behind a wallet's endpoint", () => {
    let endpoint: InProcessEndpoint;
    before(async () => (endpoint = await startInProcessEndpoint()));
    after(() => endpoint.stop());

    it("are the wallet's, which signs and sends", async () => {
      const offered = await live({ SIGNER_RPC: endpoint.url });
      const own = await ethers.getSigners();
      expect(offered.map(({ address }) => address)).to.deep.equal(own.map(({ address }) => address));
      const signer = offered[3] as TaskSigner;
      const to = new Wallet(id("a payee")).address;
      const sent = await signer.sendTransaction({ to, value: 5n });
      expect(await sent.wait()).to.include({ from: signer.address, status: 1 });
      expect(await ethers.provider.getBalance(to)).to.equal(5n);
      const types = { Order: [{ name: "price", type: "uint256" }] };
      const domain = { name: "Market", chainId: CHAIN };
      const signature = await signer.signTypedData(domain, types, { price: 7n });
      expect(verifyTypedData(domain, types, { price: 7n }, signature)).to.equal(signer.address);
      expect(verifyMessage("hello", await signer.signMessage("hello"))).to.equal(signer.address);
    });

    it("are refused on another chain, and where nothing answers", async () => {
      expect(await refusal(live({ SIGNER_RPC: endpoint.url }, 97n))).to.contain("is on chain 31337");
      const gone = await startInProcessEndpoint();
      await gone.stop();
      expect(await refusal(live({ SIGNER_RPC: gone.url }))).to.contain("does not answer");
    });
  });

  it("come from one place: none and two are refused, empty ones are absent", async () => {
    expect(await refusal(live({ KEYSTORE: "", SIGNER_RPC: " " }))).to.contain("has no account");
    expect(await refusal(live({ DEPLOYER_KEY: id("a key"), KEYSTORE: "k" }))).to.contain("KEYSTORE and DEPLOYER_KEY");
  });

  it("are the node's on a local chain, whatever the environment names", async () => {
    const found = await accountsOf(hre, false, CHAIN, { KEYSTORE: "nothing" });
    expect(found.map(({ address }) => address)).to.deep.equal(
      (await ethers.getSigners()).map(({ address }) => address),
    );
  });
});
