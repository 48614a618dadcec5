// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakePool} from "./IStakePool.sol";

/// @notice What a node pool is made with: `constructor(address authority, IERC20 cos, address ecosystem, NodeParams params)`.
/// @param cellularCap Places of cellular nodes. @param coreCap Places of core nodes, the genesis operators' included.
/// @param idleSeconds Time after which an ended node that is neither renewed nor withdrawn may lose its place.
/// @param treasury Receives what is slashed.
/// @param genesisOperators Each has one core place, from the start: distinct, at most `coreCap`.
struct NodeParams {
    uint32 cellularCap;
    uint32 coreCap;
    uint64 idleSeconds;
    address treasury;
    address[] genesisOperators;
}

/// @notice Cellular: 1 BNB. Core: 100 BNB; only a core node can stand behind a validator.
enum NodeKind {
    Cellular,
    Core
}

/// @notice Where a node's principal and place are.
/// - Held: both are here, whether it earns or has ended.
/// - Released: its place is given up, its principal is here.
/// - Withdrawn: its principal is paid out.
/// - Renewed: both went over to a new position.
/// - Slashed: its principal is taken.
enum NodeState {
    Held,
    Released,
    Withdrawn,
    Renewed,
    Slashed
}

/// @title Nodes: BNB locked for two years, which earns COS
/// @notice BNB in wei. A node earns by its principal from the pledge until `end`, 63,072,000 seconds later. Source: COS
/// paper (cellular and core nodes).
interface INodeStaking is IStakePool {
    event NodePledged(uint256 indexed position, address indexed owner, NodeKind kind, uint64 end);
    /// @dev After the `NodePledged` of `renewal`, which has the principal and the place of `position`.
    event NodeRenewed(uint256 indexed position, uint256 indexed renewal);
    event NodeWithdrawn(uint256 indexed position, address indexed to, uint256 amount);
    event PlaceReleased(uint256 indexed position, NodeKind kind);
    /// @dev The last cellular place was filled: core nodes are open to all, for good.
    event CoreOpened();
    event NodeBound(address indexed operator, uint256 indexed position);
    event NodeUnbound(address indexed operator, uint256 indexed position, uint64 bondedUntil);
    event NodeSlashed(address indexed operator, uint256 indexed position, uint256 amount);
    event NodeSlashSwept(address indexed treasury, uint256 amount);
    event NodeTreasurySet(address treasury);

    error ZeroTreasury();
    error CapOutOfRange(uint256 cap, uint256 min);
    error InvalidGenesisOperator(uint256 index, address operator);
    error WrongPledge(uint256 value, uint256 price);
    error NoPlaceLeft(NodeKind kind, uint256 cap);
    error CoreNotOpen(uint256 cellularPlaces, uint256 cellularCap);
    error WrongNodeState(uint256 position, NodeState state, NodeState expected);
    /// @dev Neither held nor released: the principal is not here any more.
    error PrincipalGone(uint256 position, NodeState state);
    error NodeLocked(uint256 timestamp, uint256 withdrawableAt);
    error NotIdle(uint256 timestamp, uint256 releasableAt);
    error NotCore(uint256 position);
    /// @dev The operator's node `position` is bound, or stands behind its old signatures until `bondedUntil`.
    error NodeStillBound(uint256 position, uint256 bondedUntil);
    error NotBound(address operator);
    error NothingToSlash(address operator);
    error NothingToSweep();

    /// @notice Opens a node of the caller for exactly `priceOf(kind)` wei, if a place is left. A core node needs every
    /// cellular place to have been taken once, but for a genesis operator's first. Reverts with `WrongPledge`,
    /// `EmissionEndsTooEarly`, `NoPlaceLeft`, `CoreNotOpen`, `PokeFirst`.
    /// @param minEmissionEnd Time until which rewards must be funded for the pledge to be wanted; 0: any.
    function pledge(NodeKind kind, uint64 minEmissionEnd) external payable returns (uint256 position);

    /// @notice Closes an ended node and opens a new one with its principal, its place and, if it is bound, its bond. The
    /// old one's reward stays claimable. Owner only. Reverts with `UnknownPosition`, `NotPositionOwner`, `NotEnded`,
    /// `WrongNodeState`, `EmissionEndsTooEarly`, `PokeFirst`.
    function repledge(uint256 position, uint64 minEmissionEnd) external returns (uint256 renewal);

    /// @notice Pays the principal to `to`, from `withdrawableAt` on. It depends on no token, no pause and nobody else.
    /// Owner only. Reverts with `UnknownPosition`, `NotPositionOwner`, `ZeroReceiver`, `PrincipalGone`, `NodeLocked`.
    function withdraw(uint256 position, address to) external returns (uint256 amount);

    /// @notice Gives up the place of a node that ended, and of which nothing is bound, for longer than `IDLE_SECONDS`; its
    /// principal and reward stay its owner's. Anyone may. Reverts with `UnknownPosition`, `WrongNodeState`, `NotIdle`.
    function release(uint256 position) external;

    /// @notice Puts a core node of `operator` behind its signatures. Registry only. Reverts with `UnknownPosition`,
    /// `NotPositionOwner`, `NotCore`, `WrongNodeState`, and with `NodeStillBound` while another node of the operator, or
    /// this one, is bound, or another is not yet free.
    function bind(address operator, uint256 position) external;

    /// @notice Ends the operator's bond: its node is free `BOND_SECONDS` later. Registry only. Reverts with `NotBound`.
    function unbind(address operator) external;

    /// @notice Takes the whole principal of the operator's node, bound or unbound, as long as it is here. Its reward up to
    /// now stays the owner's, claimable from `endOf` on. Registry only. Reverts with `NothingToSlash`, `PokeFirst`.
    function slash(address operator) external returns (uint256 amount);

    /// @notice Pays what was slashed to the treasury. Anyone may. Reverts with `NothingToSweep`.
    function sweepSlashed() external;

    /// @notice Not zero. Timelock only.
    function setTreasury(address treasury) external;

    /// @notice Wei that a node of this kind takes, exactly.
    function priceOf(NodeKind kind) external pure returns (uint256);

    function kindOf(uint256 position) external view returns (NodeKind);

    function stateOf(uint256 position) external view returns (NodeState);

    /// @notice Wei of BNB that the position holds.
    function principalOf(uint256 position) external view returns (uint256);

    /// @notice The largest uint64 while it is bound.
    function withdrawableAt(uint256 position) external view returns (uint64);

    /// @notice The operator's bound node; 0 if none is.
    function boundPosition(address operator) external view returns (uint256);

    /// @notice The operator's latest bond: the node, also after it was unbound or slashed, and the time from which it is free;
    /// the largest uint64 while bound.
    function bondOf(address operator) external view returns (uint256 position, uint64 bondedUntil);

    function isGenesisOperator(address account) external view returns (bool);

    /// @notice Core places kept for genesis operators that have not pledged yet.
    function genesisPlaces() external view returns (uint32);

    /// @notice Places taken.
    function places(NodeKind kind) external view returns (uint32);

    function coreOpen() external view returns (bool);

    /// @notice Wei of BNB that all positions hold.
    function totalPrincipal() external view returns (uint256);

    /// @notice Wei of BNB that was slashed and not swept yet.
    function unswept() external view returns (uint256);

    function treasury() external view returns (address);
}
