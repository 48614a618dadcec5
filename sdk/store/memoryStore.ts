import type { StateStore } from "./stateStore";

/** Survives nothing: for tests and trials, never with money. */
export class MemoryStore implements StateStore {
  private readonly records = new Map<string, string>();

  async load(channelId: string): Promise<string | undefined> {
    return this.records.get(channelId);
  }

  async save(channelId: string, record: string): Promise<void> {
    this.records.set(channelId, record);
  }

  async channels(): Promise<readonly string[]> {
    return [...this.records.keys()];
  }
}
