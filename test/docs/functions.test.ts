import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { Interface, type FunctionFragment, type InterfaceAbi } from "ethers";
import { artifacts } from "hardhat";

const DOCUMENT = "docs/THREAT_MODEL.md";
/** One row for a function that all managed contracts have. */
const MANAGED = "Managed contracts";
const SET_AUTHORITY = "setAuthority";
const ACCESS_MANAGER = "@openzeppelin/contracts/access/manager/AccessManager.sol:AccessManager";

/** What changes state, by name; of overloads by name and types. */
function changingFunctions(abi: Interface): readonly string[] {
  const changing: FunctionFragment[] = [];
  abi.forEachFunction((fragment) => {
    if (!fragment.constant) changing.push(fragment);
  });
  const isOverloaded = ({ name }: FunctionFragment): boolean =>
    changing.filter((other) => other.name === name).length > 1;
  const names = changing.map((fragment) => (isOverloaded(fragment) ? fragment.format("sighash") : fragment.name));
  return [
    ...names,
    ...(abi.receive ? ["receive"] : []),
    ...(abi.fallback !== null && !abi.receive ? ["fallback"] : []),
  ];
}

/** By contract, of those that can be deployed and are no mocks. */
async function functionsOfContracts(): Promise<Record<string, readonly string[]>> {
  const names = (await artifacts.getAllFullyQualifiedNames()).filter(
    (name) => name === ACCESS_MANAGER || (name.startsWith("contracts/") && !name.startsWith("contracts/mocks/")),
  );
  const found: Record<string, readonly string[]> = {};
  for (const name of names) {
    const { contractName, abi, bytecode } = await artifacts.readArtifact(name);
    if (bytecode === "0x") continue;
    const functions = changingFunctions(new Interface(abi as InterfaceAbi)).filter((entry) => entry !== SET_AUTHORITY);
    if (functions.length > 0) found[contractName] = [...functions].sort();
  }
  return found;
}

/** By heading of the third level: what stands in backticks in the first cell of each row. */
function functionsOfTables(text: string): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const section of text.split(/^### /m).slice(1)) {
    const [heading = "", ...lines] = (section.split(/^## /m)[0] ?? "").split("\n");
    const cells = lines.filter((line) => line.startsWith("|")).map((line) => line.split("|")[1] ?? "");
    found[heading] = cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name)).sort();
  }
  return found;
}

describe("The table of functions in docs/THREAT_MODEL.md", () => {
  it("names every function that changes state, once, and no other", async () => {
    const { [MANAGED]: managed, ...tables } = functionsOfTables(await readFile(DOCUMENT, "utf8"));
    expect(tables).to.deep.equal(await functionsOfContracts());
    expect(managed).to.deep.equal([SET_AUTHORITY]);
  });
});
