import { HardhatPluginError } from "hardhat/plugins";

/** Ends a task: Hardhat prints the message alone and exits with 1. */
export class Refusal extends HardhatPluginError {
  override readonly cause: unknown;

  constructor(message: string, cause?: unknown) {
    super("gamenet", message);
    // Not as Hardhat's parent error, whose stack it would print.
    this.cause = cause;
    // Hardhat's class makes every instance its own.
    Object.setPrototypeOf(this, Refusal.prototype);
  }
}
