// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FoundationToken} from "./FoundationToken.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Claims of exports, and disputes about them
/// @notice Another sovereign disputes a claim with a bond. That freezes the claim, and the foundation
/// tokens that it brought, until the arbiter rules: a lower quantity takes the difference back, and
/// what is no longer there becomes a debt that later entitlements pay first.
/// @dev `totalBonds` never exceeds the balance of payment tokens.
abstract contract AllocationDisputes is Stoppable {
    using SafeERC20 for IERC20;

    // --- Types -----------------------------------------------------------------------------------

    /// @dev A claim and, once settled, what it brought.
    struct Claim {
        address sovereign;
        uint64 claimedAt;
        bool settled;
        bool rejected;
        bytes32 feed;
        uint128 quantity;
        uint128 amount;
    }

    /// @dev A dispute about a claim; nobody's where there is none.
    struct Dispute {
        address by;
        uint48 openedAt;
        uint128 bond;
        uint128 frozen;
    }

    // --- Constants -------------------------------------------------------------------------------

    /// @notice Largest bond of a dispute: a million PT.
    uint256 public constant MAX_DISPUTE_BOND = 1e12;
    /// @notice Seconds after which a dispute lapses that nobody ruled on.
    uint48 public constant RULING_TIME = 30 days;
    /// @notice A claim can be disputed for this long after it was made.
    uint48 public constant DISPUTABLE = 180 days;
    uint8 internal constant SOVEREIGN = 1; // of ParticipantRegistry

    // --- State -----------------------------------------------------------------------------------

    /// @notice The token that is issued.
    FoundationToken public immutable token;
    /// @notice Who is a sovereign.
    ParticipantRegistry public immutable registry;
    /// @notice The payment token, in which disputes are bonded.
    IERC20 public immutable pt;
    /// @notice Bond of a dispute, PT (1e-6).
    uint256 public disputeBond;
    /// @notice All bonds held, PT (1e-6).
    uint256 public totalBonds;
    mapping(bytes32 documentHash => Claim) internal _claims;
    mapping(bytes32 documentHash => Dispute) private _disputes;
    /// @notice FT (1e-18) that a sovereign was issued by mistake and had moved on: later issues pay it.
    mapping(address sovereign => uint256) public debtOf;
    mapping(address sovereign => uint256) private _frozenOf;

    // --- Events ----------------------------------------------------------------------------------

    /// @notice `offset` of an entitlement paid a debt; `left` of the debt is left.
    event DebtOffset(bytes32 indexed documentHash, address indexed sovereign, uint256 offset, uint256 left);
    /// @notice A claim was disputed, which froze it and the `frozen` FT that it had brought.
    event ClaimDisputed(
        bytes32 indexed documentHash,
        address indexed by,
        bytes32 indexed reason,
        uint256 bond,
        uint256 frozen
    );
    /// @notice The arbiter ruled: `quantity` stands, 0 rejects the claim.
    event DisputeRuled(bytes32 indexed documentHash, bool upheld, uint256 quantity);
    /// @notice Nobody ruled in time: the claim stands as it was.
    event DisputeLapsed(bytes32 indexed documentHash);
    /// @notice An issue was corrected: `reversed` was taken back, `owed` became a debt.
    event EntitlementCorrected(
        bytes32 indexed documentHash,
        address indexed sovereign,
        uint256 amount,
        uint256 reversed,
        uint256 owed
    );
    /// @notice The bond of a dispute was set.
    event DisputeBondSet(uint256 oldValue, uint256 newValue);

    // --- Errors ----------------------------------------------------------------------------------

    /// @notice `caller` is not a registered sovereign.
    error NotASovereign(address caller);
    /// @notice Nobody claimed `documentHash`.
    error UnknownDocument(bytes32 documentHash);
    /// @notice The claim is disputed.
    error Disputed(bytes32 documentHash);
    /// @notice The claim is not disputed.
    error NotDisputed(bytes32 documentHash);
    /// @notice The claim was rejected.
    error Rejected(bytes32 documentHash);
    /// @notice The claim could be disputed until `until`.
    error TooLateToDispute(bytes32 documentHash, uint256 until);
    /// @notice The dispute lapses at `notBefore`.
    error NotLapsed(bytes32 documentHash, uint256 notBefore);
    /// @notice A correction lowers: `quantity` is above the `claimed` one.
    error CorrectionRaises(bytes32 documentHash, uint256 quantity, uint256 claimed);
    /// @notice A parameter's `value` is zero or above `max`.
    error ParameterOutOfBounds(uint256 value, uint256 max);

    // --- Construction ----------------------------------------------------------------------------

    /// @param token_ The foundation token.
    /// @param registry_ Who is a sovereign.
    /// @param pt_ The payment token.
    constructor(FoundationToken token_, ParticipantRegistry registry_, IERC20 pt_) {
        (token, registry, pt) = (token_, registry_, pt_);
    }

    // --- Public ----------------------------------------------------------------------------------

    /// @notice Disputes a claim of another; active sovereigns, with a bond.
    /// @param documentHash Hash of the export document.
    /// @param reason Hash of what is held against it.
    function dispute(bytes32 documentHash, bytes32 reason) external whenNotPaused {
        if (!registry.isActive(msg.sender, SOVEREIGN)) revert NotASovereign(msg.sender);
        Claim memory c = _existing(documentHash);
        Dispute storage d = _disputes[documentHash];
        _requireUndisputed(documentHash);
        if (c.rejected) revert Rejected(documentHash);
        uint256 until = c.claimedAt + DISPUTABLE;
        if (block.timestamp >= until) revert TooLateToDispute(documentHash, until);
        uint256 bond = disputeBond;
        (d.by, d.openedAt) = (msg.sender, uint48(block.timestamp));
        (d.bond, d.frozen) = (uint128(bond), c.amount);
        totalBonds += bond;
        emit ClaimDisputed(documentHash, msg.sender, reason, bond, c.amount);
        if (c.amount != 0) token.setHeld(c.sovereign, _frozenOf[c.sovereign] += c.amount);
        pt.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @notice Ends a dispute that nobody ruled on in time; anybody. The bond goes back.
    /// @param documentHash Hash of the export document.
    function lapse(bytes32 documentHash) external whenNotPaused {
        uint256 notBefore = _disputes[documentHash].openedAt + RULING_TIME;
        if (block.timestamp < notBefore) revert NotLapsed(documentHash, notBefore);
        (address by, uint256 bond) = _release(documentHash, _claims[documentHash].sovereign);
        emit DisputeLapsed(documentHash);
        pt.safeTransfer(by, bond);
    }

    // --- Restricted ------------------------------------------------------------------------------

    /// @notice Rules on a dispute. Role: ARBITER.
    /// @dev An upheld dispute returns its bond; the bond of another goes to the sovereign it held up.
    /// What was issued for the part that falls away is taken back; what is no longer there becomes a
    /// debt. A higher quantity takes another document.
    /// @param documentHash Hash of the export document.
    /// @param upheld Whether the dispute was right.
    /// @param quantity What was exported, at most the claimed quantity; 0 rejects the claim.
    function rule(bytes32 documentHash, bool upheld, uint256 quantity) external restricted {
        Claim storage c = _claims[documentHash];
        (address by, uint256 bond) = _release(documentHash, c.sovereign);
        if (!upheld) quantity = c.quantity;
        if (quantity > c.quantity) revert CorrectionRaises(documentHash, quantity, c.quantity);
        emit DisputeRuled(documentHash, upheld, quantity);
        if (quantity != c.quantity) _correct(documentHash, c, quantity);
        if (bond != 0) pt.safeTransfer(upheld ? by : c.sovereign, bond);
    }

    /// @notice Sets the bond of a dispute. Role: GOVERNANCE.
    /// @param newValue PT (1e-6), in (0, MAX_DISPUTE_BOND].
    function setDisputeBond(uint256 newValue) external restricted {
        _setDisputeBond(newValue);
    }

    // --- Views -----------------------------------------------------------------------------------

    /// @notice The dispute about a claim; zeros where there is none.
    /// @param documentHash Hash of the export document.
    /// @return by Who disputes it.
    /// @return openedAt Unix seconds.
    /// @return bond PT (1e-6) held.
    /// @return frozen FT (1e-18) held.
    function disputes(
        bytes32 documentHash
    ) external view returns (address by, uint48 openedAt, uint256 bond, uint256 frozen) {
        Dispute storage d = _disputes[documentHash];
        return (d.by, d.openedAt, d.bond, d.frozen);
    }

    // --- Internal --------------------------------------------------------------------------------

    function _existing(bytes32 documentHash) internal view returns (Claim memory c) {
        c = _claims[documentHash];
        if (c.sovereign == address(0)) revert UnknownDocument(documentHash);
    }

    function _requireUndisputed(bytes32 documentHash) internal view {
        if (_disputes[documentHash].by != address(0)) revert Disputed(documentHash);
    }

    /// @dev Ends a dispute and thaws what it froze.
    function _release(
        bytes32 documentHash,
        address sovereign
    ) private returns (address by, uint256 bond) {
        Dispute memory d = _disputes[documentHash];
        if (d.by == address(0)) revert NotDisputed(documentHash);
        delete _disputes[documentHash];
        totalBonds -= d.bond;
        if (d.frozen != 0) token.setHeld(sovereign, _frozenOf[sovereign] -= d.frozen);
        return (d.by, d.bond);
    }

    function _correct(bytes32 documentHash, Claim storage c, uint256 quantity) private {
        uint256 due = (uint256(c.amount) * quantity) / c.quantity;
        uint256 excess = c.amount - due;
        c.quantity = uint128(quantity);
        c.amount = uint128(due);
        if (quantity == 0) c.rejected = true;
        if (excess == 0) return;
        uint256 reversed = token.reverse(c.sovereign, excess);
        debtOf[c.sovereign] += excess - reversed;
        emit EntitlementCorrected(documentHash, c.sovereign, due, reversed, excess - reversed);
    }

    function _payDebt(
        bytes32 documentHash,
        address sovereign,
        uint256 amount
    ) internal returns (uint256 offset) {
        uint256 debt = debtOf[sovereign];
        if (debt == 0) return 0;
        offset = debt < amount ? debt : amount;
        debtOf[sovereign] = debt - offset;
        emit DebtOffset(documentHash, sovereign, offset, debt - offset);
    }

    function _setDisputeBond(uint256 newValue) internal {
        emit DisputeBondSet(disputeBond, disputeBond = _bounded(newValue, MAX_DISPUTE_BOND));
    }

    function _bounded(uint256 value, uint256 max) internal pure returns (uint256) {
        if (value == 0 || value > max) revert ParameterOutOfBounds(value, max);
        return value;
    }
}
