// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC1155MetadataURI} from "@openzeppelin/contracts/token/ERC1155/extensions/IERC1155MetadataURI.sol";
import {IGameRegistry} from "./IGameRegistry.sol";

/// @notice A character wears equipment; an item is neither.
enum Kind {
    Character,
    Item,
    Equipment
}

/// @notice What an item is to be.
/// @param unique Each piece has an id of its own, its serial; else all are alike. Characters are.
/// @param bound Never changes hands: whom it was minted to keeps it, or burns it.
/// @param cap Most that are ever minted, burned ones included; for good. Above zero.
/// @param royaltyReceiver Gets `royaltyBps` of each sale; zero only where that is zero.
/// @param royaltyBps At most `MAX_ROYALTY_BPS`; from then on it can only fall.
/// @param uri Its metadata; clients replace `{id}` as ERC-1155 says.
struct ItemParams {
    Kind kind;
    bool unique;
    bool bound;
    uint128 cap;
    address royaltyReceiver;
    uint16 royaltyBps;
    string uri;
}

/// @notice What an item is. `minted - burned` are there.
struct Item {
    uint128 cap;
    uint128 minted;
    uint128 burned;
    uint16 royaltyBps;
    address royaltyReceiver;
    string uri;
}

/// @notice A property of a thing: see `AttributeKey`.
struct Attribute {
    bytes32 key;
    bytes32 value;
}

/// @notice A mint that somebody who speaks for the game has signed.
/// @param to Who receives it, whoever redeems.
/// @param nonce Redeemed once in each game; consecutive ones cost less.
/// @param expiry First second in which it is void.
struct MintVoucher {
    address to;
    uint256 itemId;
    uint256 amount;
    uint256 nonce;
    uint256 expiry;
}

/// @title The games' assets: ERC-1155 tokens of all games
/// @notice Amounts are whole pieces. An id says its game: see `AssetId`. Who speaks for that game (`IGameRegistry`) defines
/// its items, mints and changes them; what is held is moved by its holder and whom this one approved, and by nobody else.
/// Source: COS paper (characters, items and equipment as assets of players), ERC-1155, ERC-2981, ERC-4906, ERC-5192.
interface IGameAssets is IERC1155MetadataURI, IERC2981 {
    event ItemDefined(
        uint256 indexed gameId,
        uint256 indexed itemId,
        Kind kind,
        bool unique,
        bool bound,
        uint128 cap,
        string uri
    );
    event RoyaltySet(uint256 indexed itemId, address receiver, uint16 bps);
    event AttributeSet(uint256 indexed id, bytes32 indexed key, bytes32 value);
    /// @dev ERC-4906, for one id.
    event MetadataUpdate(uint256 tokenId);
    /// @dev ERC-4906, for all ids between.
    event BatchMetadataUpdate(uint256 fromTokenId, uint256 toTokenId);
    /// @dev ERC-5192: `tokenId` never changes hands. Of a stackable item once, at its definition.
    event Locked(uint256 tokenId);
    event VoucherRedeemed(uint256 indexed gameId, uint256 indexed nonce, address signer);
    event VoucherVoided(uint256 indexed gameId, uint256 indexed nonce);
    event ConsentSet(address indexed holder, uint256 indexed gameId, bool given);
    event Equipped(uint256 indexed character, uint256 indexed slot, uint256 indexed piece, address holder);
    event Unequipped(uint256 indexed character, uint256 indexed slot, uint256 indexed piece, address by);
    event Consumed(uint256 indexed gameId, address indexed holder, uint256[] ids, uint256[] amounts);

    error NotAContract(address account);
    /// @dev The caller, or who signed the voucher, is neither the game's developer nor one of its operators.
    error NotSpeaker(uint256 gameId, address account);
    error UnknownAsset(uint256 id);
    error AssetOfOtherGame(uint256 id, uint256 gameId);

    error CharacterNotUnique();
    error ZeroCap();
    error RoyaltyTooHigh(uint256 bps, uint256 max);
    error RoyaltyReceiverMissing(uint256 bps);
    error AttributeKeyMalformed(bytes32 key);
    error AttributeValueMalformed(bytes32 key, bytes32 value);

    error MintsNothing(uint256 itemId);
    /// @dev `left` may still be minted.
    error ItemCapExceeded(uint256 itemId, uint256 amount, uint256 left);
    error VoucherExpired(uint256 timestamp, uint256 expiry);
    error VoucherUsed(uint256 gameId, uint256 nonce);
    error VoucherNotSigned(address signer);

    error ConsentMissing(address holder, uint256 gameId);
    error ConsentExpired(uint256 timestamp, uint256 expiry);
    error ConsentNotSigned(address holder);

    /// @dev A bound item only is minted and burned.
    error AssetBound(uint256 id);
    /// @dev Of the `held` that would remain, `worn` are worn.
    error AssetWorn(uint256 id, uint256 held, uint256 worn);
    error CharacterDressed(uint256 id, uint256 pieces);
    error NotACharacter(uint256 id);
    error NotEquipment(uint256 id);
    /// @dev The holder has no such character, or no piece that isn't worn already.
    error NothingToEquip(address holder, uint256 id);
    error SlotTaken(uint256 character, uint256 slot, uint256 piece);
    error SlotEmpty(uint256 character, uint256 slot);

    /// @notice Defines an item of the game. Who speaks for the game; not of a retired game.
    function defineItem(uint256 gameId, ItemParams calldata params) external returns (uint256 itemId);

    /// @notice Replaces an item's metadata. Who speaks for its game.
    function setURI(uint256 itemId, string calldata uri) external;

    /// @notice Changes who gets the royalty, and lowers it. Who speaks for its game.
    function setRoyalty(uint256 itemId, address receiver, uint16 bps) external;

    /// @notice Sets attributes of a piece, or by an item's id what holds for all of its pieces that have no value of their
    /// own. The value zero takes an attribute away. Who speaks for the game.
    function setAttributes(uint256 id, Attribute[] calldata attributes) external;

    /// @notice Mints `amount` pieces to `to`, of a unique item with consecutive serials. Who speaks for the game; not of a
    /// retired one. A receiver that is a contract has to accept.
    /// @return firstId Id of the pieces, or of the first of them.
    function mint(address to, uint256 itemId, uint256 amount) external returns (uint256 firstId);

    /// @notice Mints several items of one game in one transfer; otherwise as `mint`.
    function mintBatch(
        uint256 gameId,
        address to,
        uint256[] calldata itemIds,
        uint256[] calldata amounts
    ) external returns (uint256[] memory firstIds);

    /// @notice Mints what a voucher says, once. Anyone may call.
    /// @param signer Who signed, and speaks for the game now; an account, or a contract by ERC-1271.
    function redeem(
        MintVoucher calldata voucher,
        address signer,
        bytes calldata signature
    ) external returns (uint256 firstId);

    /// @notice Makes vouchers void, but for those that are used already. Who speaks for the game.
    function voidVouchers(uint256 gameId, uint256[] calldata nonces) external;

    /// @notice Lets the game put equipment on the caller's characters and consume the caller's items of that game, or no
    /// longer. Voids what the caller has signed for `setConsentFor` so far.
    function setConsent(uint256 gameId, bool given) external;

    /// @notice The same for a holder that signed `consentDigest`. Anyone may call.
    /// @param expiry First second in which the signature is void.
    function setConsentFor(
        address holder,
        uint256 gameId,
        bool given,
        uint256 expiry,
        bytes calldata signature
    ) external;

    /// @notice Puts one piece of the holder's on its character. What is worn, and who wears it, stay where they are until it
    /// is taken off. Who speaks for the game of both, with the holder's consent.
    function equip(address holder, uint256 character, uint8 slot, uint256 piece) external;

    /// @notice Takes off what is in the slot. Who speaks for the game, or at any time the holder.
    function unequip(uint256 character, uint8 slot) external;

    /// @notice Burns what the game used up. Who speaks for the game, with the holder's consent.
    function consume(uint256 gameId, address holder, uint256[] calldata ids, uint256[] calldata amounts) external;

    /// @notice Burns pieces of `account`, who calls or has approved the caller.
    function burn(address account, uint256 id, uint256 value) external;

    function burnBatch(address account, uint256[] calldata ids, uint256[] calldata values) external;

    /// @notice An item by its id or by that of one of its pieces. Reverts for an unknown one.
    function itemOf(uint256 id) external view returns (Item memory);

    /// @notice Items defined of the game.
    function itemCount(uint256 gameId) external view returns (uint256);

    /// @notice Pieces of an item that are there.
    function supplyOf(uint256 itemId) external view returns (uint256);

    /// @notice An attribute of a piece: its own, else its item's, else zero.
    function attributeOf(uint256 id, bytes32 key) external view returns (bytes32);

    /// @notice ERC-5192: whether `id` never changes hands. Reverts for an unknown one.
    function locked(uint256 id) external view returns (bool);

    /// @notice What of the holder's `id` can be moved now.
    function transferableOf(address holder, uint256 id) external view returns (uint256);

    /// @notice How many of the holder's `id` its characters wear.
    function wornOf(address holder, uint256 id) external view returns (uint256);

    /// @notice What the character wears in the slot; zero for nothing.
    function equippedIn(uint256 character, uint8 slot) external view returns (uint256 piece);

    /// @notice How many slots of the character are taken.
    function piecesOn(uint256 character) external view returns (uint256);

    /// @notice Whether the holder lets the game equip and consume.
    function consents(address holder, uint256 gameId) external view returns (bool);

    function isVoucherUsed(uint256 gameId, uint256 nonce) external view returns (bool);

    /// @notice What who speaks for the game signs.
    function voucherDigest(MintVoucher calldata voucher) external view returns (bytes32);

    /// @notice What the holder signs, with its present nonce.
    function consentDigest(address holder, uint256 gameId, bool given, uint256 expiry) external view returns (bytes32);

    // solhint-disable func-name-mixedcase
    function REGISTRY() external view returns (IGameRegistry);

    function MAX_ROYALTY_BPS() external view returns (uint16);
}
