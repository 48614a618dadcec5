import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { AbiCoder, MaxUint256, ZeroAddress, concat, dataSlice, id, zeroPadValue } from "ethers";
import { ethers } from "hardhat";
import type { COSToken, FundableMock, ReaderMock } from "../../typechain-types";
import { generator } from "../support/random";
import { SUPPLY, deployCOS, deployVault, errorOf, type TokenFixture } from "./support";

const OPERATIONS = 2_000;
const SEED = 20_261_125;
const CHECK_ALLOWANCES_EVERY = 25;
const GAS = { gasLimit: 500_000n };
const TREASURER_ROLE = 8n;

/** Everything that is true of one token: who has how much of it, and what the vault allows to whom. */
interface ModelToken {
  readonly contract: COSToken;
  readonly address: string;
  readonly target: FundableMock;
  readonly targetAddress: string;
  readonly balances: Map<string, bigint>;
  readonly allowances: Map<string, bigint>;
  shortfall: bigint;
  reaction: Reaction;
  /** What it then lets Bob take. */
  grant: bigint;
  /** The last end that it was funded until. */
  end: bigint;
}

/** What a target does while it is funded. */
type Reaction = "none" | "fund" | "transfer" | "approve";

interface Parties {
  readonly fixture: TokenFixture;
  readonly vault: string;
  readonly reader: ReaderMock;
  readonly accounts: readonly HardhatEthersSigner[];
}

/** The vault and the model side by side: every operation is done to both and must end alike. */
class Run {
  readonly seen = new Map<string, number>();
  private readonly below = generator(SEED);
  private readonly calls: string;

  constructor(
    private readonly parties: Parties,
    private readonly tokens: readonly ModelToken[],
  ) {
    const call = (token: string, signature: string, argument: string): string =>
      concat([token, dataSlice(id(signature), 0, 4), zeroPadValue(argument, 32)]);
    this.calls = concat(
      tokens.flatMap(({ address, balances }) => [
        call(address, "totalSupply()", ZeroAddress),
        ...[...balances.keys()].map((holder) => call(address, "balanceOf(address)", holder)),
      ]),
    );
  }

  async step(): Promise<void> {
    const operations = [
      () => this.approve(),
      () => this.approve(),
      () => this.pull(),
      () => this.pull(),
      () => this.pull(),
      () => this.transfer(),
      () => this.transfer(),
      () => this.deposit(),
      () => this.deposit(),
      () => this.fund(),
      () => this.fund(),
      () => this.fund(),
      () => this.fund(),
      () => this.turn(),
    ];
    await this.pick(operations)();
  }

  /** Invariant 1 for both tokens, and invariant 2: each holder has exactly what was named or allowed to it. */
  async check(): Promise<void> {
    const expected = this.tokens.flatMap(({ balances }) => [SUPPLY, ...balances.values()]);
    const found = AbiCoder.defaultAbiCoder().decode(
      expected.map(() => "uint256"),
      await this.parties.reader.read(this.calls),
    );
    expect([...found]).to.deep.equal(expected);
  }

  /** Invariant 2 for what can be taken later. */
  async checkAllowances(): Promise<void> {
    for (const { contract, allowances, target, end } of this.tokens) {
      expect(await target.fundedUntil()).to.equal(end);
      for (const [spender, allowed] of allowances) {
        expect(await contract.allowance(this.parties.vault, spender)).to.equal(allowed);
      }
    }
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** Mostly of the size of `around`, sometimes exactly that, nothing, or a wei more. */
  private amount(around: bigint): bigint {
    const part = (around * BigInt(this.below(1_000))) / 1_000n;
    return this.pick([part, part, part, around, around + 1n, 0n]);
  }

  private async outcome(
    name: string,
    expected: string | undefined,
    call: () => Promise<unknown>,
    apply: () => void,
  ): Promise<void> {
    const { vault, cos } = this.parties.fixture;
    const label = `${name}: ${expected ?? "done"}`;
    expect(await errorOf([vault.interface, cos.interface], call), label).to.equal(expected);
    if (expected === undefined) apply();
    this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
  }

  private move({ balances }: ModelToken, from: string, to: string, amount: bigint): void {
    balances.set(from, balances.get(from)! - amount);
    balances.set(to, balances.get(to)! + amount);
  }

  /** The treasurer, now and then somebody else. */
  private caller(): { readonly as: HardhatEthersSigner; readonly refused: string | undefined } {
    const { treasurer, admin, alice } = this.parties.fixture;
    return this.below(10) === 0
      ? { as: this.pick([admin, alice]), refused: "AccessManagedUnauthorized" }
      : { as: treasurer, refused: undefined };
  }

  private async approve(): Promise<void> {
    const { vault } = this.parties.fixture;
    const token = this.pick(this.tokens);
    const spender = this.pick([...token.allowances.keys()]);
    const amount = this.below(8) === 0 ? MaxUint256 : this.amount(SUPPLY / 50n);
    const { as, refused } = this.caller();
    await this.outcome(
      "approve",
      refused,
      () => vault.connect(as).approve(token.address, spender, amount, GAS),
      () => token.allowances.set(spender, amount),
    );
  }

  /** A spender takes, for itself or for another. */
  private async pull(): Promise<void> {
    const token = this.pick(this.tokens);
    const spender = this.pick(this.parties.accounts);
    const receiver = this.pick(this.parties.accounts).address;
    const [held, allowed] = [token.balances.get(this.parties.vault)!, token.allowances.get(spender.address)!];
    const amount = this.amount(allowed < held ? allowed : held);
    const short = allowed < amount ? "ERC20InsufficientAllowance" : undefined;
    await this.outcome(
      "pull",
      short ?? (held < amount ? "ERC20InsufficientBalance" : undefined),
      () => token.contract.connect(spender).transferFrom(this.parties.vault, receiver, amount, GAS),
      () => {
        // An allowance of everything is for good.
        if (allowed !== MaxUint256) token.allowances.set(spender.address, allowed - amount);
        this.move(token, this.parties.vault, receiver, amount);
      },
    );
  }

  private async transfer(): Promise<void> {
    const { vault } = this.parties.fixture;
    const token = this.pick(this.tokens);
    const held = token.balances.get(this.parties.vault)!;
    const amount = this.below(6) === 0 ? this.amount(held) : this.amount(SUPPLY / 100n);
    const receiver = this.below(20) === 0 ? ZeroAddress : this.pick([...token.balances.keys()]);
    const { as, refused } = this.caller();
    const invalid = receiver === ZeroAddress ? "ERC20InvalidReceiver" : undefined;
    await this.outcome(
      "transfer",
      refused ?? invalid ?? (amount > held ? "ERC20InsufficientBalance" : undefined),
      () => vault.connect(as).transfer(token.address, receiver, amount, GAS),
      () => this.move(token, this.parties.vault, receiver, amount),
    );
  }

  /** What comes in belongs to the vault, whoever sent it. */
  private async deposit(): Promise<void> {
    const token = this.pick(this.tokens);
    const giver = this.pick(this.parties.accounts);
    const held = token.balances.get(giver.address)!;
    const amount = held / BigInt(1 + this.below(3));
    await this.outcome(
      "deposit",
      undefined,
      () => token.contract.connect(giver).transfer(this.parties.vault, amount, GAS),
      () => this.move(token, giver.address, this.parties.vault, amount),
    );
  }

  /** Mostly a target of this token, now and then one that takes the other. */
  private async fund(): Promise<void> {
    const { vault } = this.parties.fixture;
    const named = this.pick(this.tokens);
    const taken = this.below(8) === 0 ? this.tokens[1 - this.tokens.indexOf(named)]! : named;
    const { targetAddress, shortfall, reaction } = taken;
    const amount = this.amount(SUPPLY / 50n) + shortfall;
    const taking = amount - shortfall;
    const end = taken.end + BigInt(this.below(1_000));
    const { as, refused } = this.caller();
    const allowed = taken === named ? amount : taken.allowances.get(targetAddress)!;
    const moved = (): string | undefined => {
      if (allowed < taking) return "ERC20InsufficientAllowance";
      if (taken.balances.get(this.parties.vault)! < taking) return "ERC20InsufficientBalance";
      if (reaction === "fund" || reaction === "transfer") return "ReentrancyGuardReentrantCall";
      return (taken === named ? taking : 0n) === amount ? undefined : "FundingMismatch";
    };
    await this.outcome(
      taken === named ? "fund" : "fund of another token",
      refused ?? moved(),
      () => vault.connect(as).fund(named.address, targetAddress, amount, end, GAS),
      () => {
        named.allowances.set(targetAddress, 0n);
        taken.end = end;
        this.move(taken, this.parties.vault, targetAddress, taking);
        if (reaction === "approve") taken.allowances.set(this.parties.fixture.bob.address, taken.grant);
      },
    );
  }

  /** A target changes its ways. It has the treasurer's role: only the guard and the comparison stop it. */
  private async turn(): Promise<void> {
    const { vault, bob } = this.parties.fixture;
    const token = this.pick(this.tokens);
    token.shortfall = BigInt(this.pick([0, 0, 1, 1_000]));
    token.reaction = this.pick<Reaction>(["none", "none", "none", "fund", "transfer", "approve"]);
    token.grant = BigInt(1 + this.below(1_000_000));
    const calls: Readonly<Record<Reaction, string>> = {
      none: "0x",
      fund: vault.interface.encodeFunctionData("fund", [token.address, token.targetAddress, 0n, 1n]),
      transfer: vault.interface.encodeFunctionData("transfer", [token.address, token.targetAddress, 1n]),
      approve: vault.interface.encodeFunctionData("approve", [token.address, bob.address, token.grant]),
    };
    await token.target.setShortfall(token.shortfall);
    await token.target.setReaction(token.reaction === "none" ? ZeroAddress : vault, calls[token.reaction]);
  }
}

describe("Vault model", function () {
  it(`holds invariants 1 and 2 over ${OPERATIONS} random operations (seed ${SEED})`, async function () {
    const fixture = await deployVault();
    const vault = await fixture.vault.getAddress();
    const accounts = [fixture.alice, fixture.bob, fixture.carol];
    const tokens: ModelToken[] = [];
    for (const contract of [fixture.cos, await deployCOS(vault)]) {
      const target = await ethers.deployContract("FundableMock", [contract]);
      await fixture.manager.grantRole(TREASURER_ROLE, target, 0);
      const targetAddress = await target.getAddress();
      const spenders = [...accounts.map((account) => account.address), targetAddress];
      tokens.push({
        contract,
        address: await contract.getAddress(),
        target,
        targetAddress,
        balances: new Map([[vault, SUPPLY], ...spenders.map((holder) => [holder, 0n] as const)]),
        allowances: new Map(spenders.map((spender) => [spender, 0n])),
        shortfall: 0n,
        reaction: "none",
        grant: 0n,
        end: 0n,
      });
    }
    const reader = await ethers.deployContract("ReaderMock");
    const run = new Run({ fixture, vault, reader, accounts }, tokens);
    for (let count = 1; count <= OPERATIONS; ++count) {
      await run.step();
      await run.check();
      if (count % CHECK_ALLOWANCES_EVERY === 0) await run.checkAllowances();
    }
    // The walk came to all that it is there for.
    for (const outcome of [
      ...["approve", "transfer", "fund"].flatMap((name) => [`${name}: done`, `${name}: AccessManagedUnauthorized`]),
      "pull: done",
      "pull: ERC20InsufficientAllowance",
      "pull: ERC20InsufficientBalance",
      "transfer: ERC20InsufficientBalance",
      "transfer: ERC20InvalidReceiver",
      "deposit: done",
      "fund: ERC20InsufficientBalance",
      "fund: FundingMismatch",
      "fund: ReentrancyGuardReentrantCall",
      "fund of another token: done",
      "fund of another token: ERC20InsufficientAllowance",
      "fund of another token: FundingMismatch",
    ]) {
      expect(run.seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
