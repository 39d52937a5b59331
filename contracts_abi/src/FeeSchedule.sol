// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title What the network charges
/// @notice One fee for each kind of use, in pips (1e-6). A steward moves a fee in small, spaced steps
/// within bounds; governance sets fees, bounds and the day the steward's mandate ends. Both are held
/// by the hard bounds of this contract.
/// @dev A kind's whole schedule fits one slot: reading a fee costs one cold load.
contract FeeSchedule is AccessManaged {
    // --- Types -------------------------------------------------------------------------------

    /// @notice What a fee is charged for; the ABI carries it as uint8.
    enum Kind {
        Swap,
        Settlement,
        Conversion,
        Redemption
    }

    /// @notice What governance sets for a kind.
    /// @param fee Pips charged.
    /// @param min Lowest fee, pips.
    /// @param max Highest fee, pips.
    /// @param maxStep Largest change that the steward makes at once, pips.
    /// @param minDelay Seconds between a change and the steward's next one.
    struct Terms {
        uint32 fee;
        uint32 min;
        uint32 max;
        uint32 maxStep;
        uint32 minDelay;
    }

    /// @notice All there is about a kind.
    /// @param fee Pips charged.
    /// @param min Lowest fee, pips.
    /// @param max Highest fee, pips.
    /// @param maxStep Largest change that the steward makes at once, pips.
    /// @param minDelay Seconds between a change and the steward's next one.
    /// @param lastChangedAt Unix seconds of the last change of the fee; 0 when there was none.
    /// @param expiry Unix seconds at which the steward's mandate ends; 0 when it does not.
    struct Schedule {
        uint32 fee;
        uint32 min;
        uint32 max;
        uint32 maxStep;
        uint32 minDelay;
        uint48 lastChangedAt;
        uint48 expiry;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Number of kinds.
    uint8 public constant KINDS = 4;
    /// @notice No fee can exceed this: 10 %.
    uint32 public constant MAX_FEE = 100_000;
    /// @notice No single steward's step can exceed this: 1 %.
    uint32 public constant MAX_STEP = 10_000;
    /// @notice The steward never changes a fee faster than this.
    uint32 public constant MIN_DELAY = 1 hours;
    /// @notice Governance cannot lock the steward out for longer than this between changes.
    uint32 public constant MAX_DELAY = 90 days;

    // --- State -------------------------------------------------------------------------------

    Schedule[KINDS] private _schedules;

    // --- Events ------------------------------------------------------------------------------

    /// @notice The fee of a kind was changed, by the steward or by governance.
    event FeeAdjusted(uint8 indexed kind, uint32 oldFee, uint32 newFee, address indexed by);
    /// @notice The bounds of a kind were set.
    event BoundsSet(uint8 indexed kind, uint32 min, uint32 max, uint32 maxStep, uint32 minDelay);
    /// @notice The end of the steward's mandate over a kind was set.
    event ExpirySet(uint8 indexed kind, uint48 expiry);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice There is no such kind.
    error UnknownKind(uint8 kind);
    /// @notice `fee` lies outside [`min`, `max`].
    error FeeOutOfBounds(uint8 kind, uint32 fee, uint32 min, uint32 max);
    /// @notice The steward does not waive a fee.
    error ZeroFee(uint8 kind);
    /// @notice The change is larger than one step.
    error StepTooLarge(uint8 kind, uint32 step, uint32 maxStep);
    /// @notice The steward's next change is due at `notBefore`.
    error TooSoon(uint8 kind, uint256 notBefore);
    /// @notice The steward's mandate ended at `expiry`.
    error StewardExpired(uint8 kind, uint48 expiry);
    /// @notice The bounds contradict each other or the hard bounds.
    error InvalidBounds(uint8 kind, uint32 min, uint32 max, uint32 maxStep, uint32 minDelay);
    /// @notice `expiry` lies in the past.
    error ExpiryInPast(uint8 kind, uint48 expiry);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param terms Fee and bounds of each kind, in the order of `Kind`.
    constructor(address authority_, Terms[KINDS] memory terms) AccessManaged(authority_) {
        for (uint8 kind; kind < KINDS; ++kind) {
            Terms memory t = terms[kind];
            _schedules[kind].fee = t.fee;
            _setBounds(kind, t.min, t.max, t.maxStep, t.minDelay);
            emit FeeAdjusted(kind, 0, t.fee, msg.sender);
        }
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Moves a fee by a step within its bounds. Role: FEE_STEWARD.
    /// @param kind What the fee is charged for.
    /// @param newFee Pips; never zero.
    function adjust(uint8 kind, uint32 newFee) external restricted {
        Schedule memory s = schedule(kind);
        if (s.expiry != 0 && block.timestamp >= s.expiry) revert StewardExpired(kind, s.expiry);
        uint256 notBefore = uint256(s.lastChangedAt) + s.minDelay;
        if (s.lastChangedAt != 0 && block.timestamp < notBefore) revert TooSoon(kind, notBefore);
        if (newFee == 0) revert ZeroFee(kind);
        uint32 step = newFee > s.fee ? newFee - s.fee : s.fee - newFee;
        if (step > s.maxStep) revert StepTooLarge(kind, step, s.maxStep);
        _setFee(kind, s, newFee);
    }

    /// @notice Sets a fee within its bounds, at once and in any step. Role: GOVERNANCE.
    /// @param kind What the fee is charged for.
    /// @param newFee Pips.
    function setFee(uint8 kind, uint32 newFee) external restricted {
        _setFee(kind, schedule(kind), newFee);
    }

    /// @notice Sets the bounds of a fee, which must contain the present one. Role: GOVERNANCE.
    /// @param kind What the fee is charged for.
    /// @param min Lowest fee, pips.
    /// @param max Highest fee, pips; at most MAX_FEE.
    /// @param maxStep Largest change that the steward makes at once, pips; at most MAX_STEP.
    /// @param minDelay Seconds between a change and the steward's next; in [MIN_DELAY, MAX_DELAY].
    function setBounds(
        uint8 kind,
        uint32 min,
        uint32 max,
        uint32 maxStep,
        uint32 minDelay
    ) external restricted {
        if (kind >= KINDS) revert UnknownKind(kind);
        _setBounds(kind, min, max, maxStep, minDelay);
    }

    /// @notice Sets when the steward's mandate over a fee ends. Role: GOVERNANCE.
    /// @param kind What the fee is charged for.
    /// @param expiry Unix seconds, not in the past; 0 for never.
    function setExpiry(uint8 kind, uint48 expiry) external restricted {
        if (kind >= KINDS) revert UnknownKind(kind);
        if (expiry != 0 && expiry < block.timestamp) revert ExpiryInPast(kind, expiry);
        _schedules[kind].expiry = expiry;
        emit ExpirySet(kind, expiry);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice The fee of a kind, in pips.
    /// @param kind What the fee is charged for.
    function fee(uint8 kind) external view returns (uint32) {
        if (kind >= KINDS) revert UnknownKind(kind);
        return _schedules[kind].fee;
    }

    /// @notice All there is about a kind.
    /// @param kind What the fee is charged for.
    function schedule(uint8 kind) public view returns (Schedule memory) {
        if (kind >= KINDS) revert UnknownKind(kind);
        return _schedules[kind];
    }

    // --- Internal ----------------------------------------------------------------------------

    function _setFee(uint8 kind, Schedule memory s, uint32 newFee) private {
        if (newFee < s.min || newFee > s.max) revert FeeOutOfBounds(kind, newFee, s.min, s.max);
        uint32 oldFee = s.fee;
        s.fee = newFee;
        s.lastChangedAt = uint48(block.timestamp);
        _schedules[kind] = s;
        emit FeeAdjusted(kind, oldFee, newFee, msg.sender);
    }

    function _setBounds(
        uint8 kind,
        uint32 min,
        uint32 max,
        uint32 maxStep,
        uint32 minDelay
    ) private {
        if (
            min > max ||
            max > MAX_FEE ||
            maxStep == 0 ||
            maxStep > MAX_STEP ||
            minDelay < MIN_DELAY ||
            minDelay > MAX_DELAY
        ) revert InvalidBounds(kind, min, max, maxStep, minDelay);
        Schedule storage s = _schedules[kind];
        uint32 current = s.fee;
        if (current < min || current > max) revert FeeOutOfBounds(kind, current, min, max);
        (s.min, s.max, s.maxStep, s.minDelay) = (min, max, maxStep, minDelay);
        emit BoundsSet(kind, min, max, maxStep, minDelay);
    }
}
