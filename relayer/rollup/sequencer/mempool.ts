/** What waits to be executed. */
export interface Waiting {
  /** Whose it is: turns go round by this. */
  readonly owner: string;
  /** Paid for by stake or a sponsor: at least every other turn is of these. */
  readonly favoured: boolean;
  /** What it takes of a turn, in transfers. */
  readonly units: number;
  readonly bytesHeld: number;
}

export interface MempoolLimits {
  readonly transactions: number;
  readonly bytes: number;
}

/** What an owner may have executed per turn, in transfers, beside what was saved up for a dear one. */
const QUANTUM = 4;

interface Line<W> {
  readonly owner: string;
  readonly items: W[];
  credit: number;
  units: number;
}

/** Lines of one class, by turns: deficit round robin. */
class Turns<W extends Waiting> {
  readonly lines = new Map<string, Line<W>>();

  add(item: W): void {
    const line = this.lines.get(item.owner) ?? { owner: item.owner, items: [], credit: 0, units: 0 };
    line.items.push(item);
    line.units += item.units;
    this.lines.set(item.owner, line);
  }

  /** The next one; the line that had its turn goes to the end. */
  next(): W | undefined {
    for (;;) {
      const first = this.lines.entries().next();
      if (first.done === true) return undefined;
      const [owner, line] = first.value;
      const item = line.items[0] as W;
      if (line.credit < item.units) {
        line.credit += QUANTUM;
        this.lines.delete(owner);
        this.lines.set(owner, line);
        continue;
      }
      line.credit -= item.units;
      line.items.shift();
      line.units -= item.units;
      if (line.items.length === 0) this.lines.delete(owner);
      return item;
    }
  }

  longest(): Line<W> | undefined {
    let longest: Line<W> | undefined;
    for (const line of this.lines.values()) if (longest === undefined || line.units > longest.units) longest = line;
    return longest;
  }

  dropLast(line: Line<W>): W {
    const item = line.items.pop() as W;
    line.units -= item.units;
    if (line.items.length === 0) this.lines.delete(line.owner);
    return item;
  }
}

/**
 * Transactions between the door and their execution, in bounded memory. Each owner has a line, served by turns, so that
 * nobody waits for another's flood; half of the turns at least are of lines that are paid for. When it is full, the last
 * one of the longest line makes room.
 */
export class Mempool<W extends Waiting> {
  private readonly favoured = new Turns<W>();
  private readonly others = new Turns<W>();
  private turn = false;
  private count = 0;
  private size = 0;

  constructor(private readonly limits: MempoolLimits) {}

  get length(): number {
    return this.count;
  }

  get bytes(): number {
    return this.size;
  }

  /** Takes `item`; returns what had to go for it, perhaps itself. */
  add(item: W): readonly W[] {
    (item.favoured ? this.favoured : this.others).add(item);
    this.count += 1;
    this.size += item.bytesHeld;
    const dropped: W[] = [];
    while (this.count > this.limits.transactions || this.size > this.limits.bytes) dropped.push(this.drop());
    return dropped;
  }

  /** Up to `count` of them, in the order of their turns. */
  take(count: number): readonly W[] {
    const taken: W[] = [];
    while (taken.length < count) {
      this.turn = !this.turn;
      const [first, second] = this.turn ? [this.favoured, this.others] : [this.others, this.favoured];
      const item = first.next() ?? second.next();
      if (item === undefined) break;
      this.count -= 1;
      this.size -= item.bytesHeld;
      taken.push(item);
    }
    return taken;
  }

  /** Of those that nobody paid for first. */
  private drop(): W {
    const turns = this.others.lines.size > 0 ? this.others : this.favoured;
    const line = turns.longest();
    if (line === undefined) throw new TypeError("nothing waits");
    const item = turns.dropLast(line);
    this.count -= 1;
    this.size -= item.bytesHeld;
    return item;
  }
}
