// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AllocationDisputes} from "./AllocationDisputes.sol";
import {FoundationToken} from "./FoundationToken.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";

/// @title From a verified export to foundation tokens
/// @notice A sovereign claims an export; once the oracle network has verified the same quantity,
/// anybody settles the claim, and the entitlement at the feed's fresh price is issued to the
/// sovereign, within a cap for each settlement and one for each day. Where two persons are required,
/// an issuer proposes and compliance confirms before. The base holds claims and disputes.
/// @dev entitlement = quantity (1e-3 units) * answer (1e-8 USD) * ratePerUsd (1e-18 FT) / 1e11,
/// rounded down. The hard bounds keep the product below 1e18 * 1e30 * 1e24 < 2^255.
contract AllocationBook is AllocationDisputes {
    // --- Constants ---------------------------------------------------------------------------

    /// @notice Highest rate: a million FT for a USD.
    uint256 public constant MAX_RATE_PER_USD = 1e24;
    /// @notice Highest bound of a claim's quantity, thousandths of the commodity's unit.
    uint256 public constant MAX_MAX_QUANTITY = 1e18;
    /// @notice Highest cap of a settlement or a day: 1e12 FT.
    uint256 public constant MAX_ISSUE_CAP = 1e30;
    /// @notice A day of the daily cap, seconds; days begin at 00:00 UTC.
    uint256 public constant DAY = 1 days;

    // --- State -------------------------------------------------------------------------------

    /// @notice The oracle network that verifies exports and prices them.
    IOracleNetwork public immutable oracle;
    /// @notice FT (1e-18) for each USD of exported value.
    uint256 public ratePerUsd;
    /// @notice Largest quantity of one claim, thousandths of the commodity's unit.
    uint256 public maxQuantity;
    /// @notice Most FT (1e-18) that one settlement issues.
    uint256 public settlementCap;
    /// @notice Most FT (1e-18) that all settlements of a day issue.
    uint256 public dailyCap;
    uint64 private _day;
    uint192 private _issuedOnDay;
    /// @notice Whether a settlement needs an issuer's proposal and compliance's confirmation.
    bool public twoPerson;
    mapping(bytes32 documentHash => address) private _proposedBy;
    mapping(bytes32 documentHash => bool) private _confirmed;

    // --- Events ------------------------------------------------------------------------------

    /// @notice A sovereign claimed an export.
    event ExportClaimed(
        bytes32 indexed documentHash,
        address indexed sovereign,
        bytes32 indexed feed,
        uint256 quantity
    );
    /// @notice A claim was settled: `amount` was issued at the price `answer`.
    event EntitlementIssued(
        bytes32 indexed documentHash,
        address indexed sovereign,
        bytes32 indexed feed,
        uint256 quantity,
        int256 answer,
        uint256 amount
    );
    /// @notice An issuer proposed the issuance for a claim.
    event IssuanceProposed(bytes32 indexed documentHash, address indexed by);
    /// @notice Compliance confirmed the issuance for a claim.
    event IssuanceConfirmed(bytes32 indexed documentHash, address indexed by);
    /// @notice Whether two persons are required was set.
    event TwoPersonSet(bool required);
    /// @notice The rate was set.
    event RatePerUsdSet(uint256 oldValue, uint256 newValue);
    /// @notice The largest quantity of a claim was set.
    event MaxQuantitySet(uint256 oldValue, uint256 newValue);
    /// @notice The cap of a settlement was set.
    event SettlementCapSet(uint256 oldValue, uint256 newValue);
    /// @notice The cap of a day was set.
    event DailyCapSet(uint256 oldValue, uint256 newValue);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice The zero hash names no document.
    error ZeroDocument();
    /// @notice `documentHash` was claimed before.
    error DuplicateDocument(bytes32 documentHash);
    /// @notice `quantity` is zero or above `max`.
    error QuantityOutOfBounds(uint256 quantity, uint256 max);
    /// @notice `documentHash` was settled before.
    error AlreadySettled(bytes32 documentHash);
    /// @notice The oracle network verified `verified` (0: nothing), not the quantity claimed.
    error NotVerified(bytes32 documentHash, uint256 claimed, uint256 verified);
    /// @notice At the price `answer` the export earns nothing.
    error NoEntitlement(bytes32 documentHash, int256 answer);
    /// @notice `amount` exceeds the cap of one settlement.
    error SettlementCapExceeded(uint256 amount, uint256 cap);
    /// @notice `amount` exceeds what is left of the day's cap.
    error DailyCapExceeded(uint256 amount, uint256 left);
    /// @notice The issuance lacks the proposal or the confirmation.
    error NotApproved(bytes32 documentHash, address proposedBy, bool confirmed);
    /// @notice Who proposed an issuance cannot confirm it.
    error SamePerson(bytes32 documentHash, address person);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param oracle_ The oracle network.
    /// @param token_ The foundation token; this contract needs its ALLOCATOR role.
    /// @param registry_ Who is a sovereign.
    /// @param pt_ The payment token.
    /// @param ratePerUsd_ FT (1e-18) for each USD.
    /// @param maxQuantity_ Largest quantity of a claim.
    /// @param settlementCap_ Most FT (1e-18) of a settlement.
    /// @param dailyCap_ Most FT (1e-18) of a day.
    /// @param twoPerson_ Whether two persons are required.
    /// @param disputeBond_ Bond of a dispute, PT (1e-6).
    constructor(
        address authority_,
        IOracleNetwork oracle_,
        FoundationToken token_,
        ParticipantRegistry registry_,
        IERC20 pt_,
        uint256 ratePerUsd_,
        uint256 maxQuantity_,
        uint256 settlementCap_,
        uint256 dailyCap_,
        bool twoPerson_,
        uint256 disputeBond_
    ) AccessManaged(authority_) AllocationDisputes(token_, registry_, pt_) {
        oracle = oracle_;
        _setRatePerUsd(ratePerUsd_);
        _setMaxQuantity(maxQuantity_);
        _setSettlementCap(settlementCap_);
        _setDailyCap(dailyCap_);
        _setTwoPerson(twoPerson_);
        _setDisputeBond(disputeBond_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Claims an export; registered sovereigns only, once for each document.
    /// @param documentHash Hash of the export document.
    /// @param feed Id of the feed that prices it.
    /// @param quantity Thousandths of the commodity's unit.
    function claim(bytes32 documentHash, bytes32 feed, uint256 quantity) external whenNotPaused {
        if (!registry.isActive(msg.sender, SOVEREIGN)) revert NotASovereign(msg.sender);
        if (documentHash == 0) revert ZeroDocument();
        Claim storage c = _claims[documentHash];
        if (c.sovereign != address(0)) revert DuplicateDocument(documentHash);
        if (quantity == 0 || quantity > maxQuantity) {
            revert QuantityOutOfBounds(quantity, maxQuantity);
        }
        oracle.feedConfig(feed); // reverts where there is no such feed
        c.sovereign = msg.sender;
        c.claimedAt = uint64(block.timestamp);
        c.feed = feed;
        c.quantity = uint128(quantity);
        emit ExportClaimed(documentHash, msg.sender, feed, quantity);
    }

    /// @notice Settles a claim that the oracle network verified; anybody.
    /// @param documentHash Hash of the export document.
    function settle(bytes32 documentHash) external whenNotPaused {
        Claim memory c = _existing(documentHash);
        if (c.settled) revert AlreadySettled(documentHash);
        if (c.rejected) revert Rejected(documentHash);
        _requireUndisputed(documentHash);
        if (twoPerson && !_confirmed[documentHash]) {
            revert NotApproved(documentHash, _proposedBy[documentHash], false);
        }
        (, uint256 verifiedQuantity) = oracle.verified(documentHash);
        if (verifiedQuantity != c.quantity) {
            revert NotVerified(documentHash, c.quantity, verifiedQuantity);
        }
        int256 answer = oracle.fresh(c.feed);
        uint256 amount = _entitlement(c.quantity, answer);
        if (amount == 0) revert NoEntitlement(documentHash, answer);
        if (amount > settlementCap) revert SettlementCapExceeded(amount, settlementCap);
        _countToday(amount);
        amount -= _payDebt(documentHash, c.sovereign, amount);
        _claims[documentHash].settled = true;
        _claims[documentHash].amount = uint128(amount);
        emit EntitlementIssued(documentHash, c.sovereign, c.feed, c.quantity, answer, amount);
        token.issue(c.sovereign, amount, documentHash);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Proposes the issuance for a claim, the first of two persons. Role: ISSUER.
    /// @param documentHash Hash of the export document.
    function propose(bytes32 documentHash) external restricted {
        _existing(documentHash);
        _proposedBy[documentHash] = msg.sender;
        _confirmed[documentHash] = false;
        emit IssuanceProposed(documentHash, msg.sender);
    }

    /// @notice Confirms the issuance for a claim, the second of two persons. Role: COMPLIANCE.
    /// @param documentHash Hash of the export document.
    function confirm(bytes32 documentHash) external restricted {
        address first = _proposedBy[documentHash];
        if (first == address(0)) revert NotApproved(documentHash, first, false);
        if (first == msg.sender) revert SamePerson(documentHash, first);
        _confirmed[documentHash] = true;
        emit IssuanceConfirmed(documentHash, msg.sender);
    }

    /// @notice Sets whether two persons are required. Role: GOVERNANCE.
    /// @param required Whether they are.
    function setTwoPerson(bool required) external restricted {
        _setTwoPerson(required);
    }

    /// @notice Sets the rate. Role: GOVERNANCE.
    /// @param newValue FT (1e-18) for each USD, in (0, MAX_RATE_PER_USD].
    function setRatePerUsd(uint256 newValue) external restricted {
        _setRatePerUsd(newValue);
    }

    /// @notice Sets the largest quantity of a claim. Role: GOVERNANCE.
    /// @param newValue Thousandths of the commodity's unit, in (0, MAX_MAX_QUANTITY].
    function setMaxQuantity(uint256 newValue) external restricted {
        _setMaxQuantity(newValue);
    }

    /// @notice Sets the cap of a settlement. Role: GOVERNANCE.
    /// @param newValue FT (1e-18), in (0, MAX_ISSUE_CAP].
    function setSettlementCap(uint256 newValue) external restricted {
        _setSettlementCap(newValue);
    }

    /// @notice Sets the cap of a day. Role: GOVERNANCE.
    /// @param newValue FT (1e-18), in (0, MAX_ISSUE_CAP].
    function setDailyCap(uint256 newValue) external restricted {
        _setDailyCap(newValue);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice A claim; zeros when nobody made it.
    /// @param documentHash Hash of the export document.
    /// @return sovereign Who claimed.
    /// @return feed Id of the feed that prices it.
    /// @return quantity Thousandths of the commodity's unit.
    /// @return claimedAt Unix seconds.
    /// @return settled Whether it was settled.
    /// @return amount FT (1e-18) issued.
    function claims(
        bytes32 documentHash
    )
        external
        view
        returns (
            address sovereign,
            bytes32 feed,
            uint256 quantity,
            uint64 claimedAt,
            bool settled,
            uint256 amount
        )
    {
        Claim storage c = _claims[documentHash];
        return (c.sovereign, c.feed, c.quantity, c.claimedAt, c.settled, c.amount);
    }

    /// @notice What a claim would bring at the present fresh price, before caps.
    /// @param documentHash Hash of the export document.
    function entitlement(bytes32 documentHash) external view returns (uint256) {
        Claim memory c = _existing(documentHash);
        return _entitlement(c.quantity, oracle.fresh(c.feed));
    }

    /// @notice Whether `account` may claim.
    /// @param account Anybody.
    function isSovereign(address account) external view returns (bool) {
        return registry.isActive(account, SOVEREIGN);
    }

    /// @notice How far the issuance for a claim is approved.
    /// @param documentHash Hash of the export document.
    /// @return proposedBy The first person.
    /// @return confirmed Whether the second person has confirmed.
    function approval(
        bytes32 documentHash
    ) external view returns (address proposedBy, bool confirmed) {
        return (_proposedBy[documentHash], _confirmed[documentHash]);
    }

    /// @notice FT (1e-18) issued on the present day.
    function issuedToday() public view returns (uint256) {
        return _day == block.timestamp / DAY ? _issuedOnDay : 0;
    }

    // --- Internal ----------------------------------------------------------------------------

    function _entitlement(uint256 quantity, int256 answer) private view returns (uint256) {
        return answer <= 0 ? 0 : (quantity * uint256(answer) * ratePerUsd) / 1e11;
    }

    function _countToday(uint256 amount) private {
        uint256 issued = issuedToday();
        uint256 left = dailyCap > issued ? dailyCap - issued : 0;
        if (amount > left) revert DailyCapExceeded(amount, left);
        _day = uint64(block.timestamp / DAY);
        _issuedOnDay = uint192(issued + amount);
    }

    function _setRatePerUsd(uint256 newValue) private {
        emit RatePerUsdSet(ratePerUsd, ratePerUsd = _bounded(newValue, MAX_RATE_PER_USD));
    }

    function _setMaxQuantity(uint256 newValue) private {
        emit MaxQuantitySet(maxQuantity, maxQuantity = _bounded(newValue, MAX_MAX_QUANTITY));
    }

    function _setSettlementCap(uint256 newValue) private {
        emit SettlementCapSet(settlementCap, settlementCap = _bounded(newValue, MAX_ISSUE_CAP));
    }

    function _setDailyCap(uint256 newValue) private {
        emit DailyCapSet(dailyCap, dailyCap = _bounded(newValue, MAX_ISSUE_CAP));
    }

    function _setTwoPerson(bool required) private {
        twoPerson = required;
        emit TwoPersonSet(required);
    }
}
