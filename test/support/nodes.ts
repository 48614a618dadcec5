export { anvilPath, freePort, nodeRpc, startAnvil, startHardhatNode } from "../../scripts/local/nodes";
export type { AnvilOptions, LocalNode, NodeOptions } from "../../scripts/local/nodes";
