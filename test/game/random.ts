import { hexlify, id, keccak256 } from "ethers";

/** Numbers and bytes that a seed fixes. */
export class Random {
  private state: string;

  constructor(seed: string) {
    this.state = id(seed);
  }

  bytes32(): string {
    this.state = keccak256(this.state);
    return this.state;
  }

  bytes(length: number): string {
    return hexlify(Uint8Array.from({ length }, () => this.below(256)));
  }

  /** From 0 to `bound` - 1. */
  below(bound: number): number {
    return Number(BigInt(this.bytes32()) % BigInt(bound));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }
}
