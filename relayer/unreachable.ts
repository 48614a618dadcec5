/** The end of a switch over all kinds of an event: one more kind does not compile until it has a case. */
export function unreachable(event: never): never {
  throw new TypeError(`unknown event ${JSON.stringify(event)}`);
}
