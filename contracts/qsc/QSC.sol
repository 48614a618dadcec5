// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {IOutbox} from "../crosschain/IOutbox.sol";
import {Status} from "../crosschain/types/QCP.sol";
import {IQSC, Inbound, QSCParams} from "./IQSC.sol";
import {InboundLimit} from "./libraries/InboundLimit.sol";

/// @title QSC
/// @notice See `IQSC` and the README of this folder.
contract QSC is IQSC, ERC20, ERC20Permit, ERC20Votes, Pausable, AccessControlDefaultAdminRules, CrosschainLinked {
    using Checkpoints for Checkpoints.Trace208;
    using InboundLimit for InboundLimit.Limit;
    using InteroperableAddress for bytes;

    /// @dev What a failed exchange gives back: one slot.
    struct Exchange {
        address holder;
        uint96 amount;
    }

    bytes32 public constant FREEZER_ROLE = keccak256("FREEZER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    bytes32 public constant BANKER_ROLE = keccak256("BANKER_ROLE");
    bytes32 public constant LINKER_ROLE = keccak256("LINKER_ROLE");

    /// @dev `address from ‖ address to ‖ uint96 amount`
    uint256 private constant PAYLOAD_BYTES = 52;
    /// @dev An inbound exchange to a new holder with a new delegate, the token's first, takes about 203,000.
    uint256 private constant EXCHANGE_GAS = 250_000;
    bytes4 private constant GAS_LIMIT = bytes4(keccak256("gasLimit(uint256)"));
    bytes4 private constant RECLAIMABLE = bytes4(keccak256("reclaimable(bool)"));
    bytes4 private constant DEADLINE = bytes4(keccak256("deadline(uint256)"));

    IOutbox public immutable GATEWAY;
    uint64 public immutable HOME_CHAIN_ID;
    uint256 public immutable CAP;
    uint8 private immutable DECIMALS;

    uint256 public issued;
    mapping(address account => uint256 amount) private _frozen;
    mapping(address account => Checkpoints.Trace208 history) private _balances;
    mapping(bytes32 sendId => Exchange exchange) private _exchanges;
    mapping(uint64 chainId => InboundLimit.Limit limit) private _inbound;

    constructor(
        QSCParams memory params,
        IOutbox gateway
    )
        ERC20(params.name, params.symbol)
        ERC20Permit(params.name)
        AccessControlDefaultAdminRules(params.roles.adminDelay, params.roles.admin)
        CrosschainLinked(new Link[](0))
    {
        GATEWAY = gateway;
        DECIMALS = params.decimals;
        HOME_CHAIN_ID = params.homeChainId;

        if (block.chainid == params.homeChainId) {
            uint256 max = type(uint208).max;
            if (params.cap > max) revert CapOutOfRange(params.cap, max);
            uint256 cap = params.cap == 0 ? max : params.cap;
            CAP = cap;
            for (uint256 i = 0; i < params.holdings.length; ++i) {
                _issue(params.holdings[i].account, params.holdings[i].amount, cap);
            }
        } else if (params.cap != 0 || params.holdings.length != 0) {
            revert HomeChainOnly(block.chainid, params.homeChainId);
        }

        _grantUnlessZero(FREEZER_ROLE, params.roles.freezer);
        _grantUnlessZero(PAUSER_ROLE, params.roles.pauser);
        _grantUnlessZero(BANKER_ROLE, params.roles.banker);
        _grantUnlessZero(LINKER_ROLE, params.roles.linker);
    }

    /// @inheritdoc IQSC
    function frozen(address account, uint256 amount) external onlyRole(FREEZER_ROLE) {
        uint256 before = _frozen[account];
        if (amount > type(uint256).max - before) revert FreezeOverflow(amount, type(uint256).max - before);
        _setFrozen(account, before + amount);
    }

    /// @inheritdoc IQSC
    function unfrozen(address account, uint256 amount) external onlyRole(FREEZER_ROLE) {
        uint256 before = _frozen[account];
        if (amount > before) revert UnfreezeExceedsFrozen(amount, before);
        _setFrozen(account, before - amount);
    }

    /// @inheritdoc IQSC
    function setFrozenTokens(address account, uint256 amount) external onlyRole(FREEZER_ROLE) returns (bool result) {
        _setFrozen(account, amount);
        return true;
    }

    /// @inheritdoc IQSC
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @inheritdoc IQSC
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    /// @inheritdoc IQSC
    function issue(address to, uint256 amount) external onlyRole(BANKER_ROLE) {
        // Read live: on a fork that changes the chain id nothing more is issued.
        if (block.chainid != HOME_CHAIN_ID) revert HomeChainOnly(block.chainid, HOME_CHAIN_ID);
        _issue(to, amount, CAP);
    }

    /// @inheritdoc IQSC
    function link(uint64 chainId, address counterpart, Inbound calldata inbound) external onlyRole(LINKER_ROLE) {
        if (counterpart == address(0) || chainId == block.chainid) revert InvalidLink(chainId, counterpart);
        _setLink(address(GATEWAY), InteroperableAddress.formatEvmV1(chainId, counterpart), false);
        _setNextInbound(chainId, inbound);
    }

    /// @inheritdoc IQSC
    function setInboundLimit(uint64 chainId, Inbound calldata inbound) external {
        _counterpartOn(chainId);
        InboundLimit.Limit memory present = _inbound[chainId].atTime(block.timestamp);
        (uint96 capacity, uint24 window) = _checkInbound(inbound);
        if (!InboundLimit.lowers(present, capacity, window)) {
            _checkRole(LINKER_ROLE);
            return _setNextInbound(chainId, inbound);
        }
        if (!hasRole(PAUSER_ROLE, msg.sender)) _checkRole(LINKER_ROLE);
        _inbound[chainId].set(present, capacity, window);
        emit InboundLimitSet(chainId, capacity, window, block.timestamp);
    }

    /// @inheritdoc IQSC
    function qcpExchange(bytes calldata to, uint256 amount) external payable returns (bytes32 sendId) {
        return _exchange(to, amount, new bytes[](2));
    }

    /// @inheritdoc IQSC
    function qcpExchangeUntil(
        bytes calldata to,
        uint256 amount,
        uint256 deadline
    ) external payable returns (bytes32 sendId) {
        bytes[] memory attributes = new bytes[](3);
        attributes[2] = abi.encodeWithSelector(DEADLINE, deadline);
        return _exchange(to, amount, attributes);
    }

    /// @inheritdoc IQSC
    function qcpReclaim(bytes32 sendId) external {
        Exchange memory exchange = _exchanges[sendId];
        if (exchange.holder == address(0)) revert NothingToReclaim(sendId);
        Status status = GATEWAY.statusOf(sendId);
        if (status != Status.FailedFinal) revert NotReclaimable(sendId, status);

        delete _exchanges[sendId];
        // Past `_update`, which a pause stops.
        _move(address(0), exchange.holder, exchange.amount);
        emit Reclaimed(sendId, exchange.holder, exchange.amount);
    }

    /// @inheritdoc IQSC
    function qcpFee(uint64 chainId) external view returns (uint256) {
        _counterpartOn(chainId);
        return GATEWAY.quote(chainId, PAYLOAD_BYTES, EXCHANGE_GAS);
    }

    /// @inheritdoc IQSC
    function inboundLimit(
        uint64 chainId
    ) external view returns (Inbound memory inbound, uint256 available, Inbound memory next, uint256 from) {
        InboundLimit.Limit memory present = _inbound[chainId].atTime(block.timestamp);
        inbound = Inbound(present.capacity, present.window);
        next = Inbound(present.nextCapacity, present.nextWindow);
        return (inbound, InboundLimit.available(present), next, present.nextFrom);
    }

    /// @inheritdoc IQSC
    function frozenAmount(address account) external view returns (uint256) {
        return _frozen[account];
    }

    /// @inheritdoc IQSC
    function getFrozenTokens(address account) external view returns (uint256 amount) {
        return _frozen[account];
    }

    /// @inheritdoc IQSC
    function balanceOfAt(address account, uint256 timepoint) external view returns (uint256) {
        return _balances[account].upperLookupRecent(_validateTimepoint(timepoint));
    }

    /// @inheritdoc IQSC
    function exchangeOf(bytes32 sendId) external view returns (address holder, uint256 amount) {
        Exchange storage exchange = _exchanges[sendId];
        return (exchange.holder, exchange.amount);
    }

    /// @inheritdoc IQSC
    function spendable(address account) public view returns (uint256) {
        return Math.saturatingSub(balanceOf(account), _frozen[account]);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return DECIMALS;
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

    /// @dev Every way in and out but a reclaim: transfer, issue, exchange and inbound exchange.
    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) whenNotPaused {
        if (from != address(0) && _frozen[from] != 0) {
            uint256 free = spendable(from);
            // A value above the balance is ERC-20's own error.
            if (value > free && value <= balanceOf(from)) {
                revert ERC7943InsufficientUnfrozenBalance(from, value, free);
            }
        }
        _move(from, to, value);
    }

    /// @dev Inbound exchange: `CrosschainLinked` admitted only the gateway, speaking for the linked counterpart.
    function _processMessage(
        address,
        bytes32 receiveId,
        bytes calldata sender,
        bytes calldata payload
    ) internal override {
        if (payload.length != PAYLOAD_BYTES) revert ExchangePayloadMalformed(payload);
        address to = address(bytes20(payload[20:40]));
        uint256 amount = uint96(bytes12(payload[40:52]));

        (uint256 chainId, ) = sender.parseEvmV1Calldata();
        _release(uint64(chainId), amount);
        _mint(to, amount);
        bytes memory from = InteroperableAddress.formatEvmV1(chainId, address(bytes20(payload[:20])));
        emit ExchangeReceived(receiveId, from, to, amount);
    }

    /// @dev `attributes` has two free places in front.
    function _exchange(bytes calldata to, uint256 amount, bytes[] memory attributes) private returns (bytes32 sendId) {
        (uint256 chainId, address recipient) = to.parseEvmV1Calldata();
        if (recipient == address(0)) revert InvalidExchangeRecipient(to);
        bytes memory counterpart = _counterpartOn(chainId);
        if (amount == 0 || amount > type(uint96).max) revert ExchangeAmountOutOfRange(amount, type(uint96).max);

        attributes[0] = abi.encodeWithSelector(RECLAIMABLE, true);
        attributes[1] = abi.encodeWithSelector(GAS_LIMIT, EXCHANGE_GAS);
        _burn(msg.sender, amount);
        // The gateway makes the id, so the record follows the call; it calls nobody and never repeats an id.
        sendId = GATEWAY.sendMessage{value: msg.value}(
            counterpart,
            abi.encodePacked(msg.sender, recipient, uint96(amount)),
            attributes
        );
        _exchanges[sendId] = Exchange(msg.sender, uint96(amount));
        emit Exchanged(sendId, msg.sender, to, amount);
    }

    /// @dev Within what the chain may release; a higher sum reverts, so that the message fails and is reclaimed.
    function _release(uint64 chainId, uint256 amount) private {
        InboundLimit.Limit storage limit = _inbound[chainId];
        InboundLimit.Limit memory present = limit.atTime(block.timestamp);
        uint256 available = InboundLimit.available(present);
        if (amount > available) revert InboundLimitExceeded(chainId, amount, available);
        limit.fill(present, amount);
    }

    /// @dev After the admin's delay, so that a stolen linker opens nothing that the others cannot close first.
    function _setNextInbound(uint64 chainId, Inbound calldata inbound) private {
        (uint96 capacity, uint24 window) = _checkInbound(inbound);
        uint256 from = block.timestamp + defaultAdminDelay();
        InboundLimit.Limit storage limit = _inbound[chainId];
        limit.setNext(limit.atTime(block.timestamp), capacity, window, uint40(from));
        emit InboundLimitSet(chainId, capacity, window, from);
    }

    function _checkInbound(Inbound calldata inbound) private pure returns (uint96 capacity, uint24 window) {
        (uint256 most, uint256 longest) = (type(uint96).max, type(uint24).max);
        if (inbound.capacity > most || inbound.window == 0 || inbound.window > longest) {
            revert InboundOutOfRange(inbound.capacity, inbound.window);
        }
        return (uint96(inbound.capacity), uint24(inbound.window));
    }

    function _counterpartOn(uint256 chainId) private view returns (bytes memory counterpart) {
        (, counterpart) = getLink(InteroperableAddress.formatEvmV1(chainId));
        if (counterpart.length == 0) revert ChainNotLinked(chainId);
    }

    /// @dev `cap` is CAP, which the constructor cannot read.
    function _issue(address to, uint256 amount, uint256 cap) private {
        uint256 issuable = cap - issued;
        if (amount > issuable) revert CapExceeded(amount, issuable);
        issued += amount;
        _mint(to, amount);
        emit Issued(to, amount);
    }

    function _setFrozen(address account, uint256 amount) private {
        uint256 before = _frozen[account];
        _frozen[account] = amount;
        emit Frozen(account, amount);
        if (amount < before) emit Unfrozen(account, before - amount);
    }

    function _move(address from, address to, uint256 value) private {
        super._update(from, to, value);
        if (from == to || value == 0) return;
        if (from != address(0)) _recordBalance(from);
        if (to != address(0)) _recordBalance(to);
    }

    function _recordBalance(address account) private {
        // No overflow: what was ever issued, over all chains, is below 2^208.
        _balances[account].push(clock(), uint208(balanceOf(account)));
    }

    function _grantUnlessZero(bytes32 role, address account) private {
        if (account != address(0)) _grantRole(role, account);
    }
}
