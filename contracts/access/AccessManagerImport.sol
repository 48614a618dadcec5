// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// OpenZeppelin's contract is deployed as it is; this import puts it into the build.
// solhint-disable-next-line no-unused-import
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
