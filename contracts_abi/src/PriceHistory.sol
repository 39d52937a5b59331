// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The time-weighted price of a pool
/// @notice Uniswap v2's accumulators with v3's ring of observations: the sum of price times seconds
/// is kept in both directions, and set aside every `SPACING` seconds at most, so that an average over
/// a window needs no outside keeper.
/// @dev A price is fixed-point with 32 fractional bits; a sum has 112 bits and wraps. The latest sums
/// and each observation are one slot: ptCumulative, stableCumulative, timestamp. A price that no
/// 48 bits hold, which no pool of like assets reaches, counts as the highest that they do.
/// Source: Uniswap v2 core, UniswapV2Pair._update; v3 core, Oracle.sol.
library PriceHistory {
    // --- Types -------------------------------------------------------------------------------

    /// @dev The sums at a moment.
    struct Observation {
        uint112 pt;
        uint112 stable;
        uint32 timestamp;
    }

    /// @dev The sums at the last change of the reserves, and the ring.
    struct History {
        uint112 pt;
        uint112 stable;
        uint32 count;
        Observation[128] ring;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @dev A price of 1.00.
    uint256 internal constant ONE = 2 ** 32;
    /// @dev Observations that are kept.
    uint32 internal constant KEPT = 128;
    /// @dev Seconds between observations at least: the ring reaches back a day and more.
    uint32 internal constant SPACING = 15 minutes;
    uint256 private constant MAX_PRICE = 2 ** 80 - 1;
    uint256 private constant DECIMALS = 1e8;

    // --- Errors ------------------------------------------------------------------------------

    /// @notice No observation is as old as `window` seconds.
    error NoObservation(uint32 window);

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Adds the time since `updatedAt` at the reserves that stood until now.
    function record(
        History storage self,
        uint256 reservePt,
        uint256 reserveStable,
        uint32 updatedAt
    ) internal {
        (uint112 pt, uint112 stable) = now_(self, reservePt, reserveStable, updatedAt);
        uint32 count = self.count;
        if (count == 0 || block.timestamp - self.ring[(count - 1) % KEPT].timestamp >= SPACING) {
            self.ring[count % KEPT] = Observation(pt, stable, uint32(block.timestamp));
            ++count;
        }
        (self.pt, self.stable, self.count) = (pt, stable, count);
    }

    /// @dev The sums as of this block.
    function now_(
        History storage self,
        uint256 reservePt,
        uint256 reserveStable,
        uint32 updatedAt
    ) internal view returns (uint112 pt, uint112 stable) {
        (pt, stable) = (self.pt, self.stable);
        if (reservePt == 0 || reserveStable == 0) return (pt, stable);
        unchecked {
            uint256 elapsed = uint32(block.timestamp) - updatedAt; // below 2^32: no product overflows
            pt += uint112(_price(reserveStable, reservePt) * elapsed);
            stable += uint112(_price(reservePt, reserveStable) * elapsed);
        }
    }

    /// @dev The average since the last observation that is at least `window` seconds old.
    function consult(
        History storage self,
        uint32 window,
        uint256 reservePt,
        uint256 reserveStable,
        uint32 updatedAt
    ) internal view returns (uint256 price, uint32 from) {
        uint32 count = self.count;
        uint32 low = count > KEPT ? count - KEPT : 0;
        if (window == 0 || window > block.timestamp) revert NoObservation(window);
        uint256 latest = block.timestamp - window;
        if (low == count || self.ring[low % KEPT].timestamp > latest) revert NoObservation(window);
        uint32 high = count - 1; // the observation wanted lies in [low, high]
        while (low < high) {
            uint32 middle = (low + high + 1) / 2;
            if (self.ring[middle % KEPT].timestamp <= latest) low = middle;
            else high = middle - 1;
        }
        Observation storage then_ = self.ring[low % KEPT];
        from = then_.timestamp;
        (uint112 pt, ) = now_(self, reservePt, reserveStable, updatedAt);
        unchecked {
            price = (uint256(pt - then_.pt) * DECIMALS) / ((block.timestamp - from) * ONE);
        }
    }

    function _price(uint256 numerator, uint256 denominator) private pure returns (uint256 price) {
        price = (numerator * ONE) / denominator;
        if (price > MAX_PRICE) price = MAX_PRICE;
    }
}
