import { concat, dataSlice, getBytes, hexlify, keccak256, randomBytes, toBeHex } from "ethers";
import type { Board, Position } from "./board";
import { findSecret, keepSecrets } from "./secrets";

const PHASES = ["commit", "mix", "bid", "show", "over"] as const;
const HINTS = {
  commit: "roll",
  mix: "mix",
  bid: "a bid such as 3x5 (three fives), or doubt",
  show: "show",
  over: "none",
} as const satisfies Readonly<Record<(typeof PHASES)[number], string>>;
const HEAD_BYTES = 9;
const FACES = 6n;

interface Round {
  readonly phase: (typeof PHASES)[number];
  readonly round: number;
  readonly turn: number;
  readonly quantity: number;
  readonly face: number;
  readonly bidder: number;
  readonly dice: readonly number[];
  readonly hashes: readonly string[];
}

function read(state: string): Round {
  const head = getBytes(dataSlice(state, 0, HEAD_BYTES));
  const at = (index: number): number => head[index] ?? 0;
  const players = at(0);
  const hashes = Array.from({ length: players }, (_, player) => {
    const from = HEAD_BYTES + players + 32 * player;
    return dataSlice(state, from, from + 32);
  });
  return {
    phase: PHASES[at(1)] ?? "over",
    round: at(2),
    turn: at(3),
    quantity: at(4),
    face: at(5),
    bidder: at(6),
    dice: [...getBytes(dataSlice(state, HEAD_BYTES, HEAD_BYTES + players))],
    hashes,
  };
}

/** Secret dice: a secret is committed to, its image mixed into everybody's dice, and it is shown after a doubt. */
export const liarsDice: Board = {
  hint({ state }) {
    const { phase, quantity } = read(state);
    return phase === "bid" && quantity === 0 ? "a bid such as 3x5 (three fives)" : HINTS[phase];
  },
  async draw(position) {
    const table = read(position.state);
    const own = await diceOf(position, table);
    const { seat, secretFile } = position;
    const kept = await findSecret(secretFile, table.hashes[seat ?? -1] ?? "");
    return [
      table.phase === "over" ? `  over in round ${table.round}` : `  round ${table.round + 1}: ${table.phase}`,
      ...table.dice.map((dice, player) => {
        const you = player === seat ? ` (you${own === undefined ? "" : `: ${own.join(" ")}`})` : "";
        return `  player ${player}${you} has ${dice} ${dice === 1 ? "die" : "dice"}`;
      }),
      ...(table.quantity === 0 ? [] : [`  player ${table.bidder} bid ${table.quantity}x${table.face}`]),
      ...(kept === undefined ? [] : [`  your secret is kept in ${secretFile}: without this file you lose`]),
    ];
  },
  async move(text, position) {
    const { seat, secretFile } = position;
    if (seat === undefined) throw new Error("you do not play in this session");
    const table = read(position.state);
    const word = text.toLowerCase();
    if (word === "roll") return commit(table, seat, secretFile);
    if (word === "mix") return imageOf(await secretOf(position, table), table, seat);
    if (word === "show") return secretOf(position, table);
    if (word === "doubt") return "0x";
    const bid = /^(\d{1,2})x([1-6])$/.exec(word);
    if (bid === null) throw new Error(`"${text}" is neither roll, mix, a bid such as 3x5, doubt nor show`);
    return concat([toBeHex(Number(bid[1]), 1), toBeHex(Number(bid[2]), 1)]);
  },
};

async function commit(table: Round, seat: number, secretFile: string): Promise<string> {
  const secret = hexlify(randomBytes(32));
  const image = imageOf(secret, table, seat);
  const commitment = bound(image, table, seat);
  // The chain shows the commitment first, and the image once it is mixed.
  await keepSecrets(secretFile, { [commitment]: secret, [image]: secret });
  return commitment;
}

async function secretOf({ seat, secretFile }: Position, { hashes }: Round): Promise<string> {
  const secret = await findSecret(secretFile, hashes[seat ?? -1] ?? "");
  if (secret === undefined)
    throw new Error(`${secretFile} does not hold your secret: look on the machine you rolled on`);
  return secret;
}

/** What the seat rolled, once everybody's image is mixed in. */
async function diceOf({ seat, secretFile }: Position, table: Round): Promise<readonly number[] | undefined> {
  if (seat === undefined || (table.phase !== "bid" && table.phase !== "show")) return undefined;
  const secret = await findSecret(secretFile, table.hashes[seat] ?? "");
  if (secret === undefined) return undefined;
  let digits = BigInt(keccak256(concat([secret, keccak256(concat(table.hashes))])));
  return Array.from({ length: table.dice[seat] ?? 0 }, () => {
    const die = Number(digits % FACES) + 1;
    digits /= FACES;
    return die;
  });
}

function imageOf(secret: string, table: Round, seat: number): string {
  return bound(secret, table, seat);
}

function bound(value: string, { round }: Round, seat: number): string {
  return keccak256(concat([value, toBeHex(round, 1), toBeHex(seat, 1)]));
}
