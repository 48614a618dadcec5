// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IOutbox} from "../crosschain/IOutbox.sol";
import {Status} from "../crosschain/types/QCP.sol";

/// @notice Who may do what on a token from its first block on. The zero address leaves a role ungranted.
/// @param admin Grants and revokes the other roles; never zero.
/// @param adminDelay Seconds that a change of the admin waits, and a link or a higher limit.
/// @param freezer Freezes and unfreezes; @param pauser Pauses and unpauses; @param banker Issues, at home only.
/// @param linker Links counterparts on other chains, each once, and limits what they may release here.
struct QSCRoles {
    address admin;
    uint48 adminDelay;
    address freezer;
    address pauser;
    address banker;
    address linker;
}

/// @notice An initial holder. Its amount counts as issuance.
struct QSCHolding {
    address account;
    uint256 amount;
}

/// @notice What a QSC is made from. `cap` and `holdings` are empty away from home.
/// @param name At most 31 bytes.
/// @param decimals For display only.
/// @param homeChainId Where it is issued; on any other chain the token is a counterpart.
/// @param cap Most that is ever issued; 0: as much as votes can count, 2^208 − 1.
struct QSCParams {
    string name;
    string symbol;
    uint8 decimals;
    uint64 homeChainId;
    uint256 cap;
    QSCRoles roles;
    QSCHolding[] holdings;
}

/// @notice What a chain may release here: at most `capacity` at once, and again as `window` passes; any span of `window`
/// seconds sees at most twice the capacity.
/// @param capacity At most 2^96 − 1; 0: nothing.
/// @param window Seconds, 1 to 2^24 − 1.
struct Inbound {
    uint256 capacity;
    uint256 window;
}

/// @title QSC: a token that can be issued, frozen, paused and moved between chains
/// @notice Beside ERC-20, ERC-2612 and ERC-5805 on a timestamp clock (ERC-6372). Source: CHAOS paper (QSC).
/// Amounts are in the token's smallest unit. A pause stops every movement of tokens but a reclaim.
interface IQSC {
    /// @dev ERC-7943, at every change: `amount` is what is frozen from now on.
    event Frozen(address indexed account, uint256 amount);
    /// @dev Beside `Frozen`, where the amount fell: `amount` is what was released.
    event Unfrozen(address indexed account, uint256 amount);
    event Issued(address indexed to, uint256 amount);
    /// @dev `amount` was burned here; `to` is an ERC-7930 address.
    event Exchanged(bytes32 indexed sendId, address indexed from, bytes to, uint256 amount);
    /// @dev `amount` was minted here; `from` is an ERC-7930 address.
    event ExchangeReceived(bytes32 indexed receiveId, bytes from, address indexed to, uint256 amount);
    /// @dev The limit of a chain is this one from second `from` on.
    event InboundLimitSet(uint64 indexed chainId, uint256 capacity, uint256 window, uint256 from);
    event Reclaimed(bytes32 indexed sendId, address indexed to, uint256 amount);

    /// @dev ERC-7943: the balance would suffice, its unfrozen part does not.
    error ERC7943InsufficientUnfrozenBalance(address account, uint256 amount, uint256 unfrozen);
    error FreezeOverflow(uint256 amount, uint256 max);
    error UnfreezeExceedsFrozen(uint256 amount, uint256 frozen);
    /// @dev Issue, cap and initial holders exist on the home chain only.
    error HomeChainOnly(uint256 chainId, uint64 homeChainId);
    error CapOutOfRange(uint256 cap, uint256 max);
    error CapExceeded(uint256 amount, uint256 issuable);
    error InvalidLink(uint64 chainId, address counterpart);
    error ChainNotLinked(uint256 chainId);
    error InvalidExchangeRecipient(bytes to);
    error ExchangeAmountOutOfRange(uint256 amount, uint256 max);
    error ExchangePayloadMalformed(bytes payload);
    /// @dev The exchange fails here, and is given back where it came from.
    error InboundLimitExceeded(uint64 chainId, uint256 amount, uint256 available);
    error InboundOutOfRange(uint256 capacity, uint256 window);
    error NothingToReclaim(bytes32 sendId);
    error NotReclaimable(bytes32 sendId, Status status);

    /// @notice Freezes `amount` more of what `account` has or will have. It may exceed the balance and never hinders
    /// receiving. Freezer only; reverts with FreezeOverflow.
    function frozen(address account, uint256 amount) external;

    /// @notice Releases `amount` of what is frozen. Freezer only; reverts with UnfreezeExceedsFrozen.
    function unfrozen(address account, uint256 amount) external;

    /// @notice ERC-7943: sets what is frozen. Freezer only.
    /// @return result Always true.
    function setFrozenTokens(address account, uint256 amount) external returns (bool result);

    /// @notice Stops transfers, issue, exchange and inbound exchange; a reclaim, approvals and delegation go on.
    /// Pauser only.
    function pause() external;

    /// @notice Pauser only.
    function unpause() external;

    /// @notice Mints `amount` to `to` within the cap. Banker only, at home only.
    function issue(address to, uint256 amount) external;

    /// @notice Names the counterpart on another chain, for good, and what it may release here, from the admin's delay
    /// after now on: until then nothing. Linker only.
    function link(uint64 chainId, address counterpart, Inbound calldata inbound) external;

    /// @notice Changes what a linked chain may release here. A limit that is lower, or as low, in capacity and in rate is
    /// the limit at once, and nothing follows it: linker or pauser. Any other takes over after the admin's delay, and
    /// replaces one that waits: linker only. A reclaim is never limited.
    function setInboundLimit(uint64 chainId, Inbound calldata inbound) external;

    /// @notice Burns `amount` of the caller's spendable tokens; the counterpart mints them on the chain of `to`. If
    /// that fails, `qcpReclaim` gives them back. The value of the call is `qcpFee`, which is not given back.
    /// @param to ERC-7930 address of the recipient on a linked chain.
    /// @param amount 1 to 2^96 − 1.
    /// @return sendId The gateway's id of the message.
    function qcpExchange(bytes calldata to, uint256 amount) external payable returns (bytes32 sendId);

    /// @notice As `qcpExchange`; delivered after `deadline` it fails, and can be reclaimed.
    /// @param deadline Unix seconds.
    function qcpExchangeUntil(
        bytes calldata to,
        uint256 amount,
        uint256 deadline
    ) external payable returns (bytes32 sendId);

    /// @notice Gives an exchange that finally failed back to its holder, once. Anyone may call, also during a pause.
    function qcpReclaim(bytes32 sendId) external;

    /// @notice Wei that an exchange with a chain costs now; reverts with ChainNotLinked.
    function qcpFee(uint64 chainId) external view returns (uint256);

    /// @notice What a chain may release here: its limit, what of it is left now, and the limit that follows from second
    /// `from` on; `from` is 0 where none does.
    function inboundLimit(
        uint64 chainId
    ) external view returns (Inbound memory inbound, uint256 available, Inbound memory next, uint256 from);

    /// @notice What is frozen of `account`; it may exceed the balance.
    function frozenAmount(address account) external view returns (uint256);

    /// @notice ERC-7943 name of `frozenAmount`.
    function getFrozenTokens(address account) external view returns (uint256 amount);

    /// @notice max(0, balance − frozen).
    function spendable(address account) external view returns (uint256);

    /// @notice Balance of `account` at the end of second `timepoint`, which has passed.
    function balanceOfAt(address account, uint256 timepoint) external view returns (uint256);

    /// @notice What was burned for `sendId` and not given back; it stays on record where the exchange succeeded.
    function exchangeOf(bytes32 sendId) external view returns (address holder, uint256 amount);

    /// @notice Cumulative issuance, initial holdings included. Exchange and reclaim never change it.
    function issued() external view returns (uint256);

    // solhint-disable func-name-mixedcase
    /// @notice Most that is ever issued; 0 away from home.
    function CAP() external view returns (uint256);

    function HOME_CHAIN_ID() external view returns (uint64);

    /// @notice The only gateway that it sends through and receives from.
    function GATEWAY() external view returns (IOutbox);
}
