// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What the validator registry needs of the staked nodes
/// @notice A core node's principal, 100 BNB, is the deposit behind its owner's signatures. `NodeStaking` fulfils this.
interface ICoreNodes {
    /// @notice Binds `operator`'s open core node `position` as its deposit. Only the registry may call. Reverts unless
    /// the node is a core node that `operator` owns, neither slashed nor bound.
    function bind(address operator, uint256 position) external;

    /// @notice Starts the 15 days after which a bound principal may leave. Only the registry may call.
    function unbind(address operator) external;

    /// @notice Takes the whole principal behind `operator`, bound or unbound, as long as it is here. Only the registry may
    /// call; reverts where nothing is left.
    function slash(address operator) external returns (uint256 amount);

    /// @notice The position that stands behind `operator`, through a renewal and after `unbind` as well, 0 if none ever
    /// did; and the Unix seconds from which it is free, the largest uint64 while it is bound.
    function bondOf(address operator) external view returns (uint256 position, uint64 bondedUntil);

    /// @notice Wei held for `position`; 0 once it is paid out or slashed.
    function principalOf(uint256 position) external view returns (uint256);

    /// @notice One of the configured operators whose keys are the first set.
    function isGenesisOperator(address account) external view returns (bool);
}
