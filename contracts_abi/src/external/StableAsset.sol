// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title The outside stable coin
/// @notice Stands for the stable asset that the network does not govern: its owner mints, and none of
/// the network's roles reaches it.
contract StableAsset is ERC20, Ownable {
    // --- Construction ------------------------------------------------------------------------

    /// @param initialOwner Mints.
    constructor(address initialOwner) ERC20("Stable Asset", "USD") Ownable(initialOwner) {}

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Creates `amount` for `to`. Owner only.
    /// @param to Receiver.
    /// @param amount Units of 1e-6.
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
