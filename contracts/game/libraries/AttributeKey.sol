// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What the value of an attribute is. `None` is no type: a key of zeros names nothing.
enum AttributeType {
    None,
    Uint,
    Int,
    Bool,
    Text,
    Address
}

/// @title Keys of attributes: a name of 1 to 31 bytes, zeros, and in the last byte its type
/// @notice A key says how its value reads, so that every reader shows it alike.
library AttributeKey {
    uint256 private constant TYPE_MASK = 0xff;

    /// @notice Whether `key` has a name and a known type, and nothing between the two.
    function isKey(bytes32 key) internal pure returns (bool) {
        uint256 name = uint256(key) & ~TYPE_MASK;
        uint256 kind = uint256(key) & TYPE_MASK;
        return name != 0 && _isText(name) && kind != 0 && kind <= uint256(type(AttributeType).max);
    }

    /// @notice Whether `value` is one of the key's type. Zero always is, and means that the attribute isn't there.
    function isValue(bytes32 key, bytes32 value) internal pure returns (bool) {
        AttributeType kind = AttributeType(uint256(key) & TYPE_MASK);
        uint256 word = uint256(value);
        if (kind == AttributeType.Bool) return word <= 1;
        if (kind == AttributeType.Text) return _isText(word);
        if (kind == AttributeType.Address) return word <= type(uint160).max;
        return true;
    }

    /// @dev Nothing follows the first zero byte.
    function _isText(uint256 word) private pure returns (bool) {
        while (word >> 248 != 0) word <<= 8;
        return word == 0;
    }
}
