// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Burnable} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Burnable.sol";
import {IERC1155MetadataURI} from "@openzeppelin/contracts/token/ERC1155/extensions/IERC1155MetadataURI.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Attribute, IGameAssets, Item, ItemParams, Kind, MintVoucher} from "./IGameAssets.sol";
import {IGameRegistry} from "./IGameRegistry.sol";
import {AccountSignature} from "./libraries/AccountSignature.sol";
import {AssetId} from "./libraries/AssetId.sol";
import {AttributeKey} from "./libraries/AttributeKey.sol";

/// @title GameAssets
/// @notice See `IGameAssets` and the README of this folder.
contract GameAssets is IGameAssets, ERC1155Burnable, EIP712, Nonces, Multicall {
    using AssetId for uint256;
    using BitMaps for BitMaps.BitMap;

    /// @dev Who wears how many pieces: as long as there are any, the character stays with `holder`.
    struct Outfit {
        address holder;
        uint16 pieces;
    }

    /// @inheritdoc IGameAssets
    uint16 public constant MAX_ROYALTY_BPS = 1_000;
    uint256 private constant BPS = 10_000;
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "MintVoucher(address to,uint256 itemId,uint256 amount,uint256 nonce,uint256 expiry)"
    );
    bytes32 private constant CONSENT_TYPEHASH = keccak256(
        "Consent(address holder,uint256 gameId,bool given,uint256 nonce,uint256 expiry)"
    );

    /// @inheritdoc IGameAssets
    IGameRegistry public immutable REGISTRY;

    /// @inheritdoc IGameAssets
    mapping(uint256 gameId => uint256) public itemCount;
    /// @inheritdoc IGameAssets
    mapping(address holder => mapping(uint256 gameId => bool)) public consents;
    /// @inheritdoc IGameAssets
    mapping(address holder => mapping(uint256 id => uint256)) public wornOf;
    /// @inheritdoc IGameAssets
    mapping(uint256 character => mapping(uint8 slot => uint256 piece)) public equippedIn;
    mapping(uint256 itemId => Item) private _items;
    mapping(uint256 id => mapping(bytes32 key => bytes32)) private _attributes;
    mapping(uint256 character => Outfit) private _outfits;
    mapping(uint256 gameId => BitMaps.BitMap) private _usedNonces;

    constructor(IGameRegistry registry) ERC1155("") EIP712("GameAssets", "1") {
        if (address(registry).code.length == 0) revert NotAContract(address(registry));
        REGISTRY = registry;
    }

    /// @inheritdoc IGameAssets
    function defineItem(uint256 gameId, ItemParams calldata params) external returns (uint256 itemId) {
        // Check
        _requireSpeaker(gameId, msg.sender);
        _requireRunning(gameId);
        if (params.kind == Kind.Character && !params.unique) revert CharacterNotUnique();
        if (params.cap == 0) revert ZeroCap();
        _requireRoyalty(params.royaltyReceiver, params.royaltyBps, MAX_ROYALTY_BPS);

        // Effect
        itemId = AssetId.ofItem(gameId, params.kind, params.unique, params.bound, ++itemCount[gameId]);
        _items[itemId] = Item(params.cap, 0, 0, params.royaltyBps, params.royaltyReceiver, params.uri);
        emit ItemDefined(gameId, itemId, params.kind, params.unique, params.bound, params.cap, params.uri);
        emit RoyaltySet(itemId, params.royaltyReceiver, params.royaltyBps);
        emit URI(params.uri, itemId);
        if (params.bound && !params.unique) emit Locked(itemId);
    }

    /// @inheritdoc IGameAssets
    function setURI(uint256 itemId, string calldata newURI) external {
        // Check
        _requireSpeaker(itemId.gameOf(), msg.sender);
        Item storage item = _requireItem(itemId);

        // Effect
        item.uri = newURI;
        emit URI(newURI, itemId);
        _announce(itemId);
    }

    /// @inheritdoc IGameAssets
    function setRoyalty(uint256 itemId, address receiver, uint16 bps) external {
        // Check
        _requireSpeaker(itemId.gameOf(), msg.sender);
        Item storage item = _requireItem(itemId);
        _requireRoyalty(receiver, bps, item.royaltyBps);

        // Effect
        (item.royaltyReceiver, item.royaltyBps) = (receiver, bps);
        emit RoyaltySet(itemId, receiver, bps);
    }

    /// @inheritdoc IGameAssets
    function setAttributes(uint256 id, Attribute[] calldata attributes) external {
        // Check
        _requireSpeaker(id.gameOf(), msg.sender);
        _requireAsset(id);

        // Effect
        for (uint256 i = 0; i < attributes.length; ++i) {
            (bytes32 key, bytes32 value) = (attributes[i].key, attributes[i].value);
            if (!AttributeKey.isKey(key)) revert AttributeKeyMalformed(key);
            if (!AttributeKey.isValue(key, value)) revert AttributeValueMalformed(key, value);
            _attributes[id][key] = value;
            emit AttributeSet(id, key, value);
        }
        _announce(id);
    }

    /// @inheritdoc IGameAssets
    function mint(address to, uint256 itemId, uint256 amount) external returns (uint256 firstId) {
        _requireSpeaker(itemId.gameOf(), msg.sender);
        _requireRunning(itemId.gameOf());
        return _mintItem(to, itemId, amount);
    }

    /// @inheritdoc IGameAssets
    function mintBatch(
        uint256 gameId,
        address to,
        uint256[] calldata itemIds,
        uint256[] calldata amounts
    ) external returns (uint256[] memory firstIds) {
        // Check
        _requireSpeaker(gameId, msg.sender);
        _requireRunning(gameId);
        if (itemIds.length != amounts.length) revert ERC1155InvalidArrayLength(itemIds.length, amounts.length);

        // Effect
        firstIds = new uint256[](itemIds.length);
        uint256 entries = 0;
        for (uint256 i = 0; i < itemIds.length; ++i) {
            _requireOfGame(itemIds[i], gameId);
            firstIds[i] = _reserve(itemIds[i], amounts[i]);
            entries += itemIds[i].isUnique() ? amounts[i] : 1;
        }
        uint256[] memory ids = new uint256[](entries);
        uint256[] memory values = new uint256[](entries);
        uint256 at = 0;
        for (uint256 i = 0; i < itemIds.length; ++i) at = _list(firstIds[i], amounts[i], ids, values, at);

        // Interaction
        _mintBatch(to, ids, values, "");
    }

    /// @inheritdoc IGameAssets
    function redeem(
        MintVoucher calldata voucher,
        address signer,
        bytes calldata signature
    ) external returns (uint256 firstId) {
        // Check
        uint256 gameId = voucher.itemId.gameOf();
        if (block.timestamp >= voucher.expiry) revert VoucherExpired(block.timestamp, voucher.expiry);
        if (_usedNonces[gameId].get(voucher.nonce)) revert VoucherUsed(gameId, voucher.nonce);
        _requireSpeaker(gameId, signer);
        _requireRunning(gameId);
        if (!AccountSignature.isBy(signer, voucherDigest(voucher), signature)) revert VoucherNotSigned(signer);

        // Effect
        _usedNonces[gameId].set(voucher.nonce);
        emit VoucherRedeemed(gameId, voucher.nonce, signer);

        // Interaction
        return _mintItem(voucher.to, voucher.itemId, voucher.amount);
    }

    /// @inheritdoc IGameAssets
    function voidVouchers(uint256 gameId, uint256[] calldata nonces) external {
        // Check
        _requireSpeaker(gameId, msg.sender);

        // Effect
        for (uint256 i = 0; i < nonces.length; ++i) {
            // Whoever redeems one of them in time must not save the others.
            if (_usedNonces[gameId].get(nonces[i])) continue;
            _usedNonces[gameId].set(nonces[i]);
            emit VoucherVoided(gameId, nonces[i]);
        }
    }

    /// @inheritdoc IGameAssets
    function setConsent(uint256 gameId, bool given) external {
        // An older signature must not bring back what is withdrawn here.
        _useNonce(msg.sender);
        _setConsent(msg.sender, gameId, given);
    }

    /// @inheritdoc IGameAssets
    function setConsentFor(
        address holder,
        uint256 gameId,
        bool given,
        uint256 expiry,
        bytes calldata signature
    ) external {
        // Check
        if (block.timestamp >= expiry) revert ConsentExpired(block.timestamp, expiry);
        bytes32 digest = consentDigest(holder, gameId, given, expiry);
        if (!AccountSignature.isBy(holder, digest, signature)) revert ConsentNotSigned(holder);

        // Effect
        _useNonce(holder);
        _setConsent(holder, gameId, given);
    }

    /// @inheritdoc IGameAssets
    function equip(address holder, uint256 character, uint8 slot, uint256 piece) external {
        // Check
        uint256 gameId = character.gameOf();
        _requireSpeaker(gameId, msg.sender);
        if (!consents[holder][gameId]) revert ConsentMissing(holder, gameId);
        _requireOfGame(piece, gameId);
        if (!character.isKind(Kind.Character)) revert NotACharacter(character);
        if (!piece.isKind(Kind.Equipment)) revert NotEquipment(piece);
        if (balanceOf(holder, character) == 0) revert NothingToEquip(holder, character);
        uint256 worn = wornOf[holder][piece];
        if (balanceOf(holder, piece) <= worn) revert NothingToEquip(holder, piece);
        uint256 present = equippedIn[character][slot];
        if (present != 0) revert SlotTaken(character, slot, present);

        // Effect
        equippedIn[character][slot] = piece;
        wornOf[holder][piece] = worn + 1;
        _outfits[character] = Outfit(holder, _outfits[character].pieces + 1);
        emit Equipped(character, slot, piece, holder);
        emit MetadataUpdate(character);
    }

    /// @inheritdoc IGameAssets
    function unequip(uint256 character, uint8 slot) external {
        // Check
        Outfit memory outfit = _outfits[character];
        if (msg.sender != outfit.holder) _requireSpeaker(character.gameOf(), msg.sender);
        uint256 piece = equippedIn[character][slot];
        if (piece == 0) revert SlotEmpty(character, slot);

        // Effect
        delete equippedIn[character][slot];
        --wornOf[outfit.holder][piece];
        _outfits[character].pieces = outfit.pieces - 1;
        emit Unequipped(character, slot, piece, msg.sender);
        emit MetadataUpdate(character);
    }

    /// @inheritdoc IGameAssets
    function consume(uint256 gameId, address holder, uint256[] calldata ids, uint256[] calldata amounts) external {
        // Check
        _requireSpeaker(gameId, msg.sender);
        if (!consents[holder][gameId]) revert ConsentMissing(holder, gameId);
        for (uint256 i = 0; i < ids.length; ++i) _requireOfGame(ids[i], gameId);

        // Effect
        _burnBatch(holder, ids, amounts);
        emit Consumed(gameId, holder, ids, amounts);
    }

    /// @inheritdoc IGameAssets
    function burn(address account, uint256 id, uint256 value) public override(ERC1155Burnable, IGameAssets) {
        super.burn(account, id, value);
    }

    /// @inheritdoc IGameAssets
    function burnBatch(
        address account,
        uint256[] memory ids,
        uint256[] memory values
    ) public override(ERC1155Burnable, IGameAssets) {
        super.burnBatch(account, ids, values);
    }

    /// @inheritdoc IGameAssets
    function itemOf(uint256 id) external view returns (Item memory) {
        return _requireItem(id.itemOf());
    }

    /// @inheritdoc IGameAssets
    function supplyOf(uint256 itemId) external view returns (uint256) {
        Item storage item = _requireItem(itemId);
        return item.minted - item.burned;
    }

    /// @inheritdoc IGameAssets
    function attributeOf(uint256 id, bytes32 key) external view returns (bytes32) {
        bytes32 own = _attributes[id][key];
        return own == 0 ? _attributes[id.itemOf()][key] : own;
    }

    /// @inheritdoc IGameAssets
    function locked(uint256 id) external view returns (bool) {
        _requireAsset(id);
        return id.isBound();
    }

    /// @inheritdoc IGameAssets
    function transferableOf(address holder, uint256 id) external view returns (uint256) {
        if (id.isBound() || _outfits[id].pieces != 0) return 0;
        return balanceOf(holder, id) - wornOf[holder][id];
    }

    /// @inheritdoc IGameAssets
    function piecesOn(uint256 character) external view returns (uint256) {
        return _outfits[character].pieces;
    }

    /// @inheritdoc IGameAssets
    function isVoucherUsed(uint256 gameId, uint256 nonce) external view returns (bool) {
        return _usedNonces[gameId].get(nonce);
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 id, uint256 salePrice) external view returns (address receiver, uint256 amount) {
        Item storage item = _items[id.itemOf()];
        return (item.royaltyReceiver, Math.mulDiv(salePrice, item.royaltyBps, BPS));
    }

    /// @inheritdoc IGameAssets
    function voucherDigest(MintVoucher calldata voucher) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, voucher)));
    }

    /// @inheritdoc IGameAssets
    function consentDigest(address holder, uint256 gameId, bool given, uint256 expiry) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CONSENT_TYPEHASH, holder, gameId, given, nonces(holder), expiry)));
    }

    /// @inheritdoc IERC1155MetadataURI
    function uri(uint256 id) public view override(ERC1155, IERC1155MetadataURI) returns (string memory) {
        return _requireItem(id.itemOf()).uri;
    }

    /// @notice ERC-165: ERC-1155 with its metadata, and ERC-2981. The ids of ERC-4906 and ERC-5192 promise an ERC-721 token.
    function supportsInterface(bytes4 interfaceId) public view override(ERC1155, IERC165) returns (bool) {
        return interfaceId == type(IERC2981).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Every way of a piece. What is bound doesn't change hands; what is worn, and who wears it, stay. Looks at balances
    /// afterwards: a batch may name one id twice.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        super._update(from, to, ids, values);
        if (from == address(0)) return;
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 id = ids[i];
            // No more is burned than was minted, which has 128 bits.
            if (to == address(0)) _items[id.itemOf()].burned += uint128(values[i]);
            else if (id.isBound()) revert AssetBound(id);
            if (id.isKind(Kind.Equipment)) {
                (uint256 held, uint256 worn) = (balanceOf(from, id), wornOf[from][id]);
                if (held < worn) revert AssetWorn(id, held, worn);
            } else if (id.isKind(Kind.Character)) {
                uint256 pieces = _outfits[id].pieces;
                if (pieces != 0) revert CharacterDressed(id, pieces);
            }
        }
    }

    function _mintItem(address to, uint256 itemId, uint256 amount) private returns (uint256 firstId) {
        firstId = _reserve(itemId, amount);
        if (amount == 1 || !itemId.isUnique()) {
            _mint(to, firstId, amount, "");
        } else {
            uint256[] memory ids = new uint256[](amount);
            uint256[] memory values = new uint256[](amount);
            _list(firstId, amount, ids, values, 0);
            _mintBatch(to, ids, values, "");
        }
    }

    /// @dev Counts `amount` more as minted.
    function _reserve(uint256 itemId, uint256 amount) private returns (uint256 firstId) {
        // Check
        Item storage item = _requireItem(itemId);
        if (amount == 0) revert MintsNothing(itemId);
        uint256 minted = item.minted;
        uint256 left = item.cap - minted;
        if (amount > left) revert ItemCapExceeded(itemId, amount, left);

        // Effect: the sum is at most the cap
        item.minted = uint128(minted + amount);
        if (!itemId.isUnique()) return itemId;
        firstId = itemId + minted + 1;
        if (itemId.isBound()) for (uint256 i = 0; i < amount; ++i) emit Locked(firstId + i);
    }

    /// @dev Writes what is minted into `ids` and `values` from `at` on; returns where that ends.
    function _list(
        uint256 firstId,
        uint256 amount,
        uint256[] memory ids,
        uint256[] memory values,
        uint256 at
    ) private pure returns (uint256) {
        if (!firstId.isUnique()) {
            (ids[at], values[at]) = (firstId, amount);
            return at + 1;
        }
        for (uint256 i = 0; i < amount; ++i) (ids[at + i], values[at + i]) = (firstId + i, 1);
        return at + amount;
    }

    function _setConsent(address holder, uint256 gameId, bool given) private {
        consents[holder][gameId] = given;
        emit ConsentSet(holder, gameId, given);
    }

    /// @dev An item's id stands for all of its pieces.
    function _announce(uint256 id) private {
        if (id.isUnique() && id.serialOf() == 0) emit BatchMetadataUpdate(id, id + type(uint128).max);
        else emit MetadataUpdate(id);
    }

    function _requireSpeaker(uint256 gameId, address account) private view {
        if (!REGISTRY.speaksFor(gameId, account)) revert NotSpeaker(gameId, account);
    }

    /// @dev The registry reverts for a retired game.
    function _requireRunning(uint256 gameId) private view {
        REGISTRY.rulesForNew(gameId);
    }

    function _requireOfGame(uint256 id, uint256 gameId) private pure {
        if (id.gameOf() != gameId) revert AssetOfOtherGame(id, gameId);
    }

    function _requireItem(uint256 itemId) private view returns (Item storage item) {
        item = _items[itemId];
        if (item.cap == 0) revert UnknownAsset(itemId);
    }

    /// @dev An item, or a piece that was minted.
    function _requireAsset(uint256 id) private view {
        Item storage item = _items[id.itemOf()];
        uint256 minted = id.isUnique() ? item.minted : 0;
        if (item.cap == 0 || id.serialOf() > minted) revert UnknownAsset(id);
    }

    function _requireRoyalty(address receiver, uint256 bps, uint256 max) private pure {
        if (bps > max) revert RoyaltyTooHigh(bps, max);
        if (receiver == address(0) && bps != 0) revert RoyaltyReceiverMissing(bps);
    }
}
