// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title What governance decided waits here
/// @notice OpenZeppelin's TimelockController, whose delay is held within hard bounds whatever it is
/// set to. It is the administrator of the Authority; its own roles belong to the governor.
contract FictraTimelock is TimelockController {
    // --- Constants ---------------------------------------------------------------------------

    /// @notice No decision waits for less.
    uint256 public constant SHORTEST_DELAY = 1 hours;
    /// @notice No decision waits for more.
    uint256 public constant LONGEST_DELAY = 30 days;

    // --- Construction ------------------------------------------------------------------------

    /// @param minDelay Seconds between a decision and its execution.
    /// @param executors Who may execute; the zero address for everybody.
    /// @param admin Sets the roles up and renounces then.
    constructor(
        uint256 minDelay,
        address[] memory executors,
        address admin
    ) TimelockController(minDelay, new address[](0), executors, admin) {}

    // --- Views -------------------------------------------------------------------------------

    /// @inheritdoc TimelockController
    function getMinDelay() public view override returns (uint256) {
        uint256 delay = super.getMinDelay();
        if (delay < SHORTEST_DELAY) return SHORTEST_DELAY;
        return delay > LONGEST_DELAY ? LONGEST_DELAY : delay;
    }
}
