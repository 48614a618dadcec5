const SLOT_BYTES = 64;
const SLOTS_IN_PAGE = 4_096;

/** Encoded leaves by index: what fits in a slot lies in pages, what is longer (sessions) in a map. */
export class LeafStore {
  private readonly pages: Uint8Array[] = [];
  private readonly long = new Map<number, Uint8Array>();

  /** Undefined for an empty leaf. The bytes are the store's own: do not keep them over a `set`. */
  get(index: number): Uint8Array | undefined {
    const page = this.pages[Math.floor(index / SLOTS_IN_PAGE)];
    if (page === undefined) return undefined;
    const start = (index % SLOTS_IN_PAGE) * SLOT_BYTES;
    const length = page[start] as number;
    if (length === 0) return undefined;
    return length === LONG ? this.long.get(index) : page.subarray(start + 1, start + 1 + length);
  }

  /** @param bytes Undefined empties the leaf. */
  set(index: number, bytes: Uint8Array | undefined): void {
    const page = this.page(Math.floor(index / SLOTS_IN_PAGE));
    const start = (index % SLOTS_IN_PAGE) * SLOT_BYTES;
    this.long.delete(index);
    if (bytes === undefined) {
      page[start] = 0;
    } else if (bytes.length < SLOT_BYTES) {
      page[start] = bytes.length;
      page.set(bytes, start + 1);
    } else {
      page[start] = LONG;
      this.long.set(index, bytes.slice());
    }
  }

  private page(number: number): Uint8Array {
    while (this.pages.length <= number) this.pages.push(new Uint8Array(SLOTS_IN_PAGE * SLOT_BYTES));
    return this.pages[number] as Uint8Array;
  }
}

/** In place of a length: the leaf is in the map. */
const LONG = 255;
