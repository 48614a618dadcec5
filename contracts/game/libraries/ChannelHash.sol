// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Channel, ChannelState} from "../IStateChannels.sol";

/// @title Ids of channels, and EIP-712 struct hashes of what participants sign; twin of `protocol/channel.ts`
library ChannelHash {
    bytes32 private constant STATE_TYPEHASH = keccak256(
        "State(bytes32 channelId,uint64 version,uint256 stake,uint256[] balances,bytes gameState)"
    );
    bytes32 private constant CLOSE_TYPEHASH = keccak256("Close(bytes32 channelId,uint256[] balances)");

    /// @param channels The contract that holds the channel, on chain `chainId`.
    function idOf(Channel calldata channel, uint256 chainId, address channels) internal pure returns (bytes32) {
        return keccak256(abi.encode(chainId, channels, channel));
    }

    function ofState(bytes32 channelId, ChannelState calldata state) internal pure returns (bytes32) {
        return _ofState(channelId, state, keccak256(state.gameState));
    }

    /// @notice Of the same state with another game state.
    function ofState(
        bytes32 channelId,
        ChannelState calldata state,
        bytes memory gameState
    ) internal pure returns (bytes32) {
        return _ofState(channelId, state, keccak256(gameState));
    }

    function ofClose(bytes32 channelId, uint256[] calldata balances) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSE_TYPEHASH, channelId, keccak256(abi.encodePacked(balances))));
    }

    function _ofState(
        bytes32 channelId,
        ChannelState calldata state,
        bytes32 gameState
    ) private pure returns (bytes32) {
        bytes32 balances = keccak256(abi.encodePacked(state.balances));
        return keccak256(abi.encode(STATE_TYPEHASH, channelId, state.version, state.stake, balances, gameState));
    }
}
