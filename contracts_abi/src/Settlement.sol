// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FeeSchedule} from "./FeeSchedule.sol";
import {IOracleNetwork} from "./IOracleNetwork.sol";
import {ParticipantRegistry} from "./ParticipantRegistry.sol";
import {Stoppable} from "./Stoppable.sol";

/// @title Cargo sales in payment tokens
/// @notice A buyer puts the price into escrow against the hash of the cargo's document. Once the
/// oracle network has verified the agreed quantity, anybody releases it to the seller, less the fee;
/// after the expiry anybody refunds the buyer. Both together cancel, either disputes, the arbiter
/// splits.
/// @dev `totalEscrow` is the sum of all open deals and never exceeds the balance.
contract Settlement is Stoppable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // --- Types -------------------------------------------------------------------------------

    /// @notice Where a deal stands.
    enum Phase {
        None,
        Open,
        Disputed,
        Released,
        Refunded,
        Split
    }

    /// @notice A sale.
    /// @param buyer Who pays.
    /// @param expiry Unix seconds after which the buyer is refunded.
    /// @param phase Where it stands.
    /// @param cancels Who wants to cancel: 1 the buyer, 2 the seller.
    /// @param seller Who is paid.
    /// @param disputedAt Unix seconds of the dispute.
    /// @param amount Price in escrow, PT (1e-6).
    /// @param quantity Thousandths of the commodity's unit.
    /// @param documentHash Hash of the cargo's document.
    struct Deal {
        address buyer;
        uint48 expiry;
        Phase phase;
        uint8 cancels;
        address seller;
        uint48 disputedAt;
        uint128 amount;
        uint128 quantity;
        bytes32 documentHash;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Shortest time that a deal leaves for its attestation.
    uint48 public constant MIN_TERM = 1 hours;
    /// @notice Longest time that a deal binds its price.
    uint48 public constant MAX_TERM = 180 days;
    /// @notice Seconds after which a disputed deal that nobody ruled on is refunded.
    uint48 public constant RULING_TIME = 30 days;
    /// @notice No limit of a deal can be above this: 1e12 PT.
    uint256 public constant MAX_MAX_AMOUNT = 1e18;
    uint256 private constant PIPS = 1e6;
    uint8 private constant FEE = uint8(FeeSchedule.Kind.Settlement);
    uint8 private constant PARTIES = 1 | 2; // sovereigns and traders of ParticipantRegistry
    uint8 private constant BOTH = 3;

    // --- State -------------------------------------------------------------------------------

    /// @notice Who verifies cargoes.
    IOracleNetwork public immutable oracle;
    /// @notice The payment token.
    IERC20 public immutable pt;
    /// @notice Who may buy and sell.
    ParticipantRegistry public immutable registry;
    /// @notice Where the settlement fee is read.
    FeeSchedule public immutable feeSchedule;
    /// @notice Where fees go.
    address public treasury;
    /// @notice Highest price of a deal, PT (1e-6).
    uint256 public maxAmount;
    /// @notice Deals that were ever opened; their ids count from 1.
    uint256 public count;
    /// @notice Prices of all open and disputed deals, PT (1e-6).
    uint256 public totalEscrow;
    /// @notice Prices of all released deals, PT (1e-6).
    uint256 public totalReleased;
    /// @notice Fees that were paid, PT (1e-6).
    uint256 public totalFees;
    mapping(uint256 id => Deal) private _deals;

    // --- Events ------------------------------------------------------------------------------

    /// @notice A buyer put a price into escrow.
    event DealOpened(
        uint256 indexed id,
        bytes32 indexed documentHash,
        address indexed buyer,
        address seller,
        uint256 amount,
        uint256 quantity,
        uint48 expiry
    );
    /// @notice The seller was paid, less the fee.
    event DealReleased(uint256 indexed id, bytes32 indexed documentHash, uint256 paid, uint256 fee);
    /// @notice The buyer was paid back.
    event DealRefunded(uint256 indexed id, bytes32 indexed documentHash, uint256 amount);
    /// @notice A party wants to cancel.
    event CancelAsked(uint256 indexed id, address indexed by);
    /// @notice A party disputes the deal, which stops release and refund.
    event DealDisputed(uint256 indexed id, address indexed by, bytes32 indexed reason);
    /// @notice The arbiter split the escrow.
    event DealSplit(uint256 indexed id, uint256 toSeller, uint256 toBuyer, uint256 fee);
    /// @notice Where fees go was set.
    event TreasurySet(address indexed oldTreasury, address indexed newTreasury);
    /// @notice The highest price of a deal was set.
    event MaxAmountSet(uint256 oldValue, uint256 newValue);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice `account` is no active sovereign or trader.
    error NotAParty(address account);
    /// @notice Buyer and seller are the same.
    error SelfDeal(address account);
    /// @notice The zero hash names no document.
    error ZeroDocument();
    /// @notice `amount` is zero or above `max`.
    error AmountOutOfBounds(uint256 amount, uint256 max);
    /// @notice `quantity` is zero or above `max`.
    error QuantityOutOfBounds(uint256 quantity, uint256 max);
    /// @notice `expiry` lies outside [`lowest`, `highest`].
    error ExpiryOutOfBounds(uint48 expiry, uint256 lowest, uint256 highest);
    /// @notice The deal is in `phase`, which does not allow this.
    error WrongPhase(uint256 id, Phase phase);
    /// @notice `caller` is neither buyer nor seller.
    error NotOfTheDeal(uint256 id, address caller);
    /// @notice The oracle network verified `verified` (0: nothing), not the quantity agreed.
    error NotVerified(uint256 id, uint256 agreed, uint256 verified);
    /// @notice The deal is refunded at `notBefore`.
    error NotExpired(uint256 id, uint256 notBefore);
    /// @notice The treasury cannot be the zero address or this contract.
    error InvalidTreasury(address treasury);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    /// @param oracle_ Who verifies cargoes.
    /// @param pt_ The payment token.
    /// @param registry_ Who may buy and sell.
    /// @param feeSchedule_ Where the settlement fee is read.
    /// @param treasury_ Where fees go.
    /// @param maxAmount_ Highest price of a deal.
    constructor(
        address authority_,
        IOracleNetwork oracle_,
        IERC20 pt_,
        ParticipantRegistry registry_,
        FeeSchedule feeSchedule_,
        address treasury_,
        uint256 maxAmount_
    ) AccessManaged(authority_) {
        oracle = oracle_;
        pt = pt_;
        registry = registry_;
        feeSchedule = feeSchedule_;
        _setTreasury(treasury_);
        _setMaxAmount(maxAmount_);
    }

    // --- Public ------------------------------------------------------------------------------

    /// @notice Opens a deal and puts its price into escrow.
    /// @param documentHash Hash of the cargo's document.
    /// @param seller Who is paid.
    /// @param amount Price, PT (1e-6), approved before.
    /// @param quantity Thousandths of the commodity's unit.
    /// @param expiry Unix seconds after which the price comes back.
    /// @return id Number of the deal.
    function open(
        bytes32 documentHash,
        address seller,
        uint256 amount,
        uint256 quantity,
        uint48 expiry
    ) external nonReentrant whenNotPaused returns (uint256 id) {
        _requireParty(msg.sender);
        _requireParty(seller);
        if (seller == msg.sender) revert SelfDeal(seller);
        if (documentHash == 0) revert ZeroDocument();
        if (amount == 0 || amount > maxAmount) revert AmountOutOfBounds(amount, maxAmount);
        if (quantity == 0 || quantity > type(uint128).max) {
            revert QuantityOutOfBounds(quantity, type(uint128).max);
        }
        (uint256 lowest, uint256 highest) = (block.timestamp + MIN_TERM, block.timestamp + MAX_TERM);
        if (expiry < lowest || expiry > highest) revert ExpiryOutOfBounds(expiry, lowest, highest);
        id = ++count;
        Deal storage d = _deals[id];
        (d.buyer, d.expiry, d.phase, d.seller) = (msg.sender, expiry, Phase.Open, seller);
        (d.amount, d.quantity) = (uint128(amount), uint128(quantity));
        d.documentHash = documentHash;
        totalEscrow += amount;
        emit DealOpened(id, documentHash, msg.sender, seller, amount, quantity, expiry);
        pt.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Pays the seller of a verified cargo; anybody.
    /// @dev Also after the expiry, as long as nobody was refunded: the cargo did come.
    /// @param id Number of the deal.
    function release(uint256 id) external nonReentrant whenNotPaused {
        Deal storage d = _in(id, Phase.Open);
        (, uint256 verified) = oracle.verified(d.documentHash);
        if (verified != d.quantity) revert NotVerified(id, d.quantity, verified);
        d.phase = Phase.Released;
        uint256 fee = _fee(d.amount);
        totalReleased += d.amount;
        emit DealReleased(id, d.documentHash, d.amount - fee, fee);
        _pay(d, d.amount - fee, 0, fee);
    }

    /// @notice Pays the buyer back after the expiry, or after a dispute that nobody ruled on; anybody.
    /// @param id Number of the deal.
    function refund(uint256 id) external nonReentrant whenNotPaused {
        Deal storage d = _deals[id];
        bool disputed = d.phase == Phase.Disputed;
        if (!disputed && d.phase != Phase.Open) revert WrongPhase(id, d.phase);
        uint256 notBefore = disputed ? d.disputedAt + RULING_TIME : d.expiry;
        if (block.timestamp < notBefore) revert NotExpired(id, notBefore);
        _refund(id, d);
    }

    /// @notice Asks to cancel; once both parties have, the buyer is paid back.
    /// @param id Number of the deal.
    function cancel(uint256 id) external nonReentrant whenNotPaused {
        Deal storage d = _deals[id];
        if (d.phase != Phase.Open && d.phase != Phase.Disputed) revert WrongPhase(id, d.phase);
        d.cancels |= _side(id, d);
        emit CancelAsked(id, msg.sender);
        if (d.cancels == BOTH) _refund(id, d);
    }

    /// @notice Disputes a deal, which stops release and refund until the arbiter rules.
    /// @param id Number of the deal.
    /// @param reason Hash of what is held against it.
    function dispute(uint256 id, bytes32 reason) external nonReentrant whenNotPaused {
        Deal storage d = _in(id, Phase.Open);
        _side(id, d);
        (d.phase, d.disputedAt) = (Phase.Disputed, uint48(block.timestamp));
        emit DealDisputed(id, msg.sender, reason);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Splits the escrow of a disputed deal. Role: ARBITER.
    /// @param id Number of the deal.
    /// @param toSeller PT (1e-6) for the seller, the fee taken from it; the buyer gets the rest.
    function rule(uint256 id, uint256 toSeller) external restricted nonReentrant {
        Deal storage d = _in(id, Phase.Disputed);
        if (toSeller > d.amount) revert AmountOutOfBounds(toSeller, d.amount);
        d.phase = Phase.Split;
        uint256 fee = _fee(toSeller);
        uint256 toBuyer = d.amount - toSeller;
        emit DealSplit(id, toSeller - fee, toBuyer, fee);
        _pay(d, toSeller - fee, toBuyer, fee);
    }

    /// @notice Sets where fees go. Role: GOVERNANCE.
    /// @param newTreasury Neither the zero address nor this contract.
    function setTreasury(address newTreasury) external restricted {
        _setTreasury(newTreasury);
    }

    /// @notice Sets the highest price of a deal. Role: GOVERNANCE.
    /// @param newValue PT (1e-6), in (0, MAX_MAX_AMOUNT].
    function setMaxAmount(uint256 newValue) external restricted {
        _setMaxAmount(newValue);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice A deal; zeros where there is none.
    /// @param id Number of the deal.
    function deal(uint256 id) external view returns (Deal memory) {
        return _deals[id];
    }

    // --- Internal ----------------------------------------------------------------------------

    function _in(uint256 id, Phase wanted) private view returns (Deal storage d) {
        d = _deals[id];
        if (d.phase != wanted) revert WrongPhase(id, d.phase);
    }

    function _side(uint256 id, Deal storage d) private view returns (uint8) {
        if (msg.sender == d.buyer) return 1;
        if (msg.sender == d.seller) return 2;
        revert NotOfTheDeal(id, msg.sender);
    }

    function _fee(uint256 amount) private view returns (uint256) {
        return (amount * feeSchedule.fee(FEE)) / PIPS;
    }

    function _refund(uint256 id, Deal storage d) private {
        d.phase = Phase.Refunded;
        emit DealRefunded(id, d.documentHash, d.amount);
        _pay(d, 0, d.amount, 0);
    }

    function _pay(Deal storage d, uint256 toSeller, uint256 toBuyer, uint256 fee) private {
        totalEscrow -= d.amount;
        totalFees += fee;
        if (toSeller != 0) pt.safeTransfer(d.seller, toSeller);
        if (toBuyer != 0) pt.safeTransfer(d.buyer, toBuyer);
        if (fee != 0) pt.safeTransfer(treasury, fee);
    }

    function _requireParty(address account) private view {
        if (!registry.isActive(account, PARTIES)) revert NotAParty(account);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0) || newTreasury == address(this)) {
            revert InvalidTreasury(newTreasury);
        }
        emit TreasurySet(treasury, newTreasury);
        treasury = newTreasury;
    }

    function _setMaxAmount(uint256 newValue) private {
        if (newValue == 0 || newValue > MAX_MAX_AMOUNT) {
            revert AmountOutOfBounds(newValue, MAX_MAX_AMOUNT);
        }
        emit MaxAmountSet(maxAmount, newValue);
        maxAmount = newValue;
    }
}
