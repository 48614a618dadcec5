// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AssetReceiverMock} from "./AssetReceiverMock.sol";
import {SignatureWalletMock} from "./SignatureWalletMock.sol";

/// @notice A holder of assets that speaks by the signatures of its owner (ERC-1271).
contract AssetWalletMock is AssetReceiverMock, SignatureWalletMock {
    constructor(address owner) SignatureWalletMock(owner) {}
}
