import { expect } from "chai";
import { differences, settled } from "../../scripts/snapshot/differences";
import { abiOf, layoutOf, sizeOf } from "../../scripts/snapshot/views";

describe("snapshots of the contracts", () => {
  it("tell what came, what went and what changed, line by line", () => {
    const before = { Gone: 1, Larger: 10, Same: ["a"], Changed: ["a", "b"], Moved: ["a", "b"] };
    const now = { Larger: 11, Same: ["a"], Changed: ["b", "c"], Moved: ["b", "a"], New: ["a"] };
    expect(differences(before, now)).to.deep.equal([
      "Changed - a",
      "Changed + c",
      "Gone is gone",
      "Larger 10 → 11",
      "Moved has another order",
      "New is new",
    ]);
    expect(differences(now, now)).to.deep.equal([]);
  });

  it("pass over a thousandth of a figure of gas, and over no more", () => {
    const before = { send: 100_000, deliver: 100_000, gone: 1 };
    const now = settled(before, { send: 100_100, deliver: 99_899, new: 1 });
    expect(differences(before, now)).to.deep.equal(["deliver 100000 → 99899", "gone is gone", "new is new"]);
  });

  const compiled = {
    name: "Vault",
    deployedBytecode: "0x600160",
    abi: [
      {
        type: "function",
        name: "pay",
        stateMutability: "payable",
        inputs: [
          { name: "to", type: "address" },
          { name: "amount", type: "uint256" },
        ],
        outputs: [],
      },
      { type: "error", name: "Empty", inputs: [] },
    ],
    output: {
      storageLayout: {
        storage: [
          { label: "_owner", slot: "0", offset: 0, type: "t_address" },
          { label: "_pots", slot: "1", offset: 0, type: "t_mapping(t_uint256,t_struct(Pot)7_storage)" },
          { label: "_spare", slot: "2", offset: 0, type: "t_struct(Pot)7_storage" },
        ],
        types: {
          t_address: { label: "address" },
          t_uint128: { label: "uint128" },
          "t_mapping(t_uint256,t_struct(Pot)7_storage)": { label: "mapping(uint256 => struct Pot)" },
          "t_struct(Pot)7_storage": {
            label: "struct Pot",
            members: [
              { label: "open", slot: "0", offset: 0, type: "t_uint128" },
              { label: "paid", slot: "0", offset: 16, type: "t_uint128" },
            ],
          },
        },
      },
    },
  };

  it("say where each variable lies, and once where the members of a struct do", () => {
    expect(layoutOf(compiled)).to.deep.equal([
      "0:0 _owner: address",
      "1:0 _pots: mapping(uint256 => struct Pot)",
      "struct Pot 0:0 open: uint128",
      "struct Pot 0:16 paid: uint128",
      "2:0 _spare: struct Pot",
    ]);
  });

  it("say how large the code is, and all that it offers", () => {
    expect(sizeOf(compiled)).to.equal(3);
    expect(abiOf(compiled)).to.deep.equal(["error Empty()", "function pay(address to, uint256 amount) payable"]);
  });

  it("want a layout that the compiler was asked for", () => {
    expect(() => layoutOf({ ...compiled, output: {} })).to.throw(Error, /Vault/);
  });
});
