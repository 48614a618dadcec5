import { time } from "@nomicfoundation/hardhat-network-helpers";
import { CHANNEL_BNB } from "../../protocol/channel";
import {
  Bout,
  MODE,
  deployChannels,
  deposit,
  newChannel,
  puppet,
  struct,
  type ChannelFixture,
} from "../../test/game/channels/support";
import { deployCOS } from "../../test/token/support";
import { gasOf, type EconomyGas } from "../economy/receipts";

/** As many bytes as a game of tic-tac-toe, rounded up to a word. */
const GAME_STATE = `${puppet(0, MODE.runs, [0, 0])}${"00".repeat(26)}`;

interface Costs {
  readonly openFund: number;
  readonly close: number;
  readonly challenge: number;
  readonly answer: number;
  readonly play: number;
}

async function costs(fixture: ChannelFixture, token: string, players: number): Promise<Costs> {
  const open = async (): Promise<{ readonly bout: Bout; readonly gas: number }> => {
    const bout = new Bout(fixture, await newChannel(fixture, { token }, players));
    let gas = 0;
    for (const index of bout.channel.participants.keys()) gas += await gasOf(deposit(fixture, bout.channel, index));
    return { bout, gas };
  };
  const { bout: closed, gas: openFund } = await open();
  const balances = closed.initial.balances.map((balance, index) => balance + (index % 2 === 0 ? 100n : -100n));
  const close = await gasOf(closed.close(balances));

  const { bout: disputed } = await open();
  const state = disputed.state({ gameState: GAME_STATE });
  const challenge = await gasOf(disputed.challenge(state));
  const newer = { ...state, version: 2n };
  const answer = await gasOf(disputed.answer(newer));
  await time.setNextBlockTimestamp((await disputed.status()).deadline + 1n);
  const play = await gasOf(disputed.as(0).play(disputed.struct, struct(newer), 0, GAME_STATE));
  return { openFund, close, challenge, answer, play };
}

/** Whole transactions of a channel's life: open and fund together, cooperative close, dispute; by number of players. */
export async function channelGas(): Promise<EconomyGas> {
  const fixture = await deployChannels();
  const owner = fixture.accounts[0]!;
  const cos = await deployCOS(await owner.getAddress());
  for (const account of fixture.accounts) {
    await cos.transfer(account, 1_000_000n);
    await cos.connect(account).approve(fixture.channels, 1_000_000n);
  }
  const two = await costs(fixture, CHANNEL_BNB, 2);
  const four = await costs(fixture, CHANNEL_BNB, 4);
  const twoInCos = await costs(fixture, await cos.getAddress(), 2);
  return {
    channelOpenFund2: two.openFund,
    channelClose: two.close,
    channelChallenge: two.challenge,
    channelAnswer: two.answer,
    channelPlay: two.play,
    channelOpenFund2Cos: twoInCos.openFund,
    channelCloseCos: twoInCos.close,
    channelChallengeCos: twoInCos.challenge,
    channelOpenFund4: four.openFund,
    channelClose4: four.close,
    channelChallenge4: four.challenge,
  };
}
