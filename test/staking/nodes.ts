import { KIND, LOCK, deployNodes, now, pledgeNode, stream, type NodeFixture } from "./support";

/** Nobody has pledged; 1 COS a second streams. */
export async function funded(): Promise<NodeFixture & { readonly start: bigint }> {
  const fixture = await deployNodes();
  return { ...fixture, start: await stream(fixture, fixture.pool) };
}

/** Alice has a cellular node since `from`. */
export async function pledged() {
  const fixture = await funded();
  const position = await pledgeNode(fixture.pool, fixture.alice, KIND.cellular);
  const from = await now();
  return { ...fixture, position, from, end: from + LOCK };
}

/** The first genesis operator has a core node, bound. */
export async function bound() {
  const fixture = await funded();
  const operator = fixture.operators[0]!;
  const position = await pledgeNode(fixture.pool, operator, KIND.core);
  const from = await now();
  const pool = fixture.pool;
  await pool.connect(fixture.registry).bind(operator, position);
  return { ...fixture, operator, position, from, end: from + LOCK, byRegistry: pool.connect(fixture.registry) };
}

/** Takes the cellular places that are left, for Bob. */
export async function fillCellular({ pool, bob }: NodeFixture): Promise<void> {
  for (let left = (await pool.CELLULAR_CAP()) - (await pool.places(KIND.cellular)); left > 0n; left--) {
    await pledgeNode(pool, bob, KIND.cellular);
  }
}
