import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ethers } from "hardhat";
import { airdropTree, type AirdropEntry } from "../../protocol/airdrop";
import type { FundableMock, MerkleAirdrop } from "../../typechain-types";
import { generator } from "../support/random";
import { DAY, SUPPLY, deployVault, errorOf, restrict, type TokenFixture } from "./support";

const OPERATIONS = 2_000;
const SEED = 20_261_122;
const CHECK_ALL_EVERY = 100;
const GAS = { gasLimit: 1_000_000n };

const CLAIM = {
  Claim: [
    { name: "round", type: "uint256" },
    { name: "index", type: "uint256" },
    { name: "account", type: "address" },
    { name: "amount", type: "uint256" },
  ],
};

interface ModelRound {
  readonly entries: readonly AirdropEntry[];
  readonly root: string;
  readonly proofs: readonly (readonly string[])[];
  readonly funded: bigint;
  readonly start: bigint;
  readonly end: bigint;
  /** Indices that were paid. */
  readonly paid: Set<number>;
  swept: bigint;
}

function paidBy(round: ModelRound): bigint {
  return [...round.paid].reduce((sum, index) => sum + round.entries[index]!.amount, 0n);
}

function remainingOf(round: ModelRound): bigint {
  return round.funded - paidBy(round) - round.swept;
}

/** The vault, the airdrop and the model side by side: every operation is done to both and must end alike. */
class Run {
  readonly seen = new Map<string, number>();
  private readonly rounds: ModelRound[] = [];
  private readonly balances = new Map<string, bigint>();
  private readonly below: (below: number) => number;
  private readonly accounts: readonly HardhatEthersSigner[];
  private allowance = 0n;
  private vaultBalance = SUPPLY;
  /** What was sent to the airdrop past every round. */
  private stray = 0n;
  private fundedElsewhere = 0n;
  private now = 0n;

  constructor(
    private readonly fixture: TokenFixture & { readonly airdrop: MerkleAirdrop; readonly target: FundableMock },
    private readonly address: { readonly vault: string; readonly airdrop: string; readonly target: string },
    seed: number,
  ) {
    this.below = generator(seed);
    this.accounts = [fixture.alice, fixture.bob, fixture.carol, fixture.admin];
    for (const { address: account } of this.accounts) this.balances.set(account, 0n);
  }

  async begin(): Promise<void> {
    this.now = BigInt(await time.latest());
  }

  /** One random operation at a later second, now and then exactly at a round's start or end. */
  async step(): Promise<void> {
    const edges = this.rounds.flatMap(({ start, end }) => [start - 1n, start, end - 1n, end]);
    const ahead = edges.filter((edge) => edge > this.now && edge < this.now + 2n * DAY);
    const edge = ahead[this.below(Math.max(ahead.length, 1))];
    this.now = edge !== undefined && this.below(3) === 0 ? edge : this.now + BigInt(1 + this.below(4_000));
    await time.setNextBlockTimestamp(this.now);
    const operations = [
      () => this.open(),
      () => this.approve(),
      () => this.send(),
      () => this.fund(),
      ...Array.from({ length: 8 }, () => () => this.claim(false)),
      ...Array.from({ length: 5 }, () => () => this.claim(true)),
      () => this.sweep(),
      () => this.sweep(),
    ];
    await operations[this.below(operations.length)]!();
  }

  /** Invariants 1, 2 and 4 for whatever the last operation may have changed. */
  async check(): Promise<void> {
    const { cos } = this.fixture;
    expect(await cos.balanceOf(this.address.vault)).to.equal(this.vaultBalance);
    const held = this.rounds.reduce((sum, round) => sum + remainingOf(round), this.stray);
    expect(await cos.balanceOf(this.address.airdrop)).to.equal(held);
    const given = [...this.balances.values()].reduce((sum, balance) => sum + balance, 0n);
    expect(this.vaultBalance + held + given + this.fundedElsewhere).to.equal(await cos.totalSupply());
  }

  /** Invariants 1, 2, 4 and 5 for everything there is. */
  async checkAll(): Promise<void> {
    const { airdrop, cos } = this.fixture;
    for (const [account, balance] of this.balances) expect(await cos.balanceOf(account)).to.equal(balance);
    expect(await cos.allowance(this.address.vault, this.address.airdrop)).to.equal(this.allowance);
    expect(await cos.balanceOf(this.address.target)).to.equal(this.fundedElsewhere);
    expect(await airdrop.roundCount()).to.equal(BigInt(this.rounds.length));
    for (const [number, round] of this.rounds.entries()) {
      expect((await airdrop.roundOf(number)).remaining).to.equal(remainingOf(round));
      expect(paidBy(round) + round.swept <= round.funded).to.equal(true);
    }
    const recent = this.rounds.slice(-3);
    for (const round of recent) {
      for (const index of round.entries.keys()) {
        expect(await airdrop.isClaimed(this.rounds.indexOf(round), index)).to.equal(round.paid.has(index));
      }
    }
  }

  private async outcome(
    name: string,
    expected: string | undefined,
    call: () => Promise<unknown>,
    apply: () => void,
  ): Promise<void> {
    const { airdrop, cos, vault } = this.fixture;
    const found = await errorOf([airdrop.interface, cos.interface, vault.interface], call);
    const label = `${name}: ${expected ?? "done"}`;
    expect(found, label).to.equal(expected);
    if (expected === undefined) apply();
    this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
  }

  private async open(): Promise<void> {
    const entries = Array.from({ length: 1 + this.below(14) }, () => ({
      account: this.accounts[this.below(this.accounts.length)]!.address,
      amount: BigInt(1 + this.below(1_000_000)) * 10n ** BigInt(this.below(12)),
    }));
    const { root, total, proofs } = airdropTree(entries);
    const funded = [total, total, total + 5n, (total * 2n) / 3n][this.below(4)]!;
    const start = this.now + BigInt(this.below(5_000)) - 2_000n;
    const end = start + (this.below(8) === 0 ? -BigInt(this.below(3_000)) : BigInt(this.below(200_000)));
    const expected =
      start >= end || end <= this.now
        ? "InvalidWindow"
        : funded > this.allowance
          ? "ERC20InsufficientAllowance"
          : funded > this.vaultBalance
            ? "ERC20InsufficientBalance"
            : funded === 0n
              ? "EmptyRound"
              : undefined;
    await this.outcome(
      "open",
      expected,
      () => this.fixture.airdrop.openRound(root, funded, start, end, GAS),
      () => {
        this.rounds.push({ entries, root, proofs, funded, start, end, paid: new Set(), swept: 0n });
        this.allowance -= funded;
        this.vaultBalance -= funded;
      },
    );
  }

  private async approve(): Promise<void> {
    const { vault, cos, airdrop, alice } = this.fixture;
    const amount = BigInt(this.below(1_000_000)) * 10n ** BigInt(6 + this.below(12));
    const stranger = this.below(5) === 0;
    await this.outcome(
      "approve",
      stranger ? "AccessManagedUnauthorized" : undefined,
      () => (stranger ? vault.connect(alice) : vault).approve(cos, airdrop, amount, GAS),
      () => (this.allowance = amount),
    );
  }

  /** Of the vault to an account, or of an account to the airdrop. */
  private async send(): Promise<void> {
    const { vault, cos } = this.fixture;
    const account = this.accounts[this.below(this.accounts.length)]!;
    const balance = this.balances.get(account.address)!;
    if (this.below(2) === 0) {
      const amount = BigInt(this.below(1_000)) * (this.below(20) === 0 ? SUPPLY : 1n);
      await this.outcome(
        "transfer",
        amount > this.vaultBalance ? "ERC20InsufficientBalance" : undefined,
        () => vault.transfer(cos, account, amount, GAS),
        () => {
          this.vaultBalance -= amount;
          this.balances.set(account.address, balance + amount);
        },
      );
      return;
    }
    const amount = balance / BigInt(2 + this.below(100));
    await this.outcome(
      "stray",
      undefined,
      () => cos.connect(account).transfer(this.address.airdrop, amount, GAS),
      () => {
        this.stray += amount;
        this.balances.set(account.address, balance - amount);
      },
    );
  }

  private async fund(): Promise<void> {
    const { vault, cos, target } = this.fixture;
    const amount = BigInt(this.below(1_000_000_000));
    await this.outcome(
      "fund",
      undefined,
      () => vault.fund(cos, target, amount, this.now, GAS),
      () => {
        this.vaultBalance -= amount;
        this.fundedElsewhere += amount;
      },
    );
  }

  /** For oneself or signed for another; now and then with something wrong. */
  private async claim(signed: boolean): Promise<void> {
    const { airdrop } = this.fixture;
    const open = this.rounds.map((_, number) => number).filter((number) => this.rounds[number]!.end > this.now);
    const among = open.length > 0 && this.below(6) > 0 ? open : [...this.rounds.keys(), this.rounds.length];
    const number = among[this.below(among.length)]!;
    const round = this.rounds[number];
    const index = this.below(round?.entries.length ?? 1);
    const { account, amount } = round?.entries[index] ?? { account: this.accounts[0]!.address, amount: 1n };
    const proof = [...(round?.proofs[index] ?? [])];
    const owner = this.accounts.find(({ address }) => address === account)!;
    const flaw = ["none", "none", "none", "amount", "index", "proof", "signer"][this.below(7)]!;
    const shown = flaw === "amount" ? amount + 1n : amount;
    const at = flaw === "index" ? index + 256 : index;
    if (flaw === "proof") proof.push(ethers.ZeroHash);
    const other = this.accounts[(this.accounts.indexOf(owner) + 1) % this.accounts.length]!;
    const signer = flaw === "signer" ? other : owner;

    const forged = ["amount", "index", "proof"].includes(flaw) || (flaw === "signer" && !signed);
    const expected =
      signed && flaw === "signer"
        ? "ClaimNotSigned"
        : round === undefined
          ? "UnknownRound"
          : this.now < round.start
            ? "RoundNotStarted"
            : this.now >= round.end
              ? "RoundEnded"
              : round.paid.has(at)
                ? "AlreadyClaimed"
                : forged
                  ? "ProofMismatch"
                  : shown > remainingOf(round)
                    ? "RoundExhausted"
                    : undefined;

    const call = async (): Promise<unknown> => {
      if (!signed) return airdrop.connect(signer).claim(number, at, shown, proof, GAS);
      const domain = {
        name: "MerkleAirdrop",
        version: "1",
        chainId: 31_337n,
        verifyingContract: this.address.airdrop,
      };
      const signature = await signer.signTypedData(domain, CLAIM, { round: number, index: at, account, amount: shown });
      return airdrop.claimFor(number, at, account, shown, proof, signature, GAS);
    };
    await this.outcome(signed ? "claimFor" : "claim", expected, call, () => {
      round?.paid.add(at);
      this.balances.set(account, this.balances.get(account)! + amount);
    });
  }

  private async sweep(): Promise<void> {
    const number = Math.max(0, this.rounds.length - this.below(8));
    const round = this.rounds[number];
    const expected =
      round === undefined
        ? "UnknownRound"
        : this.now < round.end
          ? "RoundNotEnded"
          : remainingOf(round) === 0n
            ? "NothingLeft"
            : undefined;
    await this.outcome(
      "sweep",
      expected,
      () => this.fixture.airdrop.connect(this.fixture.bob).sweep(number, GAS),
      () => {
        if (round === undefined) return;
        const left = remainingOf(round);
        round.swept = left;
        this.vaultBalance += left;
      },
    );
  }
}

describe("MerkleAirdrop model", function () {
  it(`holds invariants 1, 2, 4 and 5 over ${OPERATIONS} random operations (seed ${SEED})`, async function () {
    const fixture = await deployVault();
    const airdrop = await ethers.deployContract("MerkleAirdrop", [fixture.manager, fixture.cos, fixture.vault]);
    await restrict(fixture.manager, airdrop, ["openRound"]);
    const target = await ethers.deployContract("FundableMock", [fixture.cos]);
    const address = {
      vault: await fixture.vault.getAddress(),
      airdrop: await airdrop.getAddress(),
      target: await target.getAddress(),
    };
    const run = new Run({ ...fixture, airdrop: airdrop.connect(fixture.treasurer), target }, address, SEED);
    await run.begin();
    for (let count = 1; count <= OPERATIONS; ++count) {
      await run.step();
      await run.check();
      if (count % CHECK_ALL_EVERY === 0) await run.checkAll();
    }
    // The walk came to all that it is there for.
    for (const outcome of [
      "open: done",
      "open: InvalidWindow",
      "open: ERC20InsufficientAllowance",
      "approve: done",
      "approve: AccessManagedUnauthorized",
      "transfer: done",
      "transfer: ERC20InsufficientBalance",
      "stray: done",
      "fund: done",
      ...["claim", "claimFor"].flatMap((name) =>
        [
          "done",
          "UnknownRound",
          "RoundNotStarted",
          "RoundEnded",
          "AlreadyClaimed",
          "ProofMismatch",
          "RoundExhausted",
        ].map((result) => `${name}: ${result}`),
      ),
      "claimFor: ClaimNotSigned",
      "sweep: done",
      "sweep: RoundNotEnded",
      "sweep: NothingLeft",
    ]) {
      expect(run.seen.get(outcome) ?? 0, outcome).to.be.above(0);
    }
  });
});
