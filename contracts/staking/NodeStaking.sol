// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {INodeStaking, NodeKind, NodeParams, NodeState} from "./INodeStaking.sol";
import {StakePool} from "./StakePool.sol";

/// @title NodeStaking
/// @notice See `INodeStaking` and the README of this folder. The lock is constant, so positions end in the order of their
/// numbers: the queue of endings is a counter.
contract NodeStaking is INodeStaking, StakePool {
    /// @dev `until` is BOUND while it is bound, then the time from which the node is free.
    struct Bond {
        uint64 position;
        uint64 until;
    }

    /// @dev Of a genesis operator: Kept until its first core node, then Used.
    enum GenesisPlace {
        None,
        Kept,
        Used
    }

    uint256 public constant CELLULAR_PRICE = 1 ether;
    uint256 public constant CORE_PRICE = 100 ether;
    /// @notice 730 days.
    uint256 public constant LOCK_SECONDS = 730 days;
    /// @notice A bond outlives the signatures that it stands behind.
    uint256 public constant BOND_SECONDS = 15 days;
    uint64 private constant BOUND = type(uint64).max;

    uint32 public immutable CELLULAR_CAP;
    uint32 public immutable CORE_CAP;
    uint64 public immutable IDLE_SECONDS;

    /// @dev One slot with the three below.
    uint128 private _totalPrincipal;
    uint32 private _cellularPlaces;
    uint32 private _corePlaces;
    /// @inheritdoc INodeStaking
    uint32 public genesisPlaces;
    /// @inheritdoc INodeStaking
    bool public coreOpen;
    /// @inheritdoc INodeStaking
    address public treasury;
    /// @inheritdoc INodeStaking
    uint256 public unswept;
    /// @dev The latest position that left the queue.
    uint256 private _ended;
    mapping(address operator => Bond) private _bonds;
    mapping(address operator => GenesisPlace) private _genesis;

    constructor(
        address authority,
        IERC20 cos,
        address ecosystem,
        NodeParams memory params
    ) StakePool(authority, cos, ecosystem) {
        uint256 count = params.genesisOperators.length;
        if (params.cellularCap == 0) revert CapOutOfRange(params.cellularCap, 1);
        if (params.coreCap < count) revert CapOutOfRange(params.coreCap, count);
        CELLULAR_CAP = params.cellularCap;
        CORE_CAP = params.coreCap;
        IDLE_SECONDS = params.idleSeconds;
        for (uint256 i = 0; i < count; ++i) {
            address operator = params.genesisOperators[i];
            if (operator == address(0) || isGenesisOperator(operator)) revert InvalidGenesisOperator(i, operator);
            _genesis[operator] = GenesisPlace.Kept;
        }
        genesisPlaces = uint32(count);
        _setTreasury(params.treasury);
    }

    /// @inheritdoc INodeStaking
    function pledge(NodeKind kind, uint64 minEmissionEnd) external payable returns (uint256 position) {
        // Check
        _sync();
        if (msg.value != priceOf(kind)) revert WrongPledge(msg.value, priceOf(kind));
        _requireEmission(minEmissionEnd);

        // Effect
        _takePlace(kind);
        _totalPrincipal += uint128(msg.value);
        position = _openNode(kind);
    }

    /// @inheritdoc INodeStaking
    function repledge(uint256 position, uint64 minEmissionEnd) external returns (uint256 renewal) {
        // Check
        Stake storage stake = _stakeOfCaller(position);
        uint256 end = _endOf(stake);
        if (block.timestamp < end) revert NotEnded(block.timestamp, end);
        _requireState(position, stake, NodeState.Held);
        _sync();
        _requireEmission(minEmissionEnd);

        // Effect
        stake.state = uint8(NodeState.Renewed);
        renewal = _openNode(NodeKind(stake.class));
        Bond storage bond = _bonds[msg.sender];
        if (bond.position == position) bond.position = uint64(renewal);
        emit NodeRenewed(position, renewal);
    }

    /// @inheritdoc INodeStaking
    function withdraw(uint256 position, address to) external nonReentrant returns (uint256 amount) {
        // Check
        Stake storage stake = _stakeOfCaller(position);
        if (to == address(0)) revert ZeroReceiver();
        amount = _principalOf(stake);
        if (amount == 0) revert PrincipalGone(position, NodeState(stake.state));
        uint256 free = _freeAt(position, stake);
        if (block.timestamp < free) revert NodeLocked(block.timestamp, free);

        // Effect
        _takePrincipal(stake, NodeState.Withdrawn, amount);
        emit NodeWithdrawn(position, to, amount);

        // Interaction
        Address.sendValue(payable(to), amount);
    }

    /// @inheritdoc INodeStaking
    function release(uint256 position) external {
        // Check
        Stake storage stake = _stakeOf(position);
        _requireState(position, stake, NodeState.Held);
        uint256 earliest = _freeAt(position, stake) + IDLE_SECONDS;
        if (block.timestamp < earliest) revert NotIdle(block.timestamp, earliest);

        // Effect
        NodeKind kind = NodeKind(stake.class);
        stake.state = uint8(NodeState.Released);
        _vacate(kind);
        emit PlaceReleased(position, kind);
    }

    /// @inheritdoc INodeStaking
    function bind(address operator, uint256 position) external restricted {
        // Check
        Stake storage stake = _stakeOf(position);
        if (operator != stake.owner) revert NotPositionOwner(operator, stake.owner);
        if (NodeKind(stake.class) != NodeKind.Core) revert NotCore(position);
        _requireState(position, stake, NodeState.Held);
        Bond storage bond = _bonds[operator];
        (uint256 former, uint256 until) = (bond.position, bond.until);
        bool free = former == position ? until != BOUND : until <= block.timestamp;
        if (!free) revert NodeStillBound(former, until);

        // Effect
        (bond.position, bond.until) = (uint64(position), BOUND);
        emit NodeBound(operator, position);
    }

    /// @inheritdoc INodeStaking
    function unbind(address operator) external restricted {
        // Check
        Bond storage bond = _bonds[operator];
        if (bond.until != BOUND) revert NotBound(operator);

        // Effect
        uint64 until = uint64(block.timestamp + BOND_SECONDS);
        bond.until = until;
        emit NodeUnbound(operator, bond.position, until);
    }

    /// @inheritdoc INodeStaking
    function slash(address operator) external restricted returns (uint256 amount) {
        // Check
        Bond storage bond = _bonds[operator];
        uint256 position = bond.position;
        Stake storage stake = _stakes[position];
        if (position != 0) amount = _principalOf(stake);
        if (amount == 0) revert NothingToSlash(operator);

        // Effect
        if (block.timestamp < _endOf(stake)) {
            _sync();
            _endSpan(position, stake);
        }
        _takePrincipal(stake, NodeState.Slashed, amount);
        unswept += amount;
        bond.until = uint64(block.timestamp);
        emit NodeSlashed(operator, position, amount);
    }

    /// @inheritdoc INodeStaking
    function sweepSlashed() external nonReentrant {
        // Check
        uint256 amount = unswept;
        if (amount == 0) revert NothingToSweep();

        // Effect
        unswept = 0;
        emit NodeSlashSwept(treasury, amount);

        // Interaction
        Address.sendValue(payable(treasury), amount);
    }

    /// @inheritdoc INodeStaking
    function setTreasury(address account) external restricted {
        _setTreasury(account);
    }

    /// @inheritdoc INodeStaking
    function kindOf(uint256 position) external view returns (NodeKind) {
        return NodeKind(_stakeOf(position).class);
    }

    /// @inheritdoc INodeStaking
    function stateOf(uint256 position) external view returns (NodeState) {
        return NodeState(_stakeOf(position).state);
    }

    /// @inheritdoc INodeStaking
    function principalOf(uint256 position) external view returns (uint256) {
        return _principalOf(_stakeOf(position));
    }

    /// @inheritdoc INodeStaking
    function withdrawableAt(uint256 position) external view returns (uint64) {
        return uint64(_freeAt(position, _stakeOf(position)));
    }

    /// @inheritdoc INodeStaking
    function boundPosition(address operator) external view returns (uint256) {
        Bond storage bond = _bonds[operator];
        return bond.until == BOUND ? bond.position : 0;
    }

    /// @inheritdoc INodeStaking
    function bondOf(address operator) external view returns (uint256 position, uint64 bondedUntil) {
        Bond storage bond = _bonds[operator];
        return (bond.position, bond.until);
    }

    /// @inheritdoc INodeStaking
    function places(NodeKind kind) external view returns (uint32) {
        return kind == NodeKind.Cellular ? _cellularPlaces : _corePlaces;
    }

    /// @inheritdoc INodeStaking
    function totalPrincipal() external view returns (uint256) {
        return _totalPrincipal;
    }

    /// @inheritdoc INodeStaking
    function isGenesisOperator(address account) public view returns (bool) {
        return _genesis[account] != GenesisPlace.None;
    }

    /// @inheritdoc INodeStaking
    function priceOf(NodeKind kind) public pure returns (uint256) {
        return kind == NodeKind.Cellular ? CELLULAR_PRICE : CORE_PRICE;
    }

    function _dequeue(uint256 position) internal override {
        _ended = position;
    }

    function _nextEnd() internal view override returns (uint256 position, uint256 end) {
        position = _ended + 1;
        Stake storage stake = _stakes[position];
        if (stake.owner == address(0)) return (0, 0);
        end = _endOf(stake);
    }

    function _endOf(Stake storage stake) internal view override returns (uint256) {
        return stake.from + LOCK_SECONDS;
    }

    function _weightOf(uint256 position) internal view override returns (uint256) {
        return priceOf(NodeKind(_stakes[position].class));
    }

    function _openNode(NodeKind kind) private returns (uint256 position) {
        position = _open(msg.sender, uint8(kind), priceOf(kind));
        emit NodePledged(position, msg.sender, kind, uint64(block.timestamp + LOCK_SECONDS));
    }

    function _takePlace(NodeKind kind) private {
        if (kind == NodeKind.Cellular) {
            uint32 taken = _cellularPlaces;
            if (taken >= CELLULAR_CAP) revert NoPlaceLeft(kind, CELLULAR_CAP);
            _cellularPlaces = ++taken;
            if (taken == CELLULAR_CAP && !coreOpen) {
                coreOpen = true;
                emit CoreOpened();
            }
            return;
        }
        if (_genesis[msg.sender] == GenesisPlace.Kept) {
            _genesis[msg.sender] = GenesisPlace.Used;
            genesisPlaces -= 1;
        } else {
            if (!coreOpen) revert CoreNotOpen(_cellularPlaces, CELLULAR_CAP);
            if (_corePlaces + genesisPlaces >= CORE_CAP) revert NoPlaceLeft(kind, CORE_CAP);
        }
        _corePlaces += 1;
    }

    /// @dev The principal leaves the position, and the place with it where it is still taken.
    function _takePrincipal(Stake storage stake, NodeState state, uint256 amount) private {
        if (NodeState(stake.state) == NodeState.Held) _vacate(NodeKind(stake.class));
        stake.state = uint8(state);
        _totalPrincipal -= uint128(amount);
    }

    function _vacate(NodeKind kind) private {
        if (kind == NodeKind.Cellular) _cellularPlaces -= 1;
        else _corePlaces -= 1;
    }

    function _setTreasury(address account) private {
        if (account == address(0)) revert ZeroTreasury();
        treasury = account;
        emit NodeTreasurySet(account);
    }

    function _requireState(uint256 position, Stake storage stake, NodeState expected) private view {
        NodeState state = NodeState(stake.state);
        if (state != expected) revert WrongNodeState(position, state, expected);
    }

    function _principalOf(Stake storage stake) private view returns (uint256) {
        return NodeState(stake.state) <= NodeState.Released ? priceOf(NodeKind(stake.class)) : 0;
    }

    /// @dev When the principal may leave.
    function _freeAt(uint256 position, Stake storage stake) private view returns (uint256) {
        Bond storage bond = _bonds[stake.owner];
        uint256 end = _endOf(stake);
        return bond.position == position ? Math.max(end, bond.until) : end;
    }
}
