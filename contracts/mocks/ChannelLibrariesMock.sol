// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Channel, ChannelState} from "../game/IStateChannels.sol";
import {BoundedPayment} from "../game/libraries/BoundedPayment.sol";
import {ChannelHash} from "../game/libraries/ChannelHash.sol";
import {RoundPayout} from "../game/libraries/RoundPayout.sol";

/// @notice The libraries of channels, callable one by one; holds what `push` pays.
contract ChannelLibrariesMock {
    using SafeERC20 for IERC20;

    bool public pushed;

    receive() external payable {}

    function idOf(Channel calldata channel, uint256 chainId, address channels) external pure returns (bytes32) {
        return ChannelHash.idOf(channel, chainId, channels);
    }

    function ofState(bytes32 channelId, ChannelState calldata state) external pure returns (bytes32) {
        return ChannelHash.ofState(channelId, state);
    }

    function ofClose(bytes32 channelId, uint256[] calldata balances) external pure returns (bytes32) {
        return ChannelHash.ofClose(channelId, balances);
    }

    function settle(
        uint256[] calldata balances,
        uint256 stake,
        uint256[] calldata shareBps
    ) external pure returns (uint256[] memory) {
        return RoundPayout.settle(balances, stake, shareBps);
    }

    function push(address token, address to, uint256 amount) external {
        pushed = BoundedPayment.push(token, to, amount);
    }

    /// @notice Plain twin of a token's `push`, without its bounds.
    function pushPlain(address token, address to, uint256 amount) external {
        pushed = IERC20(token).trySafeTransfer(to, amount);
    }
}
