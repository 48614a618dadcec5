import { SigningKey, Wallet, computeAddress, encryptKeystoreJson, getAddress, hexlify, scrypt } from "ethers";
import { scrypt as nativeScrypt } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { certificateDigest } from "../protocol/certificate";
import { headerDigest, rotationDigest } from "../protocol/header";
import type { KeySource } from "./config";
import { RelayerError } from "./errors";
import type { AttestationSigner, CertificateSigner } from "./ports";

/** scrypt cost of a keystore: the usual one, or one that takes milliseconds and protects nothing, for local chains. */
const SCRYPT_N = 131_072;
const LIGHT_SCRYPT_N = 2;

export interface KeyOptions {
  /** Asks for the password of a keystore; absent: there is no terminal. */
  readonly prompt: ((question: string) => Promise<string>) | undefined;
  readonly warn: (message: string, context: Readonly<Record<string, unknown>>) => void;
}

/** The same function as ethers' own, in native code: a tenth of the time. */
function useNativeScrypt(): void {
  scrypt.register(
    (password, salt, N, r, p, length) =>
      new Promise((resolve, reject) => {
        nativeScrypt(password, salt, length, { N, r, p, maxmem: 2 ** 20 + 256 * N * r }, (error, key) =>
          error === null ? resolve(hexlify(key)) : reject(error),
        );
      }),
  );
}

const refuse = (message: string, path: string, cause?: unknown): RelayerError =>
  new RelayerError("KEYSTORE_INVALID", message, { context: { path }, cause });

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw refuse(`${what} cannot be read: ${path}`, path, error);
  }
}

/** Warns of a file that others than its owner may read. */
async function warnIfShared(path: string, options: KeyOptions): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) options.warn("others than its owner may read this file: chmod 600", { path });
}

/** Private key behind a source; decrypting takes a second. */
export async function loadPrivateKey(source: KeySource, options: KeyOptions): Promise<string> {
  if ("privateKey" in source) return source.privateKey;
  const json = await readText(source.keystore, "the keystore");
  await warnIfShared(source.keystore, options);
  let password: string;
  if (source.passwordFile !== undefined) {
    password = (await readText(source.passwordFile, "the password file")).replace(/\r?\n$/, "");
    await warnIfShared(source.passwordFile, options);
  } else if (options.prompt !== undefined) {
    password = await options.prompt(`Password of ${source.keystore}: `);
  } else {
    throw refuse("no passwordFile is configured and there is no terminal to ask at", source.keystore);
  }
  useNativeScrypt();
  try {
    return (await Wallet.fromEncryptedJson(json, password)).privateKey;
  } catch (error) {
    const wrongPassword = error instanceof Error && error.message.includes("incorrect password");
    throw refuse(
      wrongPassword ? "the password does not open the keystore" : "the file is no encrypted JSON keystore",
      source.keystore,
      error,
    );
  }
}

/** Writes a keystore that only its owner may read; never over another file. Returns its address. */
export async function writeKeystore(
  path: string,
  privateKey: string,
  password: string,
  options: { readonly light: boolean },
): Promise<string> {
  if (password.length === 0) throw refuse("an empty password protects nothing", path);
  useNativeScrypt();
  const address = computeAddress(privateKey);
  const json = await encryptKeystoreJson({ address, privateKey }, password, {
    scrypt: { N: options.light ? LIGHT_SCRYPT_N : SCRYPT_N, r: 8, p: 1 },
  });
  try {
    await writeFile(path, `${json}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw refuse(`the keystore cannot be written: ${path}`, path, error);
  }
  return address;
}

/** Address that a keystore names, without its password. */
export async function keystoreAddress(path: string): Promise<string> {
  const json = await readText(path, "the keystore");
  try {
    const { address } = JSON.parse(json) as { readonly address?: unknown };
    if (typeof address === "string") return getAddress(address.startsWith("0x") ? address : `0x${address}`);
  } catch (error) {
    throw refuse("the file is no encrypted JSON keystore", path, error);
  }
  throw refuse("the keystore names no address", path);
}

/** Signs headers, rotations and certificates with a key that never leaves it. */
export class KeySigner implements AttestationSigner, CertificateSigner {
  readonly address: string;
  readonly #key: SigningKey;

  constructor(privateKey: string) {
    this.#key = new SigningKey(privateKey);
    this.address = computeAddress(this.#key.publicKey);
  }

  signHeader: AttestationSigner["signHeader"] = (header, target) => this.sign(headerDigest(header, target));

  signRotation: AttestationSigner["signRotation"] = (rotation, target) => this.sign(rotationDigest(rotation, target));

  signCertificate: CertificateSigner["signCertificate"] = (certificate, target) =>
    this.sign(certificateDigest(certificate, target));

  private sign(digest: string): string {
    return this.#key.sign(digest).compactSerialized;
  }
}

/** Asks at the terminal without showing what is typed; undefined where there is no terminal. */
export function terminalPrompt(): KeyOptions["prompt"] {
  if (!process.stdin.isTTY) return undefined;
  return (question) =>
    new Promise((resolve) => {
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
      process.stderr.write(question);
      lines.question("", (answer) => {
        lines.close();
        process.stderr.write("\n");
        resolve(answer);
      });
    });
}
