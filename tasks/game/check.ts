import { getBytes, isHexString, type InterfaceAbi, Interface } from "ethers";
import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types";
import { opcodeName } from "../../protocol/opcodes";
import { inspectCode, type Purity } from "../../protocol/purity";
import { parseAccount } from "../session";
import { Refusal } from "../refusal";
import { likelyCause } from "./cause";

interface CheckArgs {
  readonly rules: string;
  readonly noCompile?: boolean;
  readonly quiet?: boolean;
}

const FUNCTIONS = [
  "start(bytes,uint256)",
  "play(bytes,uint256,bytes)",
  "turn(bytes)",
  "expire(bytes)",
  "outcome(bytes)",
] as const;

async function codeOf(hre: HardhatRuntimeEnvironment, args: CheckArgs): Promise<Uint8Array> {
  if (args.rules.startsWith("0x"))
    return getBytes(await hre.ethers.provider.getCode(parseAccount("rules", args.rules)));
  if (args.noCompile !== true) await hre.run("compile", { quiet: true });
  if (!(await hre.artifacts.artifactExists(args.rules))) {
    throw new Refusal(`--rules ${args.rules}: neither an address nor a contract of this build`);
  }
  const { abi, deployedBytecode } = await hre.artifacts.readArtifact(args.rules);
  const contract = new Interface(abi as InterfaceAbi);
  const missing = FUNCTIONS.filter((signature) => contract.getFunction(signature) === null);
  if (missing.length > 0) throw new Refusal(`${args.rules} is no game: it has no ${missing.join(", ")}`);
  if (!isHexString(deployedBytecode)) {
    throw new Refusal(`${args.rules} links a library: make the library's functions internal`);
  }
  return getBytes(deployedBytecode);
}

task("game:check", "Says whether the registry admits a game's rules, and if not, what it refuses")
  .addParam("rules", "A contract of this build by its name, or one on the network by its address")
  .addFlag("noCompile", "Do not compile before")
  .addFlag("quiet", "Print nothing but errors")
  .setAction(async (args: CheckArgs, hre): Promise<Purity> => {
    const code = await codeOf(hre, args);
    const purity = inspectCode(code);
    if (purity.kind === "empty") throw new Refusal(`${args.rules} is refused: it has no code`);
    if (purity.kind === "impure") {
      const { offset, opcode } = purity;
      const byte = `0x${opcode.toString(16).padStart(2, "0")}`;
      const name = opcodeName(opcode) ?? "no instruction";
      const lines = [
        `${args.rules} is refused: ${name} (${byte}) at offset ${offset} of ${code.length} bytes`,
        `likely cause: ${likelyCause(code, offset, opcode)}`,
      ];
      throw new Refusal(lines.join("\n"));
    }
    if (args.quiet !== true) console.log(`${args.rules} is admitted: ${code.length} bytes of pure code`);
    return purity;
  });
