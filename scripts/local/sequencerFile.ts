/** What the local sequencer is told of the network. */
export interface SequencerFileOptions {
  readonly chain: Record<string, unknown>;
  readonly rollup: Record<string, unknown>;
  readonly privateKey: string;
  readonly port: number;
  readonly peers: readonly string[];
}

/** The YAML file that a sequencer would write by hand, with batches that end soon. */
export function sequencerFile({ chain, rollup, privateKey, port, peers }: SequencerFileOptions): object {
  return {
    operator: "sequencer",
    roles: { sequencer: true },
    send: true,
    chains: [chain],
    rollup: { ...rollup, sequencer: { directory: "log", batch: { ageMs: 5_000 }, quotas: { free: 100 } } },
    sender: { privateKey },
    store: { sqlite: "sequencer.sqlite" },
    api: { host: "127.0.0.1", port, publicEndpoint: `http://127.0.0.1:${port}` },
    peers: { static: peers },
  };
}
