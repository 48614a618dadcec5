import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { ZeroAddress } from "ethers";
import { GUARDIAN_ROLE, RAKE_BPS, SHARES, TIMELOCK_ROLE, deed, deployRoom, scripted } from "./roomSupport";

describe("GameRegistry", () => {
  describe("constructor", () => {
    it("reverts where the shares are not whole", async () => {
      const { manager, registry } = await loadFixture(deployRoom);
      const factory = await ethers.getContractFactory("GameRegistry");
      await expect(factory.deploy(manager, 7_000, 2_000, 1_001))
        .to.be.revertedWithCustomError(registry, "RevenueNotWhole")
        .withArgs(10_001, 10_000);
    });

    it("announces the first shares", async () => {
      const { manager } = await loadFixture(deployRoom);
      const registry = await (await ethers.getContractFactory("GameRegistry")).deploy(manager, 1, 9_998, 1);
      await expect(registry.deploymentTransaction()).to.emit(registry, "SharesSet").withArgs(1, 9_998, 1);
      expect(await registry.currentShares()).to.deep.equal([1n, 9_998n, 1n]);
    });
  });

  describe("registerGame", () => {
    it("reverts for a rake above the highest", async () => {
      const { registry, rules } = await loadFixture(deployRoom);
      await expect(registry.registerGame(await rules.getAddress(), 1_001, ""))
        .to.be.revertedWithCustomError(registry, "RakeTooHigh")
        .withArgs(1_001, 1_000);
      await registry.registerGame(await rules.getAddress(), 1_000, "");
      expect(await registry.MAX_RAKE_BPS()).to.equal(1_000);
    });

    it("reverts for code that is not pure, and for none", async () => {
      const { registry, alice } = await loadFixture(deployRoom);
      await expect(registry.registerGame(alice, 0, ""))
        .to.be.revertedWithCustomError(registry, "NoCode")
        .withArgs(alice);
      await expect(registry.registerGame(registry, 0, "")).to.be.revertedWithCustomError(registry, "ImpureCode");
      expect(await registry.gameCount()).to.equal(1);
    });

    it("numbers games from 1 on, and tells all of them", async () => {
      const { registry, rules, developer, alice } = await loadFixture(deployRoom);
      expect(await registry.gameCount()).to.equal(1);
      const sent = registry.connect(alice).registerGame(await rules.getAddress(), 7, "ipfs://two");
      await expect(sent).to.emit(registry, "MetadataSet").withArgs(2, "ipfs://two");
      const { rules: copy } = await registry.gameOf(2);
      await expect(sent).to.emit(registry, "GameRegistered").withArgs(2, alice, copy, 7);
      expect(await registry.gameCount()).to.equal(2);
      const { developerBps, stakersBps, treasuryBps } = SHARES;
      expect(await registry.gameOf(2)).to.deep.equal([
        copy,
        7n,
        false,
        await alice.getAddress(),
        developerBps,
        stakersBps,
        treasuryBps,
      ]);
      expect((await registry.gameOf(1)).developer).to.equal(developer);
      expect(await registry.metadataOf(2)).to.equal("ipfs://two");
      expect(await registry.rulesForNew(2)).to.equal(copy);
    });

    it("runs a copy of the rules, with the same code at an address of its own", async () => {
      const { registry, rules } = await loadFixture(deployRoom);
      const { rules: copy } = await registry.gameOf(1);
      expect(copy).not.to.equal(await rules.getAddress());
      expect(await ethers.provider.getCode(copy)).to.equal(await ethers.provider.getCode(rules));
    });

    it("cannot be made to give anybody another's number, whichever rules it registers", async () => {
      const { registry, rules, developer, alice } = await loadFixture(deployRoom);
      // The white paper's registry lets the caller name the number; here the same rules become another game.
      await registry.connect(alice).registerGame(await rules.getAddress(), 0, "mine");
      await registry.connect(alice).registerGame((await registry.gameOf(1)).rules, 0, "mine");
      expect(registry.interface.getFunction("registerGame").inputs.map(({ name }) => name)).to.deep.equal([
        "rules",
        "rakeBps",
        "uri",
      ]);
      const game = await registry.gameOf(1);
      expect(game.developer).to.equal(developer);
      expect(game.rakeBps).to.equal(RAKE_BPS);
      expect(await registry.metadataOf(1)).to.equal("ipfs://scripted");
      expect(await registry.speaksFor(1, alice)).to.equal(false);
    });
  });

  describe("callGameFunction", () => {
    it("reverts for an unknown game", async () => {
      const { registry } = await loadFixture(deployRoom);
      await expect(registry.callGameFunction(2, "0x"))
        .to.be.revertedWithCustomError(registry, "UnknownGame")
        .withArgs(2);
    });

    it("cannot be made to call anything else as the registry, whatever the rules are", async () => {
      const { registry, rules, alice, gold } = await loadFixture(deployRoom);
      // The white paper's registry calls any contract that was registered, with any data, as itself.
      await gold.mint(registry, 5);
      const transfer = gold.interface.encodeFunctionData("transfer", [await alice.getAddress(), 5]);
      await expect(registry.callGameFunction(1, transfer))
        .to.be.revertedWithCustomError(registry, "NotAGameFunction")
        .withArgs("0xa9059cbb");
      const { selector } = rules.interface.getFunction("achievements");
      await expect(registry.callGameFunction(1, selector))
        .to.be.revertedWithCustomError(registry, "NotAGameFunction")
        .withArgs(selector);
      await expect(registry.callGameFunction(1, "0x123456"))
        .to.be.revertedWithCustomError(registry, "NotAGameFunction")
        .withArgs("0x12345600");
      await expect(registry.registerGame(await gold.getAddress(), 0, "")).to.be.revertedWithCustomError(
        registry,
        "ImpureCode",
      );
      expect(registry.interface.getFunction("callGameFunction").stateMutability).to.equal("view");
      expect(await gold.balanceOf(registry)).to.equal(5);
    });

    it("reverts where the rules do, burn their gas or answer too much", async () => {
      const { registry, rules } = await loadFixture(deployRoom);
      for (const name of ["revert", "burnGas", "returnBomb", "revertBomb"] as const) {
        const call = rules.interface.encodeFunctionData("start", [deed(name), 2]);
        await expect(registry.callGameFunction(1, call), name)
          .to.be.revertedWithCustomError(registry, "GameCallFailed")
          .withArgs(1, call.slice(0, 10));
      }
    });

    it("returns what any of the five functions of a game returns", async () => {
      const { registry, rules } = await loadFixture(deployRoom);
      const state = scripted("finish", "finish", [4_000, 6_000]);
      const { interface: coder } = rules;
      const ask = (call: string) => registry.callGameFunction(1, call);
      const over = scripted("finish", "finish", [10_000, 0]);
      expect(await ask(coder.encodeFunctionData("start", [state, 2]))).to.equal(
        coder.encodeFunctionResult("start", [state]),
      );
      expect(await ask(coder.encodeFunctionData("play", [state, 0, over]))).to.equal(
        coder.encodeFunctionResult("play", [over]),
      );
      expect(await ask(coder.encodeFunctionData("turn", [state]))).to.equal(
        coder.encodeFunctionResult("turn", [ethers.MaxUint256]),
      );
      expect(await ask(coder.encodeFunctionData("expire", [scripted("nothing", "finish", [10_000, 0])]))).to.equal(
        coder.encodeFunctionResult("expire", [over]),
      );
      expect(await ask(coder.encodeFunctionData("outcome", [state]))).to.equal(
        coder.encodeFunctionResult("outcome", [true, [4_000, 6_000]]),
      );
    });

    it("returns the longest state", async () => {
      const { registry, rules } = await loadFixture(deployRoom);
      const longest = `0x${"11".repeat(1_024)}`;
      const call = rules.interface.encodeFunctionData("start", [longest, 2]);
      expect(await registry.callGameFunction(1, call)).to.equal(
        rules.interface.encodeFunctionResult("start", [longest]),
      );
      const tooLong = rules.interface.encodeFunctionData("start", [`${longest}11`, 2]);
      await expect(registry.callGameFunction(1, tooLong)).to.be.revertedWithCustomError(registry, "GameCallFailed");
    });
  });

  describe("what only a game's developer may do", () => {
    it("reverts for anybody else, and for an unknown game", async () => {
      const { registry, developer, alice, admin } = await loadFixture(deployRoom);
      await registry.connect(developer).setOperator(1, alice, true);
      const calls = (gameId: bigint) =>
        [
          ["setMetadata", [gameId, "x"]],
          ["setOperator", [gameId, alice, true]],
          ["retire", [gameId]],
          ["offerDeveloper", [gameId, alice]],
        ] as const;
      for (const [name, args] of calls(1n)) {
        for (const caller of [alice, admin]) {
          await expect(registry.connect(caller).getFunction(name)(...args), name)
            .to.be.revertedWithCustomError(registry, "NotDeveloper")
            .withArgs(caller, developer);
        }
      }
      for (const [name, args] of calls(2n)) {
        await expect(registry.connect(developer).getFunction(name)(...args), name)
          .to.be.revertedWithCustomError(registry, "UnknownGame")
          .withArgs(2);
      }
    });

    it("sets the metadata", async () => {
      const { registry, developer } = await loadFixture(deployRoom);
      await expect(registry.connect(developer).setMetadata(1, "ipfs://new"))
        .to.emit(registry, "MetadataSet")
        .withArgs(1, "ipfs://new");
      expect(await registry.metadataOf(1)).to.equal("ipfs://new");
    });

    it("admits an operator and dismisses it", async () => {
      const { registry, developer, alice, bob } = await loadFixture(deployRoom);
      expect(await registry.speaksFor(1, developer)).to.equal(true);
      expect(await registry.speaksFor(1, alice)).to.equal(false);
      await expect(registry.connect(developer).setOperator(1, alice, true))
        .to.emit(registry, "OperatorSet")
        .withArgs(1, developer, alice, true);
      expect(await registry.speaksFor(1, alice)).to.equal(true);
      expect(await registry.speaksFor(1, bob)).to.equal(false);
      expect(await registry.speaksFor(2, alice)).to.equal(false);
      await expect(registry.connect(developer).setOperator(1, alice, false))
        .to.emit(registry, "OperatorSet")
        .withArgs(1, developer, alice, false);
      expect(await registry.speaksFor(1, alice)).to.equal(false);
    });
  });

  describe("retirement", () => {
    it("is the developer's, once", async () => {
      const { registry, developer } = await loadFixture(deployRoom);
      const { rules } = await registry.gameOf(1);
      await expect(registry.connect(developer).retire(1)).to.emit(registry, "GameRetired").withArgs(1, developer);
      expect((await registry.gameOf(1)).retired).to.equal(true);
      expect((await registry.gameOf(1)).rules).to.equal(rules);
      await expect(registry.rulesForNew(1)).to.be.revertedWithCustomError(registry, "GameIsRetired").withArgs(1);
      await expect(registry.connect(developer).retire(1))
        .to.be.revertedWithCustomError(registry, "GameIsRetired")
        .withArgs(1);
    });

    it("is the guardian's, of a game that harms", async () => {
      const { registry, manager, admin, developer } = await loadFixture(deployRoom);
      await expect(registry.connect(developer).retireUnsafe(1))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(developer);
      await expect(registry.retireUnsafe(2)).to.be.revertedWithCustomError(registry, "UnknownGame").withArgs(2);
      await expect(registry.retireUnsafe(1)).to.emit(registry, "GameRetired").withArgs(1, admin);
      await manager.revokeRole(GUARDIAN_ROLE, admin);
      await expect(registry.retireUnsafe(1)).to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized");
    });
  });

  describe("another developer", () => {
    it("takes over only what it was offered, and only by its own call", async () => {
      const { registry, developer, alice, bob } = await loadFixture(deployRoom);
      await expect(registry.connect(developer).offerDeveloper(1, alice))
        .to.emit(registry, "DeveloperOffered")
        .withArgs(1, alice);
      expect(await registry.offeredDeveloper(1)).to.equal(alice);
      for (const caller of [bob, developer]) {
        await expect(registry.connect(caller).acceptDeveloper(1))
          .to.be.revertedWithCustomError(registry, "NotOfferedDeveloper")
          .withArgs(caller, alice);
      }
      expect((await registry.gameOf(1)).developer).to.equal(developer);
      await expect(registry.connect(alice).acceptDeveloper(1)).to.emit(registry, "DeveloperChanged").withArgs(1, alice);
      expect(await registry.offeredDeveloper(1)).to.equal(ZeroAddress);
      expect((await registry.sharesOf(1)).developer).to.equal(alice);
      expect(await registry.speaksFor(1, developer)).to.equal(false);
      await expect(registry.connect(alice).acceptDeveloper(1))
        .to.be.revertedWithCustomError(registry, "NotOfferedDeveloper")
        .withArgs(alice, ZeroAddress);
    });

    it("takes over nothing once the offer is withdrawn", async () => {
      const { registry, developer, alice } = await loadFixture(deployRoom);
      await registry.connect(developer).offerDeveloper(1, alice);
      await registry.connect(developer).offerDeveloper(1, ZeroAddress);
      await expect(registry.connect(alice).acceptDeveloper(1))
        .to.be.revertedWithCustomError(registry, "NotOfferedDeveloper")
        .withArgs(alice, ZeroAddress);
    });

    it("does not take over the operators of the one before", async () => {
      const { registry, developer, alice, bob } = await loadFixture(deployRoom);
      await registry.connect(developer).setOperator(1, bob, true);
      await registry.connect(developer).offerDeveloper(1, alice);
      await registry.connect(alice).acceptDeveloper(1);
      expect(await registry.speaksFor(1, bob)).to.equal(false);
      await registry.connect(alice).setOperator(1, bob, true);
      expect(await registry.speaksFor(1, bob)).to.equal(true);
    });
  });

  describe("setShares", () => {
    it("reverts without the role, and where they are not whole", async () => {
      const { registry, developer } = await loadFixture(deployRoom);
      await expect(registry.connect(developer).setShares(1, 2, 3))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(developer);
      await expect(registry.setShares(65_535, 65_535, 65_535))
        .to.be.revertedWithCustomError(registry, "RevenueNotWhole")
        .withArgs(196_605, 10_000);
      await expect(registry.setShares(5_000, 2_000, 2_999))
        .to.be.revertedWithCustomError(registry, "RevenueNotWhole")
        .withArgs(9_999, 10_000);
    });

    it("divides the revenue of games registered later, and of those alone", async () => {
      const { registry, manager, admin, rules, developer, alice } = await loadFixture(deployRoom);
      await expect(registry.setShares(5_000, 4_000, 1_000))
        .to.emit(registry, "SharesSet")
        .withArgs(5_000, 4_000, 1_000);
      await registry.connect(alice).registerGame(await rules.getAddress(), 0, "");
      const { developerBps, stakersBps, treasuryBps } = SHARES;
      const before = [await developer.getAddress(), developerBps, stakersBps, treasuryBps];
      expect(await registry.sharesOf(1)).to.deep.equal(before);
      expect(await registry.sharesOf(2)).to.deep.equal([await alice.getAddress(), 5_000n, 4_000n, 1_000n]);
      await manager.revokeRole(TIMELOCK_ROLE, admin);
      await expect(registry.setShares(0, 10_000, 0)).to.be.revertedWithCustomError(
        registry,
        "AccessManagedUnauthorized",
      );
    });
  });

  it("answers no question about a game that it does not know", async () => {
    const { registry } = await loadFixture(deployRoom);
    for (const name of ["gameOf", "rulesForNew", "sharesOf", "metadataOf"] as const) {
      for (const gameId of [0, 2]) {
        await expect(registry.getFunction(name)(gameId), name)
          .to.be.revertedWithCustomError(registry, "UnknownGame")
          .withArgs(gameId);
      }
    }
    expect(await registry.speaksFor(0, ZeroAddress)).to.equal(false);
  });

  it("has no balance that anything could take, and no role", async () => {
    const { registry } = await loadFixture(deployRoom);
    const payable = registry.interface.fragments.filter(
      (fragment) => "payable" in fragment && fragment.payable === true,
    );
    expect(payable).to.deep.equal([]);
  });
});
