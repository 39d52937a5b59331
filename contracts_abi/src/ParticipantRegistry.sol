// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title Who takes part, as what, and until when
/// @notice Sovereigns, traders, venues, custodians and redeemers with the state of their examination
/// (KYC), its expiry and their jurisdiction. Other contracts ask it before they let anybody hold
/// foundation tokens, claim exports, convert, settle cargoes or redeem.
/// @dev Kinds are bits, so that one account may be several. A participant is one slot. There is no
/// public entry point, hence nothing to pause: compliance suspends an account instead.
contract ParticipantRegistry is AccessManaged {
    // --- Types -------------------------------------------------------------------------------

    /// @notice How far an examination has come.
    enum State {
        Unknown,
        Pending,
        Approved,
        Suspended,
        Revoked
    }

    /// @notice All there is about a participant.
    /// @param state How far its examination has come.
    /// @param kinds What it takes part as: a sum of kinds.
    /// @param jurisdiction ISO 3166-1 alpha-2.
    /// @param expiry Unix seconds at which the examination runs out.
    /// @param since Unix seconds of the last approval.
    struct Participant {
        State state;
        uint8 kinds;
        bytes2 jurisdiction;
        uint48 expiry;
        uint48 since;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @notice Exports, receives foundation tokens, converts.
    uint8 public constant SOVEREIGN = 1;
    /// @notice Buys and sells cargoes.
    uint8 public constant TRADER = 2;
    /// @notice An external venue.
    uint8 public constant VENUE = 4;
    /// @notice Keeps assets for others; may hold foundation tokens.
    uint8 public constant CUSTODIAN = 8;
    /// @notice Mints and redeems payment tokens against the reserve.
    uint8 public constant REDEEMER = 16;
    /// @notice All kinds together.
    uint8 public constant ALL_KINDS = 31;
    /// @notice Longest time for which an examination holds.
    uint48 public constant MAX_TERM = 5 * 365 days;

    // --- State -------------------------------------------------------------------------------

    /// @notice Participants that were ever registered.
    uint256 public count;
    mapping(address account => Participant) private _participants;
    mapping(bytes2 jurisdiction => bool) private _blocked;

    // --- Events ------------------------------------------------------------------------------

    /// @notice `account` was registered, or its kinds and jurisdiction changed; it awaits approval.
    event ParticipantRegistered(
        address indexed account,
        uint8 kinds,
        bytes2 jurisdiction,
        address indexed by
    );
    /// @notice `account` passed its examination, which holds until `expiry`.
    event ParticipantApproved(address indexed account, uint48 expiry, address indexed by);
    /// @notice `account` was stopped for now.
    event ParticipantSuspended(address indexed account, address indexed by);
    /// @notice `account` was stopped for good; only a new registration brings it back.
    event ParticipantRevoked(address indexed account, address indexed by);
    /// @notice A jurisdiction was blocked or opened again.
    event JurisdictionSet(bytes2 indexed jurisdiction, bool blocked, address indexed by);

    // --- Errors ------------------------------------------------------------------------------

    /// @notice The zero address takes part in nothing.
    error ZeroParticipant();
    /// @notice `kinds` is empty or names what is no kind.
    error InvalidKinds(uint8 kinds);
    /// @notice `jurisdiction` is not two capital letters.
    error InvalidJurisdiction(bytes2 jurisdiction);
    /// @notice `jurisdiction` is blocked.
    error JurisdictionBlocked(bytes2 jurisdiction);
    /// @notice `expiry` is not in (`lowest`, `highest`].
    error ExpiryOutOfBounds(uint48 expiry, uint256 lowest, uint256 highest);
    /// @notice `account` is in `state`, which does not allow this.
    error WrongState(address account, State state);

    // --- Construction ------------------------------------------------------------------------

    /// @param authority_ The AccessManager.
    constructor(address authority_) AccessManaged(authority_) {}

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Registers `account`, or changes what it is; its examination begins anew.
    /// Role: COMPLIANCE.
    /// @param account Participant.
    /// @param kinds A sum of kinds.
    /// @param jurisdiction ISO 3166-1 alpha-2.
    function register(address account, uint8 kinds, bytes2 jurisdiction) external restricted {
        if (account == address(0)) revert ZeroParticipant();
        if (kinds == 0 || kinds > ALL_KINDS) revert InvalidKinds(kinds);
        _requireLetters(jurisdiction);
        Participant storage p = _participants[account];
        if (p.state == State.Unknown) ++count;
        (p.state, p.kinds, p.jurisdiction, p.expiry) = (State.Pending, kinds, jurisdiction, 0);
        emit ParticipantRegistered(account, kinds, jurisdiction, msg.sender);
    }

    /// @notice Approves `account`, renews it, or lifts its suspension. Role: COMPLIANCE.
    /// @param account Registered and not revoked.
    /// @param expiry Unix seconds, after now and at most MAX_TERM ahead.
    function approve(address account, uint48 expiry) external restricted {
        Participant storage p = _existing(account);
        uint256 highest = block.timestamp + MAX_TERM;
        if (expiry <= block.timestamp || expiry > highest) {
            revert ExpiryOutOfBounds(expiry, block.timestamp, highest);
        }
        if (_blocked[p.jurisdiction]) revert JurisdictionBlocked(p.jurisdiction);
        (p.state, p.expiry, p.since) = (State.Approved, expiry, uint48(block.timestamp));
        emit ParticipantApproved(account, expiry, msg.sender);
    }

    /// @notice Stops `account` until it is approved again. Role: COMPLIANCE.
    /// @param account Registered and not revoked.
    function suspend(address account) external restricted {
        _existing(account).state = State.Suspended;
        emit ParticipantSuspended(account, msg.sender);
    }

    /// @notice Stops `account` for good. Role: COMPLIANCE.
    /// @param account Registered and not revoked.
    function revoke(address account) external restricted {
        _existing(account).state = State.Revoked;
        emit ParticipantRevoked(account, msg.sender);
    }

    /// @notice Blocks all participants of a jurisdiction at once, or opens it again.
    /// Role: COMPLIANCE.
    /// @param jurisdiction ISO 3166-1 alpha-2.
    /// @param blocked Whether it is blocked from now on.
    function setJurisdiction(bytes2 jurisdiction, bool blocked) external restricted {
        _requireLetters(jurisdiction);
        _blocked[jurisdiction] = blocked;
        emit JurisdictionSet(jurisdiction, blocked, msg.sender);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice All there is about `account`; zeros where it never registered.
    /// @param account Anybody.
    function participant(address account) external view returns (Participant memory) {
        return _participants[account];
    }

    /// @notice Whether `jurisdiction` is blocked.
    /// @param jurisdiction ISO 3166-1 alpha-2.
    function jurisdictionBlocked(bytes2 jurisdiction) external view returns (bool) {
        return _blocked[jurisdiction];
    }

    /// @notice Whether `account` is approved, not expired, from an open jurisdiction, and at least
    /// one of `kinds`.
    /// @param account Anybody.
    /// @param kinds A sum of kinds, any of which will do.
    function isActive(address account, uint8 kinds) external view returns (bool) {
        Participant storage p = _participants[account];
        return
            p.state == State.Approved &&
            p.kinds & kinds != 0 &&
            block.timestamp < p.expiry &&
            !_blocked[p.jurisdiction];
    }

    // --- Internal ----------------------------------------------------------------------------

    function _existing(address account) private view returns (Participant storage p) {
        p = _participants[account];
        if (p.state == State.Unknown || p.state == State.Revoked) {
            revert WrongState(account, p.state);
        }
    }

    function _requireLetters(bytes2 code) private pure {
        if (code[0] < "A" || code[0] > "Z" || code[1] < "A" || code[1] > "Z") {
            revert InvalidJurisdiction(code);
        }
    }
}
