import { ZeroAddress, getAddress, getBytes, type Provider, type Signer, type TransactionReceipt } from "ethers";
import { ContractClient } from "../chain/contractClient";
import { ENGINE } from "../chain/engineInterface";
import { pause } from "../chain/pause";
import { SdkError } from "../errors";
import type { RuleBook } from "../rules/ruleBook";

/** What a session is created with, and whoever joins agrees to. */
export interface SessionTerms {
  /** The game's own options, 0x hex. */
  readonly setup: string;
  readonly players: number;
  /** The zero address: BNB. */
  readonly token: string;
  /** Of each player, in units of the token. */
  readonly stake: bigint;
  readonly moveSeconds: number;
  readonly lifeSeconds: number;
  /** Who may join; empty: anyone. */
  readonly invited: readonly string[];
}

/** What joining costs, as the player was shown it: a `SessionView` tells it. */
export type SessionPrice = Pick<SessionTerms, "token" | "stake">;

export type SessionPhase = "none" | "open" | "playing" | "settled" | "voided";

const PHASES: readonly SessionPhase[] = ["none", "open", "playing", "settled", "voided"];

/** A session as the engine has it. */
export interface SessionView {
  readonly sessionId: bigint;
  readonly phase: SessionPhase;
  readonly gameId: bigint;
  readonly rules: string;
  readonly token: string;
  readonly stake: bigint;
  readonly seats: number;
  /** By seat. */
  readonly accounts: readonly string[];
  /** Unix seconds: until when the next move may be made. */
  readonly deadline: bigint;
  readonly end: bigint;
  /** The game's present state; after the end, its last one. */
  readonly state: string;
}

/** Sessions of one `GameEngine`. */
export class SessionClient {
  private readonly engine: ContractClient;

  constructor(
    address: string,
    provider: Provider,
    private readonly rules: RuleBook,
  ) {
    this.engine = new ContractClient(address, ENGINE, provider);
  }

  /** Opens a session and takes its first seat; a stake in a token has to be approved before. */
  async create(player: Signer, gameId: bigint, terms: SessionTerms): Promise<bigint> {
    const value = terms.token === ZeroAddress ? terms.stake : 0n;
    const receipt = await this.engine.write(player, "createGame", [gameId, terms], value);
    for (const log of receipt.logs) {
      if (log.address.toLowerCase() !== this.engine.address.toLowerCase()) continue;
      const event = ENGINE.parseLog(log);
      if (event?.name === "SessionCreated") return event.args.sessionId as bigint;
    }
    throw new SdkError("CHAIN_FAILED", { context: { method: "createGame", transaction: receipt.hash } });
  }

  /**
   * Takes a seat at the price that the player was shown; a stake in a token has to be approved before. Throws OTHER_TERMS
   * where the session has another price: its number may come from anyone.
   */
  async join(player: Signer, sessionId: bigint, shown: SessionPrice): Promise<void> {
    const { token, stake } = await this.view(sessionId);
    if (stake !== shown.stake || getAddress(token) !== getAddress(shown.token)) {
      throw new SdkError("OTHER_TERMS", { context: { sessionId, token, stake } });
    }
    await this.engine.write(player, "joinGame", [sessionId], token === ZeroAddress ? stake : 0n);
  }

  async leave(player: Signer, sessionId: bigint): Promise<void> {
    await this.engine.write(player, "leaveGame", [sessionId]);
  }

  /** Makes a move, after asking the rules off chain: an illegal one costs nothing. Throws ILLEGAL_MOVE. */
  async play(player: Signer, sessionId: bigint, move: string): Promise<TransactionReceipt> {
    const session = await this.view(sessionId);
    const account = (await player.getAddress()).toLowerCase();
    const seat = session.accounts.findIndex((each) => each.toLowerCase() === account);
    if (session.phase === "playing" && seat >= 0) {
      const rules = await this.rules.rulesAt(session.rules);
      const next = await rules.play(getBytes(session.state), BigInt(seat), getBytes(move));
      if (next === undefined) throw new SdkError("ILLEGAL_MOVE", { context: { sessionId, seat, move } });
    }
    return this.engine.write(player, "playGame", [sessionId, move]);
  }

  /** Has the rules decide about a move that was not made in time. Anyone may send it. */
  async expire(sender: Signer, sessionId: bigint): Promise<void> {
    await this.engine.write(sender, "expireGame", [sessionId]);
  }

  async owed(account: string, token: string): Promise<bigint> {
    return (await this.engine.read("owed", [account, token]))[0] as bigint;
  }

  /** Pays out all that the player is owed in a token. */
  async withdraw(player: Signer, token: string, to: string): Promise<void> {
    await this.engine.write(player, "withdraw", [token, to]);
  }

  async view(sessionId: bigint): Promise<SessionView> {
    const [[session], [accounts], [state]] = (await Promise.all([
      this.engine.read("sessionOf", [sessionId]),
      this.engine.read("accountsOf", [sessionId]),
      this.engine.read("stateOf", [sessionId]),
    ])) as unknown as [[RawSession], [readonly string[]], [string]];
    const phase = PHASES[Number(session.phase)];
    if (phase === undefined) throw new SdkError("CHAIN_FAILED", { context: { phase: session.phase } });
    const { gameId, rules, token, stake, deadline, end } = session;
    const seats = Number(session.players);
    return { sessionId, phase, gameId, rules, token, stake, seats, accounts: [...accounts], deadline, end, state };
  }

  /** What each was paid, by seat; undefined where it is not over, or where nobody was paid by the rules. */
  async payouts(sessionId: bigint, fromBlock: number): Promise<readonly bigint[] | undefined> {
    const topics = [ENGINE.getEvent("SessionSettled")?.topicHash ?? null, topicOf(sessionId)];
    const [log] = await this.engine.logsBackwards(topics, fromBlock, (logs) => logs.length > 0);
    return log === undefined ? undefined : [...(ENGINE.parseLog(log)?.args.payouts as readonly bigint[])];
  }

  /**
   * Tells of each change of a session until it is over or the signal is aborted. It reads the session itself again and
   * again and no events: so nothing is missed by a dropped connection, and what a reorganisation undoes is told as one
   * more change.
   */
  async follow(
    sessionId: bigint,
    options: {
      readonly everyMs: number;
      readonly signal: AbortSignal;
      readonly onChange: (session: SessionView) => void;
      readonly onError?: (error: unknown) => void;
    },
  ): Promise<void> {
    const { everyMs, signal } = options;
    let last = "";
    while (!signal.aborted) {
      try {
        const session = await this.view(sessionId);
        const seen = JSON.stringify(session, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
        if (seen !== last) options.onChange(session);
        last = seen;
        if (session.phase === "settled" || session.phase === "voided") return;
      } catch (error) {
        options.onError?.(error);
      }
      await pause(everyMs, signal);
    }
  }
}

interface RawSession {
  readonly rules: string;
  readonly deadline: bigint;
  readonly end: bigint;
  readonly players: bigint;
  readonly phase: bigint;
  readonly gameId: bigint;
  readonly stake: bigint;
  readonly token: string;
}

function topicOf(sessionId: bigint): string {
  return `0x${sessionId.toString(16).padStart(64, "0")}`;
}
