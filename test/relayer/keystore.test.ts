import { expect } from "chai";
import { Wallet, dataLength, id } from "ethers";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headerDigest, recoverSigner, rotationDigest } from "../../protocol/header";
import { RelayerError } from "../../relayer/errors";
import { KeySigner, keystoreAddress, loadPrivateKey, writeKeystore } from "../../relayer/keystore";
import { LANE, headerAt } from "./storeSamples";

const KEY = id("a key");
const ADDRESS = new Wallet(KEY).address;

describe("relayer keystore", () => {
  let directory: string;
  let path: string;
  let passwordFile: string;
  let warned: string[];
  const options = {
    prompt: undefined as ((question: string) => Promise<string>) | undefined,
    warn: (_message: string, context: Readonly<Record<string, unknown>>) => warned.push(String(context.path)),
  };

  const refused = async (promise: Promise<unknown>): Promise<RelayerError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(RelayerError);
    expect((error as RelayerError).code).to.equal("KEYSTORE_INVALID");
    return error as RelayerError;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "relayer-keys-"));
    path = join(directory, "signer.json");
    passwordFile = join(directory, "password");
    warned = [];
    await writeFile(passwordFile, "correct horse\n", { mode: 0o600 });
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("writes what the password file opens, readable by its owner only and without the key in it", async () => {
    expect(await writeKeystore(path, KEY, "correct horse", { light: true })).to.equal(ADDRESS);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, "utf8")).not.to.include(KEY.slice(2));
    expect(await loadPrivateKey({ keystore: path, passwordFile }, options)).to.equal(KEY);
    expect(await keystoreAddress(path)).to.equal(ADDRESS);
    expect(warned).to.deep.equal([]);
  });

  it("encrypts with the usual cost unless told that it is for a local chain", async () => {
    await writeKeystore(path, KEY, "correct horse", { light: false });
    const { Crypto } = JSON.parse(await readFile(path, "utf8")) as { Crypto: { kdfparams: { n: number } } };
    expect(Crypto.kdfparams.n).to.equal(131_072);
  });

  it("never writes over another file", async () => {
    await writeFile(path, "precious");
    await refused(writeKeystore(path, KEY, "correct horse", { light: true }));
    expect(await readFile(path, "utf8")).to.equal("precious");
  });

  it("refuses an empty password", async () => {
    await refused(writeKeystore(path, KEY, "", { light: true }));
  });

  it("refuses a wrong password, naming the keystore and no secret", async () => {
    await writeKeystore(path, KEY, "another", { light: true });
    const error = await refused(loadPrivateKey({ keystore: path, passwordFile }, options));
    expect(error.context.path).to.equal(path);
    expect(error.message).not.to.include("correct horse");
  });

  it("refuses a file that is no keystore, and one that is not there", async () => {
    await refused(loadPrivateKey({ keystore: path, passwordFile }, options));
    await writeFile(path, "{}", { mode: 0o600 });
    await refused(loadPrivateKey({ keystore: path, passwordFile }, options));
    await refused(keystoreAddress(path));
    await refused(loadPrivateKey({ keystore: path, passwordFile: join(directory, "none") }, options));
  });

  it("asks at the terminal where there is no password file, and refuses where there is no terminal", async () => {
    await writeKeystore(path, KEY, "typed", { light: true });
    const source = { keystore: path, passwordFile: undefined };
    expect(await loadPrivateKey(source, { ...options, prompt: async () => "typed" })).to.equal(KEY);
    await refused(loadPrivateKey(source, options));
  });

  it("warns of files that others may read", async () => {
    await writeKeystore(path, KEY, "correct horse", { light: true });
    await chmod(path, 0o644);
    await chmod(passwordFile, 0o640);
    await loadPrivateKey({ keystore: path, passwordFile }, options);
    expect(warned).to.deep.equal([path, passwordFile]);
  });

  it("signs headers and rotations in 64 bytes that recover to its address", () => {
    const signer = new KeySigner(KEY);
    const target = { chainId: LANE.targetChainId, gateway: LANE.targetGateway };
    const header = headerAt(10n, 3n, id("acc"));
    const rotation = { epoch: 2n, validUntil: 9n, signers: [ADDRESS] };
    expect(signer.address).to.equal(ADDRESS);
    expect(dataLength(signer.signHeader(header, target))).to.equal(64);
    expect(recoverSigner(headerDigest(header, target), signer.signHeader(header, target))).to.equal(ADDRESS);
    expect(recoverSigner(rotationDigest(rotation, target), signer.signRotation(rotation, target))).to.equal(ADDRESS);
    expect(JSON.stringify(signer)).not.to.include(KEY.slice(2));
  });
});
