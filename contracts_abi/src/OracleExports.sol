// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {OracleStaking} from "./OracleStaking.sol";

/// @title Attestations of exports, and the way to contest one
/// @notice An export is accepted once m nodes attested the same quantity. It is final after the
/// challenge window, at once where that is zero. Whoever knows better posts a bond; the other side
/// must answer with twice as much within a window, and so on. Whoever is left unanswered wins the
/// loser's bonds; after the last round the arbiter rules. Nodes that attested wrongly are slashed.
/// @dev An optimistic dispute as of UMA and Reality.eth. Side 0 defends the accepted quantity, side 1
/// the challenger's; a quantity of zero says that there was no such export.
abstract contract OracleExports is OracleStaking {
    using SafeERC20 for IERC20;

    // --- Types -------------------------------------------------------------------------------

    /// @notice Where an export stands.
    enum Phase {
        Open,
        Accepted,
        Challenged,
        Final
    }

    /// @dev An export, in two slots and the sums of the bonds. After a lost dispute `quantity` is
    /// what won.
    struct Export {
        uint128 quantity;
        uint48 finalAt;
        Phase phase;
        uint8 rounds;
        bool overturned;
        uint128 contested;
        uint128 winner;
        uint128[2] bonds;
    }

    // --- Constants ---------------------------------------------------------------------------

    /// @dev Fewest attestations that verify an export: nobody does alone.
    uint8 internal constant MIN_ATTESTATION_QUORUM = 2;
    /// @dev Largest quantity of an export, thousandths of the commodity's unit.
    uint256 internal constant MAX_QUANTITY = 1e18;
    /// @dev Longest challenge window.
    uint32 internal constant MAX_WINDOW = 7 days;
    /// @dev Smallest first bond where there is a window: one PT.
    uint256 internal constant MIN_BOND = 1e6;
    /// @dev Largest first bond: ten million PT.
    uint256 internal constant MAX_BOND = 1e13;
    /// @dev Bonds of a dispute; after the last one the arbiter rules.
    uint8 internal constant MAX_ROUNDS = 8;

    // --- State -------------------------------------------------------------------------------

    /// @notice Attestations that verify an export.
    uint8 public attestationQuorum;
    uint32 private _challengeWindow;
    uint128 private _challengeBond;
    mapping(bytes32 documentHash => mapping(address node => uint256 quantity)) private _attested;
    mapping(bytes32 documentHash => mapping(address node => bool)) private _slashedFor;
    mapping(bytes32 documentHash => mapping(uint256 quantity => uint256)) private _attestations;
    mapping(bytes32 documentHash => Export) private _exports;
    mapping(bytes32 documentHash => mapping(address who => uint128[2])) private _bonds;

    // --- Public ------------------------------------------------------------------------------

    /// @notice Attests that an export of `quantity` took place; nodes only, once for each document.
    /// @dev Only attestations of the same quantity add up. The first quantity to reach the quorum
    /// stands; what comes later is recorded and changes nothing.
    /// @param documentHash Hash of the export document.
    /// @param quantity Thousandths of the commodity's unit.
    function attest(bytes32 documentHash, uint256 quantity) external whenNotPaused {
        if (!isNode(msg.sender)) revert NotANode(msg.sender);
        if (quantity == 0 || quantity > MAX_QUANTITY) {
            revert QuantityOutOfBounds(quantity, MAX_QUANTITY);
        }
        if (_attested[documentHash][msg.sender] != 0) {
            revert AlreadyAttested(documentHash, msg.sender);
        }
        _attested[documentHash][msg.sender] = quantity;
        uint256 count = ++_attestations[documentHash][quantity];
        emit ExportAttested(documentHash, msg.sender, quantity, count);
        Export storage e = _exports[documentHash];
        if (count < attestationQuorum || e.phase != Phase.Open) return;
        e.quantity = uint128(quantity);
        if (_challengeWindow == 0) {
            _finish(documentHash, e);
        } else {
            (e.phase, e.finalAt) = (Phase.Accepted, uint48(block.timestamp) + _challengeWindow);
            emit ExportAccepted(documentHash, quantity, e.finalAt);
        }
    }

    /// @notice Says that an accepted export was of another quantity, and stands for it with a bond.
    /// @param documentHash Hash of the export document.
    /// @param quantity Thousandths of the commodity's unit; 0 for no export at all.
    function challenge(bytes32 documentHash, uint256 quantity) external whenNotPaused {
        Export storage e = _exports[documentHash];
        _requirePhase(documentHash, e, Phase.Accepted);
        if (block.timestamp >= e.finalAt) revert WindowClosed(documentHash, e.finalAt);
        if (quantity > MAX_QUANTITY) revert QuantityOutOfBounds(quantity, MAX_QUANTITY);
        if (quantity == e.quantity) revert NothingContested(documentHash, quantity);
        (e.phase, e.contested) = (Phase.Challenged, uint128(quantity));
        emit ExportChallenged(documentHash, msg.sender, e.quantity, quantity);
        _post(documentHash, e);
    }

    /// @notice Answers the last bond of a dispute with one of twice its size for the other side.
    /// @param documentHash Hash of the export document.
    function escalate(bytes32 documentHash) external whenNotPaused {
        Export storage e = _exports[documentHash];
        _requirePhase(documentHash, e, Phase.Challenged);
        if (block.timestamp >= e.finalAt) revert WindowClosed(documentHash, e.finalAt);
        if (e.rounds == MAX_ROUNDS) revert OnlyTheArbiter(documentHash);
        _post(documentHash, e);
    }

    /// @notice Makes an export final whose window is over; anybody.
    /// @param documentHash Hash of the export document.
    function finalise(bytes32 documentHash) external whenNotPaused {
        Export storage e = _exports[documentHash];
        if (e.phase != Phase.Accepted && e.phase != Phase.Challenged) {
            revert WrongPhase(documentHash, uint8(e.phase));
        }
        if (block.timestamp < e.finalAt) revert WindowOpen(documentHash, e.finalAt);
        if (e.phase == Phase.Challenged) {
            if (e.rounds == MAX_ROUNDS) revert OnlyTheArbiter(documentHash);
            _decide(documentHash, e, e.rounds % 2 == 1);
        } else {
            _finish(documentHash, e);
        }
    }

    /// @notice Pays the caller's part of a dispute that its side won.
    /// @param documentHash Hash of the export document.
    function collect(bytes32 documentHash) external whenNotPaused {
        Export storage e = _exports[documentHash];
        _requirePhase(documentHash, e, Phase.Final);
        uint256 side = e.overturned ? 1 : 0;
        uint256 own = _bonds[documentHash][msg.sender][side];
        if (own == 0) revert NothingToPay(0, 0);
        _bonds[documentHash][msg.sender][side] = 0;
        uint256 amount = own + (own * e.bonds[1 - side]) / e.bonds[side];
        _totalBonds -= amount;
        emit BondCollected(documentHash, msg.sender, amount);
        pt.safeTransfer(msg.sender, amount);
    }

    /// @notice Slashes a node for having attested what a dispute overturned; anybody, once.
    /// @param documentHash Hash of the export document.
    /// @param node Attested the quantity that lost.
    function slashFor(bytes32 documentHash, address node) external whenNotPaused {
        Export storage e = _exports[documentHash];
        _requirePhase(documentHash, e, Phase.Final);
        uint256 attested = _attested[documentHash][node];
        if (
            !e.overturned || attested == 0 || attested == e.winner || _slashedFor[documentHash][node]
        ) revert NotSlashable(documentHash, node);
        _slashedFor[documentHash][node] = true;
        _slash(node, documentHash);
    }

    // --- Restricted --------------------------------------------------------------------------

    /// @notice Rules on a dispute whose rounds are used up. Role: ARBITER.
    /// @param documentHash Hash of the export document.
    /// @param overturn Whether the challenger was right.
    function rule(bytes32 documentHash, bool overturn) external restricted {
        Export storage e = _exports[documentHash];
        _requirePhase(documentHash, e, Phase.Challenged);
        if (e.rounds < MAX_ROUNDS) revert WindowOpen(documentHash, e.finalAt);
        _decide(documentHash, e, overturn);
    }

    /// @notice Sets how many attestations verify an export. Role: ORACLE_ADMIN.
    /// @param newQuorum In [MIN_ATTESTATION_QUORUM, MAX_NODES].
    function setAttestationQuorum(uint8 newQuorum) external restricted {
        _setAttestationQuorum(newQuorum);
    }

    /// @notice Sets the challenge window and the first bond of later attestations.
    /// Role: ORACLE_ADMIN.
    /// @param window Seconds, at most MAX_WINDOW; 0 makes exports final at once.
    /// @param bond PT (1e-6), in [MIN_BOND, MAX_BOND].
    function setChallenge(uint32 window, uint256 bond) external restricted {
        _setChallenge(window, bond);
    }

    // --- Views -------------------------------------------------------------------------------

    /// @notice The quantity of an export that is verified for good, if one is.
    /// @param documentHash Hash of the export document.
    /// @return ok Whether one is.
    /// @return quantity Thousandths of the commodity's unit.
    function verified(bytes32 documentHash) external view returns (bool ok, uint256 quantity) {
        Export storage e = _exports[documentHash];
        if (e.phase == Phase.Final) quantity = e.winner;
        ok = quantity != 0;
    }

    /// @notice Where an export stands.
    /// @param documentHash Hash of the export document.
    /// @return phase 0 open, 1 accepted, 2 challenged, 3 final.
    /// @return quantity Accepted quantity.
    /// @return contested Quantity of the challenge, if there is one.
    /// @return finalAt Unix seconds until which it can be challenged or answered.
    /// @return rounds Bonds posted.
    /// @return overturned Whether the challenge won.
    /// @return nextBond What the next side of the dispute has to post, PT (1e-6).
    function exportOf(
        bytes32 documentHash
    )
        external
        view
        returns (
            uint8 phase,
            uint256 quantity,
            uint256 contested,
            uint48 finalAt,
            uint8 rounds,
            bool overturned,
            uint256 nextBond
        )
    {
        Export storage e = _exports[documentHash];
        (phase, quantity, contested) = (uint8(e.phase), e.quantity, e.contested);
        (finalAt, rounds, overturned) = (e.finalAt, e.rounds, e.overturned);
        nextBond = _nextBond(e);
    }

    /// @notice How a challenge goes.
    /// @return window Seconds for which an accepted export can be challenged; 0: final at once.
    /// @return bond First bond of a dispute, PT (1e-6); each later one is twice the one before.
    function challengeTerms() external view returns (uint32 window, uint256 bond) {
        return (_challengeWindow, _challengeBond);
    }

    /// @notice How many nodes attested `quantity` for a document.
    /// @param documentHash Hash of the export document.
    /// @param quantity Thousandths of the commodity's unit.
    function attestations(bytes32 documentHash, uint256 quantity) external view returns (uint256) {
        return _attestations[documentHash][quantity];
    }

    /// @notice Whether `node` attested a document.
    /// @param documentHash Hash of the export document.
    /// @param node Anybody.
    function hasAttested(bytes32 documentHash, address node) external view returns (bool) {
        return _attested[documentHash][node] != 0;
    }

    // --- Internal ----------------------------------------------------------------------------

    /// @dev Takes the next bond from the caller for the side whose turn it is.
    function _post(bytes32 documentHash, Export storage e) private {
        uint256 bond = _nextBond(e);
        uint256 side = e.rounds % 2 == 0 ? 1 : 0;
        ++e.rounds;
        e.finalAt = uint48(block.timestamp) + _window();
        e.bonds[side] += uint128(bond);
        _bonds[documentHash][msg.sender][side] += uint128(bond);
        _totalBonds += bond;
        emit BondPosted(documentHash, msg.sender, uint8(side), bond, e.rounds, e.finalAt);
        pt.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @dev The bond that the next side of a dispute has to post.
    function _nextBond(Export storage e) private view returns (uint256) {
        return e.rounds == 0 ? _challengeBond : 2 * _last(e);
    }

    /// @dev Bonds double, side by side: with b the first, the sides hold b(1+4+16..) and b(2+8+32..),
    /// so the last is (sum of both + b) / 2, where b itself follows from the number of rounds.
    function _last(Export storage e) private view returns (uint256) {
        uint256 sum = uint256(e.bonds[0]) + e.bonds[1];
        return (sum / ((1 << e.rounds) - 1)) << (e.rounds - 1);
    }

    /// @dev A window that was set to zero meanwhile leaves a day to answer.
    function _window() private view returns (uint32) {
        return _challengeWindow == 0 ? 1 days : _challengeWindow;
    }

    function _decide(bytes32 documentHash, Export storage e, bool overturn) private {
        e.overturned = overturn;
        // Where nobody stood for the side that wins, the bonds go to the reward fund.
        if (e.bonds[overturn ? 1 : 0] == 0) {
            uint256 orphaned = e.bonds[overturn ? 0 : 1];
            _totalBonds -= orphaned;
            _rewardFund += orphaned;
        }
        emit DisputeDecided(documentHash, overturn, overturn ? e.contested : e.quantity);
        _finish(documentHash, e);
    }

    function _finish(bytes32 documentHash, Export storage e) private {
        e.phase = Phase.Final;
        e.winner = e.overturned ? e.contested : e.quantity;
        if (e.winner != 0) emit ExportVerified(documentHash, e.winner);
    }

    function _requirePhase(bytes32 documentHash, Export storage e, Phase wanted) private view {
        if (e.phase != wanted) revert WrongPhase(documentHash, uint8(e.phase));
    }

    function _setAttestationQuorum(uint8 newQuorum) internal {
        if (newQuorum < MIN_ATTESTATION_QUORUM || newQuorum > MAX_NODES) {
            revert QuorumOutOfBounds(newQuorum, MIN_ATTESTATION_QUORUM, MAX_NODES);
        }
        uint8 oldQuorum = attestationQuorum;
        attestationQuorum = newQuorum;
        emit AttestationQuorumSet(oldQuorum, newQuorum);
    }

    function _setChallenge(uint32 window, uint256 bond) internal {
        if (window > MAX_WINDOW) revert PeriodOutOfBounds(window, 0, MAX_WINDOW);
        if (bond < MIN_BOND || bond > MAX_BOND) revert BondOutOfBounds(bond, MIN_BOND, MAX_BOND);
        (_challengeWindow, _challengeBond) = (window, uint128(bond));
        emit ChallengeSet(window, bond);
    }
}
