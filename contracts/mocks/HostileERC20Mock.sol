// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that takes a fee, answers false, or calls somebody whenever it moves.
contract HostileERC20Mock is ERC20 {
    uint256 public feeBps;
    bool public answersFalse;
    address public callee;
    bytes public reaction;
    /// @notice What the calls in answer to the last transfer returned.
    bool public reacted;
    bytes public answer;

    constructor() ERC20("Hostile", "HOST") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setFee(uint256 bps) external {
        feeBps = bps;
    }

    function setAnswersFalse(bool value) external {
        answersFalse = value;
    }

    function setReaction(address to, bytes calldata data) external {
        callee = to;
        reaction = data;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return answersFalse ? false : super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return answersFalse ? false : super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : (amount * feeBps) / 10_000;
        super._update(from, to, amount - fee);
        if (fee != 0) super._update(from, address(0xfee), fee);
        if (callee != address(0)) (reacted, answer) = callee.call(reaction);
    }
}
