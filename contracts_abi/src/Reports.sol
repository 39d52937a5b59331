// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A node's report as one word, and the median of many
/// @dev answer (int128), observedAt (uint40), submittedAt (uint40), count of the node's reports on the
/// feed (uint40), generation of the place (uint8). The answer stands on top, so that words compare, as signed numbers, as their answers
/// do, and the median sorts words without unpacking them.
library Reports {
    // --- Constants ---------------------------------------------------------------------------

    uint256 private constant ANSWER_SHIFT = 128;
    uint256 private constant OBSERVED_SHIFT = 88;
    uint256 private constant SUBMITTED_SHIFT = 48;
    uint256 private constant COUNT_SHIFT = 8;

    // --- Internal ----------------------------------------------------------------------------

    /// @dev A report submitted now, the `number`th; |answer| < 2^127, the rest as in the title.
    function pack(
        int256 answer,
        uint64 seenAt,
        uint256 number,
        uint8 generation
    ) internal view returns (int256) {
        uint256 rest = (uint256(seenAt) << OBSERVED_SHIFT) |
            (block.timestamp << SUBMITTED_SHIFT) |
            (number << COUNT_SHIFT);
        return (answer << ANSWER_SHIFT) | int256(rest | generation);
    }

    /// @dev The reported price.
    function answerOf(int256 word) internal pure returns (int256) {
        return word >> ANSWER_SHIFT;
    }

    /// @dev When the node saw the price.
    function observedAt(int256 word) internal pure returns (uint64) {
        return uint40(uint256(word) >> OBSERVED_SHIFT);
    }

    /// @dev When the node submitted it.
    function submittedAt(int256 word) internal pure returns (uint256) {
        return uint40(uint256(word) >> SUBMITTED_SHIFT);
    }

    /// @dev How many reports the node has made on the feed in this generation of its place.
    function countOf(int256 word) internal pure returns (uint256) {
        return uint40(uint256(word) >> COUNT_SHIFT);
    }

    /// @dev The generation of the node's place at that time; 0 where there is no report.
    function generationOf(int256 word) internal pure returns (uint8) {
        return uint8(uint256(word));
    }

    /// @dev Element n/2 of the n reports that are fresh and within bounds, in ascending order, by
    /// insertion sort: the quickest at this size. Assembly, since this loop is most of what the
    /// network's chain executes. A place that nobody holds has generation 0 and, if it never had a
    /// report, an all-zero word, which is never fresh. Scratch memory begins at the free pointer.
    function median(
        int256[31] storage words,
        uint256 roster,
        uint256 oldest,
        int256 lowest,
        int256 highest
    ) internal view returns (int256 answer, uint256 count) {
        lowest <<= ANSWER_SHIFT;
        highest = (highest << ANSWER_SHIFT) | int256(uint256(type(uint128).max));
        assembly ("memory-safe") {
            let start := mload(0x40)
            let end := start
            let slot := words.slot
            // Byte by byte from the right; the count in the leftmost byte is no generation.
            for { let rest := shr(8, shl(8, roster)) } rest {
                rest := shr(8, rest)
                slot := add(slot, 1)
            } {
                let word := sload(slot)
                if and(xor(word, rest), 0xff) { continue }
                if lt(and(shr(OBSERVED_SHIFT, word), 0xffffffffff), oldest) { continue }
                if or(slt(word, lowest), sgt(word, highest)) { continue }
                let at := end
                for {} gt(at, start) {} {
                    let below := mload(sub(at, 0x20))
                    if iszero(sgt(below, word)) { break }
                    mstore(at, below)
                    at := sub(at, 0x20)
                }
                mstore(at, word)
                end := add(end, 0x20)
            }
            count := shr(5, sub(end, start))
            // Without any report this reads past the end; the caller looks at the count first.
            answer := sar(ANSWER_SHIFT, mload(add(start, shl(5, shr(1, count)))))
        }
    }

    /// @dev Whether `answer` lies at least `deviationPips` from `from`. No overflow: both are at
    /// most 2e30 from zero.
    function moved(
        int256 answer,
        int256 from,
        uint256 deviationPips
    ) internal pure returns (bool) {
        unchecked {
            uint256 distance = _abs(answer - from);
            return distance != 0 && distance * 1e6 >= _abs(from) * deviationPips;
        }
    }

    function _abs(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
