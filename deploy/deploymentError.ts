/** A deployment that was refused or cannot go on; the message says what to do. */
export class DeploymentError extends Error {
  /** The parameter or environment variable at fault, where there is one. */
  readonly key: string | undefined;

  constructor(message: string, options: { readonly key?: string; readonly cause?: unknown } = {}) {
    super(options.key === undefined ? message : `${options.key}: ${message}`, { cause: options.cause });
    this.name = "DeploymentError";
    this.key = options.key;
  }
}
