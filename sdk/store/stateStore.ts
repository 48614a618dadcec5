/**
 * Where a channel's record is kept. A signature is stored before it is sent: what a store forgets, its player may sign
 * twice, so `save` resolves only when the text survives what the store says it survives.
 */
export interface StateStore {
  load(channelId: string): Promise<string | undefined>;
  /** Replaces the record. Of calls that overlap for one channel the last one's text stays. */
  save(channelId: string, record: string): Promise<void>;
  channels(): Promise<readonly string[]>;
}
