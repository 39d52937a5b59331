// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title A managed contract with an emergency brake
/// @notice The pauser stops public entry points at once; the unpauser starts them again. Calls of
/// administration and recovery stay open, so that a stopped contract can be repaired.
/// @dev Closing a target in the AccessManager is no brake: it needs the admin role, waits its delay,
/// and shuts recovery out as well. The paused flag shares its slot with the authority.
abstract contract Stoppable is AccessManaged, Pausable {
    // --- Restricted --------------------------------------------------------------------------

    /// @notice Stops the public entry points. Role: PAUSER.
    function pause() external restricted {
        _pause();
    }

    /// @notice Starts the public entry points again. Role: UNPAUSER.
    function unpause() external restricted {
        _unpause();
    }
}
