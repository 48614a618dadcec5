// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {COSAllocation, ICOSToken} from "./ICOSToken.sol";

/// @title COSToken
/// @notice See `ICOSToken` and the README of this folder.
contract COSToken is ICOSToken, ERC20, ERC20Permit, ERC20Votes {
    /// @inheritdoc ICOSToken
    uint256 public constant SUPPLY = 1_000_000_000e18;

    constructor(COSAllocation[5] memory table) ERC20("Cosmicbyte", "COS") ERC20Permit("Cosmicbyte") {
        uint256 sum = 0;
        for (uint256 i = 0; i < table.length; ++i) {
            sum += table[i].amount;
            _mint(table[i].vault, table[i].amount);
        }
        if (sum != SUPPLY) revert AllocationSumMismatch(sum, SUPPLY);
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc Votes
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc Votes
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20
    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
