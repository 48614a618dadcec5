import type { Deployment } from "./deployment";
import { finding, type Finding } from "./finding";

/** The games: what each contract of theirs was made with. */
export async function verifyGames(deployment: Deployment): Promise<readonly Finding[]> {
  const { games, accessManager, parameters, record } = deployment;
  if (games === undefined || parameters.games === undefined) return [];
  const { registry, revenue, engine, assets, quests, marketplace, channels } = games;
  const { developerBps, stakersBps, treasuryBps, marketFeeBps } = parameters.games;
  const { GameRegistry, GameRevenue, GameEngine, GameAssets, RevenueSplitter } = record.contracts;
  const manager = await accessManager.getAddress();
  return [
    finding("GameRegistry authority", manager, await registry.authority()),
    finding("GameRegistry shares", [developerBps, stakersBps, treasuryBps], await registry.currentShares()),
    finding("GameRevenue authority", manager, await revenue.authority()),
    finding("GameRevenue REGISTRY", GameRegistry?.address, await revenue.REGISTRY()),
    finding("GameRevenue SPLITTER", RevenueSplitter?.address, await revenue.SPLITTER()),
    finding("GameEngine REGISTRY", GameRegistry?.address, await engine.REGISTRY()),
    finding("GameEngine REVENUE", GameRevenue?.address, await engine.REVENUE()),
    finding("GameAssets REGISTRY", GameRegistry?.address, await assets.REGISTRY()),
    finding("GameQuests REGISTRY", GameRegistry?.address, await quests.REGISTRY()),
    finding("GameQuests ENGINE", GameEngine?.address, await quests.ENGINE()),
    finding("GameQuests ASSETS", GameAssets?.address, await quests.ASSETS()),
    finding("Marketplace authority", manager, await marketplace.authority()),
    finding("Marketplace ASSETS", GameAssets?.address, await marketplace.ASSETS()),
    finding("Marketplace REVENUE", GameRevenue?.address, await marketplace.REVENUE()),
    finding("Marketplace fee", marketFeeBps, await marketplace.feeBps()),
    finding("StateChannels REGISTRY", GameRegistry?.address, await channels.REGISTRY()),
  ];
}
